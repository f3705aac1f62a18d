"""The syntax tree: immutable nodes that know where in the text they stand; here the base, literals and selectors.

Two nodes are equal when they mean the same text; where they stand does not count, nor the order of label matchers.

Notes
-----
Names and shapes follow promql/parser/ast.go of Prometheus 3.x. A modifier of a range vector (``x[5m] offset 1h``)
belongs to the range vector here, to the selector inside it there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from monitorkit.labels import NAME_LABEL
from monitorkit.promql.functions import TYPE_NAMES, ValueType

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

__all__ = [
    "At",
    "Duration",
    "DurationExpression",
    "Expression",
    "LabelMatcher",
    "MatrixSelector",
    "Node",
    "NumberLiteral",
    "StringLiteral",
    "Subquery",
    "VectorSelector",
]

At = float | Literal["start", "end"]
"""What follows ``@``: a Unix time in seconds, or an end of the query's range."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Node:
    """A piece of a query.

    Parameters
    ----------
    start, end
        Offsets in the query's text, in characters, the end excluded; both 0 for a node that was made by hand.
    """

    start: int = field(default=0, kw_only=True)
    end: int = field(default=0, kw_only=True)

    @property
    def span(self) -> tuple[int, int]:
        """Start and end."""
        return self.start, self.end

    @property
    def children(self) -> tuple[Expression, ...]:
        """Expressions directly below this one, in the order of the text."""
        return ()

    def text(self, query: str) -> str:
        """The piece of `query`, the text that was parsed, that this node stands for."""
        return query[self.start : self.end]

    def _own(self) -> tuple[Hashable, ...]:
        """What tells this node from another one, its children apart."""
        return ()

    def _shape(self) -> Iterator[Hashable]:
        """The whole tree below as flat values; without recursion, as trees of long chains are deep."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            children = node.children
            yield type(node), node._own(), len(children)  # noqa: SLF001 - a node of our own
            stack.extend(children)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        return self is other or tuple(self._shape()) == tuple(other._shape())

    def __hash__(self) -> int:
        return hash(tuple(self._shape()))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


class Expression(Node):
    """A node that has a value: what a query consists of."""

    __slots__ = ()

    @property
    def type(self) -> ValueType:
        """``scalar``, ``string``, ``vector`` (instant vector) or ``matrix`` (range vector)."""
        raise NotImplementedError

    @property
    def type_name(self) -> str:
        """Type in words: ``instant vector``."""
        return TYPE_NAMES[self.type]

    def __str__(self) -> str:
        from monitorkit.promql.formatting import one_line  # noqa: PLC0415 - writing knows the nodes, not the reverse

        return one_line(self)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NumberLiteral(Expression):
    """A number; with `is_duration` one that was written as ``5m`` and counts seconds."""

    value: float
    is_duration: bool = False

    @property
    def type(self) -> ValueType:
        """Always ``scalar``."""
        return "scalar"

    def _own(self) -> tuple[Hashable, ...]:
        return "NaN" if math.isnan(self.value) else self.value, self.is_duration


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StringLiteral(Expression):
    """A text in quotes."""

    value: str

    @property
    def type(self) -> ValueType:
        """Always ``string``."""
        return "string"

    def _own(self) -> tuple[Hashable, ...]:
        return (self.value,)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DurationExpression(Node):
    """Arithmetic in a duration.

    Parameters
    ----------
    operator
        ``+ - * / % ^``, ``()`` for parentheses, or ``step``, ``range``, ``min_of``, ``max_of`` (``min``, ``max`` before
        3.13).
    operands
        None for ``step`` and ``range``, one for a sign and for parentheses, else two.
    """

    operator: str
    operands: tuple[Duration, ...] = ()

    def _own(self) -> tuple[Hashable, ...]:
        return self.operator, self.operands

    def __str__(self) -> str:
        from monitorkit.promql.formatting import duration  # noqa: PLC0415 - as above

        return duration(self)


Duration = NumberLiteral | DurationExpression
"""What stands in brackets or after ``offset``: a number of seconds, or arithmetic that the server does."""


@dataclass(frozen=True, slots=True)
class LabelMatcher:
    """One condition on a label: ``job="ai_model"``.

    Parameters
    ----------
    name
        Label; ``__name__`` for the metric.
    operator
        ``=``, ``!=``, ``=~`` or ``!~``.
    value
        Text or, with ``=~`` and ``!~``, RE2 pattern that must match the whole value.
    """

    name: str
    operator: str
    value: str
    start: int = field(default=0, compare=False, repr=False)
    end: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class VectorSelector(Expression):
    """Series by name and labels: ``up{job="ai_model"} offset 5m``.

    Parameters
    ----------
    name
        Metric name before the braces; None where there is none. `metric` also finds one inside them.
    matchers
        Conditions in braces.
    offset, at
        Modifiers.
    extension
        ``anchored`` or ``smoothed``.
    """

    name: str | None
    matchers: tuple[LabelMatcher, ...] = ()
    offset: Duration | None = None
    at: At | None = None
    extension: str | None = None

    @property
    def type(self) -> ValueType:
        """Always ``vector``."""
        return "vector"

    @property
    def metric(self) -> str | None:
        """Metric name, wherever it stands; None where a pattern or nothing names it."""
        if self.name is not None:
            return self.name
        return next((m.value for m in self.matchers if m.name == NAME_LABEL and m.operator == "="), None)

    def _own(self) -> tuple[Hashable, ...]:
        return self.name, frozenset(self.matchers), self.offset, self.at, self.extension


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MatrixSelector(Expression):
    """The samples of series over a time: ``up[5m]``."""

    vector: VectorSelector
    range: Duration
    offset: Duration | None = None
    at: At | None = None
    extension: str | None = None

    @property
    def type(self) -> ValueType:
        """Always ``matrix``."""
        return "matrix"

    @property
    def children(self) -> tuple[Expression, ...]:
        """The selector."""
        return (self.vector,)

    def _own(self) -> tuple[Hashable, ...]:
        return self.range, self.offset, self.at, self.extension


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Subquery(Expression):
    """An expression evaluated at steps over a time: ``rate(x[1m])[1h:5m]``; the step may be left out."""

    expr: Expression
    range: Duration
    step: Duration | None = None
    offset: Duration | None = None
    at: At | None = None

    @property
    def type(self) -> ValueType:
        """Always ``matrix``."""
        return "matrix"

    @property
    def children(self) -> tuple[Expression, ...]:
        """The inner expression."""
        return (self.expr,)

    def _own(self) -> tuple[Hashable, ...]:
        return self.range, self.step, self.offset, self.at
