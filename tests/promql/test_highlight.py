import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.promql import STYLE, PromQLError, highlight, parse
from monitorkit.promql.highlight import classes


class Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text, self.seen = "", set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)

    def handle_data(self, data):
        self.text += data


def marked(query, name, **options):
    pieces = re.findall(
        rf'<span class="[^"]*\bmk-promql-{name}\b[^"]*">(.*?)</span>', highlight(query, **options), re.DOTALL
    )
    return [unescape(piece) for piece in pieces]


QUERY = """topk by (job) (3, rate(requests_total{status=~"5.."}[5m] offset 1h)) / on(job) 0.5 # why"""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("aggregation", ["topk"]),
        ("function", ["rate"]),
        ("metric", ["requests_total"]),
        ("label", ["job", "status", "job"]),
        ("string", ['"5.."']),
        ("number", ["3", "0.5"]),
        ("duration", ["5m", "1h"]),
        ("keyword", ["by", "offset", "on"]),
        ("operator", ["=~", "/"]),
        ("comment", ["# why"]),
        ("error", []),
    ],
)
def test_each_word_has_its_class(name, words):
    assert marked(QUERY, name) == words


def test_words_of_the_language_are_classed_by_their_place():
    assert marked("sum + sum(sum{sum='x'}) by (sum)", "metric") == ["sum", "sum"]
    assert marked("sum + sum(sum{sum='x'}) by (sum)", "aggregation") == ["sum"]
    assert marked("sum + sum(sum{sum='x'}) by (sum)", "label") == ["sum", "sum"]
    assert marked("up[step()]", "function") == ["step"]


def test_unknown_functions_and_stray_characters_are_errors():
    assert marked("rat(up) $ 5x", "error") == ["rat", "$", "5x"]


def test_the_span_of_an_error_is_underlined():
    query = "sum(rate(up))"
    with pytest.raises(PromQLError, match="range vector") as caught:
        parse(query)
    assert marked(query, "error", error=(caught.value.position, caught.value.end)) == ["up"]
    assert marked(query, "error", error=(4, 10)) == ["rate", "(", "u"]


@given(st.text())
def test_the_text_of_any_highlighting_is_the_query(query):
    reader = Reader()
    html = highlight(query, error=(1, 3))
    reader.feed(html)
    reader.close()
    assert reader.seen <= {"code", "span"}
    assert "\r" in query or "\x00" in query or reader.text == query
    assert re.sub(r"</?(?:code|span)(?: class=\"[a-z -]*\")?>", "", html).count("<") == 0


def test_what_comes_from_outside_stays_text():
    html = highlight('up{a="<img src=x onerror=alert(1)>"} <b>')
    assert "<img" not in html
    assert "<b>" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_each_class_has_its_colour():
    named = {name for _, name in classes(QUERY)} - {""}
    assert [name for name in named if f"mk-promql-{name}" not in STYLE] == ["operator", "metric"] or {
        "operator",
        "metric",
    } == {name for name in named if f"mk-promql-{name}" not in STYLE}
