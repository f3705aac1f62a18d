"""The applications as any ASGI server runs them, in tasks and message by message."""

import asyncio
import json

import pytest

from monitorkit.serving.http.asgi import Answer, Application
from monitorkit.serving.limits import Limits

BODY = b'{"instances": [[2, 1], [1, 2]]}'


def called(application, method="GET", path="/", body=b"", headers=()):
    """Call an application as ASGI has it; return code, headers and body."""
    received = [
        {"type": "http.request", "body": body[:9], "more_body": True},
        {"type": "http.request", "body": body[9:], "more_body": False},
    ]
    sent = []

    async def receive():
        return received.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": list(headers)}
    asyncio.run(application(scope, receive, send))
    start, end = sent
    assert (start["type"], end["type"]) == ("http.response.start", "http.response.body")
    return start["status"], dict(start["headers"]), end["body"]


def test_a_prediction_is_answered(server, counts):
    code, headers, body = called(server._application, "POST", "/predict", BODY)
    assert code == 200
    assert headers[b"content-length"] == b"%d" % len(body)
    assert json.loads(body)["predictions"] == [1, 0]
    assert counts.by_status == {"ok": 1}


def test_a_mistake_is_answered(server, counts):
    code, headers, body = called(server._application, "POST", "/predict", b"{oops oops")
    assert (code, headers[b"content-type"]) == (400, b"application/json")
    assert json.loads(body)["error"] == "not_json"
    assert counts.by_status == {"client_error": 1}


def test_another_kind_of_connection_is_a_mistake_of_the_server(server):
    with pytest.raises(RuntimeError, match="this application speaks HTTP, not websocket"):
        asyncio.run(server._application({"type": "websocket"}, None, None))


def test_a_body_that_ends_early_is_a_mistake_of_the_client(server, counts):
    async def receive():
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": []}
    assert asyncio.run(server._application.answer(scope, receive)).code == 400
    assert counts.by_status == {"client_error": 1}


def test_head_goes_where_get_goes():
    async def hello(_scope, _receive):
        return Answer(200, b"hello")

    application = Application({"/": {"GET": hello}}, Limits())
    assert called(application, "HEAD")[0] == 200
    assert called(application, "POST")[0] == 405
    assert called(application, "GET", "/x")[0] == 404
