"""The rest of the syntax tree: calls, aggregations, and what operators make of two expressions or one.

Notes
-----
Names and shapes follow promql/parser/ast.go of Prometheus 3.x.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from monitorkit.promql.functions import FUNCTIONS, Function, ValueType
from monitorkit.promql.nodes import Expression

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = [
    "Aggregation",
    "BinaryExpression",
    "Call",
    "Cardinality",
    "ParenExpression",
    "UnaryExpression",
    "VectorMatching",
]

Cardinality = Literal["one-to-one", "many-to-one", "one-to-many", "many-to-many"]
"""How many series of the left side meet how many of the right."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call(Expression):
    """A function call."""

    function: str
    args: tuple[Expression, ...] = ()

    @property
    def spec(self) -> Function:
        """The function: types, documentation, version."""
        return FUNCTIONS[self.function]

    @property
    def type(self) -> ValueType:
        """Type of the result."""
        return FUNCTIONS[self.function].returns

    @property
    def children(self) -> tuple[Expression, ...]:
        """The arguments."""
        return self.args

    def _own(self) -> tuple[Hashable, ...]:
        return (self.function,)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Aggregation(Expression):
    """Series brought together: ``topk by (job) (3, up)``.

    Parameters
    ----------
    operator
        In lower case.
    expr
        What is aggregated.
    param
        First argument of ``topk``, ``bottomk``, ``quantile``, ``count_values``, ``limitk``, ``limit_ratio``; else None.
    grouping
        Labels of ``by`` or, with `without`, of ``without``.
    """

    operator: str
    expr: Expression
    param: Expression | None = None
    grouping: tuple[str, ...] = ()
    without: bool = False

    @property
    def type(self) -> ValueType:
        """Always ``vector``."""
        return "vector"

    @property
    def children(self) -> tuple[Expression, ...]:
        """The parameter, if there is one, and the expression."""
        return (self.expr,) if self.param is None else (self.param, self.expr)

    def _own(self) -> tuple[Hashable, ...]:
        return self.operator, self.grouping, self.without


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class UnaryExpression(Expression):
    """A sign before an expression; before a number it is part of the number."""

    operator: str
    expr: Expression
    _type: ValueType = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_type", self.expr.type)

    @property
    def type(self) -> ValueType:
        """Type of the expression."""
        return self._type

    @property
    def children(self) -> tuple[Expression, ...]:
        """The expression."""
        return (self.expr,)

    def _own(self) -> tuple[Hashable, ...]:
        return (self.operator,)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ParenExpression(Expression):
    """An expression in parentheses."""

    expr: Expression
    _type: ValueType = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_type", self.expr.type)

    @property
    def type(self) -> ValueType:
        """Type of the expression."""
        return self._type

    @property
    def children(self) -> tuple[Expression, ...]:
        """The expression."""
        return (self.expr,)


@dataclass(frozen=True, slots=True)
class VectorMatching:
    """How the series of two vectors find each other.

    Parameters
    ----------
    on
        Whether `labels` are those compared (``on``) or those left out (``ignoring``).
    labels
        The labels.
    group
        ``left`` or ``right``: the side that may have many series for one of the other; None for one to one.
    include
        Labels that ``group_left`` or ``group_right`` copies from the other side.
    fill_left, fill_right
        Value in place of a series that is missing on that side.
    """

    on: bool = False
    labels: tuple[str, ...] = ()
    group: Literal["left", "right"] | None = None
    include: tuple[str, ...] = ()
    fill_left: float | None = None
    fill_right: float | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BinaryExpression(Expression):
    """Two expressions and an operator.

    Parameters
    ----------
    operator
        In lower case.
    left, right
        Operands.
    matching
        What is written about it; None where nothing is, or where a side is a scalar.
    return_bool
        Whether ``bool`` makes a comparison give 0 and 1.
    """

    operator: str
    left: Expression
    right: Expression
    matching: VectorMatching | None = None
    return_bool: bool = False
    _type: ValueType = field(init=False)

    def __post_init__(self) -> None:
        # Kept, not computed when asked: a chain of a thousand operators would be gone through a thousand times.
        both = self.left.type == self.right.type == "scalar"
        object.__setattr__(self, "_type", "scalar" if both else "vector")

    @property
    def type(self) -> ValueType:
        """``scalar`` when both sides are, else ``vector``."""
        return self._type

    @property
    def cardinality(self) -> Cardinality | None:
        """How many series meet how many; None where a side is a scalar."""
        if not self.left.type == self.right.type == "vector":
            return None
        if self.operator in {"and", "or", "unless"}:
            return "many-to-many"
        group = self.matching.group if self.matching else None
        if group is None:
            return "one-to-one"
        return "many-to-one" if group == "left" else "one-to-many"

    @property
    def children(self) -> tuple[Expression, ...]:
        """Left and right."""
        return self.left, self.right

    def _own(self) -> tuple[Hashable, ...]:
        return self.operator, self.matching, self.return_bool
