"""Type checks, as Prometheus makes them, with advice.

Notes
-----
Source: promql/parser/parse.go of Prometheus 3.x, ``checkAST``.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

from monitorkit.promql.functions import AGGREGATIONS, FUNCTIONS, TYPE_NAMES, Function, ValueType
from monitorkit.promql.nodes import Expression, MatrixSelector, NumberLiteral, Subquery, VectorSelector

if TYPE_CHECKING:
    from monitorkit.promql.operations import Aggregation, BinaryExpression, Call, VectorMatching
    from monitorkit.promql.reader import Reader

__all__ = ["COMPARISONS", "SET_OPERATORS", "check_aggregation", "check_binary", "check_call", "function"]

COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">="))
SET_OPERATORS = frozenset(("and", "or", "unless"))

_MAX_ADVICE = 40
"""Longest piece of a query that is repeated beside a message, in characters."""

_FOREIGN = {
    "mean": "avg",
    "average": "avg",
    "median": "quantile(0.5, …)",
    "percentile": "quantile or histogram_quantile",
    "len": "count",
    "length": "count",
    "total": "sum",
    "stdev": "stddev",
    "std": "stddev",
    "variance": "stdvar",
    "var": "stdvar",
    "top": "topk",
    "bottom": "bottomk",
    "log": "ln, log2 or log10",
    "power": "the operator ^",
    "pow": "the operator ^",
    "now": "time",
    "diff": "delta",
    "derivative": "deriv",
    "moving_average": "avg_over_time",
}


def function(reader: Reader, name: str, start: int, end: int) -> Function:
    """The function of this name, if the server has it."""
    found = FUNCTIONS.get(name)
    if found is None:
        _unknown(reader, name, start, end)
    dialect = reader.dialect
    if found.removed is not None and (dialect is None or dialect.version >= found.removed[0]):
        (major, minor), instead = found.removed
        reader.fail(f"the function {name}() is gone since Prometheus {major}.{minor}", start, end, f"use {instead}")
    if dialect is not None:
        reader.needs(found.feature, start, end)
    return found


def _unknown(reader: Reader, name: str, start: int, end: int) -> NoReturn:
    foreign = _FOREIGN.get(name.lower())
    close = get_close_matches(name.lower(), [*FUNCTIONS, *AGGREGATIONS], n=1, cutoff=0.7)
    advice = f"use {foreign}" if foreign else f"did you mean {close[0]!r}?" if close else ""
    reader.fail(f"unknown function {name!r}", start, end, advice)


def check_call(reader: Reader, call: Call, spec: Function) -> None:
    """Number and types of a call's arguments."""
    given = len(call.args)
    if given < spec.least or (spec.most is not None and given > spec.most):
        if spec.least == spec.most:
            expected = str(spec.least)
        else:
            expected = f"at least {spec.least}" if given < spec.least else f"at most {spec.most}"
        plural = "" if expected.endswith(" 1") or expected == "1" else "s"
        message = f"{spec.name} takes {expected} argument{plural}, not {given}"
        reader.fail(message, call.start, call.end, f"write {spec.signature}")
    for i, argument in enumerate(call.args):
        wanted = spec.types[min(i, len(spec.types) - 1)]
        if argument.type != wanted:
            _wrong_type(reader, argument, wanted, f"argument {i + 1} of {spec.name}", spec)
    if spec.name == "info" and given > 1:
        selector = call.args[1]
        if not isinstance(selector, VectorSelector) or selector.name is not None:
            reader.fail("the second argument of info must be label matchers in braces", selector.start, selector.end)


def check_aggregation(reader: Reader, node: Aggregation) -> None:
    """Types of an aggregation's expression and parameter."""
    wanted = AGGREGATIONS[node.operator].parameter
    if node.param is not None and (node.param.type, node.expr.type) == ("vector", wanted):
        swapped = f"{node.operator}({node.expr.text(reader.query)}, {node.param.text(reader.query)})"
        advice = f"write {swapped}" if len(swapped) <= _MAX_ADVICE and "\n" not in swapped else ""
        reader.fail(f"{node.operator} takes its parameter first, then the vector", *node.param.span, advice)
    if node.expr.type != "vector":
        _wrong_type(reader, node.expr, "vector", node.operator)
    if node.param is not None and wanted is not None and node.param.type != wanted:
        _wrong_type(reader, node.param, wanted, f"the first argument of {node.operator}")


def _wrong_type(
    reader: Reader, node: Expression, wanted: ValueType, where: str, spec: Function | None = None
) -> NoReturn:
    article = "an" if wanted == "vector" else "a"
    got = "an" if node.type == "vector" else "a"
    message = f"{where} must be {article} {TYPE_NAMES[wanted]}, not {got} {node.type_name}"
    reader.fail(message, node.start, node.end, _type_advice(reader, node, wanted, spec))


def _type_advice(reader: Reader, node: Expression, wanted: ValueType, spec: Function | None) -> str:  # noqa: PLR0911 - one a case
    text = node.text(reader.query)
    short = text if len(text) <= _MAX_ADVICE and "\n" not in text else "…"
    if wanted == "matrix" and node.type == "vector":
        return f"add a range: {short}[5m]" if isinstance(node, VectorSelector) else f"add a subquery: ({short})[5m:]"
    if wanted == "vector" and node.type == "matrix":
        inner = node.vector if isinstance(node, MatrixSelector) else node.expr if isinstance(node, Subquery) else node
        return f"reduce it first, as in rate({short}), or leave the range out" if inner is not node else ""
    if wanted == "vector" and isinstance(node, NumberLiteral):
        if spec is not None and "scalar" in spec.types:
            return f"the order is {spec.signature}"
        return f"write vector({short})"
    if wanted == "scalar" and node.type == "vector":
        if spec is not None and spec.types[0] == "scalar":
            return f"the order is {spec.signature}"
        return f"write scalar({short}) if it has one series"
    if wanted == "string":
        return f'write "{short}"' if isinstance(node, VectorSelector) and not node.matchers else "write it in quotes"
    return ""


def check_binary(reader: Reader, node: BinaryExpression, written: VectorMatching | None, at: tuple[int, int]) -> None:
    """What may stand on both sides of an operator, and which modifiers it takes; `at` is where the operator stands."""
    operator, left, right = node.operator, node.left, node.right
    for side in (left, right):
        if side.type not in {"scalar", "vector"}:
            advice = _type_advice(reader, side, "vector", None)
            reader.fail(f"{operator!r} takes scalars and instant vectors, not a {side.type_name}", *side.span, advice)
    if node.return_bool and operator not in COMPARISONS:
        reader.fail(f"'bool' belongs to comparisons, not to {operator!r}", *at, "leave it out")
    both = left.type == right.type == "vector"
    if operator in COMPARISONS and not node.return_bool and left.type == right.type == "scalar":
        reader.fail("a comparison of two scalars needs 'bool'", *at, f"write {operator} bool")
    if operator in SET_OPERATORS and not both:
        scalar = left if left.type == "scalar" else right
        text = scalar.text(reader.query)
        advice = f"write vector({text})" if len(text) <= _MAX_ADVICE else ""
        reader.fail(f"{operator!r} takes instant vectors only", *scalar.span, advice)
    if written is not None:
        _check_matching(reader, node, written, at, both=both)


def _check_matching(
    reader: Reader, node: BinaryExpression, written: VectorMatching, at: tuple[int, int], *, both: bool
) -> None:
    twice = set(written.labels) & set(written.include) if written.on else set()
    if twice:
        word = f"group_{written.group}"
        reader.fail(f"the label {min(twice)!r} stands in 'on' and in {word!r}", *at, f"remove it from {word}")
    filled = written.fill_left is not None or written.fill_right is not None
    if not both:
        if written.labels:
            reader.fail("labels can only be matched between two instant vectors", *at, "remove on(…) or ignoring(…)")
        if filled:
            reader.fail("missing series can only be filled in between two instant vectors", *at)
    elif node.operator in SET_OPERATORS:
        if written.group is not None:
            message = f"{node.operator!r} is many-to-many by itself"
            reader.fail(message, *at, f"remove group_{written.group}")
        if filled:
            reader.fail(f"missing series cannot be filled in for {node.operator!r}", *at)
