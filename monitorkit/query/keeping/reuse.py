"""Range queries from a cache: what is kept is used again, the rest is asked for, what has settled is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from monitorkit.errors import InvalidValue, QueryError, ServerUnavailable
from monitorkit.query.connection.faults import timed_out
from monitorkit.query.keeping.blocks import Part, Shelf
from monitorkit.query.keeping.keeper import Keeper
from monitorkit.query.keeping.settled import outlook
from monitorkit.query.ranges import ordering, pieces
from monitorkit.query.ranges.pins import pin
from monitorkit.query.times import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from monitorkit.query.connection.limits import Limits
    from monitorkit.query.decoding.envelope import Answer
    from monitorkit.query.decoding.wire import Result
    from monitorkit.query.keeping.cache import Cache

__all__ = ["VERSION", "Use", "aligned", "fetch"]

VERSION = 1
"""Of the files, and of how answers are decoded: what an older version kept is asked for again."""


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
        What answers; see :func:`monitorkit.query.keeping.sources.source`.
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
    shelf = _shelf(cache, of, fixed, window)
    found = _kept(shelf, window)
    use = Use(sum(part.window.n_steps for part in found), reused_pieces=len(found))
    if n_steps := shelf.n_in_time:
        limits.heed(expr, window.step_ms, n_steps)
    keeper = Keeper(shelf, settled, seen=bool(found))
    missing = list(_runs(shelf, window, found))
    how: dict[str, Any] = {"limits": limits, "key": expr, "threads": threads, "spare": keeper.keep}
    try:
        for piece, answer in pieces.collect(missing, partial(ask, fixed), **how):
            use.asked_steps += piece.n_steps
            found.append(keeper.keep(piece, answer))
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


def _shelf(cache: Cache, of: Mapping[str, Any], fixed: str, window: Window) -> Shelf:
    """Where answers for this query of this source are, for steps at these moments."""
    phase = window.start_ms % window.step_ms
    key = {"version": VERSION, **of, "query": fixed, "step": window.step_ms, "phase": phase}
    return Shelf(cache.shelf(key), key, step_ms=window.step_ms, phase_ms=phase)


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
