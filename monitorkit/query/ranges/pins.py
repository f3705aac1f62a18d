"""A query that means the same in every piece of its range: what stands for the range as a whole becomes a fixed time.

Each step of a range query is evaluated by itself, so a range may be cut anywhere between two steps; but ``@ start()``
and ``@ end()`` are the ends of the whole range, wherever it is cut.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from monitorkit.errors import InvalidValue
from monitorkit.promql import tokens
from monitorkit.query.times import wire_text

if TYPE_CHECKING:
    from monitorkit.query.times import Window

__all__ = ["pin"]

_ENDS = frozenset(("start", "end"))
_OF_RANGE = _ENDS | {"range"}
# MetricsQL's own (VictoriaMetrics documentation, "MetricsQL"): each looks at all points of a series at once.
_OF_ALL_POINTS = re.compile(
    r"range_\w+|running_\w+|(?:top|bottom)k_(?:min|max|avg|median|last)|outliersk|outliers_mad"
    r"|interpolate|keep_last_value|keep_next_value|remove_resets|smooth_exponential|drop_empty_series",
    re.IGNORECASE,
)


def pin(expr: str, window: Window) -> str:
    """Fix ``@ start()`` and ``@ end()`` of a query to the start and end of the whole range.

    Parameters
    ----------
    expr
        PromQL, or a dialect of it: it is read token by token, and what is no PromQL stays as it is.
    window
        The whole range.

    Raises
    ------
    InvalidValue
        If the query uses ``start()``, ``end()``, ``range()`` or a MetricsQL function over the whole range, which have
        no meaning in a piece of it.

    Examples
    --------
    >>> from monitorkit.query.times import Window
    >>> pin("up @ end() / up offset 1h", Window(0, 60_000, 1_000))
    'up @ 60.000 / up offset 1h'
    """
    ends = {"start": wire_text(window.start_ms), "end": wire_text(window.end_ms)}
    parts = []
    done = 0
    read = [None, *tokens(expr), None, None]
    for before, word, opening, closing in zip(read, read[1:], read[2:], read[3:], strict=False):
        if word is None or opening is None or opening.kind != "(":
            continue
        name = word.text.lower()
        bare = closing if closing is not None and closing.kind == ")" else None
        if bare and name in _ENDS and before is not None and before.kind == "@":
            parts += [expr[done : word.start], ends[name]]
            done = bare.end
        elif (bare and name in _OF_RANGE) or _OF_ALL_POINTS.fullmatch(name):
            raise InvalidValue(
                f"query: {word.text}() stands for the whole range, so this query cannot be asked in pieces, and its "
                f"{window.n_steps:,} steps are more than one query may have; take a longer step or a shorter range"
            )
    return "".join([*parts, expr[done:]])
