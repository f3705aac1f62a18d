"""A long range in pieces that each are within a server's limits, fetched side by side, and put together again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from monitorkit.errors import InvalidValue, QueryError, ServerUnavailable
from monitorkit.progress import progress_bar
from monitorkit.query import statistics
from monitorkit.query.connection.faults import advised, timed_out
from monitorkit.query.connection.limits import MAX_POINTS, Limits
from monitorkit.query.decoding.envelope import Answer
from monitorkit.query.decoding.wire import Result, join
from monitorkit.query.ranges import side_by_side
from monitorkit.query.ranges.pins import pin
from monitorkit.query.times import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

__all__ = ["collect", "cut", "fetch", "on_grid", "split", "together"]

SMALLER = "asked once more, it goes in smaller pieces"
MOVED = "the server moved the points away from the steps that were asked for"

BAR = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
"""Neither steps nor, for raw samples, ms are what a person counts in."""


def fetch(
    expr: str,
    window: Window,
    ask: Callable[[str, Window], Answer[Result]],
    *,
    limits: Limits | None = None,
    threads: int = 1,
) -> Answer[Result]:
    """Ask for a range, in pieces where it is too long for one query, or where the server says so.

    Parameters
    ----------
    expr
        PromQL.
    window
        The whole range.
    ask
        Sends one range query. This is the one place through which all pieces go: what keeps pieces wraps it. For a
        range in one piece it gets the query as it was written, for several the query with its ends fixed.
    limits
        What the server is known to allow; what it refuses is added.
    threads
        How many pieces to ask for at once; with 1 `ask` stays in the calling thread.

    Returns
    -------
    Answer
        The same, sample by sample, as one query without a limit would give; each warning once.

    Raises
    ------
    InvalidValue
        If the range is too long for one query, and the query has no meaning in pieces of it.
    QueryError
        If the server refuses even a single step.

    Notes
    -----
    VictoriaMetrics guesses how often a series has a sample from those that it reads for one query, and keeps a value
    for as long (app/vmselect/promql/rollup.go, ``getMaxPrevInterval``). Where a piece is so short that it holds few
    samples, its values beside a gap can differ from those of a longer query.
    """
    limits = Limits() if limits is None else limits
    refusal = None
    if window.n_steps <= limits.steps(expr, window):
        try:
            return on_grid(ask(expr, window), window)
        except QueryError as error:
            if not limits.learn(error, expr, window):
                raise _eased(error, expr, window, limits) from error.__cause__
            refusal = error
        except ServerUnavailable as error:
            raise _eased(error, expr, window, limits) from error.__cause__
    try:
        fixed = pin(expr, window)
    except InvalidValue as error:
        raise error from refusal
    found = collect([window], lambda piece: ask(fixed, piece), limits=limits, key=expr, threads=threads)
    return together(on_grid(answer, piece) for piece, answer in found)


def collect(
    windows: Iterable[Window],
    ask: Callable[[Window], Answer[Result]],
    *,
    limits: Limits,
    key: str,
    threads: int = 1,
    spare: Callable[[Window, Answer[Result]], object] | None = None,
) -> Generator[tuple[Window, Answer[Result]]]:
    """Ask for disjoint windows in pieces within the limits, under a progress bar.

    Parameters
    ----------
    windows
        What is wanted, in the order of time.
    ask
        Sends one query.
    limits, key
        What the server allows, and the query under which what it refuses is remembered.
    threads
        How many to ask for at once.
    spare
        Takes the pieces, and their answers, that were there when an error ended it all.

    Yields
    ------
    tuple
        Each piece and its answer, in the order of time.

    Raises
    ------
    QueryError, ServerUnavailable
        The first that occurs. Where a piece was not answered in time, smaller ones are asked for from then on.
    """
    wanted = list(windows)

    def fit(piece: Window) -> list[Window]:
        return list(cut(piece, max_points=limits.steps(key, piece)))

    def refused(piece: Window, error: QueryError) -> bool:
        return limits.learn(error, key, piece)

    def asked(piece: Window) -> Answer[Result]:
        try:
            return ask(piece)
        except (QueryError, ServerUnavailable) as error:
            raise _eased(error, key, piece, limits) from error.__cause__

    found = side_by_side.answers(wanted, asked, fit=fit, refused=refused, threads=threads, spare=spare)
    total = sum(window.n_steps for window in wanted)
    with closing(found), progress_bar(total, desc="query", bar_format=BAR) as bar:
        for piece, answer in found:
            yield piece, answer
            bar.update(piece.n_steps)


def _eased(
    error: QueryError | ServerUnavailable, key: str, piece: Window, limits: Limits
) -> QueryError | ServerUnavailable:
    """The error of a piece; where its time was over, smaller pieces are asked for from now on, and it says so."""
    if not timed_out(error):
        return error
    try:
        pin(key, piece)
    except InvalidValue:
        # It has no meaning in pieces.
        return error
    return advised(error, SMALLER) if limits.ease(key, piece) else error


def together(answers: Iterable[Answer[Result]]) -> Answer[Result]:
    """Put the answers to disjoint pieces, in the order of time, together; each remark once.

    Where nobody else holds the answers, as where a generator gives them, their samples go as they are copied.
    """
    results, remarks = [], []
    for answer in answers:
        results.append(answer.data)
        remarks.append((answer.warnings, answer.infos, answer.stats))
    del answer
    result = results[0] if len(results) == 1 else join(results)
    warnings, infos, stats = zip(*remarks, strict=True)
    return Answer(
        result,
        tuple(dict.fromkeys(chain.from_iterable(warnings))),
        tuple(dict.fromkeys(chain.from_iterable(infos))),
        statistics.combined(stats),
    )


def on_grid(answer: Answer[Result], window: Window) -> Answer[Result]:
    """Add a remark to an answer whose points are not on the steps."""
    if window.holds(answer.data.floats.times):
        return answer
    return replace(answer, warnings=(*answer.warnings, MOVED))


def cut(window: Window, *, max_points: int = MAX_POINTS) -> Iterator[Window]:
    """Cut a range into disjoint pieces of at most `max_points` steps, as equal as can be, on its own grid of steps.

    Examples
    --------
    >>> [(piece.start_ms, piece.end_ms) for piece in cut(Window(0, 10_500, 1_000), max_points=4)]
    [(0, 2000), (3000, 6000), (7000, 10000)]
    """
    n_pieces = -(-window.n_steps // max_points)
    edges = [window.n_steps * piece // n_pieces for piece in range(n_pieces + 1)]
    for first, after in pairwise(edges):
        yield Window(
            window.start_ms + first * window.step_ms, window.start_ms + (after - 1) * window.step_ms, window.step_ms
        )


def split(window: Window, last_ms: int) -> tuple[Window, Window]:
    """Cut a range in two; the first part ends at `last_ms`, one of its steps."""
    first = Window(window.start_ms, last_ms, window.step_ms)
    return first, Window(last_ms + window.step_ms, window.end_ms, window.step_ms)
