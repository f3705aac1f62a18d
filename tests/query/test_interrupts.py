"""Interrupts, as a person gives them: to the main thread, while other threads wait for a server."""

import os
import signal
import socket
import sys
import threading
import time

import pytest
import requests

from monitorkit.errors import QueryError, ServerUnavailable
from monitorkit.processes import run, wait_until
from monitorkit.query import PrometheusClient
from monitorkit.query.connection.transport import THREADS_ON_LOOPBACK

WAIT = 30
PROMPT = 10  # far from the timeout, and far from what a loaded machine may take
EMPTY = b'{"status":"success","data":{"resultType":"matrix","result":[]}}'
VECTOR = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
LONG = {"start": 0, "end": 100_000_000, "step": 1000}
N_PIECES = 10
AT_ONCE = THREADS_ON_LOOPBACK


def no_threads():
    return not [thread for thread in threading.enumerate() if thread.name.startswith("monitorkit-query")]


def stall(faulty, act, head=b""):
    """Answer nothing to range queries once so many are there as come at once; then call `act`."""
    here = []
    hung_up = []

    def behave(handler):
        if not handler.path.endswith("query_range"):
            faulty.answer(handler, 200, b"{}" if "build" in handler.path else VECTOR)
            return
        if head:
            handler.wfile.write(head)
            handler.wfile.flush()
        here.append(handler)
        if len(here) == AT_ONCE:
            act()
        if handler.connection.recv(1) == b"":
            hung_up.append(handler)

    faulty.behave = behave
    return here, hung_up


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{"], ids=["waiting", "reading"])
def test_an_interrupt_ends_all_pieces_and_the_next_query_works(faulty, head):
    here, hung_up = stall(faulty, lambda: os.kill(os.getpid(), signal.SIGINT), head)
    with PrometheusClient(faulty.url, timeout_seconds=WAIT) as client:
        for _ in range(2):
            before = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                client.query_range("up", **LONG)
            assert time.monotonic() - before < PROMPT
            assert wait_until(no_threads, timeout_seconds=PROMPT)
            assert wait_until(lambda: len(hung_up) == AT_ONCE, timeout_seconds=PROMPT)
            assert client.query("up").empty
            assert len(here) == AT_ONCE
            here.clear()
            hung_up.clear()


def test_an_interrupt_ends_the_pieces_of_raw_samples(faulty):
    asked = []

    def behave(handler):
        if "build" in handler.path:
            faulty.answer(handler, 200, b"{}")
        elif not asked:
            asked.append(handler)
            faulty.answer(handler, 200, EMPTY)
        else:
            asked.append(handler)
            if len(asked) == 1 + AT_ONCE:
                os.kill(os.getpid(), signal.SIGINT)
            handler.connection.recv(1)

    faulty.behave = behave
    with PrometheusClient(faulty.url, timeout_seconds=WAIT) as client:
        with pytest.raises(KeyboardInterrupt):
            client.samples("up", last="30d")
        assert wait_until(no_threads, timeout_seconds=PROMPT)


def test_one_piece_that_is_refused_ends_the_others_at_once(faulty):
    def behave(handler):
        if not handler.path.endswith("query_range"):
            faulty.answer(handler, 200, b"{}")
        elif handler.form["start"] == "10000000.000":
            faulty.answer(handler, 422, b'{"status":"error","errorType":"execution","error":"many-to-many"}')
        else:
            handler.connection.recv(1)

    faulty.behave = behave
    with PrometheusClient(faulty.url, timeout_seconds=WAIT) as client:
        before = time.monotonic()
        with pytest.raises(QueryError, match="execution: many-to-many"):
            client.query_range("up", **LONG)
        assert time.monotonic() - before < PROMPT
        assert wait_until(no_threads, timeout_seconds=PROMPT)


def test_a_server_that_ends_in_the_middle_is_one_error(faulty):
    n_answered = 0

    def behave(handler):
        nonlocal n_answered
        if not handler.path.endswith("query_range"):
            faulty.answer(handler, 200, b"{}")
        elif n_answered < 5:
            n_answered += 1
            faulty.answer(handler, 200, EMPTY)
        else:
            handler.connection.shutdown(socket.SHUT_RDWR)

    faulty.behave = behave
    with PrometheusClient(faulty.url, retries=0) as client:
        with pytest.raises(ServerUnavailable, match=r"broke off|connection"):
            client.query_range("up", **LONG)
        assert wait_until(no_threads, timeout_seconds=PROMPT)


def test_a_session_of_the_caller_is_used_by_the_calling_thread_alone(faulty):
    threads = set()

    class Session(requests.Session):
        def send(self, *args, **kwargs):
            threads.add(threading.current_thread())
            return super().send(*args, **kwargs)

    faulty.behave = lambda handler: faulty.answer(handler, 200, b"{}" if "build" in handler.path else EMPTY)
    with Session() as http, PrometheusClient(faulty.url, session=http) as client:
        assert client.query_range("up", **LONG).empty
        assert client.samples("up", last="30d").empty
    assert threads == {threading.current_thread()}
    assert len([request for request in faulty.requests if request.path.endswith("query_range")]) == N_PIECES


def test_a_query_in_another_thread_does_not_keep_the_interpreter_from_ending(faulty):
    here, _ = stall(faulty, lambda: None)
    code = f"""
import threading, time
from monitorkit.query import PrometheusClient
client = PrometheusClient({faulty.url!r}, timeout_seconds={WAIT})
threading.Thread(target=client.query_range, args=("up",), kwargs={LONG}, daemon=True).start()
while threading.active_count() < 2 + {AT_ONCE}:
    time.sleep(0.01)
"""
    done = run([sys.executable, "-c", code], timeout_seconds=WAIT / 2)
    assert done.returncode == 0, done.output
    assert len(here) <= AT_ONCE
