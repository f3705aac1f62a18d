"""The life of a model server: start, swap, stop, and what must not be left behind."""

import gc
import importlib
import socket
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import requests
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

import monitorkit as mk
from monitorkit import ports, running
from monitorkit.errors import InvalidType, InvalidValue, ServiceError
from monitorkit.processes import wait_until
from monitorkit.serving import Limits, serve
from monitorkit.serving import server as server_module

DESCRIPTORS = Path("/proc/self/fd")
ROWS = [[2.0, 1.0], [1.0, 2.0]]


def first(X):
    return X[:, 0].astype(int)


def ok(server, version="1"):
    labels = {"model_name": server.name, "model_version": version, "status": "ok"}
    return server.registry.get_sample_value("inference_requests_total", labels)


def threads_of(name):
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(f"{name}:")]


def test_the_same_name_is_the_same_server(start):
    server = start(name="again")
    place = (server.url, server.metrics_url)
    server.predict(ROWS)
    again = start(name="again")
    assert again is server
    assert (again.url, again.metrics_url) == place
    again.predict(ROWS)
    assert ok(again) == 2
    assert len(threads_of("again")) == 3


def test_another_model_under_a_name_takes_over_in_place(start):
    server = start(name="taken over")
    assert server.predict(ROWS).predictions == [1, 0]
    start(first, name="taken over")
    assert server.predict(ROWS).predictions == [2, 1]
    assert server.model is first
    assert ok(server) == 2


def test_a_new_version_has_series_of_its_own(start):
    server = start(name="versions")
    server.predict(ROWS)
    start(first, name="versions", version="2")
    assert server.version == "2"
    answer = server.predict(ROWS)
    assert answer.model_version == "2"
    assert (ok(server, "1"), ok(server, "2")) == (1, 1)


def test_a_swap_loses_no_request(start):
    server = start(name="swapped")
    stop = threading.Event()
    codes, versions = [], set()

    def client():
        with requests.Session() as session:
            session.trust_env = False
            while not stop.is_set():
                answer = session.post(server.url + "/predict", json={"instances": ROWS}, timeout=20)
                codes.append(answer.status_code)
                versions.add(answer.json()["model_version"])

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client) for _ in range(4)]
        for number in range(2, 12):
            count = len(codes)
            server.swap(first, version=str(number))
            assert wait_until(lambda count=count: len(codes) > count + 8, timeout_seconds=20)
        stop.set()
        for future in clients:
            future.result(20)
    assert set(codes) == {200}
    assert versions >= {str(number) for number in range(2, 12)}
    assert sum(ok(server, str(number)) for number in range(1, 12)) == len(codes)


def test_a_swap_that_is_refused_leaves_the_model(start):
    server = start(name="kept")
    with pytest.raises(InvalidType, match="cannot be called"):
        server.swap(3)
    with pytest.raises(InvalidValue, match="positive_class: 7 is none of the model's classes"):
        server.swap(first, classes=[0, 1], positive_class=7)
    assert server.predict(ROWS).predictions == [1, 0]


def test_limits_and_window_can_be_changed_by_serving_again(start):
    server = start(name="limited")
    start(name="limited", limits=Limits(body_bytes=20), window=1)
    with pytest.raises(InvalidValue, match="the body is longer than 20 bytes"):
        server.predict(ROWS)


def test_a_server_that_runs_is_not_moved(start):
    server = start(name="settled")
    port = int(server.url.rpartition(":")[2])
    assert start(name="settled", port=port) is server
    assert start(name="settled", port=0) is server
    with pytest.raises(InvalidValue, match=f"port: 'settled' runs already, with port {port}; stop it first"):
        start(name="settled", port=port + 1)
    with pytest.raises(InvalidValue, match=r"host: 'settled' runs already, with host 127\.0\.0\.1"):
        start(name="settled", host="0.0.0.0")


def test_a_taken_port_is_a_clear_error_and_leaves_nothing(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=f"port {port} on 127.0.0.1: .*in use; name another port"):
            start(name="nowhere", port=port)
        with pytest.raises(ServiceError, match=f"port {port} on 127.0.0.1"):
            start(name="nowhere", metrics_port=port)
    assert threads_of("nowhere") == []
    assert running.find("model server", "nowhere") is None


def test_a_name_keeps_its_ports(start):
    server = start(name="homing")
    place = (server.url, server.metrics_url)
    server.stop()
    assert start(name="homing") is not server
    again = start(name="homing")
    assert (again.url, again.metrics_url) == place


def test_stopping_frees_ports_and_threads(start):
    server = start(name="leaving")
    port, metrics_port = (int(url.rpartition(":")[2].split("/")[0]) for url in (server.url, server.metrics_url))
    server.predict(ROWS)
    server.stop()
    assert not server.alive
    assert threads_of("leaving") == []
    assert ports.is_free("127.0.0.1", port)
    assert ports.is_free("127.0.0.1", metrics_port)
    assert running.find("model server", "leaving") is None
    assert ok(server) == 1
    server.stop()
    with pytest.raises(ServiceError, match="leaving: has been stopped; start it again"):
        server.predict(ROWS)


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


def test_it_is_a_context_manager():
    with serve(first, name="for a while") as server:
        assert server.alive
        assert mk.status().query("kind == 'model server' and name == 'for a while'").state.to_list() == ["running"]
    assert not server.alive


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


def test_two_threads_that_start_the_same_name_get_the_same_server(start):
    with ThreadPoolExecutor(8) as pool:
        servers = list(pool.map(lambda _: start(name="raced"), range(8)))
    assert len(set(map(id, servers))) == 1
    assert len(threads_of("raced")) == 3


def test_a_reloaded_module_finds_the_running_server(start):
    server = start(name="reloaded")
    reloaded = importlib.reload(server_module)
    again = reloaded.serve(first, name="reloaded")
    assert again is server
    assert again.predict(ROWS).predictions == [2, 1]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (first, "first"),
        (lambda X: X[:, 0], "model"),
        (LogisticRegression().fit([[0.0], [1.0]], [0, 1]), "LogisticRegression"),
    ],
)
def test_the_name_comes_from_the_model(model, expected):
    with serve(model) as server:
        assert server.name == expected


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"name": ""}, InvalidValue, "name: '' must be 1 to 128 printable characters"),
        ({"name": "a\nb"}, InvalidValue, "must be 1 to 128 printable characters"),
        ({"name": 3}, InvalidType, "name: 3 is no text"),
        ({"version": 2}, InvalidType, "version: 2 is no text"),
        ({"window": 0}, InvalidValue, "window: 0 must be at least one prediction"),
        ({"window": 1.5}, InvalidType, "window: 1.5 is no whole number"),
        ({"limits": {}}, InvalidType, "limits: {} is no Limits"),
        ({"positive_class": []}, InvalidType, r"positive_class: \[\] is no class"),
        ({"classes": "cat"}, InvalidType, "classes: 'cat' is no list of classes"),
        ({"classes": 3}, InvalidType, "classes: 3 is no list of classes"),
        ({"host": None}, InvalidType, "host: None is no text"),
        ({"port": "8000"}, InvalidType, "port: '8000' is no whole number"),
        ({"port": 99999}, ServiceError, "port 99999 on 127.0.0.1"),
        ({"host": "192.0.2.1"}, ServiceError, "on 192.0.2.1"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused(start, options, error, message):
    with pytest.raises(error, match=message):
        start(**options)


def test_scores_are_those_of_scikit_learn_for_real_digits(start):
    X, y = load_digits(return_X_y=True)
    model = LogisticRegression(max_iter=300, C=1e-3).fit(X[:500] / 16, y[:500])
    server = start(model, window=800)
    for begin in range(500, len(X), 100):
        server.feedback(server.predict(X[begin : begin + 100] / 16), y[begin : begin + 100])
    y_true, y_pred = y[-800:], model.predict(X[-800:] / 16)
    options = {"average": "macro", "zero_division": 0}
    expected = {
        "model_accuracy": accuracy_score(y_true, y_pred),
        "model_recall": recall_score(y_true, y_pred, **options),
        "model_precision": precision_score(y_true, y_pred, **options),
        "model_f1": f1_score(y_true, y_pred, **options),
    }
    labels = {"model_name": server.name, "model_version": "1"}
    assert {name: server.registry.get_sample_value(name, labels) for name in expected} == expected
    assert 0.1 < expected["model_accuracy"] < 0.99


def test_scores_of_two_classes_are_those_of_the_greater_or_the_chosen_one(start):
    X, y = load_breast_cancer(return_X_y=True)
    texts = np.array(["benign", "malignant"])[1 - y]
    model = LogisticRegression(max_iter=20_000, C=1e-6).fit(X, texts)
    for positive, chosen in (("malignant", None), ("benign", "benign")):
        server = start(model, name=positive, positive_class=chosen)
        server.feedback(server.predict(X), texts)
        expected = recall_score(texts, model.predict(X), pos_label=positive)
        labels = {"model_name": positive, "model_version": "1"}
        assert server.registry.get_sample_value("model_recall", labels) == expected
        assert 0 < expected < 1


def test_what_the_process_exports_is_there_too(start):
    text = requests.get(start().metrics_url, timeout=10).text
    assert "process_resident_memory_bytes" in text
    assert "python_info" in text


def test_it_shows_where_it_is_and_escapes_what_comes_from_outside(start):
    server = start(name="<img src=x>", version="<2>")
    assert repr(server) == f"ModelServer('<img src=x>', version='<2>', url='{server.url}', running)"
    html = server._repr_html_()
    assert "&lt;img src=x&gt;" in html
    assert "<img" not in html
    assert server.url in html
    assert server.metrics_url in html
    assert "start_prometheus(targets=[server])" in html
    server.stop()
    assert "mk.serve(model, name=&#x27;&lt;img src=x&gt;&#x27;)" in server._repr_html_()


def test_addresses_of_all_interfaces_are_written_as_this_machine(start):
    server = start(host="0.0.0.0")
    assert server.url.startswith("http://127.0.0.1:")
    assert server.predict(ROWS).predictions == [1, 0]


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_addresses_of_version_six_are_bracketed(start):
    try:
        server = start(host="::1")
    except ServiceError:
        pytest.skip("no IPv6 here")
    assert server.url.startswith("http://[::1]:")
    assert server.predict(ROWS).predictions == [1, 0]
    assert requests.get(server.metrics_url, timeout=10).status_code == 200


def run(program, **options):
    program = textwrap.dedent(program)
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_a_process_that_never_stops_its_server_ends_all_the_same():
    done = run("""
        import monitorkit as mk
        server = mk.serve(lambda X: X[:, 0], name="left")
        print(server.predict([[1.0]]).predictions)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[1.0]\n", "")


def test_a_forked_child_has_no_server_and_does_not_keep_its_port():
    done = run("""
        import os, signal, time
        import monitorkit as mk
        from monitorkit import ports, running
        server = mk.serve(lambda X: X[:, 0], name="forked")
        port = int(server.url.rpartition(":")[2])
        child = os.fork()
        if not child:
            alive = server.alive or running.find("model server", "forked")
            server.stop()
            if alive:
                os._exit(1)
            signal.pause()
        print(server.predict([[1.0]]).predictions)
        server.stop()
        print(ports.is_free("127.0.0.1", port))
        print(os.waitpid(child, os.WNOHANG))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[1.0]\nTrue\n(0, 0)\n", "")


def test_serving_changes_nothing_global():
    done = run("""
        import asyncio, logging, warnings
        before = (logging.root.handlers[:], logging.getLogger("uvicorn").handlers[:], type(asyncio.get_event_loop_policy()))
        import monitorkit as mk
        with mk.serve(lambda X: X[:, 0]) as server:
            server.predict([[1.0]])
        after = (logging.root.handlers, logging.getLogger("uvicorn").handlers, type(asyncio.get_event_loop_policy()))
        print(before == after, logging.getLogger("uvicorn.access").propagate, logging.getLogger("uvicorn.error").level)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True True 0\n", "")


def test_a_stopped_server_is_not_held_in_memory():
    server = serve(first, name="forgotten")
    server.predict(ROWS)
    kept = weakref.ref(server)
    server.stop()
    del server
    gc.collect()
    assert kept() is None


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="no /proc here")
def test_a_stopped_server_leaves_no_descriptor_open():
    serve(first, name="once").stop()
    before = len(list(DESCRIPTORS.iterdir()))
    with serve(first, name="twice") as server:
        server.predict(ROWS)
    assert len(list(DESCRIPTORS.iterdir())) <= before
