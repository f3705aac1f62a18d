"""What is not HTTP, and what comes too slowly."""

import contextlib
import json
import re
import socket
import threading

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


def test_who_expects_to_be_asked_for_the_body_is_asked(server):
    head, body = whole(BODY, b"Expect: 100-continue", b"Connection: close").split(b"\r\n\r\n")
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")


def test_who_has_sent_the_body_already_is_not_asked_for_it(raw):
    assert raw(whole(BODY, b"Expect: 100-continue", b"Connection: close"))[0] == 200


def test_what_goes_wrong_after_the_answer_is_not_counted_again(raw, counts):
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"

    def after_the_answer():
        assert wait_until(lambda: counts.by_status == {"client_error": 1}, timeout_seconds=10)
        return b"zz\r\n"

    code, _, body = raw(head, after_the_answer)
    assert (code, json.loads(body)["error"]) == (404, "unknown_path")
    assert counts.by_status == {"client_error": 1}


class Gate:
    """A model that waits inside its first call, and remembers the rows of each."""

    def __init__(self):
        self.begun, self.release = threading.Event(), threading.Event()
        self.seen = []

    def predict(self, X):
        self.seen.extend(X[:, 0].tolist())
        self.begun.set()
        assert self.release.wait(20)
        return X[:, 0]


@pytest.fixture
def gate(start, counts):
    """A gate that is served; the counts are its server's."""
    gate = Gate()
    counts.server = gate.server = start(gate, example=[1.0, 0.0])
    yield gate
    gate.release.set()


def connect(server):
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=20)


def everything(connection):
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def codes(received):
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def test_a_prediction_that_nobody_waits_for_any_more_is_not_made(gate, counts):
    with connect(gate.server) as first, connect(gate.server) as second, connect(gate.server) as third:
        for number, connection in enumerate((first, second, third), 1):
            connection.sendall(whole(b'{"instances": [[%d, 0]]}' % number, b"Connection: close"))
            arrived = lambda number=number: counts("inference_in_flight_requests") == number  # noqa: E731
            assert wait_until(arrived, timeout_seconds=10)
            assert gate.begun.wait(10)
        second.close()
        assert wait_until(lambda: counts("inference_queue_length") == 1, timeout_seconds=10)
        assert wait_until(lambda: counts.by_status == {"client_error": 1}, timeout_seconds=10)
        gate.release.set()
        assert codes(everything(first)) == codes(everything(third)) == [200]
    assert gate.seen == [1.0, 3.0]
    assert counts.by_status == {"client_error": 1, "ok": 2}
    assert counts("inference_in_flight_requests") == 0


def test_what_is_malformed_is_told_after_the_answers_before_it(gate, counts):
    with connect(gate.server) as connection:
        connection.sendall(whole() + whole() + b"nonsense\r\n\r\n")
        assert gate.begun.wait(10)
        gate.release.set()
        assert codes(everything(connection)) == [200, 200, 400]
    assert counts.by_status == {"ok": 2, "client_error": 1}


def test_thousands_of_requests_at_once_are_answered_one_after_the_other(raw, counts):
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    _, _, rest = raw((ask + b"\r\n") * 5000 + ask + b"Connection: close\r\n\r\n")
    assert rest.count(b'{"status":"ok"') == 5001
    assert counts.by_status == {}


def test_a_client_that_sends_without_taking_its_answers_is_made_to_wait(gate):
    with connect(gate.server) as connection:
        connection.settimeout(0.5)
        data, sent = whole() * 1000, 0
        with contextlib.suppress(TimeoutError):
            while sent < 200 * 2**20:
                sent += connection.send(data)
    assert sent < 50 * 2**20


def test_what_follows_the_last_request_is_left_alone(raw, counts):
    _, _, rest = raw(whole(BODY, b"Connection: close") + whole())
    assert rest.count(b"predictions") == 1
    assert counts.by_status == {"ok": 1}


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"GET http://elsewhere/healthz?a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
        (b"GET /%68ealthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
        (b"GET /healthz?%00#x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
)
def test_forms_of_the_request_line(raw, head, code):
    assert raw(head)[0] == code


def test_a_body_in_chunks_with_trailers_is_read(raw, counts):
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (1, BODY[i : i + 1]) for i in range(len(BODY)))
    assert raw(head, chunks + b"0\r\nContent-Encoding: gzip\r\nX: y\r\n\r\n")[0] == 200
    assert counts.by_status == {"ok": 1}


CHUNKS = b"".join(b"%x\r\n%b\r\n" % (1, BODY[i : i + 1]) for i in range(len(BODY))) + b"0\r\n\r\n"
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD % len(BODY) + OFFER + BODY],
        [HEAD % len(BODY) + OFFER, BODY[:5], BODY[5:]],
        [b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + OFFER + CHUNKS],
        [2 * (HEAD % len(BODY) + OFFER + BODY)],
        [HEAD % len(BODY) + OFFER + BODY + b"nonsense\r\n\r\n"],
        [HEAD % len(BODY) + OFFER, BODY + b"nonsense\r\n\r\n"],
    ],
)
def test_an_offer_of_another_protocol_does_not_lose_the_body(raw, counts, pieces):
    code, head, body = raw(*pieces)
    assert (code, json.loads(body)["predictions"]) == (200, [1])
    assert "connection: close" in head
    assert counts.by_status == {"ok": 1}


def test_a_malformed_body_behind_an_offer_is_refused(raw, counts):
    code, _, _ = raw(b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + OFFER + b"zz\r\n")
    assert code == 400
    assert counts.by_status == {"client_error": 1}


def test_the_answer_to_head_has_the_length_and_no_body(raw):
    _, head, body = raw(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert int(head.split("content-length: ")[1].split("\r\n")[0]) > 1000
    assert body == b""


def test_a_connection_that_has_nothing_more_to_ask_is_closed(start, monkeypatch):
    monkeypatch.setattr("monitorkit.serving.http.listener.KEEP_ALIVE_SECONDS", 0.1)
    server = start()
    with connect(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert codes(everything(connection)) == [200]


def connections(server):
    return server._listeners[0]._server.server_state.connections


def asks_for_much(server, *headers):
    """Ask for an answer of 8 MB on a connection that takes little at a time, and read nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
    connection.sendall(whole(BODY, *headers))
    return connection


@pytest.mark.parametrize("headers", [[], [b"Connection: close"]])
def test_an_answer_that_nobody_takes_is_not_kept_for_ever(start, monkeypatch, headers):
    monkeypatch.setattr("monitorkit.serving.http.listener.KEEP_ALIVE_SECONDS", 0.1)
    server = start(lambda X: ["x" * 2**23] * len(X), limits=Limits(read_seconds=0.2))
    with asks_for_much(server, *headers):
        assert wait_until(lambda: len(connections(server)) == 1, timeout_seconds=10)
        assert wait_until(lambda: not connections(server), timeout_seconds=20)


def test_an_answer_that_is_taken_late_is_whole(start, monkeypatch):
    monkeypatch.setattr("monitorkit.serving.http.listener.KEEP_ALIVE_SECONDS", 0.1)
    server = start(lambda X: ["x" * 2**23] * len(X))
    with asks_for_much(server) as connection:
        closing = lambda: [one._transport.is_closing() for one in list(connections(server))]  # noqa: E731
        assert wait_until(lambda: closing() == [True], timeout_seconds=20)
        assert everything(connection).count(b"x") >= 2**23
