"""The life of a model server: start, swap, stop, and what must not be left behind."""

import importlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from monitorkit import ports, running
from monitorkit.errors import InvalidType, InvalidValue, ServiceError
from monitorkit.processes import wait_until
from monitorkit.serving import Limits
from monitorkit.serving import server as server_module

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


def test_an_argument_that_is_none_is_told_with_the_one_that_was_meant(start):
    server = start()
    with pytest.raises(InvalidType, match="serve: there is no argument 'versions'; did you mean 'version'"):
        start(versions="2")
    with pytest.raises(InvalidType, match="there is no argument 'exampel'; did you mean 'example'"):
        server.swap(lambda X: X[:, 0], exampel=[1.0])
    with pytest.raises(InvalidType, match="there is no argument 'port'; there are classes, drift, "):
        server.canary(lambda X: X[:, 0], version="2", port=1)


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
