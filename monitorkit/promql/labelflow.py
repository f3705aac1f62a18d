"""Which labels the result of each part of a query can carry, which it surely carries, and which are gone.

Notes
-----
Source: promql/engine.go of Prometheus 3.x, ``VectorBinop``, ``resultMetric``, ``aggregation``, ``dropMetricName``;
functions.go, ``createLabelsForAbsentFunction``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from monitorkit.labels import NAME_LABEL
from monitorkit.promql.checks import COMPARISONS, SET_OPERATORS
from monitorkit.promql.nodes import Expression, MatrixSelector, StringLiteral, Subquery, VectorSelector
from monitorkit.promql.operations import Aggregation, BinaryExpression, Call, ParenExpression, UnaryExpression
from monitorkit.promql.regex import matches_empty
from monitorkit.promql.tree import postorder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitorkit.promql.nodes import LabelMatcher

__all__ = ["LabelFlow", "Labels", "label_flow"]

_KEEP_NAME = frozenset(
    ("last_over_time", "first_over_time", "sort", "sort_desc", "sort_by_label", "sort_by_label_desc", "info")
)
_NO_LABELS = frozenset(("vector", "time", "scalar", "pi"))
_OF_BUCKETS = frozenset(("histogram_quantile", "histogram_quantiles", "histogram_fraction"))
_SELECTING = frozenset(("topk", "bottomk", "limitk", "limit_ratio"))
_NAME = frozenset((NAME_LABEL,))


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of the labels of a result.

    Parameters
    ----------
    names
        Labels that it may carry; None where any label may be there but those in `gone`.
    gone
        Labels that it cannot carry, where `names` is None.
    always
        Labels that each of its series carries with a value.

    Examples
    --------
    >>> labels = Labels(names=frozenset({"job"}))
    >>> labels.may_carry("job"), labels.may_carry("instance")
    (True, False)
    """

    names: frozenset[str] | None = None
    gone: frozenset[str] = frozenset()
    always: frozenset[str] = frozenset()

    def may_carry(self, label: str) -> bool:
        """Whether a series of the result can have the label."""
        return label not in self.gone if self.names is None else label in self.names

    def keep(self, labels: Iterable[str]) -> Labels:
        """What is left when only these labels stay."""
        kept = frozenset(label for label in labels if self.may_carry(label))
        return Labels(kept, frozenset(), self.always & kept)

    def drop(self, labels: Iterable[str]) -> Labels:
        """What is left when these labels go."""
        lost = frozenset(labels)
        if self.names is None:
            return Labels(None, self.gone | lost, self.always - lost)
        return Labels(self.names - lost, frozenset(), self.always - lost)

    def add(self, labels: Iterable[str]) -> Labels:
        """What may be there when these labels may have been set."""
        new = frozenset(labels)
        if self.names is None:
            return Labels(None, self.gone - new, self.always - new)
        return Labels(self.names | new, frozenset(), self.always - new)

    def either(self, other: Labels) -> Labels:
        """What is known of a series that comes from this or from the other."""
        always = self.always & other.always
        if self.names is not None and other.names is not None:
            return Labels(self.names | other.names, frozenset(), always)
        gone = frozenset(
            label for label in self.gone | other.gone if not (self.may_carry(label) or other.may_carry(label))
        )
        return Labels(None, gone, always)


_NONE = Labels(frozenset())


class LabelFlow:
    """The labels of each node of a tree; ``flow[node]`` is what is known of that node's result."""

    def __init__(self, tree: Expression) -> None:
        self._tree = tree  # keeps the nodes alive, so that their ids stay theirs
        self._labels: dict[int, Labels] = {}
        for node in postorder(tree):
            self._labels[id(node)] = _of(node, [self._labels[id(child)] for child in node.children])

    def __getitem__(self, node: Expression) -> Labels:
        return self._labels[id(node)]


def label_flow(tree: Expression) -> LabelFlow:
    """Follow the labels through a query, from the selectors up.

    Parameters
    ----------
    tree
        A parsed query.

    Returns
    -------
    LabelFlow
        Gives the `Labels` of each node of `tree`. What metrics really carry is not known here, so a selector may carry
        any label but those that it asks to be empty.

    Examples
    --------
    >>> from monitorkit.promql.parser import parse
    >>> tree = parse("sum by (job, le) (rate(x_bucket[5m]))")
    >>> sorted(label_flow(tree)[tree].names)
    ['job', 'le']
    """
    return LabelFlow(tree)


def _of(node: Expression, below: list[Labels]) -> Labels:  # noqa: PLR0911 - one a kind
    match node:
        case VectorSelector():
            return _selected(node)
        case MatrixSelector() | Subquery() | ParenExpression():
            return below[0]
        case UnaryExpression():
            return below[0].drop(_NAME) if node.operator == "-" else below[0]
        case Aggregation():
            return _aggregated(node, below[-1])
        case Call():
            return _called(node, below)
        case BinaryExpression():
            return _combined(node, *below)
    return _NONE  # literals


def _selected(node: VectorSelector) -> Labels:
    gone = frozenset(m.name for m in node.matchers if m.operator == "=" and not m.value)
    always = frozenset(m.name for m in node.matchers if _wants_value(m))
    return Labels(None, gone, always | (_NAME if node.name else frozenset()))


def _wants_value(matcher: LabelMatcher) -> bool:
    if matcher.operator in {"=", "!="}:
        return (matcher.value != "") is (matcher.operator == "=")
    return matches_empty(matcher.value) is (matcher.operator == "!~")


def _aggregated(node: Aggregation, inner: Labels) -> Labels:
    if node.operator in _SELECTING:
        return inner
    result = inner.drop({*node.grouping, NAME_LABEL}) if node.without else inner.keep(node.grouping)
    if node.operator == "count_values" and isinstance(node.param, StringLiteral):
        return _with(result, node.param.value)
    return result


def _called(node: Call, below: list[Labels]) -> Labels:
    name = node.function
    if name in {"absent", "absent_over_time"}:
        return _absent(node.args[0])
    vector = next(
        (labels for labels, arg in zip(below, node.args, strict=True) if arg.type in {"vector", "matrix"}), None
    )
    if vector is None or name in _NO_LABELS:
        return _NONE
    if name == "info":
        return Labels(None, frozenset(), vector.always)
    if name in {"label_replace", "label_join"}:
        label = node.args[1]
        return vector.add([label.value]) if isinstance(label, StringLiteral) else vector
    if name in _OF_BUCKETS:
        vector = vector.drop(["le"])
        if name == "histogram_quantiles" and isinstance(node.args[1], StringLiteral):
            vector = _with(vector, node.args[1].value)
    return vector if name in _KEEP_NAME else vector.drop(_NAME)


def _with(labels: Labels, label: str) -> Labels:
    added = labels.add([label])
    return replace(added, always=added.always | {label})


def _absent(argument: Expression) -> Labels:
    """Labels of what absent() gives: those that one equality matcher alone decides."""
    while isinstance(argument, ParenExpression):
        argument = argument.expr
    selector = argument.vector if isinstance(argument, MatrixSelector) else argument
    if not isinstance(selector, VectorSelector):
        return _NONE
    matched = [m.name for m in selector.matchers if m.name != NAME_LABEL]
    equal = (m for m in selector.matchers if m.operator == "=" and matched.count(m.name) == 1)
    names = frozenset(m.name for m in equal if m.value)
    return Labels(names, frozenset(), names)


def _combined(node: BinaryExpression, left: Labels, right: Labels) -> Labels:
    operator = node.operator
    drops_name = node.return_bool or not (operator in COMPARISONS or operator in {"</", ">/"})
    if node.type == "scalar":
        return _NONE
    if node.cardinality is None:
        vector = left if node.left.type == "vector" else right
        return vector.drop(_NAME) if drops_name else vector
    if operator in SET_OPERATORS:
        return left.either(right) if operator == "or" else _matched(node, left, right)
    matching = node.matching
    if matching is None:
        result = _matched(node, left, right)
    elif matching.group is None:
        result = left.keep(matching.labels) if matching.on else left.drop(matching.labels)
    else:
        many, one = (left, right) if matching.group == "left" else (right, left)
        result = many.drop(matching.include).add(label for label in matching.include if one.may_carry(label))
    filled = matching is not None and (matching.fill_left, matching.fill_right) != (None, None)
    if filled:
        result = replace(result, always=frozenset())
    return result.drop(_NAME) if drops_name else result


def _matched(node: BinaryExpression, left: Labels, right: Labels) -> Labels:
    """Labels of the left side when all labels have to agree with the right side: what one lacks the other lacks too."""
    if node.operator == "unless" or node.matching is not None:
        return left
    always = left.always | (right.always - _NAME)
    if right.names is not None:
        kept = left.keep(right.names | _NAME)
        return replace(kept, always=always & (kept.names or frozenset()))
    lacking = left.drop(right.gone - _NAME)
    return replace(lacking, always=frozenset(label for label in always if lacking.may_carry(label)))
