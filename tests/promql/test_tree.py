from dataclasses import replace

import pytest

from monitorkit.errors import InvalidType
from monitorkit.promql import (
    Aggregation,
    Call,
    LabelMatcher,
    NumberLiteral,
    VectorSelector,
    parse,
    postorder,
    rewrite,
    selectors,
    walk,
)

QUERY = "topk(3, sum by (job) (rate(a[5m]))) / on (job) -(b{x='1'} + c[5m:1m])"


def test_walk_goes_from_the_top_and_postorder_from_below():
    tree = parse("sum(rate(a[5m])) + -b")
    assert [str(node) for node in walk(tree)] == [
        "sum(rate(a[5m])) + -b",
        "sum(rate(a[5m]))",
        "rate(a[5m])",
        "a[5m]",
        "a",
        "-b",
        "b",
    ]
    assert [str(node) for node in postorder(tree)] == [
        "a",
        "a[5m]",
        "rate(a[5m])",
        "sum(rate(a[5m]))",
        "b",
        "-b",
        "sum(rate(a[5m])) + -b",
    ]


def test_both_orders_give_the_same_nodes(valid):
    for case in valid:
        tree = parse(case.query)
        assert sorted(map(id, walk(tree))) == sorted(map(id, postorder(tree)))


def test_selectors_are_all_that_a_query_reads():
    assert [node.metric for node in selectors(parse("a / on (x) {'b.c'} + rate({__name__=~'d.*'}[5m])"))] == [
        "a",
        "b.c",
        None,
    ]


def test_rewriting_nothing_gives_the_same_tree_itself(valid):
    for case in valid:
        tree = parse(case.query)
        assert rewrite(tree, lambda node: None) is tree


def test_rewriting_reaches_each_node_and_leaves_the_old_tree(valid):
    def renamed(node):
        if isinstance(node, VectorSelector):
            return replace(node, name=None, matchers=(LabelMatcher("renamed", "=", "yes"),))
        return None

    for case in valid:
        tree = parse(case.query)
        before = str(tree)
        changed = rewrite(tree, renamed)
        assert {str(node.matchers) for node in selectors(changed)} <= {str((LabelMatcher("renamed", "=", "yes"),))}
        assert str(tree) == before


def test_rewriting_changes_calls_numbers_and_aggregations():
    def change(node):
        if isinstance(node, Call) and node.function == "rate":
            return replace(node, function="increase")
        if isinstance(node, Aggregation) and node.operator == "sum":
            return replace(node, grouping=(*node.grouping, "instance"))
        if isinstance(node, NumberLiteral):
            return replace(node, value=node.value + 1)
        return None

    assert (
        str(rewrite(parse("topk(3, sum by (job) (rate(a[5m])))"), change))
        == "topk(4, sum by (job, instance) (increase(a[5m])))"
    )


def test_only_a_selector_can_stand_before_a_range():
    with pytest.raises(InvalidType, match="cannot stand before a range"):
        rewrite(parse("rate(a[5m])"), lambda node: parse("sum(a)") if node == VectorSelector("a") else None)
