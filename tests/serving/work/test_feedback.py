"""Predictions that wait for their true labels."""

import gc
import weakref

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from monitorkit.metrics import ModelMetrics, Registry
from monitorkit.serving.limits import Limits
from monitorkit.serving.models.model import Model, Outputs
from monitorkit.serving.refusals import Refusal
from monitorkit.serving.work.feedback import FeedbackStore, Served


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def metrics(registry):
    return ModelMetrics(registry, "m")


def served_as(metrics, version="1", **options):
    return Served(Model(len, **options), "m", version, metrics.activate(version))


def classes(*values):
    return Outputs(list(values), "classification")


def value(registry, name, version="1", **labels):
    return registry.get_sample_value(name, {"model_name": "m", "model_version": version, **labels})


def test_a_label_joins_its_prediction_once(registry, metrics, clock):
    served = served_as(metrics)
    store = FeedbackStore(Limits(), clock=clock)
    ids = store.remember(classes("cat", "dog"), served)
    clock.now += 2.5
    assert store.join([ids[1]], ["cat"], served) == ["joined"]
    assert store.join(ids, ["cat", "cat"], served) == ["joined", "duplicate"]
    assert value(registry, "model_accuracy") == 0.5
    assert value(registry, "model_feedback_delay_seconds_sum") == 5.0
    assert value(registry, "model_feedback_total", result="duplicate") == 1


def test_a_label_that_comes_twice_at_once_is_a_duplicate(metrics, clock):
    served = served_as(metrics)
    store = FeedbackStore(Limits(), clock=clock)
    (name,) = store.remember(classes(1), served)
    assert store.join([name, name], [1, 1], served) == ["joined", "duplicate"]


def test_an_id_of_another_server_is_unknown(registry, metrics, clock):
    served = served_as(metrics)
    store, other = FeedbackStore(Limits(), clock=clock), FeedbackStore(Limits(), clock=clock)
    (name,) = store.remember(classes(1), served)
    (foreign,) = other.remember(classes(1), served)
    prefix = name[:-1]
    ids = [
        foreign,
        "",
        "x",
        prefix,
        f"{prefix}1",
        f"{prefix}-1",
        f"{prefix}+0",
        f"{prefix}00",
        f"{prefix}0x0",
        name.upper() + " ",
    ]
    assert store.join(ids, [1] * len(ids), served) == ["unknown"] * len(ids)
    assert value(registry, "model_feedback_total", result="unknown") == len(ids)
    assert store.join([name], [1], served) == ["joined"]


def test_a_prediction_is_forgotten_when_it_is_too_old(registry, metrics, clock):
    served = served_as(metrics)
    store = FeedbackStore(Limits(feedback_age="1h"), clock=clock)
    ids = store.remember(classes(1, 1), served)
    store.join(ids[:1], [1], served)
    clock.now += 3601
    assert store.join(ids, [1, 1], served) == ["expired", "expired"]
    assert len(store) == 0
    assert value(registry, "model_feedback_total", result="expired") == 2


def test_the_oldest_prediction_is_forgotten_when_there_are_too_many(metrics, clock):
    served = served_as(metrics)
    store = FeedbackStore(Limits(feedback_count=3), clock=clock)
    ids = store.remember(classes(*range(5)), served)
    assert len(store) == 3
    assert store.join(ids, list(range(5)), served) == ["expired", "expired", "joined", "joined", "joined"]


def test_limits_can_be_changed(metrics, clock):
    store = FeedbackStore(Limits(), clock=clock)
    store.remember(classes(*range(5)), served_as(metrics))
    store.limit(Limits(feedback_count=2))
    store.remember(classes(5), served_as(metrics))
    assert len(store) == 2


def test_a_late_label_counts_for_the_version_that_predicted(registry, metrics, clock):
    first = served_as(metrics, "1")
    store = FeedbackStore(Limits(), clock=clock)
    ids = store.remember(classes(1), first)
    second = served_as(metrics, "2")
    store.join([*ids, "never"], [1, 1], second)
    assert value(registry, "model_outcomes_total", "1", class_name="1", outcome="tp") == 1
    assert value(registry, "model_feedback_total", "1", result="joined") == 1
    assert value(registry, "model_feedback_total", "2", result="unknown") == 1
    assert value(registry, "model_accuracy", "2") is None


def test_a_label_of_no_class_is_refused_and_nothing_is_counted(registry, metrics, clock):
    served = served_as(metrics, classes=["cat", "dog"])
    store = FeedbackStore(Limits(), clock=clock)
    ids = store.remember(classes("cat", "dog"), served)
    with pytest.raises(
        Refusal, match=r"y_true\[1\] is 'cow', which is no class of the model \('cat', 'dog'\)"
    ) as caught:
        store.join(ids, ["cat", "cow"], served)
    assert (caught.value.error, caught.value.which) == ("wrong_class", "y_true[1]")
    assert value(registry, "model_accuracy") is None
    assert store.join(ids, ["cat", "dog"], served) == ["joined", "joined"]


@pytest.mark.parametrize(("predicted", "label", "hint"), [(7, "7", "send a number"), ("7", 7, "send text")])
def test_a_label_of_another_type_is_refused(metrics, clock, predicted, label, hint):
    served = served_as(metrics)
    store = FeedbackStore(Limits(), clock=clock)
    ids = store.remember(classes(predicted), served)
    with pytest.raises(Refusal, match=hint):
        store.join(ids, [label], served)


def test_values_that_are_no_classes_are_joined_and_not_scored(registry, metrics, clock):
    served = served_as(metrics)
    store = FeedbackStore(Limits(), clock=clock)
    ids = store.remember(Outputs([1.5, [0.1, 0.9]]), served)
    assert store.join(ids, [1.25, 3], served) == ["joined", "joined"]
    assert value(registry, "model_accuracy") is None


def test_the_garbage_collector_need_not_look_at_what_waits(metrics, clock):
    served = served_as(metrics)
    store = FeedbackStore(Limits(), clock=clock)
    for row in range(1000):
        store.remember(Outputs([row], "classification", np.array([[0.25, 0.75]])), served)
    gc.collect()
    assert not any(map(gc.is_tracked, store._remembered.values()))
    assert len(store) == 1000


def test_a_model_is_let_go_while_its_predictions_wait(registry, metrics, clock):
    store = FeedbackStore(Limits(), clock=clock)
    first = served_as(metrics, "1")
    ids = store.remember(classes(1, 1), first)
    model = weakref.ref(first.model)
    del first
    gc.collect()
    assert model() is None
    assert store.join(ids, [1, 0], served_as(metrics, "2")) == ["joined", "joined"]
    assert value(registry, "model_outcomes_total", class_name="1", outcome="tp") == 1


@pytest.mark.parametrize("end", ["labelled", "expired"])
def test_what_predictions_have_in_common_is_let_go_with_the_last_of_them(metrics, clock, end):
    store = FeedbackStore(Limits(feedback_age="1h"), clock=clock)
    first, second = served_as(metrics, "1"), served_as(metrics, "2")
    ids = store.remember(classes(1, 1), first) + store.remember(Outputs([1.5], "regression"), first)
    store.remember(classes(1), second)
    judge = weakref.ref(first.judge)
    del first
    store.join(ids[:2], [1, 1], second)
    assert judge() is not None
    if end == "labelled":
        store.join(ids[2:], [1.5], second)
    else:
        clock.now += 3601
        store.join(ids[2:], [1.5], second)
    gc.collect()
    assert judge() is None


def test_late_labels_are_scored_with_the_probabilities_of_their_own_row(registry, metrics, clock):
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), ["a", "a", "b", "b"]
    served = Served(Model(LogisticRegression().fit(X, y)), "m", "1", metrics.activate("1"))
    store = FeedbackStore(Limits(), clock=clock)
    outputs = served.model.predict(X)
    ids = store.remember(outputs, served)
    store.join(ids[2:], y[2:], served)
    assert outputs.probabilities is not None
    expected = brier_score_loss(y[2:], outputs.probabilities[2:, 1], pos_label="b")
    assert value(registry, "model_brier_score") == pytest.approx(expected, rel=1e-12)
