"""Going through a syntax tree and changing it. Nothing here recurses: a chain of operators makes a deep tree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitorkit.errors import InvalidType
from monitorkit.promql.nodes import Expression, MatrixSelector, Subquery, VectorSelector
from monitorkit.promql.operations import Aggregation, BinaryExpression, Call, ParenExpression, UnaryExpression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["postorder", "rewrite", "selectors", "walk"]


def walk(tree: Expression) -> Iterator[Expression]:
    """Each expression of a tree, a node before what is below it, left before right.

    Examples
    --------
    >>> from monitorkit.promql.parser import parse
    >>> [str(node) for node in walk(parse("rate(up[5m]) > 1"))]
    ['rate(up[5m]) > 1', 'rate(up[5m])', 'up[5m]', 'up', '1']
    """
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def postorder(tree: Expression) -> Iterator[Expression]:
    """Each expression of a tree, a node after what is below it: the order in which it is evaluated."""
    stack = [(tree, False)]
    while stack:
        node, below_done = stack.pop()
        children = node.children
        if below_done or not children:
            yield node
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(children))


def selectors(tree: Expression) -> Iterator[VectorSelector]:
    """Each vector selector of a tree: all that a query reads.

    Examples
    --------
    >>> from monitorkit.promql.parser import parse
    >>> [node.metric for node in selectors(parse('a / {__name__="b"} + rate(c[1m])'))]
    ['a', 'b', 'c']
    """
    return (node for node in walk(tree) if isinstance(node, VectorSelector))


def rewrite(tree: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """A changed copy of a tree.

    Parameters
    ----------
    tree
        The tree; it is left as it is.
    change
        Called with each expression, those below first; gives what to put in its place, or None to keep it.

    Returns
    -------
    Expression
        The new tree; what did not change is shared with the old one. Spans still point into the old text: use `str` or
        `format` for the new text. Parentheses are added there where the new tree needs them.

    Raises
    ------
    InvalidType
        If a changed tree makes no sense: in ``x[5m]`` only another selector can take the place of ``x``.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from monitorkit.promql.nodes import LabelMatcher, VectorSelector
    >>> from monitorkit.promql.parser import parse
    >>> def on_one_job(node):
    ...     if isinstance(node, VectorSelector):
    ...         return replace(node, matchers=(*node.matchers, LabelMatcher("job", "=", "ai_model")))
    >>> str(rewrite(parse("rate(a[5m]) / b"), on_one_job))
    'rate(a{job="ai_model"}[5m]) / b{job="ai_model"}'
    """
    done: dict[int, Expression] = {}
    for node in postorder(tree):
        children = [done.get(id(child), child) for child in node.children]
        same = all(new is old for new, old in zip(children, node.children, strict=True))
        changed = node if same else with_children(node, children)
        done[id(node)] = change(changed) or changed
    return done[id(tree)]


def with_children(node: Expression, children: Sequence[Expression]) -> Expression:
    """A copy of a node with other expressions below it, in the order of `children`."""
    if isinstance(node, Call):
        return replace(node, args=tuple(children))
    if isinstance(node, Aggregation):
        return replace(node, expr=children[-1], param=None if node.param is None else children[0])
    if isinstance(node, MatrixSelector):
        if not isinstance(children[0], VectorSelector):
            raise InvalidType(f"rewrite: {children[0]} cannot stand before a range; make it a subquery")
        return replace(node, vector=children[0])
    if isinstance(node, BinaryExpression):
        return replace(node, left=children[0], right=children[1])
    if isinstance(node, (UnaryExpression, ParenExpression, Subquery)):
        return replace(node, expr=children[0])
    return node
