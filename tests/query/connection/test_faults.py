import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.errors import QueryError, ServerUnavailable
from monitorkit.query.connection.faults import advised, position, refused, timed_out
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


TIMED_OUT = "query timed out in expression evaluation"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (QueryError(TIMED_OUT, error_type="timeout"), True),
        (QueryError("context deadline exceeded", error_type="execution"), True),
        (QueryError("timeout exceeded during query execution: 30.000 seconds", error_type="unavailable"), True),
        (QueryError('unknown function with name "timeout"', error_type="bad_data"), False),
        (QueryError("too many samples", error_type="execution"), False),
        (ServerUnavailable("http://a", "HTTP 504: gateway", status=504), True),
        (ServerUnavailable("http://a", "HTTP 503", status=503), False),
        (ServerUnavailable("http://a", "what is this"), False),
    ],
)
def test_what_took_too_long_is_told_from_other_trouble(error, expected):
    assert timed_out(error) is expected


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (requests.ReadTimeout(), True),
        (TimeoutError(), True),
        (requests.ConnectionError(urllib3.exceptions.ReadTimeoutError(None, "/", "slow")), True),
        (requests.ConnectTimeout(), False),
        (ConnectionRefusedError(), False),
    ],
)
def test_a_server_that_was_reached_and_is_silent_took_too_long(cause, expected):
    error = ServerUnavailable("http://a", "reason")
    error.__cause__ = cause
    assert timed_out(error) is expected


@pytest.mark.parametrize(
    "error",
    [
        ServerUnavailable("http://a", "no answer", status=504),
        QueryError(TIMED_OUT, query="up", error_type="timeout", position=1, server="http://a (Prometheus 3.5.3)"),
    ],
)
def test_an_error_with_more_advice_is_the_same_otherwise(error):
    more = advised(error, "rest a little")
    assert type(more) is type(error)
    assert "rest a little" in str(more)
    kept = {name: value for name, value in vars(error).items() if name not in ("reason", "message")}
    assert {name: getattr(more, name) for name in kept} == kept
