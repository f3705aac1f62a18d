"""The event loop of a server in its thread: how it starts, and how it ends."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from monitorkit import running
from monitorkit.errors import ServiceError
from monitorkit.processes import wait_until

ROWS = [[2.0, 1.0], [1.0, 2.0]]


def first(X):
    return X[:, 0].astype(int)


def ok(server, version="1"):
    labels = {"model_name": server.name, "model_version": version, "status": "ok"}
    return server.registry.get_sample_value("inference_requests_total", labels)


def threads_of(name):
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(f"{name}:")]


def test_stopping_answers_what_is_in_flight(start):
    working, release = threading.Event(), threading.Event()

    def slow(X):
        working.set()
        release.wait(20)
        return first(X)

    server = start(slow)
    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(server.predict, ROWS)
        assert working.wait(10)
        stopping = pool.submit(server.stop)
        assert wait_until(lambda: not server.alive, timeout_seconds=10)
        release.set()
        assert answer.result(10).predictions == [2, 1]
        stopping.result(10)
    assert ok(server) == 1


def test_a_model_that_hangs_does_not_hold_up_the_stop(start, monkeypatch):
    monkeypatch.setattr("monitorkit.serving.http.listener.DRAIN_SECONDS", 1)
    working, release = threading.Event(), threading.Event()

    def hanging(X):
        working.set()
        release.wait(60)
        return first(X)

    server = start(hanging)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.predict, ROWS)
        assert working.wait(10)
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 5
        with pytest.raises(ServiceError, match="the server is stopping"):
            answer.result(10)
    release.set()
    labels = {"model_name": server.name, "model_version": "1", "status": "server_error"}
    assert server.registry.get_sample_value("inference_requests_total", labels) == 1
    assert wait_until(lambda: not threads_of(server.name), timeout_seconds=10)


def test_a_start_that_is_interrupted_leaves_nothing(start, monkeypatch):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("monitorkit.serving.http.listener.wait_until", interrupted)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        start(name="interrupted")
    assert wait_until(lambda: not threads_of("interrupted"), timeout_seconds=10)
    assert running.find("model server", "interrupted") is None
    monkeypatch.undo()
    assert start(name="interrupted").predict(ROWS).predictions == [1, 0]


def test_a_start_that_fails_is_a_clear_error(start, monkeypatch):
    monkeypatch.setattr("monitorkit.serving.http.listener.Listener._run", lambda self: None)
    with pytest.raises(ServiceError, match="its event loop did not start"):
        start(name="stillborn")
    assert wait_until(lambda: not threads_of("stillborn"), timeout_seconds=10)
