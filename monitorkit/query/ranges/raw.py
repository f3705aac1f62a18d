"""Raw samples over a time of any length: each sample exactly once, whatever a server's range selectors include.

``x[5m]`` at T means from T - 5m to T; whether a sample at T - 5m itself is in it depends on the server: yes up to
Prometheus 2.x, no since 3.0 and in VictoriaMetrics. So a piece is asked for with 1 ms more than it needs at its
beginning, and what lies before it is dropped: every timestamp is a whole number of ms, and what is left is the same
everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.errors import InvalidValue
from monitorkit.promql import (
    At,
    Expression,
    MatrixSelector,
    NumberLiteral,
    ParenExpression,
    PromQLError,
    Subquery,
    VectorSelector,
    parse,
    tokens,
)
from monitorkit.query import times
from monitorkit.query.decoding.wire import Histograms, Result, Samples
from monitorkit.query.ranges import pieces
from monitorkit.query.times import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from monitorkit.durations import Duration
    from monitorkit.query.connection.limits import Limits
    from monitorkit.query.decoding.envelope import Answer

__all__ = ["Request", "fetch", "request"]

LONG_MS = 6 * 3_600_000
"""A range up to this long is asked for at once; of a longer one its last hour first, to learn how much there is."""
PROBE_MS = 3_600_000
PIECE_SAMPLES = 1_000_000
"""About how many samples a piece of a long range should have."""
FEWEST_PIECES = 8
"""Into how many pieces a long range is cut whose last hour is empty, which tells nothing about the rest."""


@dataclass(frozen=True)
class Request:
    """Raw samples that are wanted.

    Parameters
    ----------
    asked
        From when to when the user asked.
    text, at_ms
        The query for all of it at once, and the moment at which to ask it; None where it must be made from `selector`.
    selector
        The series, without offset and ``@``; None where the request cannot be cut.
    window
        Where the samples lie, every ms being a step: `asked`, moved by offset and ``@``.
    """

    asked: Window
    text: str | None
    at_ms: int
    selector: str | None
    window: Window


def request(
    expr: str,
    *,
    at: times.Moment | None = None,
    last: Duration | None = None,
    start: times.Moment | None = None,
    end: times.Moment | None = None,
    now: int,
) -> Request:
    """Read what :meth:`PrometheusClient.samples` was asked for.

    Raises
    ------
    InvalidValue
        If it is no selector, or there is no range or more than one.
    PromQLError
        If the selector cannot be read where it must be.
    """
    try:
        tree = _bare(parse(expr))
    except PromQLError:
        tree = None
        if not (last is None and start is None and end is None) and _selector_of_a_dialect(expr) is None:
            raise
    ranged = {"last": last, "start": start, "end": end}
    given = next((name for name, value in ranged.items() if value is not None), None)
    if isinstance(tree, (MatrixSelector, Subquery)) or (tree is None and given is None):
        if given:
            raise InvalidValue(f"samples: {expr!r} has its range in brackets; leave out {given}=, or the brackets")
        return _bracketed(expr, tree, now if at is None else times.moment(at, now=now, name="at"))
    if tree is not None and not isinstance(tree, VectorSelector):
        raise InvalidValue(
            f"samples: {expr!r} is no selector, and only series have raw samples; write x[5m], or use query()"
        )
    if last is None and start is None:
        raise InvalidValue(f"samples: {expr!r} has no range; write {expr.strip()}[5m], or pass last='1h' or start=")
    if at is not None:
        raise InvalidValue("samples: at= is the end of a range in brackets, x[5m]; pass end= instead")
    asked = times.window(last=last, start=start, end=end, now=now)
    return _between(expr, tree, replace(asked, step_ms=0))


def _bare(tree: Expression) -> Expression:
    while isinstance(tree, ParenExpression):
        tree = tree.expr
    return tree


def _selector_of_a_dialect(expr: str) -> str | None:
    """The text, if it is a name, braces, or both, as far as its tokens tell: to be sent as it is."""
    read = tokens(expr)
    kinds = [token.kind for token in read]
    named = kinds[:1] in (["identifier"], ["metric identifier"])
    braces = kinds[named:]
    if braces and not (braces[0] == "{" and braces[-1] == "}" and braces.count("}") == 1):
        return None
    # Without a comment at its end, which would swallow what is put behind it.
    return expr[read[0].start : read[-1].end]


def _bracketed(expr: str, tree: Expression | None, at_ms: int) -> Request:
    """Request for ``x[5m]``, which has the server's own meaning."""
    asked = Window(at_ms, at_ms, 0)
    if isinstance(tree, MatrixSelector) and isinstance(tree.range, NumberLiteral) and tree.extension is None:
        end_ms = _moved(tree.at, tree.offset, asked)
        if end_ms is not None:
            selector, length_ms = str(tree.vector), round(tree.range.value * 1000)
            window = Window(end_ms - length_ms + 1, end_ms, 1)
            if tree.at is None:
                return Request(asked, expr, at_ms, selector, window)
            # VictoriaMetrics gives nothing for raw samples with @.
            return Request(asked, f"{selector}[{length_ms}ms]", end_ms, selector, window)
    return Request(asked, expr, at_ms, None, replace(asked, step_ms=1))


def _between(expr: str, tree: VectorSelector | None, asked: Window) -> Request:
    """Request for a selector from start to end, both included on every server."""
    if tree is None:
        return Request(asked, None, asked.end_ms, _selector_of_a_dialect(expr), replace(asked, step_ms=1))
    end_ms = _moved(tree.at, tree.offset, asked)
    if end_ms is None or tree.extension is not None:
        raise InvalidValue(f"samples: {expr!r} is more than a selector with a plain offset; write the series and times")
    selector = str(replace(tree, at=None, offset=None))
    return Request(asked, None, end_ms, selector, Window(asked.start_ms - asked.end_ms + end_ms, end_ms, 1))


def _moved(at: At | None, offset: Any, asked: Window) -> int | None:  # noqa: ANN401 - any kind of duration, or none
    """Where the end of the range lies after ``@`` and offset; None where only the server can tell."""
    if not (offset is None or isinstance(offset, NumberLiteral)):
        return None
    ends: dict[Any, int] = {None: asked.end_ms, "start": asked.start_ms, "end": asked.end_ms}
    end_ms = round(at * 1000) if isinstance(at, float) else ends[at]
    return end_ms - (round(offset.value * 1000) if offset else 0)


def fetch(
    wanted: Request,
    ask: Callable[[str, int], Answer[Result]],
    *,
    limits: Limits,
    threads: int = 1,
) -> Answer[Result]:
    """Fetch raw samples, in pieces of time where there are many or the server refuses.

    Parameters
    ----------
    wanted
        What was asked for.
    ask
        Sends one instant query: PromQL and its moment in ms.
    limits
        What the server is known to allow in one such query, in ms.
    threads
        How many pieces to ask for at once.

    Returns
    -------
    Answer
        A matrix; each sample exactly once.

    Raises
    ------
    QueryError
        If the server refuses even a single ms.
    """
    if wanted.selector is None:
        return ask(wanted.text or "", wanted.at_ms)
    selector, window = wanted.selector, wanted.window

    def part(piece: Window) -> Answer[Result]:
        if wanted.text is not None and piece == window:
            return ask(wanted.text, wanted.at_ms)
        answer = ask(f"{selector}[{piece.n_steps}ms]", piece.end_ms)
        as_the_server_means = wanted.text is not None and piece.start_ms == window.start_ms
        return answer if as_the_server_means else replace(answer, data=_since(answer.data, piece.start_ms))

    def collect(parts: Iterable[Window]) -> Iterator[Answer[Result]]:
        return (answer for _, answer in pieces.collect(parts, part, limits=limits, key=selector, threads=threads))

    if window.n_steps <= LONG_MS:
        return pieces.together(collect([window]))
    before, probe = pieces.split(window, window.end_ms - PROBE_MS)
    newest = list(collect([probe]))
    n_newest = sum(_n_samples(answer.data) for answer in newest)
    length_ms = PIECE_SAMPLES * PROBE_MS // n_newest if n_newest else before.n_steps // FEWEST_PIECES
    return pieces.together(chain(collect(pieces.cut(before, max_points=max(length_ms, 1))), newest))


def _n_samples(result: Result) -> int:
    return len(result.floats.times) + len(result.histograms.times)


def _since(result: Result, start_ms: int) -> Result:
    """The result without samples before a moment, and without series that have no others."""
    kept, kept_histograms = result.floats.times >= start_ms, result.histograms.times >= start_ms
    if kept.all() and kept_histograms.all():
        return result
    floats, histograms = _rows(result.floats, kept), _rows(result.histograms, kept_histograms)
    used = np.unique(np.concatenate([floats["series"], histograms["series"]]))
    for part in (floats, histograms):
        part["series"] = np.searchsorted(used, part["series"])
    labels = [result.labels[position] for position in used]
    return replace(result, labels=labels, floats=Samples(**floats), histograms=Histograms(**histograms))


def _rows(part: Samples | Histograms, kept: NDArray[np.bool_]) -> dict[str, Any]:
    return {name: column[kept] for name, column in vars(part).items()}
