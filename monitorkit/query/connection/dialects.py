"""How engines other than Prometheus word a refusal, read as if it were Prometheus' own.

VictoriaMetrics repeats the query in front of the reason, gives the status as the class of error, and in place of a line
and a column the text that it could not read. Where no place is given at all, monitorkit's own parser looks for one.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from monitorkit.lazy import lazy_module

if TYPE_CHECKING:
    from monitorkit import promql
else:
    promql = lazy_module("monitorkit.promql")

__all__ = ["reworded"]

_KINDS = {"400": "bad_data", "422": "execution", "500": "internal", "503": "unavailable", "504": "timeout"}
_BEFORE = re.compile(
    r"error when executing query=.* (?:for|on the time range) \((?:time|start)=[^()]*\): (?:cannot execute query: )?",
    re.DOTALL,
)
_BEFORE_MATCH = "cannot parse matches[]="
_REST = re.compile(r'(?:; unparsed data: |(unparsed data) left: )("(?:[^"\\]|\\.)*")\Z', re.DOTALL)
_ABOUT_THE_TEXT = re.compile(
    r"unknown func|unsupported func|unexpected|unparsed|cannot (?:parse|recognize|expand)|invalid regexp|number of args"
    r"|parse error"
)


def reworded(message: str, kind: str, query: str) -> tuple[str, str, int | None]:
    """Read a refusal.

    Parameters
    ----------
    message
        The server's words.
    kind
        Its class of error.
    query
        What was sent.

    Returns
    -------
    tuple
        The reason alone, Prometheus' class of error, and the offset of the mistake in `query` or None.

    Examples
    --------
    >>> reworded('error when executing query="a b" for (time=1, step=2): unparsed data left: "b"', "422", "a b")
    ('unparsed data', 'bad_data', 2)
    """
    reason = _BEFORE.sub("", message, count=1).removeprefix(f"{_BEFORE_MATCH}{query}: ")
    about_the_text = bool(query) and _ABOUT_THE_TEXT.search(reason) is not None
    if not about_the_text:
        return reason, _KINDS.get(kind, kind), None
    place = None
    if match := _REST.search(reason):
        place = _place_of(match[2], query)
        reason = reason[: match.start()] + (match[1] or "")
    return reason, "bad_data" if kind in _KINDS else kind, _own_place(query) if place is None else place


def _place_of(quoted: str, query: str) -> int | None:
    """Offset of what a server could not read, written as Go quotes it: the query's end."""
    try:
        rest = ast.literal_eval(quoted)
    except (ValueError, SyntaxError):
        return None
    return len(query) - len(rest) if query.endswith(rest) else None


def _own_place(query: str) -> int | None:
    try:
        promql.parse(query)
    except promql.PromQLError as error:
        return error.position
    return None
