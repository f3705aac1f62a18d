import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.labels import format_series, legend, quote
from monitorkit.promql import StringLiteral, VectorSelector, parse

# Half a character can be in no query at all.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
def test_a_quoted_value_is_one_string_and_reads_back_as_it_was(value):
    tree = parse(quote(value))
    assert isinstance(tree, StringLiteral)
    assert tree.value == value


@given(st.dictionaries(st.sampled_from(["job", "le", "a.b", "größe", 'a"b']), TEXTS.filter(bool)), TEXTS.filter(bool))
def test_a_series_is_a_selector_of_exactly_its_labels(labels, name):
    tree = parse(format_series({"__name__": name, **labels}))
    assert isinstance(tree, VectorSelector)
    matchers = {(matcher.name, matcher.operator, matcher.value) for matcher in tree.matchers}
    named = {("__name__", "=", name)} if tree.name is None else set()
    assert matchers == {(label, "=", value) for label, value in labels.items()} | named
    assert tree.name in {None, name}


def test_an_absent_label_is_left_out_and_no_label_at_all_is_the_name():
    assert format_series({"__name__": "up", "job": ""}) == "up"
    assert format_series({"job": "a"}) == '{job="a"}'
    assert format_series({}) == "{}"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{job}}", "a"),
        ("{{ job }}/{{job}}", "a/a"),
        ("{{absent}}!", "!"),
        ("{{ a b }}", "spaced"),
        ("{job} {{", "{job} {{"),
        ("", ""),
    ],
)
def test_a_legend_is_filled_as_grafana_does(template, text):
    assert legend(template, {"job": "a", "a b": "spaced"}) == text


def test_what_a_legend_is_filled_with_is_not_filled_again():
    assert legend("{{a}}", {"a": "{{b}}", "b": "no"}) == "{{b}}"
