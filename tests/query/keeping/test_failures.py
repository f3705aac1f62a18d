"""Errors and failures, recorded as they came."""

import re

import pytest

import monitorkit as mk
from monitorkit.errors import QueryError, ServerUnavailable
from monitorkit.query import PrometheusClient, record

T0 = 1_700_000_000
VECTOR = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"%d"]}]}}'


def texts(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_errors_are_recorded(history, folder):
    with record(history, folder), pytest.raises(QueryError, match="unclosed left parenthesis") as recorded:
        history.query("sum(up", at=T0)
    with pytest.raises(QueryError, match="unclosed left parenthesis") as again:
        mk.replay(folder).query("sum(up", at=T0)
    assert str(again.value) == str(recorded.value)


@pytest.mark.parametrize(
    "behave",
    [
        lambda handler: handler.server.answer(handler, 503, b""),
        lambda handler: handler.server.answer(handler, 200, b"<html>log in</html>", "text/html"),
        lambda handler: handler.server.answer(handler, 200, VECTOR[:40]),
        lambda handler: handler.server.answer(handler, 401, b"no"),
        lambda handler: handler.server.answer(handler, 302, b"", Location="http://u:hidden-word@elsewhere.example/x"),
        lambda handler: handler.server.released.wait(20),
        lambda handler: handler.connection.close(),
    ],
    ids=["empty", "html", "cut", "refused", "redirect", "stall", "closed"],
)
def test_failures_are_recorded(faulty, folder, behave):
    faulty.behave = behave
    client = PrometheusClient(faulty.url, timeout_seconds=0.5)
    with client, record(client, folder), pytest.raises(ServerUnavailable, match=re.escape(faulty.url)) as recorded:
        client.targets()
    with pytest.raises(ServerUnavailable, match=re.escape(faulty.url)) as again:
        mk.replay(folder).targets()
    assert str(again.value) == str(recorded.value).replace("within 0.5 s", "within 30 s")
    assert b"hidden-word" not in texts(folder)


def test_a_server_that_is_not_there_is_recorded(folder):
    client = PrometheusClient("http://127.0.0.1:9")
    with client, record(client, folder), pytest.raises(ServerUnavailable, match="nothing listens there") as recorded:
        client.query("up", at=T0)
    with pytest.raises(ServerUnavailable, match="nothing listens there") as again:
        mk.replay(folder).query("up", at=T0)
    assert str(again.value) == str(recorded.value)
