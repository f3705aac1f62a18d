import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.query.connection.faults import position, refused
from monitorkit.query.decoding.envelope import Refused


@given(st.text(st.characters(codec="utf-8"), max_size=30), st.data())
def test_a_line_and_column_in_bytes_become_an_offset_in_characters(query, data):
    offset = data.draw(st.integers(0, len(query)))
    # What Prometheus prints for this offset: promql/parser/parse.go, ParseErr.Error.
    before = query[:offset].encode()
    line, column = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1
    assert position(query, line, column) == offset


@pytest.mark.parametrize(("line", "column"), [(0, 1), (3, 1), (1, 0), (1, 9)])
def test_a_place_outside_the_query_is_no_place(line, column):
    assert position("up\nor", line, column) is None


@pytest.mark.parametrize(
    ("message", "query", "shown"),
    [
        (
            "invalid parameter \"query\": 2:3: parse error: unexpected character: 'é'",
            "sum(\n  é)",
            "bad_data: unexpected character: 'é'\n  sum(\n    é)\n    ^\n  http://p (Prometheus 3.5.3)",
        ),
        (
            '1:1: parse error: unknown function with name "nope"',
            "nope(up)",
            'bad_data: unknown function with name "nope"\n  nope(up)\n  ^\n  http://p (Prometheus 3.5.3)',
        ),
        (
            'invalid parameter "query": unknown position: parse error: no expression found in input',
            "# nothing",
            "bad_data: no expression found in input\n  # nothing\n  http://p (Prometheus 3.5.3)",
        ),
        (
            'invalid parameter "query": invalid expression type "string" for range query, must be Scalar',
            '"a"',
            'bad_data: invalid expression type "string" for range query, must be Scalar\n  "a"\n  http://p (Prometheus 3.5.3)',
        ),
    ],
)
def test_an_error_shows_the_query_with_a_caret_and_the_server(message, query, shown):
    assert str(refused(Refused("bad_data", message), query=query, server="http://p (Prometheus 3.5.3)")) == shown
