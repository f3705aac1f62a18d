from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.notebook.template import fill
from monitorkit.promql import PromQLError, Query, expr, parse

MOMENT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("template", "value", "filled"),
    [
        ("{{v}}", "up", "up"),
        ("{{v}}", "my.metric", '{__name__="my.metric"}'),
        ("{{v}}", Query("a or b"), "(a or b)"),
        ("{{v}}", expr("rate({m}[1m])", m="x"), "(rate(x[1m]))"),
        ("{{v}}", parse("a + b"), "(a + b)"),
        ("x > {{v}}", 1.5, "x > 1.5"),
        ("x > {{ v }}", np.int64(3), "x > 3"),
        ("x > {{v}}", timedelta(minutes=1), "x > 60"),
        ("x[{{v}}]", "5m", "x[5m]"),
        ("x[{{v}}]", 90, "x[1m30s]"),
        ("x offset {{v}}", pd.Timedelta("1h"), "x offset 1h"),
        ("x @ {{v}}", MOMENT, "x @ 1700000000"),
        ("x @ {{v}}", pd.Timestamp(MOMENT), "x @ 1700000000"),
        ('x{a={{v}},b="c"}', 'q"\\\n', 'x{a="q\\"\\\\\\n",b="c"}'),
        ("x{a={{v}}}", np.str_("b"), 'x{a="b"}'),
        ("x{a!={{v}}}", 200, 'x{a!="200"}'),
        ("x{a=~{{v}}}", "a.*", 'x{a=~"a.*"}'),
        ("x{a=~{{v}}}", ["a.b", "c|d"], 'x{a=~"a\\\\.b|c\\\\|d"}'),
        ("x{a=~{{v}}}", {"b", "a"}, 'x{a=~"a|b"}'),
        ("x{a!~{{v}}}", pd.Series(["a", "b"]), 'x{a!~"a|b"}'),
        ("x{a=~{{v}}}", np.array([200, 404]), 'x{a=~"200|404"}'),
        ("x{{{v}}}", {"a": "b", "c": ["d", np.int64(5)]}, 'x{a="b",c=~"d|5"}'),
        ("sum by ({{v}}) (x)", ("a", "b"), "sum by (a, b) (x)"),
        ("x{{{v}}=~'a'}", "job", "x{job=~'a'}"),
    ],
)
def test_a_value_is_written_as_its_place_needs(template, value, filled):
    assert fill(template, {"v": value}) == filled


@pytest.mark.parametrize(
    "query",
    [
        "up",
        "up{job}",
        "x[$__interval]",
        "label_replace(a, 'b', '{{c}} $1', 'd', '')",
        "a # {{v}} {v}",
        "a{b='{v}'}",
        "{ {",
        '"open {{c}}',
    ],
)
def test_what_has_no_template_is_left_to_the_letter(query):
    assert fill(query, {"v": "w", "job": "j"}) is query


def test_the_same_variable_may_stand_twice_and_text_like_ours_stays():
    query = fill(
        "{{v}} / {{v}}{a='{monitorkit_value_1}', b={{w}}} # {{x}} {y}", {"v": "up", "w": "{monitorkit_value_0}"}
    )
    assert query == "up / up{a='{monitorkit_value_1}', b=\"{monitorkit_value_0}\"}"


@pytest.mark.parametrize("injected", ['"} or vector(1) #', "a\nb", "`", "') or ('", "\\"])
def test_no_value_can_change_what_a_query_says(injected):
    tree = parse(fill("sum(up{job={{v}}})", {"v": injected}))
    (matcher,) = tree.expr.matchers
    assert (matcher.name, matcher.value) == ("job", injected)


@pytest.mark.parametrize(
    ("template", "value", "message"),
    [
        ("{{v}}", pd.DataFrame(), r"\{\{v\}\}: a DataFrame cannot stand in a query; use a text, a number"),
        ("x[{{v}}]", print, r"\{\{v\}\}: a builtin_function_or_method cannot stand"),
        ("x > {{v}}", True, r"\{\{v\}\}: a bool cannot stand"),
        ("x > {{v}}", None, r"\{\{v\}\}: a NoneType cannot stand"),
        ("x @ {{v}}", np.datetime64("2026-01-01"), r"\{\{v\}\}: a datetime64 cannot stand"),
        ("x[{{v}}]", ["5m"], r"\{\{v\}\}: list is no duration"),
        ("x{ {{v}} }", 5, r"\{\{v\}\}: int is no set of matchers"),
    ],
)
def test_a_value_of_a_type_that_cannot_stand_there_is_refused(template, value, message):
    with pytest.raises(InvalidType, match=message):
        fill(template, {"v": value})


@pytest.mark.parametrize(
    ("template", "value", "message"),
    [
        ("{{v}}", "rate(x[5m])", r"\{\{v\}\}: 'rate\(x\[5m\]\)' is a query, not a metric name; write mk.expr\("),
        ("{{v}}", "", r"\{\{v\}\}: a metric name must not be empty"),
        ("x[{{v}}]", "5x", r"\{\{v\}\}: '5x' is no duration"),
        ("x{a={{v}}}", ["a", "b"], r"\{\{v\}\}: list after =; several values need =~"),
        ("x{a='{{v}}'}", "b", r"\{\{v\}\} stands in quotes; write it without, as in job=\{\{v\}\}"),
        ("x{a}{{v}}", "b", r"\{a\} is no matcher; to fill in a variable write \{\{a\}\}"),
        ("{{v.x}}", "b", r"\{\{…\}\} takes the name of a variable, nothing else"),
        ("{{va}}", "b", r"\{\{va\}\}: there is no variable va; did you mean \{\{v\}\}"),
        ("{{zzz}}", "b", r"\{\{zzz\}\}: there is no variable zzz; set zzz = …"),
        ("a{{v}}b", "b", r"\{\{v\}\} cannot stand there; put blanks around it"),
    ],
)
def test_a_value_that_cannot_stand_there_is_refused(template, value, message):
    with pytest.raises(InvalidValue, match=message):
        fill(template, {"v": value})


def test_a_query_that_is_wrong_once_it_is_filled_in_is_shown_so():
    with pytest.raises(PromQLError, match="rat") as caught:
        fill("rat(x{a={{v}}}[5m])", {"v": "b"})
    assert caught.value.query == 'rat(x{a="b"}[5m])'
