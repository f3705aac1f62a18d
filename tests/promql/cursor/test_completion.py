import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.promql import FUNCTIONS, parse, selectors
from monitorkit.promql.cursor.completion import MOST, Completion, complete
from monitorkit.promql.cursor.known import Metadata
from monitorkit.promql.cursor.names import Names
from monitorkit.promql.highlight import classes
from monitorkit.promql.tokens import KEYWORDS

METRICS = {
    "up": {"job": ["api", "node"], "instance": ["10.0.0.1:90", "10.0.0.2:90"]},
    "http_requests_total": {"job": ["api"], "code": ["200", "404", "500"], "instance": ["10.0.0.1:90"]},
    "http_request_duration_seconds_bucket": {"job": ["api"], "le": ["0.1", "+Inf"]},
    "node_cpu_seconds_total": {"job": ["node"], "mode": ["idle", "user"]},
    "rating": {"path": ['say "hi"', "it's", "back\\slash", "two\nlines", "a|b", "`", "<img src=x>", "日本"]},
    "my.metric": {"a.b": ["1"], "job": ["utf8"]},
    "sum": {"job": ["odd"]},
}
TYPES = {"http_requests_total": "counter", "up": "gauge"}


class Server:
    """Knows `METRICS`, all at once."""

    def __init__(self, version="3.5.3", metrics=METRICS):
        self.said = version
        self.series = metrics
        self.asked = []

    def version(self):
        return self.said

    def metrics(self):
        return Names(self.series)

    def labels(self, metric=None, matchers=()):
        self.asked.append(("labels", metric, [(m.name, m.operator, m.value) for m in matchers]))
        chosen = [metric] if metric else self.series
        return Names(["__name__", *(label for name in chosen for label in self.series.get(name, ()))])

    def values(self, label, metric=None, matchers=()):
        self.asked.append(("values", label, metric, [(m.name, m.operator, m.value) for m in matchers]))
        chosen = [metric] if metric else self.series
        return Names(value for name in chosen for value in self.series.get(name, {}).get(label, ()))

    def metadata(self, metric):
        return Metadata(TYPES.get(metric, ""))

    def n_series(self, metric):
        return None


def completed(marked, known=None, **options):
    cursor = marked.index("|")
    return complete(marked[:cursor] + marked[cursor + 1 :], cursor, known or Server(), **options)


def texts(marked, known=None, **options):
    return [entry.text for entry in completed(marked, known, **options).entries]


def test_metrics_come_with_their_type():
    entries = {entry.text: entry.type for entry in completed("htt|").entries}
    assert entries == {"http_requests_total": "metric counter", "http_request_duration_seconds_bucket": "metric"}


def test_functions_that_begin_so_come_before_metrics():
    assert texts("rat|")[:2] == ["rate", "rating"]
    assert texts("sum_|")[0] == "sum_over_time"


def test_everything_that_begins_an_expression_is_offered():
    kinds = {entry.kind for entry in completed("|").entries}
    assert kinds == {"metric", "function", "aggregation"}
    assert texts("|")[0] in METRICS


@pytest.mark.parametrize(
    ("marked", "wanted"),
    [
        ("up off|", ["offset"]),
        ("up{} unl|", ["unless"]),
        ("sum(up) wi|", ["without"]),
        ("sum b|", ["by"]),
        ("up @ |", ["start()", "end()"]),
        ("up @ e|", ["end()"]),
        ("up{job |", ["=", "!=", "=~", "!~"]),
        ("up[5m |", ["]", ":", "+", "-", "*", "/", "%", "^"]),
        ("up[5|", ["5m", "5h", "5s", "5d", "5w", "5ms", "5y"]),
        ("up[1h3|", ["1h3m", "1h3s", "1h3ms"]),
        ("up[ste|", []),
        ("up{jo|", ["job"]),
        ("up{job='api', |", ["instance", "}"]),
        ("sum by (|) (http_requests_total)", ["code", "instance", "job", ")"]),
        ("sum by (m|) (rate(up[5m]) / node_cpu_seconds_total)", ["mode"]),
        ("up * on (job) group_left (c|) http_requests_total", ["code"]),
        ("http_requests_total{code='|", ["200", "404", "500"]),
        ("http_requests_total{code=|", ['"200"', '"404"', '"500"']),
        ("label_replace(up, '|", ["__name__", "instance", "job"]),
        ("label_replace(up, 'a', '|", []),
        ("histogram_quantile(0.9|", ["0.9", "0.95", "0.99"]),
        ("topk(|", ["3", "5", "10", "pi", "scalar", "time"]),
        ("up # rat|", []),
        ("'rat|", []),
    ],
)
def test_each_place_has_its_own(marked, wanted):
    assert texts(marked) == wanted


def test_after_an_operand_operators_and_modifiers_are_offered_but_no_names():
    offered = texts("up |")
    assert {"offset", "and", "+", "[", "{"} <= set(offered)
    assert not {"rate", "up", "by", "bool"} & set(offered)
    assert "bool" in texts("up > |")
    assert "on" in texts("up + |")


def test_experimental_words_are_offered_when_they_are_begun():
    assert "mad_over_time" not in texts("|")
    entry = next(entry for entry in completed("mad|").entries if entry.text == "mad_over_time")
    assert entry.type == "function experimental"
    assert "smoothed" not in texts("up[5m] |")
    assert "smoothed" in texts("up[5m] sm|", Server("3.7.0"))
    assert texts("up[ste|", Server("3.6.0")) == ["step()"]
    assert texts("up offset m|", Server("3.13.0")) == ["min_of", "max_of"]


def test_a_server_is_offered_what_it_has():
    assert texts("double|", Server("2.42.0")) == []
    assert texts("holt|", Server("2.42.0")) == ["holt_winters"]
    assert texts("double|", Server("3.5.3")) == ["double_exponential_smoothing"]
    assert texts("holt|", Server("3.5.3")) == []
    assert texts("smoo|", Server("3.5.3")) == ["double_exponential_smoothing"]
    assert {"histogram_quantile", "rate"} <= set(texts("|", Server("")))


def test_every_function_is_offered():
    there = [name for name, function in FUNCTIONS.items() if function.removed is None]
    assert [name for name in there if name not in texts(name[:-1] + "|", Server(""))] == []


def test_labels_and_values_respect_the_other_matchers():
    server = Server()
    texts('up{job="api", instance=~"10.|', server)
    assert ("values", "instance", "up", [("job", "=", "api")]) in server.asked
    texts('up{job!="node", in|', server)
    assert ("labels", "up", [("job", "!=", "node")]) in server.asked


def test_a_contradiction_has_no_values():
    class Contradicted(Server):
        def values(self, label, metric=None, matchers=()):
            return Names() if matchers else super().values(label, metric)

    assert texts('up{job="zzz", instance="|', Contradicted()) == []


def test_where_the_server_refuses_the_matchers_they_are_left_out():
    class Refusing(Server):
        def values(self, label, metric=None, matchers=()):
            return None if matchers else super().values(label, metric)

    assert texts('up{job=~"(", instance="|', Refusing()) == ["10.0.0.1:90", "10.0.0.2:90"]


def test_a_metric_that_does_not_exist_has_the_labels_of_all():
    assert "code" in texts("no_such_metric{|")
    assert "code" in texts("sum by (|) (no_such_metric)")
    assert "200" in texts("no_such_metric{code='|")


def test_without_a_server_there_is_the_language():
    entries = complete("").entries
    assert {entry.kind for entry in entries} == {"function", "aggregation"}
    assert [entry.text for entry in complete("up{").entries] == ["instance", "job", "}"]
    assert complete('up{job="').entries == ()


@pytest.mark.parametrize("operator", ["=", "=~"])
@pytest.mark.parametrize("opened", ['"', "'", "`", ""])
@pytest.mark.parametrize("mark", ['"', "'"])
def test_a_chosen_value_is_that_value_in_the_query(operator, opened, mark):
    """Parsed back, what was inserted is the value, or a pattern that matches just it."""
    values = METRICS["rating"]["path"]
    offered = [entry.text for entry in completed(f"rating{{path{operator}{opened}|", mark=mark).entries]
    assert len(offered) == len(values) - (opened == "`")  # a backquote cannot stand in backquotes
    meant = []
    for text in offered:
        matcher = parse(f"rating{{path{operator}{opened}{text}{opened}}}").matchers[-1]
        if operator == "=":
            meant.append(matcher.value)
        else:
            meant += [value for value in values if re.fullmatch(matcher.value, value)]
    assert sorted(meant) == sorted(value for value in values if not (opened == "`" and value == "`"))


@pytest.mark.parametrize(
    ("query", "start", "wanted"),
    [
        ('http_requests_total{code=~"200|5', 31, ["500"]),
        ('http_requests_total{code=~"(4', 28, ["404"]),
        ('http_requests_total{code=~"(200|4', 32, ["404"]),
        ('http_requests_total{code="200|5', 26, []),
    ],
)
def test_one_alternative_of_a_pattern_is_completed(query, start, wanted):
    found = complete(query, None, Server())
    assert (found.start, [entry.text for entry in found.entries]) == (start, wanted)


def test_what_was_escaped_counts_as_what_it_means():
    assert [entry.text for entry in complete('up{instance=~"10\\\\.0\\\\.0\\\\.1', None, Server()).entries] == [
        "10\\\\.0\\\\.0\\\\.1:90"
    ]
    assert [entry.text for entry in complete('rating{path="say \\"', None, Server()).entries] == ['say \\"hi\\"']


def test_names_that_are_no_words_are_quoted():
    assert '{"my.metric"}' in texts("my|")
    assert texts("my.me|") == ['{"my.metric"}']
    assert complete("rate(my.me", None, Server()).start == 5
    assert texts("my.me|", mark="'") == ["{'my.metric'}"]
    assert texts('{"my.|') == ["my.metric"]
    assert texts("{my|") == ['"my.metric"']
    assert texts('{"my.metric", |') == ['"a.b"', "job", "}"]
    assert texts('{"my.metric", a.|') == ['"a.b"']
    assert texts("sum by (a.|) ({'my.metric'})") == ['"a.b"']


@pytest.mark.parametrize("marked", ["my.me|", "{my|", '{"my.|"}', '{"my.metric", a|="1"}', "su|{job='odd'}", "rati|"])
def test_what_is_chosen_makes_a_valid_query(marked):
    cursor = marked.index("|")
    found = completed(marked)
    text = next(entry.text for entry in found.entries if entry.kind in {"metric", "label"})
    query = marked[: found.start] + text + marked[cursor + 1 :]
    parse(query if query.count("{") == query.count("}") else query + "}")


def test_too_many_names_are_drawn_together():
    names = {f"{part}_{word}_{i}": {} for part in ("http", "node") for word in ("cpu", "disk") for i in range(500)}
    server = Server(metrics=names)
    entries = completed("|", server).entries
    assert len(entries) <= MOST
    assert [(entry.text, entry.type) for entry in entries if entry.kind == "metric"] == [
        ("http_cpu_", "metric 500 names"),
        ("http_disk_", "metric 500 names"),
        ("node_cpu_", "metric 500 names"),
        ("node_disk_", "metric 500 names"),
    ]
    assert "http_cpu_123" in texts("http_cpu_12|", server)
    assert len(texts("cpu|", server)) <= MOST


def test_names_of_a_label_are_never_offered_twice():
    offered = texts("sum by (|) (up + http_requests_total)")
    assert len(offered) == len(set(offered))


def test_a_cursor_outside_is_at_an_end():
    assert complete("ra", 99).start == 0
    assert complete("ra", -5).start == 0


PIECES = [
    *"(){}[],+-*=~@\"'` #\n5m.\\|",
    "up",
    "sum",
    "by ",
    "on ",
    "offset ",
    "rate(",
    "a",
    '{job="',
    "my.metric",
    "é",
]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PIECES)).map("".join), st.integers(-1, 40), st.sampled_from(["", "2.42.0", "3.5.3"]))
def test_any_text_and_cursor_can_be_completed(query, cursor, version):
    found = complete(query, cursor, Server(version))
    assert isinstance(found, Completion)
    assert 0 <= found.start <= max(0, min(cursor, len(query)))
    assert len(found.entries) <= MOST


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=40))
def test_any_text_at_all_can_be_completed(query):
    assert isinstance(complete(query, None, Server()), Completion)


def test_what_stands_in_a_right_query_is_offered_at_its_place(valid):
    """Each function, aggregation and keyword of a right query, cut off before its last letter, is offered there."""
    missed, checked = [], 0
    for case in valid:
        if any((selector.name or "").lower() in KEYWORDS for selector in selectors(parse(case.query))):
            continue  # a metric with the name of a keyword
        for token, name in classes(case.query):
            if name not in {"function", "aggregation", "keyword"} or len(token.text) < 3:
                continue
            checked += 1
            offered = {entry.text.lower() for entry in complete(case.query[: token.end - 1]).entries}
            if not {token.text.lower(), f"{token.text.lower()}()"} & offered:
                missed.append((case.query, token.text))
    assert checked > 500
    assert len(missed) <= 0.02 * checked, missed


def test_completing_among_50_000_names_is_fast():
    server = Server(metrics={f"{a}_{b}_{i}_total": {} for a in "abcde" for b in ("cpu", "disk") for i in range(5000)})
    names, server.metrics = server.metrics(), lambda: names
    for query in ["", "a", "rate(cpu", "zz_zz", "up{", "acp12"]:
        began = time.process_time()
        complete(query, None, server)
        assert time.process_time() - began < 0.1, query


def test_entries_can_be_sent_as_json():
    json.dumps([(entry.text, entry.type) for entry in completed("|").entries])


@pytest.mark.parametrize("marked", ["sum by (|) (up)", "up / on (|) up"])
def test_an_offered_label_is_accepted_in_its_list(marked):
    cursor = marked.index("|")
    offered = [entry.text for entry in completed(marked).entries if entry.kind == "label"]
    assert len(offered) == 2
    for text in offered:
        parse(marked[:cursor] + text + marked[cursor + 1 :])
