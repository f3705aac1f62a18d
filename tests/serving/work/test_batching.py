"""How requests that wait leave together: the settings, and what a server does with them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.processes import wait_until
from monitorkit.serving import Batching
from monitorkit.serving.work.batching import checked_batching


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_size": 0}, InvalidValue, "max_size: 0 must be at least one row"),
        ({"max_size": True}, InvalidType, "max_size: True is no whole number of rows"),
        ({"max_size": 2.0}, InvalidType, "max_size: 2.0 is no whole number of rows"),
        ({"max_size": "32"}, InvalidType, "max_size: '32' is no whole number of rows"),
        ({"max_wait": "soon"}, InvalidValue, "max_wait: 'soon' is no duration"),
        ({"max_wait": -1}, InvalidValue, "max_wait: -1 must be finite and not negative"),
        ({"max_wait": None}, InvalidType, "max_wait: None is no duration"),
        ({"max_wait": "61s"}, InvalidValue, "max_wait: '61s' is longer than 60 s"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        Batching(**options)


@pytest.mark.parametrize("wait", ["5ms", 0.005, timedelta(milliseconds=5)])
def test_a_wait_is_any_duration(wait):
    assert Batching(max_wait=wait).max_wait == wait


def test_true_and_false_are_the_default_and_none():
    assert checked_batching(True) == Batching()
    assert checked_batching(False) is False
    own = Batching(max_size=3)
    assert checked_batching(own) is own


@pytest.mark.parametrize("value", [None, 32, "yes", {"max_size": 3}])
def test_what_is_no_batching_is_refused(start, value):
    with pytest.raises(InvalidType, match=r"batching: .* is neither True, False nor monitorkit\.Batching"):
        start(batching=value)


class Gate:
    """A model that waits inside its first call, and remembers how many rows each call had."""

    def __init__(self):
        self.begun, self.release = threading.Event(), threading.Event()
        self.calls = []

    def predict(self, X):
        self.calls.append(len(X))
        self.begun.set()
        assert self.release.wait(20)
        return X[:, 0]


def ask_while_busy(server, gate, rows, counts):
    """Ask for a row while another is predicted, then let go; return the answers."""
    with ThreadPoolExecutor(len(rows) + 1) as pool:
        first = pool.submit(server.predict, [[-1.0]])
        assert gate.begun.wait(10)
        rest = [pool.submit(server.predict, [[float(row)]]) for row in rows]
        assert wait_until(lambda: counts("inference_queue_length") == len(rows), timeout_seconds=10)
        gate.release.set()
        assert first.result(10).predictions == [-1.0]
        return [future.result(10).predictions for future in rest]


def test_what_waits_leaves_together_by_default_and_is_measured(start, counts):
    gate = Gate()
    counts.server = server = start(gate)
    assert server.batching == Batching()
    assert ask_while_busy(server, gate, range(40), counts) == [[float(row)] for row in range(40)]
    assert gate.calls == [1, 32, 8]
    assert counts("inference_batch_size_count") == 3
    assert counts("inference_batch_size_sum") == 41
    assert counts("inference_batch_size_bucket", le="8.0") == 2
    assert counts.by_status == {"ok": 41}
    assert counts("inference_phase_duration_seconds_count", phase="queue") == 41
    assert counts("inference_queue_length") == 0


def test_a_model_told_not_to_batch_is_called_for_each_request(start, counts):
    gate = Gate()
    counts.server = server = start(gate, batching=False)
    assert server.batching is False
    assert ask_while_busy(server, gate, range(5), counts) == [[float(row)] for row in range(5)]
    assert gate.calls == [1] * 6


def test_it_is_set_while_the_server_runs(start, counts):
    gate = Gate()
    counts.server = server = start(gate, batching=False)
    server.batching = Batching(max_size=4)
    assert ask_while_busy(server, gate, range(6), counts) == [[float(row)] for row in range(6)]
    assert gate.calls == [1, 4, 2]
    with pytest.raises(InvalidType, match="batching: 4 is neither"):
        server.batching = 4
    assert server.batching == Batching(max_size=4)


def test_serving_again_sets_it_and_a_swap_leaves_it(start):
    server = start(batching=False, name="batching kept")
    server.swap(lambda X: X[:, 0], version="2")
    assert server.batching is False
    start(name="batching kept")
    assert server.batching == Batching()


def test_answers_are_those_of_the_rows_alone(start, counts, rng):
    weights = rng.integers(-9, 9, size=(5, 3)).astype(float)

    def model(X):
        return np.array(["red", "green", "blue"])[(X @ weights).argmax(axis=1)]

    counts.server = server = start(model)
    tables = [rng.integers(-9, 9, size=(rng.integers(1, 6), 5)).astype(float) for _ in range(60)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(server.predict, tables))
    assert [answer.predictions for answer in answers] == [model(X).tolist() for X in tables]
    assert len({name for answer in answers for name in answer.ids}) == sum(map(len, tables))
    assert counts("inference_batch_size_sum") == sum(map(len, tables))
    assert sum(counts("model_predictions_total", class_name=name) or 0 for name in ("red", "green", "blue")) == sum(
        map(len, tables)
    )


def test_only_the_guilty_request_of_a_batch_fails(start, counts, post):
    gate = Gate()

    def model(X):
        gate.predict(X)
        if (X == 13).any():
            raise ValueError("unlucky")
        return X[:, 0]

    counts.server = server = start(model)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(server.predict, [[-1.0]])
        assert gate.begun.wait(10)
        rest = [pool.submit(post, {"instances": [[row]]}, to=server) for row in (11, 12, 13, 14)]
        assert wait_until(lambda: counts("inference_queue_length") == 4, timeout_seconds=10)
        gate.release.set()
        first.result(10)
        answers = [future.result(10) for future in rest]
    assert [answer.status_code for answer in answers] == [200, 200, 500, 200]
    assert answers[2].json()["detail"] == "the model raised ValueError: unlucky"
    assert counts.by_status == {"ok": 4, "server_error": 1}
    assert gate.calls == [1, 4, 1, 1, 1, 1]


def test_a_client_that_may_come_again_is_told_when(start, counts, post):
    from monitorkit.serving import Limits

    gate = Gate()
    counts.server = server = start(gate, limits=Limits(queue_length=1))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(server.predict, [[1.0]])
        assert gate.begun.wait(10)
        second = pool.submit(server.predict, [[2.0]])
        assert wait_until(lambda: counts("inference_queue_length") == 1, timeout_seconds=10)
        answer = post({"instances": [[3]]}, to=server)
        gate.release.set()
        assert [first.result(10).predictions, second.result(10).predictions] == [[1.0], [2.0]]
    assert (answer.status_code, answer.json()["error"]) == (503, "queue_full")
    assert int(answer.headers["retry-after"]) >= 1
    assert counts.by_status == {"ok": 2, "shed": 1}
