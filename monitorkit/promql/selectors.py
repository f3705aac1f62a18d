"""Reading the parts of selectors: durations, label lists, label matchers, modifiers.

Notes
-----
Source: promql/parser/generated_parser.y of Prometheus 3.x, ``duration_expr``, ``grouping_labels``, ``label_matchers``,
``offset_expr``, ``step_invariant_expr``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from monitorkit.promql.literals import duration_value, in_duration_range, number_value
from monitorkit.promql.nodes import At, Duration, DurationExpression, LabelMatcher, NumberLiteral
from monitorkit.promql.reader import Reader
from monitorkit.promql.regex import matches_empty, problem
from monitorkit.promql.tokens import KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SelectorReader", "all_match_empty"]

_MATCH_OPERATORS = frozenset(("=", "!=", "=~", "!~"))
_LABEL_WORDS = frozenset(("identifier", *KEYWORDS.values())) - {"number", "without"}
_DURATION_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 3}
_CLAUSES = {
    "step": "step() in a duration",
    "range": "range() in a duration",
    "min_of": "min_of() or max_of() in a duration",
    "max_of": "min_of() or max_of() in a duration",
}
_MIN_OF = (3, 13)
"""Version that renamed ``min`` and ``max`` in durations."""
_SIGNED_OFFSET = (3, 6)
"""Version since which ``offset -(1h)`` is complete behind the parenthesis."""


class SelectorReader(Reader):
    """Reads what stands within and behind selectors."""

    __slots__ = ()

    def literal(self) -> NumberLiteral:
        """Pass a number or a duration."""
        i, text = self.i, self.text()
        is_duration = self.kinds[i] == "duration"
        value = duration_value(text) if is_duration else number_value(text)
        start, end = self.starts[i], self.ends[i]
        if value is None:
            what = "duration" if is_duration else "number"
            advice = "units must descend and come once each: y w d h m s ms, together below 292y" if is_duration else ""
            self.fail(f"{text!r} is no valid {what}, or out of range", start, end, advice)
        if not is_duration and "_" in text:
            self.needs("a number with underscores", start, end)
        self.i += 1
        return NumberLiteral(value, is_duration, start=start, end=end)

    def positive_duration(self, where: str) -> Duration:
        """Pass a duration in brackets."""
        if self.kinds[self.i] not in {"number", "duration", "+", "-", "(", "identifier"}:
            advice = "write it without quotes" if self.kinds[self.i] == "string" else ""
            self.unexpected(f"a duration such as 5m in {where}", advice)
        value = self._checked(self._duration(0))
        bare = _bare(value)
        if bare is not None and bare <= 0:
            self.fail("a range or step must be longer than 0", value.start, value.end)
        return value

    def offset(self) -> Duration | None:
        """Pass what follows ``offset``; None for no shift at all."""
        start = self.starts[self.i]
        value = self._checked(self._offset())
        if not isinstance(value, NumberLiteral):
            return value
        if value.value < 0:
            self.needs("a negative offset", start, value.end)
        if value.value == 0:
            self.needs("an offset of zero", start, value.end)
            return None
        return value

    def _offset(self) -> Duration:
        """Pass a duration as the grammar has it after ``offset``.

        After a number and at most one sign operators belong to the query: ``x offset 1h + y``. A parenthesis begins
        arithmetic that takes them: ``x offset (1h) + 5m``; so does a second sign and, up to 3.5, a sign before it.
        """
        start, sign = self.starts[self.i], self.kinds[self.i]
        if sign not in {"+", "-"}:
            return _enclosed(self._duration(0)) if sign == "(" else self._duration_primary()
        after = self.kinds[self.i + 1]
        if sign == "+" or after in {"+", "-"}:
            self.needs("a plus sign before an offset", start, start + 1)
        old = self.dialect is not None and self.dialect.version < _SIGNED_OFFSET
        if after in {"+", "-"} or (after == "(" and old):
            return _enclosed(self._duration(0))
        self.i += 1
        return self._signed(sign, start, self._duration_primary())

    def _checked(self, value: Duration) -> Duration:
        """A duration as it is kept: within range, and a literal in seconds however it was written."""
        if not isinstance(value, NumberLiteral):
            return value
        if not in_duration_range(value.value):
            self.fail("a duration of more than 292 years", value.start, value.end)
        if value.is_duration:
            return value
        text = self.query[value.start : value.end]
        if self.dialect is not None and self.dialect.lacks_bare_numbers:
            self.fail(f"a duration without a unit: {text!r}", value.start, value.end, f"write {text}s or {text}m")
        return NumberLiteral(value.value, is_duration=True, start=value.start, end=value.end)

    def _duration(self, least: int) -> Duration:
        self.deeper()
        start, sign = self.starts[self.i], self.kinds[self.i]
        if sign in {"+", "-"}:
            self.i += 1
            left = self._signed(sign, start, self._duration(_DURATION_PRECEDENCE["^"]))
        else:
            left = self._duration_primary()
        while (precedence := _DURATION_PRECEDENCE.get(operator := self.kinds[self.i], -1)) >= least:
            at = self.starts[self.i]
            self.needs("arithmetic in a duration", left.start, at + 1)
            self.i += 1
            right = self._duration(precedence + (operator != "^"))
            if operator in {"/", "%"} and isinstance(right, NumberLiteral) and right.value == 0:
                self.fail("division by zero", at, at + 1)
            left = DurationExpression(operator, (left, right), start=left.start, end=right.end)
        self.depth -= 1
        return left

    def _signed(self, sign: str, start: int, operand: Duration) -> Duration:
        if isinstance(operand, NumberLiteral):
            value = -operand.value if sign == "-" else operand.value
            return NumberLiteral(value, operand.is_duration, start=start, end=operand.end)
        return DurationExpression("-", (operand,), start=start, end=operand.end) if sign == "-" else operand

    def _duration_primary(self) -> Duration:
        kind, start = self.kinds[self.i], self.starts[self.i]
        if kind == "duration" or (kind == "number" and not self.text().isalpha()):
            return self.literal()
        if kind == "(":
            self.needs("arithmetic in a duration", start, start + 1)
            self.i += 1
            inner = self._duration(0)
            self.take(")", "')'")
            return DurationExpression("()", (inner,), start=start, end=self.ends[self.i - 1])
        name = self.text().lower()
        if self.kinds[self.i + 1 : self.i + 2] == ["("]:
            if self.dialect is not None and self.dialect.version < _MIN_OF and name in {"min", "max"}:
                return self._duration_call(name, "step() in a duration")
            if name in _CLAUSES:
                return self._duration_call(name, _CLAUSES[name])
        advice = "write it without quotes" if kind == "string" else ""
        return self.unexpected("a duration such as 5m", advice)

    def _duration_call(self, name: str, feature: str) -> DurationExpression:
        start = self.starts[self.i]
        self.needs(feature, start, self.ends[self.i])
        self.i += 2
        operands: list[Duration] = []
        if name not in {"step", "range"}:
            operands.append(self._duration(0))
            self.take(",", "',' and a second duration")
            operands.append(self._duration(0))
        self.take(")", "')'")
        return DurationExpression(name, tuple(operands), start=start, end=self.ends[self.i - 1])

    def at(self) -> At:
        """Pass what follows ``@``."""
        start, kind = self.starts[self.i], self.kinds[self.i]
        self.needs("the @ modifier", start, self.ends[self.i])
        if kind in {"start", "end"}:
            self.i += 1
            self.take("(", f"'()' after {kind}")
            self.take(")", f"')' after {kind}(")
            return "start" if kind == "start" else "end"
        if kind in {"+", "-"}:
            self.i += 1
        if self.kinds[self.i] not in {"number", "duration"}:
            self.unexpected("a Unix time in seconds, start() or end()")
        if self.kinds[self.i] == "duration":
            self.needs("a duration in place of a number", self.starts[self.i], self.ends[self.i])
        value = self.literal().value
        if not math.isfinite(value) or value >= 2**63:
            self.fail("a time after @ that is out of range", start, self.ends[self.i - 1])
        return round((-value if kind == "-" else value) * 1000) / 1000

    def labels(self, after: str) -> tuple[str, ...]:
        """Pass a list of label names in parentheses."""
        self.take("(", f"'(' and labels after {after}")
        names: list[str] = []
        while self.kinds[self.i] != ")":
            names.append(self._label(after))
            if self.kinds[self.i] == ",":
                self.i += 1
            elif self.kinds[self.i] != ")":
                self.unexpected(f"',' or ')' in the labels of {after}")
        self.i += 1
        return tuple(names)

    def _label(self, after: str) -> str:
        kind, start, end = self.kinds[self.i], self.starts[self.i], self.ends[self.i]
        if kind == "string":
            self.needs("a quoted name", start, end)
            name = self.string()
            if not name:
                self.fail("a label name must not be empty", start, end)
            return name
        if kind == "metric identifier":
            self.needs("a colon in a label name", start, end)
        elif kind not in _LABEL_WORDS:
            self.unexpected(f"a label name in the labels of {after}")
        self.i += 1
        return self.query[start:end]

    def matchers(self) -> tuple[LabelMatcher, ...]:
        """Pass label matchers in braces."""
        self.i += 1
        found: list[LabelMatcher] = []
        while self.kinds[self.i] != "}":
            found.append(self._matcher())
            if self.kinds[self.i] == ",":
                self.i += 1
            elif self.kinds[self.i] != "}":
                self.unexpected("',' or '}' after a label matcher")
        self.i += 1
        return tuple(found)

    def _matcher(self) -> LabelMatcher:
        kind, start, end = self.kinds[self.i], self.starts[self.i], self.ends[self.i]
        if kind == "identifier":
            name = self.query[start:end]
            self.i += 1
        elif kind == "string":
            self.needs("a quoted name", start, end)
            name = self.string()
            if self.kinds[self.i] in {",", "}"}:
                return LabelMatcher("__name__", "=", name, start, end)
        else:
            self.unexpected("a label name or '}'")
        operator = self.kinds[self.i]
        if operator not in _MATCH_OPERATORS:
            self.unexpected(f"= != =~ or !~ after the label {name}", f'write {name}="…"')
        self.i += 1
        if self.kinds[self.i] != "string":
            word = self.kinds[self.i] in {"identifier", "number"}
            self.unexpected("a value in quotes", f'write {name}{operator}"{self.text()}"' if word else "")
        end = self.ends[self.i]
        value = self.string()
        if operator in {"=~", "!~"} and (wrong := problem(value)) is not None:
            self.fail(f"the pattern of {name} is no RE2: {wrong}", self.starts[self.i - 1], end)
        return LabelMatcher(name, operator, value, start, end)


def _enclosed(value: Duration) -> Duration:
    """An offset with its arithmetic in parentheses: the one way to write it that each version reads alike."""
    inner = value
    while isinstance(inner, DurationExpression) and inner.operator == "-" and len(inner.operands) == 1:
        inner = inner.operands[0]
    if isinstance(inner, DurationExpression) and inner.operator in _DURATION_PRECEDENCE:
        return DurationExpression("()", (value,), start=value.start, end=value.end)
    return value


def _bare(value: Duration) -> float | None:
    """Seconds of a literal behind signs and parentheses; None where there is arithmetic."""
    sign = 1.0
    while isinstance(value, DurationExpression):
        if len(value.operands) != 1:
            return None
        sign = -sign if value.operator == "-" else sign
        value = value.operands[0]
    return sign * value.value


def all_match_empty(matchers: Sequence[LabelMatcher]) -> bool:
    """Whether a series without labels would pass all: such a selector would take everything there is."""
    return all(_matches_empty(matcher) for matcher in matchers)


def _matches_empty(matcher: LabelMatcher) -> bool:
    if matcher.operator in {"=", "!="}:
        return (matcher.value == "") is (matcher.operator == "=")
    return matches_empty(matcher.value) is (matcher.operator == "=~")
