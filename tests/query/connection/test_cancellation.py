import threading

import pytest

from monitorkit.errors import ServerUnavailable
from monitorkit.processes import wait_until
from monitorkit.query.connection.cancellation import Cancellation, Cancelled, pause
from monitorkit.query.connection.transport import Transport

WAIT = 30
PROMPT = 10  # far from the timeout, and far from what a loaded machine may take
EMPTY = b'{"status":"success","data":[]}'


def in_thread(cancellation, call):
    """Run a call in a watched thread; return the thread and a list for its outcome."""
    outcome = []

    def run():
        with cancellation.watched():
            try:
                outcome.append(call())
            except (Cancelled, ServerUnavailable) as error:
                outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def stalled(faulty, sent):
    """Let the server send so much and then nothing."""

    def behave(handler):
        if handler.path.startswith("/api/v1/quick"):
            faulty.answer(handler, 200, EMPTY)
            return
        handler.wfile.write(sent)
        handler.wfile.flush()
        faulty.released.wait(WAIT)

    faulty.behave = behave


@pytest.mark.parametrize(
    "sent",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"],
    ids=["nothing", "head", "body"],
)
def test_a_request_ends_wherever_it_is(faulty, sent):
    stalled(faulty, sent)
    cancellation = Cancellation()
    transport = Transport(faulty.url, timeout_seconds=WAIT)
    thread, outcome = in_thread(cancellation, lambda: transport.call("api/v1/stalled"))
    assert wait_until(lambda: faulty.requests, timeout_seconds=WAIT)
    cancellation.cancel()
    thread.join(PROMPT)
    assert not thread.is_alive()
    assert isinstance(outcome[0], (Cancelled, ServerUnavailable))
    assert len(faulty.requests) == 1
    assert transport.call("api/v1/quick").data == []
    transport.close()


def test_requests_of_others_go_on(faulty):
    stalled(faulty, b"")
    transport = Transport(faulty.url, timeout_seconds=WAIT)
    ended, kept = Cancellation(), Cancellation()
    first, outcome = in_thread(ended, lambda: transport.call("api/v1/stalled"))
    second, other = in_thread(kept, lambda: transport.call("api/v1/stalled"))
    assert wait_until(lambda: len(faulty.requests) == 2, timeout_seconds=WAIT)
    ended.cancel()
    first.join(PROMPT)
    assert outcome
    assert not other
    kept.cancel()
    second.join(PROMPT)
    assert other
    transport.close()


def test_a_connection_that_another_thread_took_over_stays(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 200, EMPTY)
    transport = Transport(faulty.url, timeout_seconds=WAIT)
    done = Cancellation()
    thread, _ = in_thread(done, lambda: transport.call("api/v1/quick"))
    thread.join(WAIT)
    transport.call("api/v1/quick")
    done.cancel()
    transport.call("api/v1/quick")
    assert len({request.client_address for request in faulty.requests}) == 1
    transport.close()


def test_nothing_is_asked_once_it_is_cancelled(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 200, EMPTY)
    transport = Transport(faulty.url)
    cancellation = Cancellation()
    cancellation.cancel()
    thread, outcome = in_thread(cancellation, lambda: transport.call("api/v1/quick"))
    thread.join(WAIT)
    assert isinstance(outcome[0], Cancelled)
    assert faulty.requests == []
    transport.close()


def test_a_pause_ends_with_the_rest():
    cancellation = Cancellation()
    thread, outcome = in_thread(cancellation, lambda: pause(WAIT))
    cancellation.cancel()
    thread.join(PROMPT)
    assert isinstance(outcome[0], Cancelled)


def test_a_pause_elsewhere_is_one():
    assert pause(0) is None
    thread, outcome = in_thread(Cancellation(), lambda: pause(0.001))
    thread.join(WAIT)
    assert outcome == [None]
