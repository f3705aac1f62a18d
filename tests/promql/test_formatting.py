import re

import pytest

from monitorkit.promql import (
    BinaryExpression,
    NumberLiteral,
    PromQLError,
    Subquery,
    UnaryExpression,
    VectorSelector,
    format,  # noqa: A004 - the name under test
    parse,
    rewrite,
)

UP = VectorSelector("up")


def test_a_formatted_query_is_the_same_query(valid):
    for case in valid:
        for width in (100, 20, 1):
            text = format(case.query, width=width)
            assert parse(text) == parse(case.query), text
            assert format(text, width=width) == text


def test_formatted_dashboards_are_the_same_queries(dashboards):
    for query in dashboards:
        try:
            tree = parse(query)
        except PromQLError:
            continue
        assert parse(format(tree)) == tree


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("sum(up)by(job)", "sum by (job) (up)"),
        ("SUM BY(job)(up)", "sum by (job) (up)"),
        ("sum by () (up)", "sum(up)"),
        ("sum without () (up)", "sum without () (up)"),
        ("up{}", "up"),
        ("up{b='2',a=~`x`,}", 'up{a=~"x",b="2"}'),
        ("up[90s]", "up[1m30s]"),
        ("up[300]", "up[5m]"),
        ("up offset 1m @ 5", "up @ 5.000 offset 1m"),
        ("up offset 0s", "up"),
        ("a+b*c", "a + b * c"),
        ("a AND ON(x)b", "a and on (x) b"),
        ("a+ignoring()b", "a + b"),
        ("a*on(x)group_left b", "a * on (x) group_left () b"),
        ("a+on()1", "a + 1"),
        ("a>bool 1", "a > bool 1"),
        ("inf", "+Inf"),
        ("0x10 + 1e3", "16 + 1000"),
        ("1.5e-10", "0.00000000015"),
        ("1e300", "1e+300"),
        ("60m", "1h"),
        ("-5m", "-5m"),
        ("up[2*5m : step()]", "up[2 * 5m:step()]"),
        ("up offset -(5m)", "up offset -(5m)"),
        ("a+fill(0)b", "a + fill (0) b"),
        ("a+fill_right(1)fill_left(-2)b", "a + fill_left (-2) fill_right (1) b"),
        ("rate(up[5m]smoothed)", "rate(up[5m] smoothed)"),
        ("up # why", "up"),
        ("{'my.metric'}", '{__name__="my.metric"}'),
        ("up{'a b'='c'}", 'up{"a b"="c"}'),
        ("sum by ('a b', 'without') (up)", 'sum by ("a b", "without") (up)'),
        ("label_replace(up,'a','$1','b','(.*)')", 'label_replace(up, "a", "$1", "b", "(.*)")'),
    ],
)
def test_the_canonical_form(query, canonical):
    assert format(query) == canonical


def test_a_long_query_is_written_on_several_lines():
    query = (
        "histogram_quantile(0.99, sum by (le, phase) (rate(inference_phase_duration_seconds_bucket{phase!='queue'}[5m])))"
        " > on(phase) group_left -(1 + max_over_time(inference_limit_seconds{kind='phase'}[1h:1m] offset 5m)) and up == 1"
    )
    assert format(query) == LONG
    assert parse(LONG) == parse(query)


LONG = """\
    histogram_quantile(
      0.99,
      sum by (le, phase) (rate(inference_phase_duration_seconds_bucket{phase!="queue"}[5m]))
    )
  > on (phase) group_left ()
    -(1 + max_over_time(inference_limit_seconds{kind="phase"}[1h:1m] offset 5m))
and
  up == 1"""


def test_a_server_writes_the_same(server, valid, dashboards):
    compared, differing = 0, []
    for query in [*(case.query for case in valid), *dashboards]:
        theirs = server.ask("format_query", query=query).get("data")
        if theirs is None:
            continue
        compared += 1
        ours = format(server.parse(query))
        if unindented_subqueries(ours) != unindented_subqueries(theirs):
            differing.append(query)
    assert compared > 500
    assert set(differing) <= set(WRITTEN_DIFFERENTLY)


WRITTEN_DIFFERENTLY = {
    "1e+06": "2.42 keeps large exponents",
    'up * on ("a.b") group_left ("c.d") info_metric': "3.5 forgets the quotes and cannot read it again",
    "sum by (job:x) (up)": "3.5 leaves out quotes that it does not need here",
    'sum by ("without", "inf") (up)': "3.5 forgets the quotes and cannot read it again",
    "up[(5m)]": "3.5 forgets parentheses around a plain duration; later versions keep them",
    "up[-(-5m)]": "as above",
    "up offset -(5m)": "as above",
    "up offset (5m) + 30s": "arithmetic in an offset gets parentheses here, which each version reads alike",
    "up offset (5m) * 2 ^ 2": "as above",
    "up[5m] offset -+1m % 40s": "as above",
}


def unindented_subqueries(text):
    return re.sub(r"(?m)^ +", "", text)


def test_a_server_reads_what_is_written(server, valid):
    for case in valid:
        try:
            tree = server.parse(case.query)
        except PromQLError:
            continue
        assert server.accepts(format(tree)), case.query
        assert server.accepts(format(tree, width=10)), case.query


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (BinaryExpression("*", BinaryExpression("+", UP, UP), UP), "(up + up) * up"),
        (BinaryExpression("-", UP, BinaryExpression("-", UP, UP)), "up - (up - up)"),
        (BinaryExpression("^", BinaryExpression("^", UP, UP), UP), "(up ^ up) ^ up"),
        (BinaryExpression("^", NumberLiteral(-1.0), NumberLiteral(2.0)), "(-1) ^ 2"),
        (BinaryExpression("^", UnaryExpression("-", UP), UP), "(-up) ^ up"),
        (BinaryExpression("^", UP, UnaryExpression("-", UP)), "up ^ -up"),
        (UnaryExpression("-", BinaryExpression("+", UP, UP)), "-(up + up)"),
        (UnaryExpression("-", BinaryExpression("^", UP, UP)), "-up ^ up"),
        (Subquery(BinaryExpression("+", UP, UP), NumberLiteral(60.0, is_duration=True)), "(up + up)[1m:]"),
        (Subquery(UnaryExpression("-", UP), NumberLiteral(60.0, is_duration=True)), "(-up)[1m:]"),
        (VectorSelector("my.metric"), '{__name__="my.metric"}'),
        (VectorSelector("bool"), '{__name__="bool"}'),
    ],
)
def test_a_tree_made_by_hand_gets_the_parentheses_that_it_needs(tree, text):
    assert str(tree) == text
    assert format(tree, width=3).replace("\n", " ").split() == text.replace("(", "( ").replace(
        ")", " )"
    ).split() or parse(format(tree, width=3)) == parse(text)
    assert parse(text).type == tree.type


def test_a_rewritten_tree_keeps_its_meaning():
    tree = rewrite(parse("a * b"), lambda node: parse("x + y") if node == VectorSelector("b") else None)
    assert str(tree) == "a * (x + y)"


def test_one_node_in_two_places_is_written_twice():
    assert str(BinaryExpression("+", BinaryExpression("/", UP, UP), UP)) == "up / up + up"


def test_repr_names_the_kind_and_shows_the_text():
    assert repr(parse("sum(up)")) == "<Aggregation sum(up)>"


def test_format_refuses_what_parse_refuses():
    with pytest.raises(PromQLError, match="unclosed parenthesis"):
        format("sum(up")
