"""Range queries from a cache: what is kept is used again, the rest is asked for, what has settled is kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from monitorkit.errors import InvalidValue, QueryError, ServerUnavailable
from monitorkit.query.connection.address import is_loopback
from monitorkit.query.connection.faults import timed_out
from monitorkit.query.keeping.blocks import Part, Shelf
from monitorkit.query.keeping.settled import outlook
from monitorkit.query.ranges import ordering, pieces
from monitorkit.query.ranges.pins import pin
from monitorkit.query.times import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from monitorkit.query.connection.limits import Limits
    from monitorkit.query.connection.transport import Transport
    from monitorkit.query.decoding.envelope import Answer
    from monitorkit.query.decoding.wire import Result
    from monitorkit.query.keeping.cache import Cache

__all__ = ["VERSION", "Use", "aligned", "fetch", "source"]

VERSION = 1
"""Of the files, and of how answers are decoded: what an older version kept is asked for again."""

_CREDENTIALS = {"authorization", "proxy-authorization", "cookie"}


@dataclass
class Use:
    """What a cache did for one query.

    Parameters
    ----------
    reused_steps, asked_steps
        How many steps came from the folder, and how many from the server.
    reused_pieces
        From how many files.
    reason
        Why nothing of it is kept; empty where it may be.
    """

    reused_steps: int = 0
    asked_steps: int = 0
    reused_pieces: int = 0
    reason: str = ""


def aligned(ask: Callable[[int], Window], now: int) -> Window:
    """The window that a query with a cache is for: what is relative to now is moved down to a multiple of the step.

    Parameters
    ----------
    ask
        Gives the window for a present, in ms.
    now
        The present.

    Notes
    -----
    Grafana does the same (``alignTimeRange`` of its Prometheus data source). What does not depend on now stays.

    Examples
    --------
    >>> aligned(lambda now: Window(now - 60_000, now, 10_000), 1_234_567)
    Window(start_ms=1170000, end_ms=1230000, step_ms=10000)
    """
    window, later = ask(now), ask(now + 1)
    start, end, step = window.start_ms, window.end_ms, window.step_ms
    if later.start_ms != start:
        start -= start % step
    if later.end_ms != end:
        end -= (end - start) % step
    return Window(start, end, step)


def source(transport: Transport) -> dict[str, Any]:
    """Tell what answers, as far as its data depend on it, without any secret.

    Notes
    -----
    A port of this machine may be another server tomorrow (a new process, another tunnel), so there the moment at which
    the server was started belongs to it. Who asks may decide what there is to see: the user, headers and parameters
    count, as a hash; but no password, token or cookie, which change while the data do not.
    """
    access = transport.access
    headers = {name.lower(): str(value) for name, value in access.headers.items()}
    asking = sorted(pair for pair in headers.items() if pair[0] not in _CREDENTIALS)
    who = repr((_user(access.auth), asking, sorted((name, str(value)) for name, value in access.params.items())))
    return {
        "server": transport.url,
        "engine": str(transport.engine()),
        "params": dict(transport.engine().query_params),
        "who": hashlib.blake2b(who.encode(), digest_size=16).hexdigest(),
        "started": _started(transport) if is_loopback(transport.url) else "",
    }


def _user(auth: Any) -> str:  # noqa: ANN401 - what requests takes
    if not isinstance(auth, tuple):
        return ""
    return auth[0].decode() if isinstance(auth[0], bytes) else str(auth[0])


def _started(transport: Transport) -> str:
    """When the server was started; empty where it does not tell."""
    try:
        return str(transport.call("api/v1/status/runtimeinfo").data["startTime"])
    except (QueryError, KeyError, TypeError):
        return ""
    except ServerUnavailable as error:
        # Only what surely has no such path may go without.
        if error.status is None or not 400 <= error.status < 429:  # noqa: PLR2004 - 429 is "try again later"
            raise
        return ""


def fetch(
    expr: str,
    window: Window,
    ask: Callable[[str, Window], Answer[Result]],
    *,
    cache: Cache,
    of: Mapping[str, Any],
    now: int,
    limits: Limits,
    threads: int,
) -> tuple[Answer[Result], Use]:
    """Answer a range query with the help of a cache.

    Parameters
    ----------
    expr, window, ask, limits, threads
        As for :func:`monitorkit.query.ranges.pieces.fetch`.
    cache
        The cache.
    of
        What answers; see :func:`source`.
    now
        The present, in ms.

    Returns
    -------
    tuple
        The answer that would come without a cache, and what the cache did.
    """
    try:
        fixed = pin(expr, window)
        settled, reason = _settled(fixed, now, cache.margin_ms)
    except InvalidValue:
        fixed, settled, reason = expr, None, "it uses start(), end(), range() or all points of a series at once"
    if settled is None:
        answer = pieces.fetch(expr, window, ask, limits=limits, threads=threads)
        return answer, Use(asked_steps=window.n_steps, reason=reason)
    phase = window.start_ms % window.step_ms
    key = {"version": VERSION, **of, "query": fixed, "step": window.step_ms, "phase": phase}
    shelf = Shelf(cache.shelf(key), key, step_ms=window.step_ms, phase_ms=phase)
    found = _kept(shelf, window)
    use = Use(sum(part.window.n_steps for part in found), reused_pieces=len(found))
    missing = list(_runs(shelf, window, found))
    if n_steps := shelf.n_in_time:
        limits.heed(expr, window.step_ms, n_steps)
    keeper = _Keeper(shelf, settled, seen=bool(found))

    def keep(piece: Window, answer: Answer[Result]) -> Part:
        part = Part(piece, pieces.on_grid(answer, piece))
        keeper.add(part)
        return part

    try:
        asked = pieces.collect(missing, partial(ask, fixed), limits=limits, key=expr, threads=threads, spare=keep)
        for piece, answer in asked:
            use.asked_steps += piece.n_steps
            found.append(keep(piece, answer))
    except (QueryError, ServerUnavailable) as error:
        if timed_out(error):
            # For who asks once more from another kernel, too.
            shelf.n_in_time = limits.steps(expr, window)
        raise
    finally:
        # Also after an interrupt: what came before it is kept.
        if keeper.finish():
            cache.trim()
        use.reason = keeper.trouble
    found.sort(key=lambda part: part.window.start_ms)
    whole = ordering.together([part.answer for part in found])
    cuts = list(pieces.cut(window, max_points=limits.steps(expr, window)))
    return replace(whole, data=ordering.as_cut(whole.data, cuts)), use


def _settled(fixed: str, now: int, margin_ms: int) -> tuple[int | None, str]:
    """Last moment whose step can be kept, or why there is none."""
    seen = outlook(fixed)
    settled = seen.settled_ms(now, margin_ms=margin_ms)
    return settled, seen.unknown or ("" if settled is not None else "it looks at a time too close to now")


def _kept(shelf: Shelf, window: Window) -> list[Part]:
    parts = ((shelf.take(block), steps) for block, steps in shelf.blocks(window))
    within = (part.within(steps) for part, steps in parts if part is not None)
    return [part for part in within if part is not None]


def _runs(shelf: Shelf, window: Window, found: Sequence[Part]) -> Iterator[Window]:
    """What is not kept, cut where every second block begins, so that each is asked for as a whole."""
    next_ms = window.start_ms
    for part in [*found, None]:
        until = part.window.start_ms - window.step_ms if part else window.end_ms
        if next_ms <= until:
            yield from _at_blocks(shelf, Window(next_ms, until, window.step_ms))
        if part:
            next_ms = part.window.end_ms + window.step_ms


def _at_blocks(shelf: Shelf, run: Window) -> Iterator[Window]:
    start = run.start_ms
    for block, steps in shelf.blocks(run):
        if block % 2 or steps.end_ms + run.step_ms > run.end_ms:
            yield Window(start, steps.end_ms, run.step_ms)
            start = steps.end_ms + run.step_ms


class _Keeper:
    """Puts parts, which come in the order of time, on a shelf, block by block."""

    def __init__(self, shelf: Shelf, settled_ms: int, *, seen: bool) -> None:
        self._nothing: list[Part] = []
        self._seen = seen
        self._shelf = shelf
        self._settled = settled_ms
        self._block: int | None = None
        self._waiting: list[Part] = []
        self._wrote = False

    def add(self, part: Part) -> None:
        self._nothing.append(part)
        self._seen = self._seen or bool(part.answer.data.labels)
        if self._seen:
            # Where nothing at all is, a history may yet be written; before the first sample nothing will be.
            parts, self._nothing = self._nothing, []
            for each in parts:
                self._add(each)

    def _add(self, part: Part) -> None:
        step = part.window.step_ms
        n_settled = (self._settled - part.window.start_ms) // step + 1
        end = min(part.window.end_ms, part.window.start_ms + (n_settled - 1) * step)
        # A server that warns says that the answer may not be whole.
        if n_settled < 1 or part.answer.warnings:
            return
        for block, steps in self._shelf.blocks(Window(part.window.start_ms, end, step)):
            if block != self._block:
                self._flush()
                self._block = block
            self._waiting.append(part.within(steps) or part)

    def finish(self) -> bool:
        """Put the rest; whether anything was written."""
        self._flush()
        return self._wrote

    @property
    def trouble(self) -> str:
        """Why nothing could be written; empty where it could."""
        return self._shelf.trouble

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self._block is not None:
            for part in _joined(waiting):
                self._wrote = self._shelf.put(self._block, part) or self._wrote


def _joined(parts: Sequence[Part]) -> Iterator[Part]:
    """Parts that follow each other without a gap as one."""
    group: list[Part] = []
    for part in parts:
        if group and part.window.start_ms != group[-1].window.end_ms + part.window.step_ms:
            yield _one(group)
            group = []
        group.append(part)
    if group:
        yield _one(group)


def _one(group: Sequence[Part]) -> Part:
    window = replace(group[0].window, end_ms=group[-1].window.end_ms)
    return Part(window, ordering.together([part.answer for part in group]))
