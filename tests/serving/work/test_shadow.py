"""Shadows on servers that answer, in the kernel and in a process of their own."""

import threading
import time

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from monitorkit.errors import InvalidValue
from monitorkit.processes import wait_until
from monitorkit.serving import Batching, Limits

ROWS = [[2.0, 1.0], [1.0, 2.0]]


def tens(X):
    return (10 * X[:, 0]).astype(int)


def value(server, name, version="1", **labels):
    return server.registry.get_sample_value(name, {"model_name": server.name, "model_version": version, **labels})


def requests_of(server, version, status="ok"):
    return value(server, "inference_requests_total", version, status=status) or 0


def test_a_shadow_predicts_what_was_answered_and_nobody_sees_it(live):
    server = live()
    server.shadow(lambda X: X[:, 0].astype(int) + (X[:, 0] > 1), version="3")
    answers = [server.predict(ROWS) for _ in range(20)]
    assert {(answer.model_version, *answer.predictions) for answer in answers} == {("1", 2, 1)}
    assert wait_until(
        lambda: value(server, "inference_shadow_requests_total", "3", status="ok") == 20, timeout_seconds=20
    )
    assert requests_of(server, "3") == 0
    assert requests_of(server, "1") == 20
    assert value(server, "cpu_usage", "3") is None
    assert value(server, "model_predictions_total", "3", class_name="3") is None
    assert value(server, "shadow_model_predictions_total", "3", class_name="3") == 20
    assert value(server, "model_shadow_predictions_total", "3", result="same") == 20
    assert value(server, "model_shadow_predictions_total", "3", result="different") == 20
    for answer in answers:
        server.feedback(answer, [3, 1])
    assert value(server, "shadow_model_accuracy", "3") == 1
    assert value(server, "model_accuracy", "3") is None
    assert value(server, "model_accuracy", "1") == 0.5
    assert value(server, "model_feedback_total", "1", result="joined") == 40
    assert value(server, "shadow_inference_phase_duration_seconds_count", "3", phase="predict") == 20
    assert value(server, "inference_phase_duration_seconds_count", "1", phase="predict") == 20
    assert value(server, "inference_phase_duration_seconds_count", "3", phase="predict") is None
    assert value(server, "shadow_inference_request_duration_seconds_count", "3") is None
    assert "shadow '3' sees a copy" in repr(server)
    server.shadow(None)
    assert value(server, "shadow_model_accuracy", "3") is None
    assert value(server, "shadow_model_predictions_total", "3", class_name="3") == 20
    assert "shadow" not in repr(server)
    server.predict(ROWS)
    assert value(server, "inference_shadow_requests_total", "3", status="ok") == 20


def test_a_model_that_takes_other_columns_is_no_shadow(live):
    frame = pd.DataFrame({"a": [0.0, 1.0], "b": [1.0, 0.0]})
    server = live(LogisticRegression().fit(frame, [0, 1]))
    other = LogisticRegression().fit(frame.assign(c=1.0), [0, 1])
    with pytest.raises(InvalidValue, match="the shadow takes 3 columns, and the model that is served 2"):
        server.shadow(other, version="2")
    other = LogisticRegression().fit(frame.rename(columns={"b": "c"}), [0, 1])
    with pytest.raises(InvalidValue, match="the shadow has not the columns of the model that is served: b, c"):
        server.shadow(other, version="2")
    server.shadow(LogisticRegression().fit(frame[["b", "a"]], [0, 1]), version="2")


def test_a_slow_shadow_delays_nobody_and_what_it_misses_is_counted(start):
    release = threading.Event()

    def slow(X):
        release.wait(20)
        return X[:, 0].astype(int)

    server = start(tens, limits=Limits(queue_length=3))
    server.shadow(slow, version="2")
    begun = time.monotonic()
    for _ in range(20):
        server.predict(ROWS)
    assert time.monotonic() - begun < 10
    dropped = lambda: value(server, "inference_shadow_requests_total", "2", status="dropped")  # noqa: E731
    assert wait_until(lambda: dropped() > 0, timeout_seconds=10)
    release.set()
    ok = lambda: value(server, "inference_shadow_requests_total", "2", status="ok")  # noqa: E731
    assert wait_until(lambda: ok() + dropped() == 20, timeout_seconds=10)
    assert requests_of(server, "1") == 20


def test_labels_that_come_before_the_copy_is_predicted_wait_for_it(start):
    working, release = threading.Event(), threading.Event()

    def slow(X):
        working.set()
        release.wait(20)
        return X[:, 0].astype(int)

    server = start(tens)
    server.shadow(slow, version="2")
    answer = server.predict(ROWS)
    assert working.wait(10)
    assert server.feedback(answer, [2, 0])["joined"] == 2
    assert value(server, "shadow_model_accuracy", "2") is None
    release.set()
    assert wait_until(lambda: value(server, "shadow_model_accuracy", "2") == 0.5, timeout_seconds=10)
    shadow = server._application.shadow
    assert not shadow._early
    assert not shadow._under_way


def test_a_label_counts_once_for_a_shadow(start):
    server = start(tens)
    server.shadow(tens, version="2")
    answer = server.predict(ROWS)
    ok = lambda: value(server, "inference_shadow_requests_total", "2", status="ok")  # noqa: E731
    assert wait_until(lambda: ok() == 1, timeout_seconds=10)
    server.feedback(answer, [20, 10])
    assert server.feedback(answer, [0, 0])["duplicate"] == 2
    assert value(server, "shadow_model_accuracy", "2") == 1
    assert not server._application.shadow._predicted


def test_what_a_shadow_remembers_is_bounded(start):
    server = start(tens, limits=Limits(feedback_count=5))
    server.shadow(tens, version="2")
    for _ in range(10):
        server.predict(ROWS)
    ok = lambda: value(server, "inference_shadow_requests_total", "2", status="ok")  # noqa: E731
    assert wait_until(lambda: ok() == 10, timeout_seconds=10)
    assert len(server._application.shadow._predicted) == 5


def test_a_running_shadow_follows_a_change_of_batching(start):
    server = start(tens)
    server.shadow(tens, version="2")
    server.batching = Batching(max_size=7)
    assert server._application.shadow.batching == server.batching
    server.batching = False
    assert server._application.shadow.batching is False


def test_a_shadow_that_fails_is_counted_and_nobody_is_told(live):
    server = live()

    def broken(X):
        raise RuntimeError("not today")

    server.shadow(broken, version="2")
    assert server.predict(ROWS).predictions == [2, 1]
    assert wait_until(
        lambda: value(server, "inference_shadow_requests_total", "2", status="server_error") == 1, timeout_seconds=10
    )
    assert requests_of(server, "1") == 1


def test_a_shadow_with_other_classes_judges_only_its_own(start):
    server = start(tens)
    server.shadow(lambda X: ["a"] * len(X), version="2", classes=["a", "b"])
    answer = server.predict(ROWS)
    ok = lambda: value(server, "inference_shadow_requests_total", "2", status="ok")  # noqa: E731
    assert wait_until(lambda: ok() == 1, timeout_seconds=10)
    assert server.feedback(answer, [20, 10])["joined"] == 2
    assert value(server, "model_accuracy", "1") == 1
    assert value(server, "shadow_model_accuracy", "2") is None


def test_threads_of_shadows_end(start):
    server = start(tens, name="shadowed")
    for number in range(2, 5):
        server.shadow(tens, version=str(number))
    names = [thread.name for thread in threading.enumerate() if thread.name.startswith("shadowed: shadow")]
    assert len(names) == 1
    server.stop()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("shadowed:")]


def test_models_that_write_to_their_rows_do_not_spoil_the_shadows(start):
    def writing(X):
        result = X[:, 0].copy()
        X[:] = -1000
        return result.astype(int)

    server = start(writing)
    server.shadow(lambda X: X[:, 0].astype(int), version="2")
    server.predict(ROWS)
    same = lambda: value(server, "model_shadow_predictions_total", "2", result="same")  # noqa: E731
    assert wait_until(lambda: same() == 2, timeout_seconds=10)
