import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.errors import InvalidValue
from monitorkit.promql import At, parse, walk
from monitorkit.query.ranges.pins import pin
from monitorkit.query.times import Window

WHOLE = Window(1_000_191, 2_000_196, 10)  # its end is no step


@pytest.mark.parametrize(
    ("expr", "pinned"),
    [
        ("up", "up"),
        ("rate(x[5m] @ end())", "rate(x[5m] @ 2000.196)"),
        ("x @start() + y @ # why\n end ( ) ", "x @1000.191 + y @ # why\n 2000.196 "),
        ("x @ START()", "x @ 1000.191"),
        ("x offset 5m @ end()", "x offset 5m @ 2000.196"),
        ("x @ end() offset -5m", "x @ 2000.196 offset -5m"),
        (
            "max_over_time(rate(x[1m] @ start())[1h:5m] @ end())",
            "max_over_time(rate(x[1m] @ 1000.191)[1h:5m] @ 2000.196)",
        ),
        ("x @ -5 + y @ 3.5", "x @ -5 + y @ 3.5"),
        ('x{a="@ end()"}', 'x{a="@ end()"}'),
        (r"x{a='\'@ end()'}", r"x{a='\'@ end()'}"),
        ("x{a=`@ end()`}", "x{a=`@ end()`}"),
        ('x{a="\\""} @ end()', 'x{a="\\""} @ 2000.196'),
        ('x{a="ü日本"} @ end()', 'x{a="ü日本"} @ 2000.196'),
        ("x # @ end()", "x # @ end()"),
        ('x{end="1"} + end + range', 'x{end="1"} + end + range'),
        ("sum by (start, end) (range_total) + on(end) group_left(range) start", None),
        ("my_end() + end(x)", None),
        ("x[5m] offset 1h + step()", None),
        ("rate(x[step()])", None),
        # No PromQL at all: what can be read of it is still right.
        ('x{a="@ end()" or b="1"} keep_metric_names @ end()', 'x{a="@ end()" or b="1"} keep_metric_names @ 2000.196'),
        ("x @ end() +", "x @ 2000.196 +"),
        ("x @ end(", None),
        ('x{a="@ end()', None),
    ],
)
def test_ends_of_the_range_become_fixed_times_outside_texts_and_comments(expr, pinned):
    assert pin(expr, WHOLE) == (expr if pinned is None else pinned)


@pytest.mark.parametrize(
    ("expr", "function"),
    [
        ("x - start( )", "start"),
        ("x - END()", "END"),
        ("x / range()", "range"),
        ("rate(x[range()])", "range"),
        ("x offset range ( )", "range"),
        ("x @ (end() - 1h)", "end"),
        ("running_avg(x)", "running_avg"),
        ("sort(range_max (x))", "range_max"),
        ("topk_avg(3, x)", "topk_avg"),
        ("Interpolate(x)", "Interpolate"),
    ],
)
def test_a_function_of_the_whole_range_cannot_be_asked_in_pieces(expr, function):
    told = rf"query: {function}\(\) stands for the whole range.*100,001 steps are more than one query may have"
    with pytest.raises(InvalidValue, match=told):
        pin(expr, WHOLE)


def at(node) -> At | None:
    return getattr(node, "at", None)


SELECTORS = st.sampled_from(["x", 'start{end="@ end()"}', "rate(x[5m] @ AT)", "max_over_time(x[1h:5m] @ AT offset 1m)"])
ATS = st.sampled_from(["start()", "end ( )", "17.5", "START()"])


@settings(deadline=None)
@given(st.lists(st.tuples(SELECTORS, ATS), min_size=1, max_size=5))
def test_a_pinned_query_parses_to_the_same_tree_with_times_in_place_of_the_ends(parts):
    expr = " + # @ end()\n".join(selector.replace("AT", time) for selector, time in parts)
    before, after = list(walk(parse(expr))), list(walk(parse(pin(expr, WHOLE))))
    assert [type(node) for node in before] == [type(node) for node in after]
    ends = {"start": 1000.191, "end": 2000.196}
    assert [ends.get(at(node), at(node)) for node in before] == [at(node) for node in after]
    assert not re.search(r"@\s*(start|end)", re.sub(r'"[^"]*"|#[^\n]*', "", pin(expr, WHOLE)), re.IGNORECASE)
