"""A long range in pieces that each are within a server's limit, and a query that means the same in every piece.

Each step of a range query is evaluated by itself, so a range may be cut anywhere between two steps. What refers to the
range as a whole must be kept: ``@ start()`` and ``@ end()`` become fixed times first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from monitorkit.errors import InvalidValue
from monitorkit.progress import progress_bar
from monitorkit.query.times import Window, wire_text
from monitorkit.query.wire import Answer, Result, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MAX_POINTS", "cut", "fetch", "pin"]

MAX_POINTS = 11_000
"""Most steps of one range query (Prometheus web/api/v1/api.go, "exceeded maximum resolution")."""

_BLANK = r"(?:\s|\#[^\n]*)*"
_TOKEN = re.compile(
    rf"""
      (?P<skip>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | `[^`]*` | \#[^\n]*)
    | @{_BLANK}(?P<edge>start|end){_BLANK}\({_BLANK}\)
    | (?P<function>(?<![\w:])(?:start|end|range)){_BLANK}\({_BLANK}\)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def fetch(expr: str, window: Window, ask: Callable[[str, Window], Answer[Result]]) -> Answer[Result]:
    """Ask for a range, in pieces where it is too long for one query.

    Parameters
    ----------
    expr
        PromQL.
    window
        The whole range.
    ask
        Sends one range query.

    Returns
    -------
    Answer
        The same, sample by sample, as one query without a limit would give; each warning once.
    """
    if window.n_steps <= MAX_POINTS:
        answers = [ask(expr, window)]
        result = answers[0].data
    else:
        fixed = pin(expr, window)
        answers = [ask(fixed, piece) for piece in _shown(list(cut(window)))]
        result = join([answer.data for answer in answers])
    warnings = dict.fromkeys(text for answer in answers for text in answer.warnings)
    if not window.holds(result.floats.times):
        warnings["the server moved the points away from the steps that were asked for"] = None
    infos = dict.fromkeys(text for answer in answers for text in answer.infos)
    return Answer(result, tuple(warnings), tuple(infos))


def _shown(parts: list[Window]) -> Iterator[Window]:
    """The pieces, under a progress bar once they take longer than a second."""
    with progress_bar(len(parts), desc="query", unit="piece") as bar:
        for part in parts:
            yield part
            bar.update()


def cut(window: Window, *, max_points: int = MAX_POINTS) -> Iterator[Window]:
    """Cut a range into disjoint pieces of at most `max_points` steps, on its own grid of steps.

    Examples
    --------
    >>> [(piece.start_ms, piece.end_ms) for piece in cut(Window(0, 10_500, 1_000), max_points=4)]
    [(0, 3000), (4000, 7000), (8000, 10000)]
    """
    last = window.start_ms + (window.n_steps - 1) * window.step_ms
    length = (max_points - 1) * window.step_ms
    for start in range(window.start_ms, last + 1, length + window.step_ms):
        yield Window(start, min(start + length, last), window.step_ms)


def pin(expr: str, window: Window) -> str:
    """Fix ``@ start()`` and ``@ end()`` of a query to the start and end of the whole range.

    Raises
    ------
    InvalidValue
        If the query uses ``start()``, ``end()`` or ``range()`` as functions, which cannot be fixed.

    Examples
    --------
    >>> pin("up @ end() / up offset 1h", Window(0, 60_000, 1_000))
    'up @ 60.000 / up offset 1h'
    """

    def fixed(match: re.Match[str]) -> str:
        if match["function"]:
            raise InvalidValue(
                f"query: {match['function']}() stands for the whole range, so this query cannot be asked in pieces, "
                f"and its {window.n_steps:,} steps are more than the {MAX_POINTS:,} that one query may have; "
                "take a longer step or a shorter range"
            )
        if match["edge"]:
            return f"@ {wire_text(window.start_ms if match['edge'].lower() == 'start' else window.end_ms)}"
        return match[0]

    return _TOKEN.sub(fixed, expr)
