"""From text to a syntax tree: the grammar of Prometheus 3.16, and of older servers when asked.

Notes
-----
Source: promql/parser/generated_parser.y of Prometheus 3.x. Precedence: ``or`` below ``and unless`` below comparisons
below ``+ -`` below ``* / % atan2`` below ``^``, which alone binds to the right; a sign binds like ``*``, so ``-a ^ b``
is ``-(a ^ b)``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from monitorkit.errors import InvalidType
from monitorkit.promql.checks import check_aggregation, check_binary, check_call, function
from monitorkit.promql.errors import PromQLError
from monitorkit.promql.functions import AGGREGATIONS
from monitorkit.promql.nodes import (
    Duration,
    Expression,
    LabelMatcher,
    MatrixSelector,
    NumberLiteral,
    StringLiteral,
    Subquery,
    VectorSelector,
)
from monitorkit.promql.operations import (
    Aggregation,
    BinaryExpression,
    Call,
    ParenExpression,
    UnaryExpression,
    VectorMatching,
)
from monitorkit.promql.reader import MAX_DEPTH
from monitorkit.promql.selectors import SelectorReader, all_match_empty
from monitorkit.promql.versions import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PRECEDENCE", "parse"]

PRECEDENCE = (
    {"or": 1, "and": 2, "unless": 2}
    | dict.fromkeys(("==", "!=", "<", ">", "<=", ">=", "</", ">/"), 3)
    | {"+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "atan2": 5, "^": 6}
)
"""How tightly each binary operator binds."""

_POSTFIX = frozenset(("[", "offset", "@", "anchored", "smoothed"))
_BEFORE_BODY = frozenset(("(", "by", "without"))
_METRIC_WORDS = frozenset(("and", "or", "unless", "by", "without", "offset", "anchored", "smoothed"))
_QUERY_WORDS = frozenset(("start", "end", "step", "range"))
_MODIFIERS = frozenset(("bool", "on", "ignoring", "group_left", "group_right", "fill", "fill_left", "fill_right"))
_MISTAKEN = {"=": "write '==' to compare", "=~": 'patterns belong in braces: {label=~"…"}'}


def parse(query: str, *, version: str | None = None, features: Iterable[str] = ()) -> Expression:
    """Read a query.

    Parameters
    ----------
    query
        PromQL text.
    version
        Server that must understand it, as in ``"3.5"`` or ``"v2.42.0"``; None for the newest language, all that is
        experimental included.
    features
        What that server's ``--enable-feature`` says, for example ``["promql-experimental-functions"]``.

    Returns
    -------
    Expression
        The tree. Each node knows its span in `query`.

    Raises
    ------
    PromQLError
        If the query is not valid there; it says where and, if it can, what to write instead.
    InvalidType
        If `query` is no text.

    Notes
    -----
    Expressions may nest `MAX_DEPTH` levels deep; chains of operators may be of any length.

    Examples
    --------
    >>> query = "sum by (job) (rate(inference_requests_total[5m]))"
    >>> tree = parse(query)
    >>> tree.operator, tree.grouping, tree.expr.text(query)
    ('sum', ('job',), 'rate(inference_requests_total[5m])')
    >>> parse('{"my.metric"}', version="2.42")
    Traceback (most recent call last):
    monitorkit.promql.errors.PromQLError: parse error: a quoted name needs Prometheus 3.0 or newer; this is for 2.42
      {"my.metric"}
       ^
    """
    if not isinstance(query, str):
        raise InvalidType(f"query: {type(query).__name__} is no text; write the query as a string")
    parser = _Parser(query, None if version is None else Dialect.of(version, features))
    try:
        return parser.whole()
    except RecursionError:
        raise PromQLError(
            f"the query nests too deep for the stack that is left; {MAX_DEPTH} levels are the limit",
            query=query,
            position=parser.starts[parser.i],
        ) from None


class _Parser(SelectorReader):
    """Reads expressions by precedence climbing: one loop over operators, recursion for what nests."""

    __slots__ = ("_matches_all",)

    def __init__(self, query: str, dialect: Dialect | None) -> None:
        super().__init__(query, dialect)
        self._matches_all = False  # inside info(…, {here}) a selector may match everything

    def whole(self) -> Expression:
        if self.kinds[0] == "eof":
            self.fail("the query is empty", 0)
        expression = self.expression(0)
        if self.kinds[self.i] != "eof":
            self._left_over()
        return expression

    def _left_over(self) -> None:
        kind = self.kinds[self.i]
        advice = _MISTAKEN.get(kind, "")
        if kind in {"by", "without"}:
            advice = f"'{kind}' belongs to an aggregation, as in sum {kind} (label) (…)"
        elif kind in {"group_left", "group_right"}:
            advice = f"write on(…) or ignoring(…) before {kind}"
        self.unexpected("an operator or the end", advice)

    def expression(self, least: int) -> Expression:
        self.deeper()
        kinds = self.kinds
        left = self._signed_operand() if kinds[self.i] in {"+", "-"} else self._operand()
        while (precedence := PRECEDENCE.get(kinds[self.i], -1)) >= least:
            left = self._binary(left, kinds[self.i], precedence)
        self.depth -= 1
        return left

    def _signed_operand(self) -> Expression:
        sign, start = self.kinds[self.i], self.starts[self.i]
        self.i += 1
        operand = self.expression(PRECEDENCE["^"])
        if isinstance(operand, NumberLiteral):
            value = -operand.value if sign == "-" else operand.value
            return NumberLiteral(value, operand.is_duration, start=start, end=operand.end)
        if operand.type not in {"scalar", "vector"}:
            self.fail(f"a sign takes scalars and instant vectors, not a {operand.type_name}", *operand.span)
        return UnaryExpression(sign, operand, start=start, end=operand.end)

    def _operand(self) -> Expression:
        node = self._atom()
        while (kind := self.kinds[self.i]) in _POSTFIX:
            node = self._bracket(node) if kind == "[" else self._modified(node, kind)
        return node

    def _atom(self) -> Expression:  # noqa: PLR0911 - one a kind of token
        i = self.i
        kind, after = self.kinds[i], self.kinds[i + 1] if self.kinds[i] != "eof" else "eof"
        if kind in {"identifier", "metric identifier"}:
            return self._call() if after == "(" and kind == "identifier" else self._selector()
        if kind in AGGREGATIONS:
            return self._aggregation(kind) if after in _BEFORE_BODY else self._selector()
        if kind == "(":
            return self._paren()
        if kind in {"number", "duration"}:
            return self._number()
        if kind == "{":
            return self._selector()
        if kind == "string":
            start, end = self.starts[i], self.ends[i]
            return StringLiteral(self.string(), start=start, end=end)
        if kind in _QUERY_WORDS:
            return self._call() if after == "(" else self._selector()
        if kind in _METRIC_WORDS:
            return self._selector()
        return self.unexpected("an expression", _MISTAKEN.get(kind, ""))

    def _number(self) -> NumberLiteral:
        if self.kinds[self.i] == "duration":
            self.needs("a duration in place of a number", self.starts[self.i], self.ends[self.i])
        return self.literal()

    def _paren(self) -> ParenExpression:
        start = self.starts[self.i]
        self.i += 1
        inner = self.expression(0)
        if self.kinds[self.i] != ")":
            advice = "a function or aggregation is missing before '('" if self.kinds[self.i] == "," else ""
            self.unexpected("')' or an operator", advice)
        self.i += 1
        return ParenExpression(inner, start=start, end=self.ends[self.i - 1])

    def _selector(self) -> VectorSelector:
        i = self.i
        start = self.starts[i]
        name: str | None = None
        if self.kinds[i] != "{":
            name = self.query[start : self.ends[i]]
            self.i += 1
        matchers: tuple[LabelMatcher, ...] = ()
        if self.kinds[self.i] == "{":
            matchers = self.matchers()
        end = self.ends[self.i - 1]
        if name is not None:
            for matcher in matchers:
                if matcher.name == "__name__":
                    self.fail(f"the metric is named twice: {name} and {matcher.value}", matcher.start, matcher.end)
        elif not self._matches_all and all_match_empty(matchers):
            message = "a selector needs a metric name or a matcher that refuses the empty value"
            self.fail(message, start, end, "it would select every series" if matchers else 'write {job="…"}')
        return VectorSelector(name, matchers, start=start, end=end)

    def _call(self) -> Call:
        start, end = self.starts[self.i], self.ends[self.i]
        name = self.query[start:end]
        spec = function(self, name, start, end)
        self.i += 1
        args = self._arguments(name)
        call = Call(name, args, start=start, end=self.ends[self.i - 1])
        check_call(self, call, spec)
        return call

    def _arguments(self, name: str) -> tuple[Expression, ...]:
        self.take("(", f"'(' after {name}")
        args: list[Expression] = []
        if self.kinds[self.i] == ")":
            self.i += 1
            return ()
        while True:
            self._matches_all = name == "info" and len(args) == 1
            args.append(self.expression(0))
            self._matches_all = False
            kind = self.kinds[self.i]
            if kind not in {",", ")"}:
                self.unexpected(f"',' or ')' in the arguments of {name}", _MISTAKEN.get(kind, ""))
            self.i += 1
            if kind == ")":
                return tuple(args)
            if self.kinds[self.i] == ")":
                comma = self.starts[self.i - 1]
                self.fail(f"a comma after the last argument of {name}", comma, comma + 1, "remove it")

    def _aggregation(self, operator: str) -> Aggregation:
        start, end = self.starts[self.i], self.ends[self.i]
        spec = AGGREGATIONS[operator]
        self.needs(spec.feature, start, end)
        self.i += 1
        word = self.kinds[self.i]
        grouping: tuple[str, ...] = ()
        if word in {"by", "without"}:
            self.i += 1
            grouping = self.labels(word)
        args = self._arguments(operator)
        after = self.kinds[self.i]
        if word not in {"by", "without"} and after in {"by", "without"}:
            word = after
            self.i += 1
            grouping = self.labels(word)
        end = self.ends[self.i - 1]
        wanted = 1 if spec.parameter is None else 2
        if len(args) != wanted:
            first = "" if spec.parameter is None else f"a {spec.parameter}, "
            advice = f"write {operator}({first}vector)"
            plural = "" if wanted == 1 else "s"
            self.fail(f"{operator} takes {wanted} argument{plural}, not {len(args)}", start, end, advice)
        param = args[0] if wanted > 1 else None
        node = Aggregation(operator, args[-1], param, grouping, word == "without", start=start, end=end)
        check_aggregation(self, node)
        return node

    def _binary(self, left: Expression, operator: str, precedence: int) -> BinaryExpression:
        at = self.starts[self.i], self.ends[self.i]
        if operator in {"</", ">/"}:
            self.needs("a histogram trim operator", *at)
        elif operator == "atan2":
            self.needs("the operator atan2", *at)
        self.i += 1
        matching: VectorMatching | None = None
        return_bool = False
        if self.kinds[self.i] in _MODIFIERS:
            return_bool = self.kinds[self.i] == "bool"
            self.i += return_bool
            matching = self._matching()
        right = self.expression(precedence if operator == "^" else precedence + 1)
        both = left.type == right.type == "vector"
        kept = matching if both and matching != VectorMatching() else None
        node = BinaryExpression(operator, left, right, kept, return_bool, start=left.start, end=right.end)
        check_binary(self, node, matching, at)
        return node

    def _matching(self) -> VectorMatching:
        """Pass what stands between an operator and its right operand."""
        on = False
        labels: tuple[str, ...] = ()
        include: tuple[str, ...] = ()
        group: Literal["left", "right"] | None = None
        word = self.kinds[self.i]
        if word in {"on", "ignoring"}:
            on = word == "on"
            self.i += 1
            labels = self.labels(word)
            word = self.kinds[self.i]
            if word in {"group_left", "group_right"}:
                group = "left" if word == "group_left" else "right"
                self.i += 1
                include = self.labels(word) if self.kinds[self.i] == "(" else ()
        elif word in {"group_left", "group_right"}:
            self.unexpected("an expression", f"write on(…) or ignoring(…) before {word}")
        fills: dict[str, float] = {}
        while self.kinds[self.i] in {"fill", "fill_left", "fill_right"}:
            self._fill(fills)
        return VectorMatching(on, labels, group, include, fills.get("left"), fills.get("right"))

    def _fill(self, fills: dict[str, float]) -> None:
        word, start = self.kinds[self.i], self.starts[self.i]
        self.needs("fill(), fill_left() or fill_right()", start, self.ends[self.i])
        self.i += 1
        self.take("(", f"'(' after {word}")
        sign = self.kinds[self.i]
        if sign in {"+", "-"}:
            self.i += 1
        if self.kinds[self.i] not in {"number", "duration"}:
            self.unexpected(f"a number in {word}")
        value = self.literal().value
        self.take(")", f"')' after the value of {word}")
        for side in ("left", "right") if word == "fill" else (word.removeprefix("fill_"),):
            if side in fills:
                self.fail(f"the {side} side is filled in twice", start, self.ends[self.i - 1])
            fills[side] = -value if sign == "-" else value

    def _bracket(self, node: Expression) -> Expression:
        """Pass ``[range]`` or ``[range:step]`` after an expression."""
        start = self.starts[self.i]
        self.i += 1
        if "#" in self.query[start : self.starts[self.i]]:
            self.fail("a comment directly after '['", start + 1, suggestion="move it behind the duration")
        length = self.positive_duration("brackets")
        if self.kinds[self.i] == ":":
            return self._subquery(node, length)
        self.take("]", "']' or ':'")
        end = self.ends[self.i - 1]
        if not isinstance(node, VectorSelector):
            text = node.text(self.query)
            advice = f"for a subquery write {text}{self.query[start : end - 1]}:]" if node.type == "vector" else ""
            self.fail("a range can only follow a selector", start, end, advice if len(advice) <= 80 else "")  # noqa: PLR2004 - one line
        if node.offset is not None or isinstance(node.at, float):
            word = "offset" if node.offset is not None else "@"
            self.fail(f"{word!r} before a range", start, end, f"write the range first, then {word!r}")
        inner = node
        if node.at is not None or node.extension is not None:
            inner = replace(node, at=None, extension=None)
        return MatrixSelector(inner, length, None, node.at, node.extension, start=node.start, end=end)

    def _subquery(self, node: Expression, length: Duration) -> Subquery:
        self.i += 1
        step = None if self.kinds[self.i] == "]" else self.positive_duration("the step of a subquery")
        self.take("]", "']'")
        if node.type != "vector":
            self.fail(f"a subquery takes an instant vector, not a {node.type_name}", *node.span)
        return Subquery(node, length, step, start=node.start, end=self.ends[self.i - 1])

    def _modified(self, node: Expression, word: str) -> Expression:
        """Pass ``offset``, ``@``, ``anchored`` or ``smoothed`` after a selector or subquery."""
        start, end = self.starts[self.i], self.ends[self.i]
        if not isinstance(node, (VectorSelector, MatrixSelector, Subquery)):
            advice = "move it to the selector inside" if node.type != "scalar" else ""
            self.fail(f"{word!r} can only follow a selector or a subquery", start, end, advice)
        self.i += 1
        if word == "offset":
            if node.offset is not None:
                self.fail("'offset' is set twice", start, end)
            return replace(node, offset=self.offset(), end=self.ends[self.i - 1])
        if word == "@":
            if node.at is not None:
                self.fail("'@' is set twice", start, end)
            return replace(node, at=self.at(), end=self.ends[self.i - 1])
        self.needs("the anchored or smoothed modifier", start, end)
        if isinstance(node, Subquery):
            self.fail(f"{word!r} cannot follow a subquery", start, end)
        if node.extension not in {None, word}:
            self.fail("'anchored' and 'smoothed' exclude each other", start, end)
        return replace(node, extension=word, end=end)
