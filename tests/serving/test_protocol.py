"""What is not HTTP, and what comes too slowly."""

import json

import pytest

from monitorkit.processes import wait_until
from monitorkit.serving import Limits

BODY = b'{"instances": [[2, 1]]}'
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"


def whole(body=BODY, *headers):
    return HEAD % len(body) + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"POST /predict HTTP/9.9\r\n\r\n",
        b"GET nowhere HTTP/1.1\r\n\r\n",
        b"GET /caf\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"GET /predict HTTP/1.1\r\nno colon\r\n\r\n",
    ],
)
def test_malformed_http_is_refused_and_counted(raw, counts, data):
    code, head, body = raw(data)
    assert code == 400
    assert "content-type: application/json" in head
    assert "connection: close" in head
    assert json.loads(body)["error"] == "malformed"
    assert counts.by_status == {"client_error": 1}
    assert raw(whole(BODY, b"Connection: close"))[0] == 200
    assert counts.by_status == {"client_error": 1, "ok": 1}


def test_a_malformed_chunk_is_refused_and_counted_once(raw, counts):
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    code, _, body = raw(head, b"zz\r\n")
    assert (code, json.loads(body)["error"]) == (400, "malformed")
    assert wait_until(lambda: counts.by_status == {"client_error": 1}, timeout_seconds=10)
    assert wait_until(lambda: counts("inference_in_flight_requests") == 0, timeout_seconds=10)


@pytest.fixture
def hasty(start, counts):
    counts.server = start(limits=Limits(read_seconds=0.2), example=[1.0, 0.0])
    return counts.server


@pytest.mark.parametrize("part", [b"POST /pre", HEAD % 10, HEAD % 10 + b"\r\n", HEAD % 100 + b"\r\n" + BODY])
def test_a_request_that_does_not_come_whole_in_time_is_refused_and_counted_once(raw, counts, hasty, part):
    code, head, body = raw(part, to=hasty)
    assert code == 408
    assert "connection: close" in head
    assert json.loads(body)["detail"].startswith("the request did not come whole within 0.2 s")
    assert wait_until(lambda: counts.by_status == {"client_error": 1}, timeout_seconds=10)
    assert raw(whole(BODY, b"Connection: close"), to=hasty)[0] == 200
    assert counts.by_status == {"client_error": 1, "ok": 1}


def test_a_connection_that_says_nothing_is_closed_and_not_counted(counts, hasty):
    import socket

    with socket.create_connection(("127.0.0.1", int(hasty.url.rpartition(":")[2])), timeout=10) as connection:
        assert connection.recv(100) == b""
    assert counts.by_status == {}


def test_a_request_in_pieces_is_answered(raw, counts):
    data = whole(BODY, b"Connection: close")
    code, _, body = raw(*(data[i : i + 1] for i in range(len(data))))
    assert (code, json.loads(body)["predictions"]) == (200, [1])


def test_endless_headers_are_refused(raw, counts):
    lines = [b"GET /healthz HTTP/1.1\r\n", *(b"X-%d: " % i + b"y" * 1000 + b"\r\n" for i in range(200))]
    code, _, body = raw(b"".join(lines))
    assert (code, json.loads(body)["error"]) == (431, "too_large")
    assert counts.by_status == {"client_error": 1}


def test_a_large_body_is_not_taken_for_headers(raw):
    rows = json.dumps({"instances": [[1.5, 2.5]] * 20_000}).encode()
    data = whole(rows) + whole(BODY, b"Connection: close")
    code, _, body = raw(data)
    assert code == 200
    assert body.count(b'"predictions"') == 2


def test_requests_sent_without_waiting_are_answered_in_order(raw, counts):
    bodies = [b'{"instances": [[%d, 1]]}' % (i % 3) for i in range(20)]
    data = b"".join(whole(body) for body in bodies) + whole(BODY, b"Connection: close")
    _, _, answers = raw(data)
    predicted = [part.split(b"]")[0] for part in answers.split(b'"predictions":[')[1:]]
    assert predicted == [b"1" if i % 3 == 2 else b"0" for i in range(20)] + [b"1"]
    assert counts.by_status == {"ok": 21}


def test_who_asks_to_upgrade_is_answered_all_the_same(raw, counts):
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"
    code, _, body = raw(ask)
    assert (code, json.loads(body)["status"]) == (200, "ok")
    assert counts.by_status == {}


def test_who_expects_to_be_asked_for_the_body_is_asked(raw):
    data = whole(BODY, b"Expect: 100-continue", b"Connection: close")
    code, _, body = raw(data)
    assert code == 100
    assert b"200 OK" in body


def test_what_goes_wrong_after_the_answer_is_not_counted_again(raw, counts):
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"

    def after_the_answer():
        assert wait_until(lambda: counts.by_status == {"client_error": 1}, timeout_seconds=10)
        return b"zz\r\n"

    code, _, body = raw(head, after_the_answer)
    assert (code, json.loads(body)["error"]) == (404, "unknown_path")
    assert counts.by_status == {"client_error": 1}
