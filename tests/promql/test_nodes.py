"""The syntax tree: what is equal, and which part of the query each node is."""

from dataclasses import FrozenInstanceError

import pytest

from monitorkit.promql import (
    PromQLError,
    parse,
    walk,
)


def test_nodes_cannot_be_changed():
    node = parse("up")
    with pytest.raises(FrozenInstanceError, match="name"):
        node.name = "down"


def test_matchers_count_as_a_set_but_other_orders_count():
    assert parse('up{a="1",b="2"}') == parse('up{b="2",a="1"}')
    assert parse("a + b") != parse("b + a")
    assert parse("sum by (a, b) (up)") != parse("sum by (b, a) (up)")
    assert parse("up") != parse("up offset 1m") != parse("up @ 1")
    assert parse("up[300]") == parse("up[5m]")
    assert parse("300") != parse("5m")
    assert parse("NaN") == parse("nan")


def test_spans_nest_and_follow_each_other(valid):
    for case in valid:
        for node in walk(parse(case.query)):
            assert 0 <= node.start < node.end <= len(case.query)
            last = node.start
            for child in node.children:
                assert last <= child.start
                assert child.end <= node.end
                last = child.end


@pytest.mark.parametrize(
    ("query", "pieces"),
    [
        ("sum(up) by (job)", ["sum(up) by (job)", "up"]),
        ("  up {job='a'} # end", ["up {job='a'}"]),
        ("up[5m] offset 1h @ end()", ["up[5m] offset 1h @ end()", "up"]),
        ("(up + 1)[1h:] @ 5", ["(up + 1)[1h:] @ 5", "(up + 1)", "up + 1", "up", "1"]),
        ("- - 5 * -up", ["- - 5 * -up", "- - 5", "-up", "up"]),
        ("a or\n b", ["a or\n b", "a", "b"]),
        ("日本 + 1", None),
        ('{"日本"} + up', ['{"日本"} + up', '{"日本"}', "up"]),
    ],
)
def test_a_span_is_counted_in_characters_and_covers_the_whole_node(query, pieces):
    if pieces is None:
        with pytest.raises(PromQLError, match="unexpected character '日'"):
            parse(query)
    else:
        assert [node.text(query) for node in walk(parse(query))] == pieces
