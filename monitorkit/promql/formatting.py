"""From a syntax tree to text: one canonical form, long queries on several lines.

Notes
-----
The form is that of Prometheus' own ``format_query`` (promql/parser/printer.go, prettier.go; 3.5): lines of up to 100
characters, two blanks a level, matchers sorted. It differs where that cannot be read again or reads badly: subqueries
are indented too, label names in lists are quoted unless plain, numbers beyond 21 digits keep their exponent, durations
finer than a millisecond their fraction, ``Inf ^ 2`` has no sign.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from monitorkit.promql.literals import duration_text, number_text, quote
from monitorkit.promql.nodes import Expression, MatrixSelector, NumberLiteral, StringLiteral, Subquery, VectorSelector
from monitorkit.promql.operations import Aggregation, BinaryExpression, Call, ParenExpression, UnaryExpression
from monitorkit.promql.parser import PRECEDENCE, parse
from monitorkit.promql.tokens import KEYWORDS
from monitorkit.promql.tree import postorder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitorkit.promql.nodes import Duration, LabelMatcher
    from monitorkit.promql.operations import VectorMatching

__all__ = ["duration", "format", "label_name", "metric_name", "one_line"]

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_NO_METRIC = frozenset(("bool", "on", "ignoring", "group_left", "group_right", "atan2", "inf", "nan"))
_NO_LABEL = frozenset(("inf", "nan", "without"))
_SIGNED = PRECEDENCE["*"]
_TIGHTEST = max(PRECEDENCE.values()) + 1


def format(query: str | Expression, *, width: int = 100) -> str:  # noqa: A001 - the field's name for it
    """Write a query in its canonical form.

    Parameters
    ----------
    query
        Text, or a tree.
    width
        Longest line that is kept on one line, in characters.

    Returns
    -------
    str
        The same query: parsed again it gives an equal tree. Comments are lost.

    Raises
    ------
    PromQLError
        If the text is no valid query.

    Examples
    --------
    >>> print(format("sum(rate(x_total{b='1', a='2'}[90s]))by(job)"))
    sum by (job) (rate(x_total{a="2",b="1"}[1m30s]))
    >>> print(format("sum(rate(x_total[5m])) / sum(rate(y_total[5m]))", width=30))
      sum(rate(x_total[5m]))
    /
      sum(rate(y_total[5m]))
    """
    tree = parse(query) if isinstance(query, str) else query
    lines = _lines(tree, width)
    written: list[str] = []
    stack: list[str | tuple[Expression, str, str]] = [(tree, "", "")]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            written.append(item)
            continue
        node, indent, before = item
        line = lines[id(node)]
        if line is not None:
            written.append(indent + before + line)
        else:
            stack.extend(reversed(_split(node, indent, before)))
    return "".join(written)


def one_line(node: Expression) -> str:
    """Write a tree on one line."""
    line = _lines(node, None)[id(node)]
    assert line is not None  # noqa: S101 - without a width each node has its line
    return line


def _lines(tree: Expression, width: int | None) -> dict[int, str | None]:
    """One line for each node below `tree`, by its id; None where it would be longer than `width`."""
    lines: dict[int, str | None] = {}
    for node in postorder(tree):
        parts = [line for child in node.children if (line := lines[id(child)]) is not None]
        line = _line(node, parts) if len(parts) == len(node.children) else None
        lines[id(node)] = line if line is None or width is None or len(line) <= width else None
    return lines


def _line(node: Expression, parts: list[str]) -> str:  # noqa: C901, PLR0911 - one line a kind
    """A node on one line; `parts` are its children so."""
    match node:
        case NumberLiteral():
            return duration_text(node.value) if node.is_duration else number_text(node.value)
        case StringLiteral():
            return quote(node.value)
        case VectorSelector():
            return _selector(node) + _modifiers(node)
        case MatrixSelector():
            return f"{parts[0]}[{duration(node.range)}]{_modifiers(node)}"
        case Subquery():
            return _wrapped(node.expr, parts[0], _TIGHTEST) + _subquery(node)
        case Call():
            return f"{node.function}({', '.join(parts)})"
        case Aggregation():
            return f"{_head(node)}({', '.join(parts)})"
        case UnaryExpression():
            return node.operator + _wrapped(node.expr, parts[0], _signed(node))
        case ParenExpression():
            return f"({parts[0]})"
        case BinaryExpression():
            left, right = _sides(node)
            return f"{_wrapped(node.left, parts[0], left)} {_operator(node)} {_wrapped(node.right, parts[1], right)}"
    raise AssertionError(node)  # pragma: no cover - these are all


def _split(node: Expression, indent: str, before: str) -> list[str | tuple[Expression, str, str]]:
    """A node on several lines, as pieces of text and children still to be written."""
    deeper = indent + "  "
    match node:
        case Subquery():
            return [*_enclosed(node.expr, indent, before, _TIGHTEST), _subquery(node)]
        case UnaryExpression():
            return _enclosed(node.expr, indent, before + node.operator, _signed(node))
        case ParenExpression():
            return [f"{indent}{before}(\n", (node.expr, deeper, ""), f"\n{indent})"]
        case Call() | Aggregation():
            head = node.function if isinstance(node, Call) else _head(node)
            pieces: list[str | tuple[Expression, str, str]] = [f"{indent}{before}{head}(\n"]
            for i, child in enumerate(node.children):
                pieces += [",\n"] * bool(i) + [(child, deeper, "")]
            return [*pieces, f"\n{indent})"]
        case BinaryExpression():
            left, right = _sides(node)
            operator = f"\n{indent}{_operator(node)}\n"
            return [*_enclosed(node.left, deeper, before, left), operator, *_enclosed(node.right, deeper, "", right)]
    return [indent + before + one_line(node)]


def _enclosed(node: Expression, indent: str, before: str, least: int) -> list[str | tuple[Expression, str, str]]:
    if _precedence(node) >= least:
        return [(node, indent, before)]
    return [f"{indent}{before}(\n", (node, indent + "  ", ""), f"\n{indent})"]


def _precedence(node: Expression) -> int:
    """How tightly a node holds together; trees that were parsed never need the parentheses that follow from this."""
    if isinstance(node, BinaryExpression):
        return PRECEDENCE[node.operator]
    signed = isinstance(node, UnaryExpression) or (
        isinstance(node, NumberLiteral) and number_text(node.value)[0] in "+-"
    )
    return _SIGNED if signed else _TIGHTEST


def _sides(node: BinaryExpression) -> tuple[int, int]:
    """Least precedence of the left and of the right operand that needs no parentheses."""
    own = PRECEDENCE[node.operator]
    if node.operator == "^":
        return own + 1, _SIGNED if isinstance(node.right, (UnaryExpression, NumberLiteral)) else own
    return own, _SIGNED if isinstance(node.right, (UnaryExpression, NumberLiteral)) else own + 1


def _signed(node: UnaryExpression) -> int:
    """Least precedence behind a sign that needs no parentheses."""
    return _SIGNED if isinstance(node.expr, (UnaryExpression, NumberLiteral)) else _SIGNED + 1


def _wrapped(node: Expression, text: str, least: int) -> str:
    if text == "+Inf" and least > _SIGNED:
        return "Inf"  # read again, "+Inf ^ 2" would be a sign before a power
    return text if _precedence(node) >= least else f"({text})"


def _selector(node: VectorSelector) -> str:
    name = node.name or ""
    matchers = sorted(_matcher(matcher) for matcher in node.matchers)
    if node.name is not None and metric_name(node.name) is None:
        name, matchers = "", sorted([f"__name__={quote(node.name)}", *matchers])
    return name + ("{" + ",".join(matchers) + "}" if matchers or not name else "")


def _matcher(matcher: LabelMatcher) -> str:
    return f"{label_name(matcher.name)}{matcher.operator}{quote(matcher.value)}"


def label_name(name: str) -> str:
    """Write a label name; in quotes, which needs Prometheus 3.0, where it has other than letters, digits and ``_``."""
    return name if _LABEL.fullmatch(name) else quote(name)


def metric_name(name: str) -> str | None:
    """The name, if it can stand before braces as it is; else None."""
    return name if _METRIC.fullmatch(name) and name.lower() not in _NO_METRIC else None


def _names(names: Iterable[str]) -> str:
    return (
        "("
        + ", ".join(name if name.lower() not in _NO_LABEL and _LABEL.fullmatch(name) else quote(name) for name in names)
        + ")"
    )


def _modifiers(node: VectorSelector | MatrixSelector | Subquery) -> str:
    extension = None if isinstance(node, Subquery) else node.extension
    text = f" {extension}" if extension else ""
    if node.at is not None:
        text += f" @ {node.at}()" if isinstance(node.at, str) else f" @ {node.at:.3f}"
    return text + (f" offset {duration(node.offset)}" if node.offset is not None else "")


def _subquery(node: Subquery) -> str:
    step = "" if node.step is None else duration(node.step)
    return f"[{duration(node.range)}:{step}]{_modifiers(node)}"


def duration(node: Duration) -> str:
    """Write a duration or the arithmetic of one."""
    if isinstance(node, NumberLiteral):
        return duration_text(node.value) if node.is_duration else number_text(node.value)
    inner = [duration(operand) for operand in node.operands]
    if node.operator == "()":
        return f"({inner[0]})"
    if node.operator in KEYWORDS or node.operator.endswith("_of"):
        return f"{node.operator}({', '.join(inner)})"
    return node.operator + inner[0] if len(inner) == 1 else f"{inner[0]} {node.operator} {inner[1]}"


def _head(node: Aggregation) -> str:
    if not node.grouping and not node.without:
        return node.operator
    return f"{node.operator} {'without' if node.without else 'by'} {_names(node.grouping)} "


def _operator(node: BinaryExpression) -> str:
    text = node.operator + (" bool" if node.return_bool else "")
    return text if node.matching is None else text + _matching(node.matching)


def _matching(matching: VectorMatching) -> str:
    text = ""
    if matching.labels or matching.on or matching.group:
        text += f" {'on' if matching.on else 'ignoring'} {_names(matching.labels)}"
    if matching.group:
        text += f" group_{matching.group} {_names(matching.include)}"
    left, right = matching.fill_left, matching.fill_right
    if left is not None and left == right:
        return f"{text} fill ({number_text(left)})"
    text += "" if left is None else f" fill_left ({number_text(left)})"
    return text + ("" if right is None else f" fill_right ({number_text(right)})")
