import os
import random
import signal
import socket
import struct
import threading
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.errors import QueryError, ServerUnavailable
from monitorkit.query.connection.retries import Attempts, Pace
from monitorkit.query.connection.transport import Transport

OK = b'{"status":"success","data":["up"]}'
BUSY = b'{"status":"error","errorType":"too_many_requests","error":"the rate limit was reached"}'
START = 1_700_000_000.0


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 0.0
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def pace(self, uniform=lambda low, high: high):
        return Pace(monotonic=lambda: self.now, unix=lambda: START + self.now, sleep=self.sleep, uniform=uniform)


@pytest.fixture
def passing():
    return Time()


# How often, and how long after.


def test_pauses_grow_to_a_limit(passing):
    attempts = Attempts(9, 1000, passing.pace())
    while attempts.again():
        pass
    assert passing.slept == [0.25, 0.5, 1, 2, 4, 8, 10, 10, 10]
    assert attempts.note == "asked 10 times"


@given(st.integers(0, 20), st.floats(0.01, 100), st.lists(st.integers(0, 40)), st.integers())
def test_all_attempts_and_pauses_fit_into_the_one_timeout(retries, timeout, asked, seed):
    passing = Time()
    attempts = Attempts(retries, timeout, passing.pace(random.Random(seed).uniform))
    wishes = iter(asked)
    made = 1
    while attempts.again(str(next(wishes, ""))):
        made += 1
    assert made <= retries + 1
    assert passing.now < timeout


@given(st.integers(1, 20), st.integers())
def test_a_pause_is_at_least_what_the_server_asks_for(asked, seed):
    passing = Time()
    attempts = Attempts(1, 30, passing.pace(random.Random(seed).uniform))
    assert attempts.again(f" {asked} ")
    assert asked <= passing.slept[0] <= asked + 0.25


def test_a_date_is_waited_for(passing):
    attempts = Attempts(3, 30, passing.pace(lambda low, high: low))
    assert attempts.again(formatdate(START + 7, usegmt=True))
    assert attempts.again(formatdate(START + 7, usegmt=True))  # now in the past
    assert passing.slept == [7.0, 0.0]


@pytest.mark.parametrize("text", ["soon", "", "-5", "1.5", "٣", "Mon, 99 Foo 2026", "9" * 400])
def test_a_wish_that_is_none_is_passed_over_or_too_long(passing, text):
    attempts = Attempts(1, 30, passing.pace(lambda low, high: low))
    assert attempts.again(text) == (text != "9" * 400)
    assert sum(passing.slept) == 0


def test_a_wish_beyond_the_time_that_is_left_ends_the_attempts_at_once(passing):
    attempts = Attempts(3, 30, passing.pace())
    assert not attempts.again("3600")
    assert passing.slept == []
    assert attempts.note == (
        "the server asks to wait 1h, and 30.0 s are left: try again then, or pass a larger timeout_seconds"
    )


# On a server.


@pytest.fixture
def transport(faulty, passing):
    transport = Transport(faulty.url, timeout_seconds=20, pace=Pace(sleep=passing.sleep))
    yield transport
    transport.close()


def after(faulty, n, trouble, body=OK):
    """Let the first n requests come to trouble, the others to an answer."""

    def behave(handler):
        if len(faulty.requests) <= n:
            trouble(handler)
        else:
            faulty.answer(handler, 200, body)

    faulty.behave = behave


def reset(handler):
    """Break the connection with a TCP reset, as a load balancer does."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection._real_close()
    handler.close_connection = True


def hang_up(handler):
    handler.close_connection = True


def break_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(OK)
    handler.close_connection = True


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", BUSY])
def test_an_answer_that_may_be_over_soon_is_asked_for_again(transport, faulty, passing, method, status, body):
    after(faulty, 3, lambda handler: faulty.answer(handler, status, body))
    assert transport.call("api/v1/query", {"query": "up"}, method=method).data == ["up"]
    assert [(one.command, one.form) for one in faulty.requests] == [(method, {"query": "up"})] * 4
    assert len(passing.slept) == 3


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("trouble", [reset, hang_up, break_off])
def test_a_connection_that_breaks_is_made_again(transport, faulty, method, trouble):
    after(faulty, 2, trouble)
    assert transport.call("api/v1/query", {"query": "up"}, method=method).data == ["up"]
    assert len(faulty.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 500, 501])
def test_other_answers_are_final(transport, faulty, status):
    faulty.behave = lambda handler: faulty.answer(handler, status, b"no")
    with pytest.raises(ServerUnavailable, match=rf"HTTP {status}\b"):
        transport.call("api/v1/labels")
    assert len(faulty.requests) == 1


@pytest.mark.parametrize("kind", ["timeout", "canceled"])
def test_a_query_that_was_too_heavy_is_not_asked_for_again(transport, faulty, kind):
    body = b'{"status":"error","errorType":"%s","error":"query timed out"}' % kind.encode()
    faulty.behave = lambda handler: faulty.answer(handler, 503, body)
    with pytest.raises(QueryError, match=f"^{kind}: query timed out"):
        transport.call("api/v1/query", {"query": "up"}, method="POST")
    assert len(faulty.requests) == 1


def test_the_attempts_are_bounded_and_told(transport, faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 503, b"")
    with pytest.raises(ServerUnavailable, match=r"HTTP 503 with an empty body; .*a little later; asked 4 times$"):
        transport.call("api/v1/labels")
    assert len(faulty.requests) == 4
    faulty.behave = lambda handler: faulty.answer(handler, 429, BUSY)
    with pytest.raises(QueryError, match=r"^too_many_requests: the rate limit was reached; asked 4 times\n"):
        transport.call("api/v1/labels")
    faulty.behave = hang_up
    with pytest.raises(ServerUnavailable, match=r"the connection failed .*; asked 4 times$"):
        transport.call("api/v1/labels")


def test_a_server_is_asked_once_where_that_is_wanted(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 503, b"")
    transport = Transport(faulty.url, retries=0)
    with pytest.raises(ServerUnavailable, match=r"a little later$"):
        transport.call("api/v1/labels")
    assert len(faulty.requests) == 1
    transport.close()


def test_a_server_is_given_the_time_that_it_asks_for(transport, faulty, passing):
    after(faulty, 1, lambda handler: faulty.answer(handler, 429, b"", Retry_After="3"))
    assert transport.call("api/v1/labels").data == ["up"]
    assert 3 <= passing.slept[0] <= 3.25


def test_a_server_that_asks_for_too_much_time_is_told_of_at_once(transport, faulty, passing):
    faulty.behave = lambda handler: faulty.answer(handler, 429, b"", Retry_After="90")
    with pytest.raises(
        ServerUnavailable,
        match=r"HTTP 429: too many requests; .*the server asks to wait 1m30s, and (19\.\d|20\.0) s are left: try again then",
    ):
        transport.call("api/v1/labels")
    assert (len(faulty.requests), passing.slept) == (1, [])


def test_the_last_wish_of_a_server_is_told(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 429, BUSY, Retry_After="5")
    transport = Transport(faulty.url, retries=0)
    with pytest.raises(QueryError, match="rate limit was reached; the server asks to wait 5s: try again then"):
        transport.call("api/v1/labels")
    transport.close()


def test_nothing_listening_on_this_machine_is_final(passing):
    transport = Transport("http://127.0.0.1:1", pace=passing.pace())
    with pytest.raises(ServerUnavailable, match="nothing listens there"):
        transport.call("api/v1/labels")
    assert passing.slept == []
    transport.close()


def test_nothing_listening_elsewhere_may_be_a_server_that_starts_anew(passing, monkeypatch):
    monkeypatch.setattr("monitorkit.query.connection.retries.is_loopback", lambda url: False)
    transport = Transport("http://127.0.0.1:1", pace=passing.pace())
    with pytest.raises(ServerUnavailable, match=r"nothing listens there .*; asked 4 times"):
        transport.call("api/v1/labels")
    assert passing.slept == [0.25, 0.5, 1.0]
    transport.close()


def test_what_the_server_is_is_asked_again_as_well(transport, faulty):
    build = b'{"status":"success","data":{"version":"3.5.3","goVersion":"go1"}}'
    after(faulty, 1, hang_up, build)
    assert transport.engine().version == "3.5.3"


def test_an_interrupt_ends_a_pause(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 503, b"", Retry_After="60")
    transport = Transport(faulty.url, timeout_seconds=100)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        transport.call("api/v1/labels")
    timer.join()
    assert len(faulty.requests) == 1
    transport.close()
