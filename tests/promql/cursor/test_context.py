import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.promql import Context, LabelMatcher, context
from monitorkit.promql.tokens import tokens


def at(marked):
    """Context at the bar in a query."""
    cursor = marked.index("|")
    return context(marked[:cursor] + marked[cursor + 1 :], cursor)


@pytest.mark.parametrize(
    ("marked", "kind", "prefix"),
    [
        ("|", "expression", ""),
        ("ra|", "expression", "ra"),
        ("rate(|", "expression", ""),
        ("rate(htt|", "expression", "htt"),
        ("rate(htt|p_requests[5m])", "expression", "htt"),
        ("sum(up) + |", "expression", ""),
        ("up and |", "expression", ""),
        ("up == bool |", "expression", ""),
        ("up + on (job) |", "expression", ""),
        ("up + on (job) group_left |", "expression", ""),
        ("topk(5, |", "expression", ""),
        ("-|", "expression", ""),
        ("(|)", "expression", ""),
        ("and|", "expression", "and"),
        ("up |", "after expression", ""),
        ("up off|", "after expression", "off"),
        ("up{job='a'} |", "after expression", ""),
        ("rate(up[5m]) |", "after expression", ""),
        ("rate(up |", "after expression", ""),
        ("5 |", "after expression", ""),
        ("sum(up) b|", "after expression", "b"),
        ("sum by (job) (up) |", "after expression", ""),
        ("sum(up) by (job) |", "after expression", ""),
        ("sum |", "aggregation body", ""),
        ("sum by (job) |", "aggregation body", ""),
        ("up{|", "label name", ""),
        ("up{jo|", "label name", "jo"),
        ("up{jo|b='a'}", "label name", "jo"),
        ("up{job='a',|", "label name", ""),
        ('{"my.|', "label name", "my."),
        ("up{job|}", "label name", "job"),
        ("up{job |", "matcher operator", ""),
        ("up{job=|", "label value", ""),
        ('up{job="|', "label value", ""),
        ('up{job="ai_|', "label value", "ai_"),
        ("up{job=~'a|b', x='y'}", "label value", "a"),
        ('up{job="a",instance=~"b.|', "label value", "b."),
        ('up{job="a" |', "after matcher", ""),
        ("sum by (|", "label list", ""),
        ("sum by (jo|", "label list", "jo"),
        ("sum by (job, |", "label list", ""),
        ("sum(up) without (|", "label list", ""),
        ("a + on (|", "label list", ""),
        ("a + on (x) group_left (|", "label list", ""),
        ("sum by |", "label list", ""),
        ("sum by (job |", "after label", ""),
        ("up[|", "duration", ""),
        ("up[5|", "duration", "5"),
        ("up[5m|", "duration", "5m"),
        ("up[1h:|", "duration", ""),
        ("up[1h:5|", "duration", "5"),
        ("up[5m |", "after duration", ""),
        ("up offset |", "duration", ""),
        ("up offset 5|", "duration", "5"),
        ("up offset -|", "duration", ""),
        ("up[5m] offset |", "duration", ""),
        ("up @ |", "at", ""),
        ("up @ st|", "at", "st"),
        ('label_replace(up, "|', "string", ""),
        ('count_values("ver|', "string", "ver"),
        ("up # comm|", "nothing", ""),
        ("# |\nup", "nothing", ""),
        ("# done\n|", "expression", ""),
        ("up{# why\n|", "label name", ""),
    ],
)
def test_the_kind_of_place(marked, kind, prefix):
    here = at(marked)
    assert (here.kind, here.prefix) == (kind, prefix)


@pytest.mark.parametrize(
    ("marked", "type_", "function", "argument"),
    [
        ("rate(|", "matrix", "rate", 0),
        ("abs(|", "vector", "abs", 0),
        ("histogram_quantile(|", "scalar", "histogram_quantile", 0),
        ("histogram_quantile(0.9, |", "vector", "histogram_quantile", 1),
        ("histogram_quantile(0.9, sum by (le) (rate(|", "matrix", "rate", 0),
        ("topk(|", "scalar", "topk", 0),
        ("topk(5, |", "vector", "topk", 1),
        ("topk by (job) (5, |", "vector", "topk", 1),
        ("sum(|", "vector", "sum", 0),
        ("label_join(up, 'a', ',', 'b', |", "string", "label_join", 4),
        ("up + |", None, None, 0),
        ("sum(up + |", None, "sum", 0),
        ("nothing(|", None, None, 0),
    ],
)
def test_the_type_that_is_wanted(marked, type_, function, argument):
    here = at(marked)
    assert (here.type, here.function, here.argument) == (type_, function, argument)


@pytest.mark.parametrize(
    ("marked", "there", "not_there"),
    [
        ("up |", {"offset", "@", "[", "+", "and", "=="}, {"by", "bool"}),
        ("rate(up |", {")", ",", "offset"}, set()),
        ("sum(up) |", {"by", "without", "+", "["}, {"offset"}),
        ("sum by (job) (up) |", {"+", "or"}, {"by", "without"}),
        ("rate(up[5m]) |", {"/"}, {"by", "offset"}),
        ("up[5m] |", {"offset", "@"}, {"["}),
        ("up == |", {"bool", "on", "ignoring", "metrics"}, {"offset"}),
        ("up + |", {"on", "ignoring", "functions"}, {"bool"}),
        ("up + on (x) |", {"group_left", "group_right", "metrics"}, {"bool"}),
        ("a == bool |", {"on", "ignoring"}, {"bool"}),
        ("sum |", {"by", "without", "("}, {"bool"}),
        ("-|", {"metrics"}, {"on"}),
        ("|", {"metrics", "functions", "aggregations", "numbers"}, {"on", "bool"}),
        ("up[1h:|", {"durations", "]"}, set()),
        ("up @ |", {"start()", "end()"}, {"metrics"}),
        ("up{job|", {"labels"}, {"values"}),
        ("up{job |", {"=", "!=", "=~", "!~"}, {"labels"}),
        ("up{job=|", {"values"}, {"labels"}),
    ],
)
def test_what_may_stand_there(marked, there, not_there):
    expected = at(marked).expected
    assert there <= expected
    assert not not_there & expected


def test_a_selector_around_the_cursor_is_known():
    here = at('sum(rate(http_requests_total{job="a", status=~"5..", instance="loc|"}[5m])) by (job)')
    assert here.metric == "http_requests_total"
    assert here.label == "instance"
    assert [(m.name, m.operator, m.value) for m in here.matchers] == [("job", "=", "a"), ("status", "=~", "5..")]
    assert here.matchers[0] == LabelMatcher("job", "=", "a")
    assert here.quote == '"'


def test_the_metric_may_stand_in_the_braces():
    assert at('{"my.metric", job="|').metric == "my.metric"
    assert at('{__name__="up", job="|').metric == "up"
    assert at('{"job"="a", "my.label"="|').label == "my.label"
    assert at("sum{job='|").metric == "sum"


def test_the_metrics_of_the_whole_query_are_known_in_a_label_list():
    assert at("sum by (|) (rate(a_total[5m])) / sum(b_total{x='y'})").metrics == ("a_total", "b_total")


@pytest.mark.parametrize(
    ("marked", "replaced"),
    [
        ("rate(htt|p_requests[5m])", "http_requests"),
        ("htt|", "htt"),
        ("|up", "up"),
        ("up{jo|b='a'}", "job"),
        ("up{job='ai_|model'}", "ai_model"),
        ("up{job='ai_|", "ai_"),
        ("up + |", ""),
    ],
)
def test_the_span_to_replace_is_the_whole_word(marked, replaced):
    here = at(marked)
    assert marked.replace("|", "")[here.start : here.end] == replaced


def test_the_cursor_may_lie_outside():
    assert context("up", 99) == context("up")
    assert context("up", -1).prefix == ""


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from([*"(){}[],+-*=~@\"' #\n5m", "up", "sum", "by ", "on ", "offset ", "rate(", "a"])).map(
        "".join
    ),
    st.integers(),
)
def test_any_text_and_cursor_have_a_context(query, cursor):
    here = context(query, cursor)
    assert isinstance(here, Context)
    assert 0 <= here.start <= here.end <= len(query)


@settings(deadline=None)
@given(st.text(), st.integers())
def test_any_text_at_all_has_a_context(query, cursor):
    assert isinstance(context(query, cursor), Context)


SAMPLES = {
    "metrics": "up",
    "functions": "rate",
    "aggregations": "sum",
    "numbers": "1",
    "labels": "job",
    "values": '"x"',
    "durations": "5m",
}


def test_each_place_in_a_right_query_expects_what_stands_there(valid):
    """At the start of each token of a right query, the token is among what is expected."""
    missed, checked = [], 0
    for case in valid:
        found = tokens(case.query)
        for token in found:
            here = context(case.query[: token.start] + " ")
            if here.kind == "nothing" or not token.start:
                continue
            checked += 1
            if not fits(token, here):
                missed.append((case.query, token.text, here.kind))
    assert checked > 3000
    assert len(missed) <= 0.01 * checked, missed[:50]


def fits(token, here):
    kind, text = token.kind, token.text
    if here.kind in {"expression", "label name", "label list"} and (text[0].isalpha() or text[0] in "_:\"'`."):
        return True
    if kind in here.expected or text in here.expected or text.lower() in here.expected:
        return True
    if kind in {"number", "duration", "string", "+", "-"}:
        return here.kind in {"expression", "duration", "label value", "label name", "at", "string", "label list"}
    return here.kind == "at" and kind in {"start", "end"}


def test_completing_is_fast():
    query = (
        "sum by (job) (rate(http_requests_total{status=~'5..'}[5m])) / sum by (job) (rate(http_requests_total[5m])) + "
        * 20
    )
    began = time.process_time()
    context(query + "up{job='")
    assert time.process_time() - began < 0.1
