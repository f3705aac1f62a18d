"""Filters of a Grafana dashboard: every query narrowed to the chosen jobs and instances.

Grafana's variables are text that is put into a query, so the queries need a matcher at each selector. A small scanner
finds the selectors; it needs no more of PromQL than where a metric name can stand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["metric_names", "with_matchers"]

# Names that are no metric although no "(" follows: operators, modifiers and number words.
_WORDS = {"and", "or", "unless", "atan2", "bool", "offset", "inf", "nan", "by", "without", "on", "ignoring"} | {
    "group_left",
    "group_right",
}
# In the brackets after these stand labels.
_GROUPING = r"(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"
_TEXT = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`"""
# A name before a variable, as in a_${b}_total, is only part of a name; one before "(" or "by" is a function.
_TOKEN = re.compile(
    rf"""
      (?:{_TEXT} | \#[^\n]* | \[[^\]]*\] | \b{_GROUPING} | \$\{{[^}}]*\}} | \$\w+ | \d[\w.]*)
    | (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)? \s* (?P<braces>\{{(?:{_TEXT}|[^}}"'`])*\}})
    | [a-zA-Z_:][a-zA-Z0-9_:]*+ (?=\s*\( | \s*\b(?:by|without)\b | \$)
    | (?P<bare>[a-zA-Z_:][a-zA-Z0-9_:]*)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def with_matchers(expr: str, matchers: str) -> str:
    """Add label matchers to each selector of an expression.

    Selectors of recorded series, whose names have a colon by convention, and of ``ALERTS`` stay as they are: recording
    and alerting usually drop ``job`` and ``instance``.

    Parameters
    ----------
    expr
        PromQL, macros and variables of Grafana included.
    matchers
        Such as ``job=~"$job"``.

    Examples
    --------
    >>> print(with_matchers('sum by (job) (rate(up{a="b"}[5m])) / count(up)', 'job="j"'))
    sum by (job) (rate(up{a="b", job="j"}[5m])) / count(up{job="j"})
    """
    pieces = []
    position = 0
    for match, name in _selectors(expr):
        if ":" in name or name in {"ALERTS", "ALERTS_FOR_STATE"}:
            continue
        if match["braces"] is None:
            pieces += [expr[position : match.end()], "{", matchers, "}"]
        else:
            inner = match["braces"][1:-1].rstrip().removesuffix(",")
            joint = ", " if inner.strip() else ""
            pieces += [expr[position : match.start("braces")], "{", inner, joint, matchers, "}"]
        position = match.end()
    return "".join([*pieces, expr[position:]])


def metric_names(expr: str) -> set[str]:
    """Return the names of the metrics that an expression selects.

    Examples
    --------
    >>> sorted(metric_names('rate(b_sum[5m]) / on(job) rate(b_count{job="x"}[5m]) > bool 1'))
    ['b_count', 'b_sum']
    """
    return {name for _, name in _selectors(expr) if name}


def _selectors(expr: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each vector selector with its metric name; the name is empty where only braces stand."""
    for match in _TOKEN.finditer(expr):
        name = match["name"] or match["bare"] or ""
        if match["braces"] is not None or (match["bare"] and name.lower() not in _WORDS):
            yield match, name
