import pytest

from monitorkit.query.connection.dialects import reworded


@pytest.mark.parametrize(
    ("message", "query", "reason", "kind", "position"),
    [
        (
            'error when executing query="sum(up" for (time=1, step=2): argList: unexpected token ""; unparsed data: ""',
            "sum(up",
            'argList: unexpected token ""',
            "bad_data",
            6,
        ),
        (
            ('error when executing query="sum(up" on the time range (start=1, end=2, step=2): cannot execute query: '
            'argList: unexpected token ""; unparsed data: ""'),
            "sum(up",
            'argList: unexpected token ""',
            "bad_data",
            6,
        ),
        (
            'error when executing query="up{a=\\"é\\"} up" for (time=1, step=2): unparsed data left: "up"',
            'up{a="é"} up',
            "unparsed data",
            "bad_data",
            10,
        ),
        (
            'error when executing query="nope(up)" for (time=1, step=2): unsupported function "nope"',
            "nope(up)",
            'unsupported function "nope"',
            "bad_data",
            0,
        ),
        (
            'cannot parse matches[]=up{: labelFilterExpr: unexpected token ""; want "ident"; unparsed data: ""',
            "up{",
            'labelFilterExpr: unexpected token ""; want "ident"',
            "bad_data",
            3,
        ),
        (
            'error when executing query="a}" for (time=1, step=2): the number of matching timeseries exceeds 3',
            "a}",
            "the number of matching timeseries exceeds 3",
            "execution",
            None,
        ),
        (
            # What it could not read is no end of the query (WITH templates are expanded before).
            'error when executing query="up by" for (time=1, step=2): unexpected token "x"; unparsed data: "elsewhere"',
            "up by",
            'unexpected token "x"',
            "bad_data",
            3,
        ),
        ('unexpected token; unparsed data: "\\q"', "up", "unexpected token", "bad_data", None),
        ('cannot parse time=abc: cannot parse duration "abc"', "", 'cannot parse time=abc: cannot parse duration "abc"', "execution", None),
    ],
)  # fmt: skip
def test_a_refusal_of_victoriametrics_reads_like_one_of_prometheus(message, query, reason, kind, position):
    assert reworded(message, "422", query) == (reason, kind, position)


def test_a_refusal_in_prometheus_words_stays_as_it_is():
    assert reworded("query timed out", "timeout", "up") == ("query timed out", "timeout", None)
    assert reworded("parse error: no expression", "bad_data", "#") == ("parse error: no expression", "bad_data", 0)


def test_a_huge_query_is_read_in_no_time():
    query = "sum(" * 200 + "x" * 100_000
    message = (
        f'error when executing query="{query}" for (time=1, step=2): argList: unexpected token ""; unparsed data: ""'
    )
    assert reworded(message, "422", query) == ('argList: unexpected token ""', "bad_data", len(query))
