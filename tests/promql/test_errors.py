"""What is said of a query that is wrong: where, and what to do."""

import pytest

from monitorkit.errors import QueryError
from monitorkit.promql import (
    PromQLError,
    parse,
)

MESSAGES = [
    # query, where the caret stands, what is said
    ("", 0, "the query is empty"),
    ("sum(rate(up[5m])", 3, "unclosed parenthesis"),
    ("up{job='a'", 2, "unclosed brace"),
    ("rate(up[5m", 7, "unclosed bracket"),
    ("up)", 2, "')' closes nothing; remove it"),
    ("up +", 4, "unexpected end of the query, expected an expression"),
    ("up up", 3, "unexpected 'up', expected an operator or the end"),
    ("histogram_quantil(0.9, up)", 0, "unknown function 'histogram_quantil'; did you mean 'histogram_quantile'?"),
    ("RATE(up[5m])", 0, "did you mean 'rate'?"),
    ("summ(up)", 0, "did you mean 'sum'?"),
    ("mean(up)", 0, "use avg"),
    ("log(up)", 0, "use ln, log2 or log10"),
    ("holt_winters(up[5m], 1, 1)", 0, "gone since Prometheus 3.0; use double_exponential_smoothing"),
    ("rate(up)", 5, "argument 1 of rate must be a range vector, not an instant vector; add a range: up[5m]"),
    ("rate(sum(up))", 5, "add a subquery: (sum(up))[5m:]"),
    ("sum(up[5m])", 4, "sum must be an instant vector, not a range vector; reduce it first, as in rate(up[5m])"),
    ("histogram_quantile(up, 0.9)", 19, "the order is histogram_quantile(phi, v)"),
    ("topk(up, 5)", 5, "topk takes its parameter first, then the vector; write topk(5, up)"),
    ("sum(1)", 4, "sum must be an instant vector, not a scalar; write vector(1)"),
    ("topk(up)", 0, "topk takes 2 arguments, not 1; write topk(a scalar, vector)"),
    ("round(up, 1, 2)", 0, "round takes at most 2 arguments, not 3; write round(v, [to_nearest])"),
    ("label_replace(up, a, 'b', 'c', 'd')", 18, 'must be a string, not an instant vector; write "a"'),
    ("rate(up[5m],)", 11, "a comma after the last argument of rate; remove it"),
    ("1 > 2", 2, "a comparison of two scalars needs 'bool'; write > bool"),
    ("up and 1", 7, "'and' takes instant vectors only; write vector(1)"),
    ("up + bool up", 3, "'bool' belongs to comparisons"),
    ("a + on (x) group_left (x) b", 2, "the label 'x' stands in 'on' and in 'group_left'"),
    ("a and on (x) group_left b", 2, "'and' is many-to-many by itself"),
    ("a + group_left b", 4, "write on(…) or ignoring(…) before group_left"),
    ("a + on (x) 1", 2, "labels can only be matched between two instant vectors"),
    ("up by (job)", 3, "'by' belongs to an aggregation"),
    ("up = 1", 3, "write '==' to compare"),
    ("up =~ 'x'", 3, "patterns belong in braces"),
    ("up && up", 3, "unexpected character '&'; write 'and'"),
    ("rate(up[$__rate_interval])", 8, "a template variable must be replaced"),
    ("up{job=a}", 7, "unexpected 'a', expected a value in quotes; write job=\"a\""),
    ("up{job}", 6, "expected = != =~ or !~ after the label job"),
    ("up{job=“a”}", 7, "write straight quotes"),
    ("up{job='a}", 7, "a string without its closing quote"),
    (r'up{job="\d"}', 8, r"unknown escape '\\d' in a string; write \\ for a backslash"),
    ('up{job=~"(a"}', 8, "the pattern of job is no RE2: missing closing )"),
    ('up{job=~"(?=a)"}', 8, "no RE2: invalid or unsupported Perl syntax"),
    ("{}", 0, "needs a metric name or a matcher that refuses the empty value"),
    ('{job=~".*"}', 0, "it would select every series"),
    ('up{__name__="down"}', 3, "the metric is named twice: up and down"),
    ("up[5min]", 3, "'5min' is neither a number nor a duration; write 5m"),
    ("up[5M]", 3, "write 5m"),
    ("up[1m1h]", 3, "units must descend and come once each"),
    ('up["5m"]', 3, "write it without quotes"),
    ("up[0s]", 3, "must be longer than 0"),
    ("sum(up)[5m]", 7, "a range can only follow a selector; for a subquery write sum(up)[5m:]"),
    ("up offset 5m [5m]", 13, "'offset' before a range; write the range first, then 'offset'"),
    ("sum(up) offset 5m", 8, "'offset' can only follow a selector or a subquery; move it to the selector inside"),
    ("up offset 5m offset 5m", 13, "'offset' is set twice"),
    ("up @ 1 @ 2", 7, "'@' is set twice"),
    ("up @ inf", 5, "out of range"),
    ("up[5m][5m:]", 0, "a subquery takes an instant vector, not a range vector"),
    ("(up, up)", 3, "a function or aggregation is missing before '('"),
    ("-up[5m]", 1, "a sign takes scalars and instant vectors"),
    ("up{a='\ufffd'}", 6, "decoded wrongly"),
]


@pytest.mark.parametrize(("query", "position", "words"), MESSAGES, ids=[query for query, _, _ in MESSAGES])
def test_an_error_says_where_and_what_to_do(query, position, words):
    with pytest.raises(PromQLError) as caught:
        parse(query)
    assert words in str(caught.value)
    assert caught.value.position == position


def test_an_error_shows_a_caret_under_the_mistake_in_its_line():
    with pytest.raises(PromQLError, match="unknown function") as caught:
        parse("up\n  + rat(up[5m])\n  + up")
    assert str(caught.value).splitlines()[1:] == ["  up", "    + rat(up[5m])", "      ^", "    + up"]
    assert (caught.value.line, caught.value.column) == (2, 5)
    assert isinstance(caught.value, QueryError)
