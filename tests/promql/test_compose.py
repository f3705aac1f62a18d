import re
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.promql import (
    LabelMatcher,
    MatrixSelector,
    PromQLError,
    Query,
    VectorSelector,
    escape_regex,
    expr,
    parse,
    selectors,
    walk,
)


@pytest.mark.parametrize(
    ("template", "values", "query"),
    [
        ("rate({m}[{w}])", {"m": "requests_total", "w": "5m"}, "rate(requests_total[5m])"),
        ("rate({m}[{w}])", {"m": "requests_total", "w": 90}, "rate(requests_total[1m30s])"),
        ("rate({m}[{w}:{s}])", {"m": "x", "w": timedelta(hours=1), "s": "15s"}, "rate(x[1h:15s])"),
        ("{m} offset {o}", {"m": "x", "o": "1h"}, "x offset 1h"),
        ("{m} @ {t}", {"m": "x", "t": 1_700_000_000.5}, "x @ 1700000000.5"),
        ("{m} > {limit}", {"m": "x", "limit": 0.25}, "x > 0.25"),
        ("{limit} ^ 2", {"limit": -2}, "(-2) ^ 2"),
        ("time() - {age}", {"age": timedelta(minutes=5)}, "time() - 300"),
        ("up{job={j}}", {"j": "ai_model"}, 'up{job="ai_model"}'),
        ("up{job!={j},instance=~{i}}", {"j": "a", "i": "b.*"}, 'up{job!="a",instance=~"b.*"}'),
        ("up{job=~{jobs}}", {"jobs": ["a.b", "c|d"]}, r'up{job=~"a\\.b|c\\|d"}'),
        ("up{{label}='x'}", {"label": "service.name"}, "up{\"service.name\"='x'}"),
        ("up{{where}}", {"where": {"job": "a", "shard": 3}}, 'up{job="a",shard="3"}'),
        ("up{{where}, x='y'}", {"where": {"job": ["a", "b"]}}, "up{job=~\"a|b\", x='y'}"),
        ("{m}{{where}}", {"m": "my.metric", "where": {"job": "a"}}, '{__name__="my.metric",job="a"}'),
        ("{m}{}", {"m": "my.metric"}, '{__name__="my.metric",}'),
        ("{m}", {"m": "my.metric"}, '{__name__="my.metric"}'),
        ("rate({m}[5m])", {"m": "bool"}, 'rate({__name__="bool"}[5m])'),
        ("sum by ({l}) (up)", {"l": ["job", "zone"]}, "sum by (job, zone) (up)"),
        ("sum by ({l}) (up)", {"l": "job"}, "sum by (job) (up)"),
        ("a * on ({l}) group_left ({g}) b", {"l": ["x"], "g": "y.z"}, 'a * on (x) group_left ("y.z") b'),
        ("a / {b}", {"b": expr("x + y")}, "a / (x + y)"),
        ("a / {b}", {"b": parse("x + y")}, "a / (x + y)"),
        ("sum({b})", {"b": Query("x # why")}, "sum((x))"),
        ("{a} + {a}", {"a": "x"}, "x + x"),
        ("label_replace(up, 'a', '{b}', 'c', '(.*)')", {}, "label_replace(up, 'a', '{b}', 'c', '(.*)')"),
        ("up{} + up{ job='a' }", {}, "up{} + up{ job='a' }"),
    ],
)
def test_each_value_is_written_as_its_place_needs(template, values, query):
    assert expr(template, **values) == query
    assert isinstance(expr(template, **values), Query)


@pytest.mark.parametrize(
    ("template", "values", "error", "words"),
    [
        ("rate({m}[5m])", {}, InvalidValue, "no value for {m}; pass m=…"),
        ("up", {"m": "x"}, InvalidValue, "m has no place {m} in the template"),
        ("rate({m}[5m])", {"m": "up or vector(1)"}, InvalidValue, "is a query, not a metric name; pass expr("),
        ("rate({m}[5m])", {"m": ""}, InvalidValue, "must not be empty"),
        ("rate({m}[5m])", {"m": None}, InvalidType, "m: NoneType is no number"),
        ("up > {m}", {"m": True}, InvalidType, "m: bool is no number"),
        ("rate(up[{w}])", {"w": "5 minutes"}, InvalidValue, "w: '5 minutes' is no duration"),
        ("rate(up[{w}])", {"w": "5m] or vector(1"}, InvalidValue, "is no duration"),
        ("rate(up[{w}])", {"w": None}, InvalidType, "w: NoneType is no duration"),
        ("up{job={j}}", {"j": ["a", "b"]}, InvalidValue, "several values need =~ or !~"),
        ("up{job=~{j}}", {"j": [None]}, InvalidType, "j: NoneType is no text"),
        ("up{job='{j}'}", {"j": "a"}, InvalidValue, "stands in quotes; write it without, as in job={j}"),
        ("up{{w}}", {"w": "job"}, InvalidType, "is no set of matchers; pass a mapping"),
        ("up{{w}}", {"w": {1: "a"}}, InvalidType, "1 is no label name"),
        ("up{{l}='a'}", {"l": 5}, InvalidType, "5 is no label name"),
        ("x{m}x", {"m": "a"}, InvalidValue, "cannot stand there; put blanks around it"),
        ("sum({m}", {"m": "up"}, PromQLError, "unclosed parenthesis"),
        ("sum({m})", {"m": 5}, PromQLError, "must be an instant vector"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(template, values, error, words):
    with pytest.raises(error, match=re.escape(words)):
        expr(template, **values)


TEXTS = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "\ufffd" not in text)


@given(TEXTS)
def test_no_label_value_can_change_the_query(value):
    tree = parse(expr("sum(rate(up{job={j},x='y'}[5m])) > 0", j=value))
    assert next(selectors(tree)) == VectorSelector("up", (LabelMatcher("job", "=", value), LabelMatcher("x", "=", "y")))
    assert sum(1 for _ in walk(tree)) == 6


@given(TEXTS.filter(bool))
def test_no_metric_or_label_name_can_change_the_query(name):
    try:
        text = expr("sum by ({l}) (rate({m}{{w}}[5m])) > 0", l=name, m=name, w={name: "x"})
    except InvalidValue:
        assert parse(name)  # a name that is itself a query is refused, with advice
        return
    except PromQLError:
        assert name == "__name__"  # a metric that is named twice
        return
    tree = parse(text)
    assert next(selectors(tree)).metric == name
    assert tree.left.grouping == (name,)
    assert sum(isinstance(node, MatrixSelector) for node in walk(tree)) == 1


@given(TEXTS)
def test_no_duration_can_change_the_query(text):
    with suppress(InvalidValue, PromQLError):
        assert parse(expr("up[{w}]", w=text)).range.value > 0


@given(st.lists(TEXTS, min_size=1))
def test_a_list_of_values_matches_just_these(values):
    matcher = next(selectors(parse(expr("up{job=~{j}, x='y'}", j=values)))).matchers[0]
    for value in values:
        assert re.fullmatch(matcher.value, value, re.DOTALL)
        assert re.fullmatch(escape_regex(value), value)


def test_the_result_is_text_that_goes_anywhere():
    assert f"{expr('up')} + 1" == "up + 1"
