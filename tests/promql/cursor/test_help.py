import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.promql import AGGREGATIONS, FUNCTIONS
from monitorkit.promql.cursor.help import Help, help_at, help_on
from monitorkit.promql.cursor.known import Metadata
from monitorkit.promql.cursor.names import Names
from monitorkit.promql.tokens import KEYWORDS

SAID = {
    "up": Metadata("gauge", "Whether it is <b>up</b>."),
    "http_requests_total": Metadata("counter", "Requests.", "requests"),
    "my.metric": Metadata("gauge", "With a dot."),
    "rate": Metadata("gauge", "A metric with a function's name."),
}


class Server:
    def metrics(self):
        return Names(name for name in SAID if name != "rate")

    def labels(self, metric=None, matchers=()):
        return Names(["__name__", "job", "code"])

    def values(self, label, metric=None, matchers=()):
        return Names([f"value {i:02}" for i in range(12)] if label == "code" else ["<script>"])

    def metadata(self, metric):
        return SAID.get(metric, Metadata())

    def n_series(self, metric):
        return 1234


def on(marked, known=None):
    cursor = marked.index("|")
    return help_at(marked[:cursor] + marked[cursor + 1 :], cursor, known or Server())


@pytest.mark.parametrize(
    "marked", ["|up", "u|p", "up|", "rate(up|[5m])", "sum(up|{job='a'})", 'sum by (job) ({"|up"})']
)
def test_a_metric_is_explained_wherever_the_cursor_touches_it(marked):
    found = on(marked)
    assert (found.title, found.kind, found.about) == ("up", "metric, gauge", "Whether it is <b>up</b>.")


def test_a_metric_comes_with_its_unit_its_series_and_its_labels():
    assert on("http_requests_total|").facts == (
        ("unit", "requests"),
        ("series now", "1,234"),
        ("labels", "code, job"),
    )


def test_a_name_with_a_dot_is_explained_in_its_quotes():
    assert on('{"my.me|tric", job="a"}').about == "With a dot."
    assert on('{__name__="my.me|tric"}').about == "With a dot."


@pytest.mark.parametrize(
    ("marked", "title"),
    [
        ("ra|te(up[5m])", "rate(range)"),
        ("rate(|", "rate(range)"),
        ("rate(up[5m]|)", "rate(range)"),
        ("round(up, |", "round(v, [to_nearest])"),
        ("histogram_quantile(0.9|, up)", "histogram_quantile(phi, v)"),
        ("histogram_quantile(0.9, sum by (le) (unknown|))", "sum by (label, …) (vector)"),
        ("rate|", "rate(range)"),
        ("time|()", "time()"),
    ],
)
def test_a_function_is_explained_on_its_name_and_within_its_call(marked, title):
    assert on(marked).title == title


def test_a_function_tells_the_types_that_it_takes_and_gives():
    assert dict(on("histogram_quantile|(").facts) == {
        "phi": "scalar",
        "v": "instant vector",
        "gives": "instant vector",
    }


def test_what_not_every_server_has_tells_what_it_needs():
    assert ("since", "Prometheus 2.49") in on("mad_over_time|(").facts
    assert ("experimental", "needs --enable-feature=promql-experimental-functions") in on("mad_over_time|(").facts
    assert ("removed in 3.0", "write double_exponential_smoothing") in on("holt_winters|(").facts
    assert on("abs|(").facts == (("v", "instant vector"), ("gives", "instant vector"))


@pytest.mark.parametrize(
    ("marked", "title"),
    [
        ("su|m(up)", "sum by (label, …) (vector)"),
        ("topk|(3, up)", "topk by (label, …) (k, vector)"),
        ("quantile|(0.9, up)", "quantile by (label, …) (phi, vector)"),
        ("sum b|y (job) (up)", "sum by (label, …) (vector)"),
        ("up off|set 5m", "metric offset 5m"),
        ("up + on| (job) up", "left + on (label, …) right"),
        ("up an|d up", "left and right"),
        ("up @| 5", "metric @ 1700000000"),
        ('up{job=~|"a"}', 'label=~"a|b.*"'),
    ],
)
def test_aggregations_and_keywords_are_explained(marked, title):
    cursor = marked.index("|")
    assert help_at(marked[:cursor] + marked[cursor + 1 :], cursor).title == title


def test_a_label_is_explained_by_its_values():
    found = on("http_requests_total{co|de='2'}")
    assert (found.title, found.kind) == ("code", "label of http_requests_total")
    assert found.facts == (("values (12)", ", ".join(f"value {i:02}" for i in range(8)) + ", and 4 more"),)
    assert on("http_requests_total{code='|2'}").title == "code"
    assert on("sum by (co|de) (up)").title == "code"


@pytest.mark.parametrize("marked", ["|", "5|", "no_such_metric|", "up + |", "# ra|te", '"rate|"', "up{} |"])
def test_where_nothing_is_known_nothing_is_said(marked):
    assert on(marked) is None


def test_without_a_server_the_language_is_explained():
    assert help_at("rate(up[5m])", 2).kind == "function"
    assert help_at("rate(up[5m])", 6).title == "rate(range)"


def test_every_word_of_the_language_is_explained():
    words = {*FUNCTIONS, *AGGREGATIONS, *KEYWORDS} - {"inf", "nan", "start", "end", "step", "range"}
    assert [word for word in words if help_on(word) is None] == []


def test_what_comes_from_outside_is_escaped_in_html():
    assert "<p>Whether it is &lt;b&gt;up&lt;/b&gt;.</p>" in on("up|").html
    assert "&lt;script&gt;" in on("up{jo|b='a'}").html
    assert "<script>" not in on("up{jo|b='a'}").html
    assert "Whether it is <b>up</b>." in on("up|").text
    assert Help("<i>", "<i>", "<i>", (("<i>", "<i>"),)).html.count("&lt;i&gt;") == 5


PIECES = [*"(){}[],+-=~@\"'` #\n5m.", "up", "sum", "by ", "on ", "offset ", "rate(", '{job="', "my.metric", "é"]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PIECES)).map("".join), st.integers(-1, 40))
def test_any_text_and_cursor_can_be_asked_about(query, cursor):
    found = help_at(query, cursor, Server())
    assert found is None or isinstance(found.text + found.html, str)
