"""What operators, calls and aggregations make of expressions."""

import pytest

from monitorkit.promql import (
    Aggregation,
    BinaryExpression,
    Call,
    LabelMatcher,
    MatrixSelector,
    NumberLiteral,
    ParenExpression,
    UnaryExpression,
    VectorMatching,
    VectorSelector,
    parse,
)


def test_the_tree_of_a_query_with_everything():
    up = VectorSelector("up", (LabelMatcher("job", "=~", "a|b"),))
    minutes = NumberLiteral(300.0, is_duration=True)
    rate = Call("rate", (MatrixSelector(up, minutes, offset=NumberLiteral(-60.0, is_duration=True), at="end"),))
    left = Aggregation("topk", rate, NumberLiteral(3.0), ("job",), without=True)
    right = UnaryExpression("-", ParenExpression(VectorSelector(None, (LabelMatcher("__name__", "=", "a b"),), at=1.5)))
    matching = VectorMatching(on=True, labels=("x",), group="left", include=("y",))
    whole = BinaryExpression(">=", left, right, matching, return_bool=True)
    query = (
        'topk without(job)(3, rate(up{job=~"a|b"}[5m] offset -1m @ end())) >= bool on(x) group_left(y) -({"a b"} @ 1.5)'
    )
    assert parse(query) == whole
    assert hash(parse(query)) == hash(whole)
    assert parse(query) != parse(query.replace("1.5", "2.5"))


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("1 + 2 * 3 ^ 4", "1 + (2 * (3 ^ 4))"),
        ("1 * 2 + 3", "(1 * 2) + 3"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("2 ^ 3 ^ 4", "2 ^ (3 ^ 4)"),
        ("-a ^ b", "-(a ^ b)"),
        ("-a * b", "(-a) * b"),
        ("a ^ -b * c", "(a ^ (-b)) * c"),
        ("a or b and c", "a or (b and c)"),
        ("a and b or c unless d", "(a and b) or (c unless d)"),
        ("a and b unless c", "(a and b) unless c"),
        ("a == b + c", "a == (b + c)"),
        ("a < b == c", "(a < b) == c"),
        ("a and b > c", "a and (b > c)"),
        ("a atan2 b * c", "(a atan2 b) * c"),
        ("a % b / c", "(a % b) / c"),
        ("a </ b + c", "a </ (b + c)"),
    ],
)
def test_operators_bind_as_the_documentation_says(query, same):
    assert bare(parse(query)) == bare(parse(same))


def bare(node):
    """A tree without its parentheses."""
    if isinstance(node, ParenExpression):
        return bare(node.expr)
    return (getattr(node, "operator", None) or str(node), *map(bare, node.children))


@pytest.mark.parametrize(
    ("query", "type_"),
    [
        ("1", "scalar"),
        ('"x"', "string"),
        ("up", "vector"),
        ("up[5m]", "matrix"),
        ("up[5m:]", "matrix"),
        ("1 + 1", "scalar"),
        ("1 + up", "vector"),
        ("-time()", "scalar"),
        ("(-up)", "vector"),
        ("sum(up)", "vector"),
        ("scalar(up) > bool 1", "scalar"),
        ("rate(up[5m])", "vector"),
    ],
)
def test_each_expression_has_its_type(query, type_):
    assert parse(query).type == type_


@pytest.mark.parametrize(
    ("query", "cardinality"),
    [
        ("a + b", "one-to-one"),
        ("a + on (x) group_left b", "many-to-one"),
        ("a + on (x) group_right b", "one-to-many"),
        ("a and on (x) b", "many-to-many"),
        ("a + 1", None),
    ],
)
def test_a_binary_expression_tells_its_cardinality(query, cardinality):
    assert parse(query).cardinality == cardinality
