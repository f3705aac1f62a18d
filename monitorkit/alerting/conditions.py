"""The threshold in an alert expression: ``model_accuracy < 0.9`` is a query, an operator and a value.

A panel that draws the threshold and an export that needs it apart from the query read it from here, so that the number
stands in one place: the rule.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from monitorkit.errors import InvalidType, InvalidValue

__all__ = ["Condition", "condition_of", "number_text", "with_threshold"]

_TOKEN = re.compile(
    r"""
      (?P<text>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | `[^`]*`)
    | (?P<comment>\#[^\n]*)
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_COMPARISON = re.compile(
    r"\s*(?P<query>.*\S)\s*(?P<op>>=|<=|==|!=|>|<)\s*(?P<value>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*",
    re.IGNORECASE | re.DOTALL,
)
# These bind weaker than a comparison, so that the number would belong to a part of the expression only.
_SET_OPERATOR = re.compile(r"\b(?:and|or|unless)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Condition:
    """A query compared with a number.

    Parameters
    ----------
    query
        PromQL on the left of the operator.
    op
        ``>``, ``>=``, ``<``, ``<=``, ``==`` or ``!=``.
    value
        The threshold, in the unit of the query.

    Examples
    --------
    >>> Condition("model_accuracy", "<", 0.9).expr
    'model_accuracy < 0.9'
    """

    query: str
    op: str
    value: float

    @property
    def expr(self) -> str:
        """The comparison as PromQL."""
        return f"{self.query} {self.op} {number_text(self.value)}"

    @property
    def fires_above(self) -> bool | None:
        """Whether large values fire (True), small ones (False), or neither side as such (None)."""
        return {">": True, ">=": True, "<": False, "<=": False}.get(self.op)


def condition_of(expr: str) -> Condition | None:
    """Split an alert expression at the number that its result is compared with.

    Returns
    -------
    Condition or None
        None where the expression as a whole is no comparison with a number, as in ``absent(up)``, ``a > b`` or
        ``a > 1 and b > 2``.

    Examples
    --------
    >>> condition_of('avg(inference_latency_seconds{instance="a > 2"}) > 1')
    Condition(query='avg(inference_latency_seconds{instance="a > 2"})', op='>', value=1.0)
    """
    match = _comparison(expr)
    if match is None:
        return None
    return Condition(expr[match.start("query") : match.end("query")], match["op"], float(match["value"]))


def with_threshold(expr: str, value: float) -> str:
    """Return the alert expression with another number in the place of its threshold.

    Raises
    ------
    InvalidValue
        If the expression is no comparison with a number, or `value` is not finite.

    Examples
    --------
    >>> with_threshold("model_accuracy < 0.9", 0.95)
    'model_accuracy < 0.95'
    """
    match = _comparison(expr)
    if match is None:
        raise InvalidValue(f"{expr!r} is not compared with a number, so it has no threshold to change; write it anew")
    return expr[: match.start("value")] + number_text(value) + expr[match.end("value") :]


def number_text(value: float) -> str:
    """Write a number as PromQL with the fewest digits that mean the same float.

    Raises
    ------
    InvalidType, InvalidValue
        If it is no number, or not finite: a comparison with it would never or always be true.

    Examples
    --------
    >>> number_text(1.0), number_text(0.90)
    ('1', '0.9')
    """
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise InvalidType(f"threshold: {value!r} is no number")
    value = float(value)
    if not math.isfinite(value):
        raise InvalidValue(f"threshold: {value!r} is not finite")
    return repr(value).removesuffix(".0")


def _comparison(expr: str) -> re.Match[str] | None:
    outer = _outermost(expr)
    match = _COMPARISON.fullmatch(outer)
    return None if match is None or _SET_OPERATOR.search(match["query"]) else match


def _outermost(expr: str) -> str:
    """The expression with comments blanked and texts and brackets filled up, every character in its place."""
    depth = 0
    pieces = []
    for token in _TOKEN.finditer(expr):
        length = len(token[0])
        depth += token.lastgroup == "open"
        if token.lastgroup == "comment":
            pieces.append(" " * length)
        elif token.lastgroup == "text" or depth:
            pieces.append("~" * length)
        else:
            pieces.append(token[0])
        depth -= token.lastgroup == "close"
    return "".join(pieces)
