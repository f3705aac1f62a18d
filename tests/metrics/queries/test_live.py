"""The queries on a server that has just been started: its very first labels count, exactly."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sklearn.datasets import load_diabetes, load_digits, make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    mean_absolute_error,
    precision_score,
    r2_score,
    recall_score,
    root_mean_squared_error,
)

from monitorkit.metrics import queries
from monitorkit.processes import wait_until
from monitorkit.services import start_prometheus
from monitorkit.serving import Batching, serve

N_TRAINED = 200


@pytest.fixture(scope="module")
def lived():
    """Prometheus, and for each model the data that it was asked about, its predictions and itself."""
    models = {
        "live digits": (LogisticRegression(max_iter=300, C=1e-4), load_digits(return_X_y=True)),
        "live diabetes": (LinearRegression(), load_diabetes(return_X_y=True)),
        "live topics": (
            RandomForestClassifier(10, max_depth=3, random_state=0),
            make_multilabel_classification(300, n_classes=4, random_state=1),
        ),
    }
    servers = {
        name: serve(model.fit(*(part[:N_TRAINED] for part in data)), name=name, window=5000)
        for name, (model, data) in models.items()
    }
    known = {}
    try:
        with start_prometheus(targets=list(servers.values()), name="live queries") as prom:
            for name, server in servers.items():
                X, y = (part[N_TRAINED:] for part in models[name][1])
                answer = server.predict(X)
                server.feedback(answer, y)
                known[name] = (X, y, answer.predictions, models[name][0])
            prom.await_scrape()
            yield prom, known
    finally:
        for server in servers.values():
            server.stop()


@pytest.fixture
def the_value(lived):
    def the_value(query):
        (value,) = lived[0].query(query)["value"]
        return value

    return the_value


def near(number):
    return pytest.approx(number, rel=1e-9)


def test_a_classifier(lived, the_value):
    X, y, predicted, model = lived[1]["live digits"]
    assert the_value(queries.accuracy("live digits")) == near(accuracy_score(y, predicted))
    assert the_value(queries.recall("live digits")) == near(
        recall_score(y, predicted, average="macro", zero_division=0)
    )
    assert the_value(queries.brier("live digits")) == near(brier_score_loss(y, model.predict_proba(X)))
    assert the_value(queries.ece("live digits")) == near(the_value('model_calibration_error{model_name="live digits"}'))


def test_a_regressor(lived, the_value):
    _, y, predicted, _ = lived[1]["live diabetes"]
    assert the_value(queries.mae("live diabetes")) == near(mean_absolute_error(y, predicted))
    assert the_value(queries.rmse("live diabetes")) == near(root_mean_squared_error(y, predicted))
    assert the_value(queries.r2("live diabetes")) == near(r2_score(y, predicted))
    assert the_value("model_r2") == r2_score(y, predicted)


def test_a_multi_label_model(lived, the_value):
    _, y, predicted, _ = lived[1]["live topics"]
    assert the_value(queries.subset_accuracy("live topics")) == near(accuracy_score(y, predicted))
    assert the_value(queries.f1("live topics", average="micro")) == near(f1_score(y, predicted, average="micro"))
    assert the_value(queries.precision("live topics")) == near(
        precision_score(y, predicted, average="macro", zero_division=0)
    )


def test_requests(the_value, lived):
    assert the_value(queries.error_rate("live digits")) == 0.0
    assert the_value(queries.batch_size("live digits")) == near(len(lived[1]["live digits"][1]))
    assert the_value(queries.throughput("live digits", window="1m")) > 0
    assert set(lived[0].query(queries.phase_mean("live digits")).index.get_level_values("phase")) == {
        "queue",
        "preprocess",
        "predict",
        "postprocess",
    }


def test_batches_are_as_full_as_their_limit_says():
    def slow(X):
        begun.set()
        busy.wait(20)
        return X[:, 0]

    begun, busy = threading.Event(), threading.Event()
    with (
        serve(slow, name="batched", batching=Batching(max_size=4)) as server,
        start_prometheus(targets=[server], name="batches") as prom,
        ThreadPoolExecutor(9) as threads,
    ):
        first = threads.submit(server.predict, [[1.0]])
        # In flight it is before the model has it, and others could leave with it.
        assert begun.wait(20)
        others = [threads.submit(server.predict, [[1.0]]) for _ in range(8)]
        assert wait_until(lambda: gauge(server, "inference_queue_length") == 8, timeout_seconds=20)
        prom.await_scrape()
        busy.set()
        for one in (first, *others):
            one.result(20)
        prom.await_scrape()
        (fill,) = prom.query(queries.batch_fill("batched"))["value"]
        assert fill == near((1 + 4 + 4) / 3 / 4)
        server.batching = False
        assert gauge(server, "inference_batch_size_limit") == 1


def test_processor_time_of_a_request_is_that_of_its_process():
    def spinning(X):
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        return X[:, 0]

    with (
        serve(spinning, name="dear", process=True) as dear,
        serve(lambda X: X[:, 0], name="cheap", process=True) as cheap,
        start_prometheus(targets=[dear, cheap], name="processor time") as prom,
    ):
        dear.canary(spinning, version="2", share=0.5)
        for _ in range(20):
            for server in (dear, cheap):
                server.predict([[1.0]])
        prom.await_scrape()
        (seconds,) = prom.query(queries.cpu_per_request("dear"))["value"]
        assert 0.04 < seconds < 0.2
        (of_version,) = prom.query(queries.cpu_per_request("dear", where={"model_version": "2"}))["value"]
        assert of_version == pytest.approx(seconds, rel=0.2)
        assert len(prom.query(queries.cpu_per_request(["dear", "cheap"], by="instance"))) == 2


def gauge(server, name):
    return server.registry.get_sample_value(name, {"model_name": server.name, "model_version": "1"})
