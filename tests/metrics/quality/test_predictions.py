"""Quality series of a version, against scikit-learn."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from sklearn.metrics import accuracy_score, f1_score, multilabel_confusion_matrix, precision_score, recall_score

from monitorkit.metrics.quality.predictions import QualityFamilies
from monitorkit.metrics.series.classes import ClassNames

LABELS = {"model_name": "digits", "model_version": "1"}
SCORES = ("model_accuracy", "model_recall", "model_precision", "model_f1")


def quality_in(registry, *, window=1000, classes=None, limit=100):
    quality = QualityFamilies(registry).of("digits", "1", ClassNames(limit=limit), window=window)
    quality.declare(classes or ())
    return quality


def outcome(registry, name, kind):
    return registry.get_sample_value("model_outcomes_total", LABELS | {"class_name": name, "outcome": kind})


def test_scores_are_absent_before_the_first_label():
    registry = CollectorRegistry()
    quality = quality_in(registry, classes=[0, 1])
    quality.count_predictions([1, 0])
    assert [registry.get_sample_value(score, LABELS) for score in SCORES] == [None] * 4
    quality.observe(1, 1)
    assert [registry.get_sample_value(score, LABELS) for score in SCORES] == [1.0] * 4


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60))
def test_scores_of_two_classes_are_those_of_the_greater_label(pairs):
    registry = CollectorRegistry()
    quality = quality_in(registry, window=25, classes=[0, 1])
    for y_true, y_pred in pairs:
        quality.observe(y_true, y_pred)
    y_true, y_pred = zip(*pairs[-25:], strict=True)
    options = {"zero_division": 0, "labels": [1], "average": "macro"}
    assert [registry.get_sample_value(score, LABELS) for score in SCORES] == [
        accuracy_score(y_true, y_pred),
        recall_score(y_true, y_pred, **options),
        precision_score(y_true, y_pred, **options),
        f1_score(y_true, y_pred, **options),
    ]


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_outcomes_are_the_confusion_matrix_of_each_class_against_the_rest(pairs):
    registry = CollectorRegistry()
    quality = quality_in(registry, classes=range(5))
    for y_true, y_pred in pairs:
        quality.observe(y_true, y_pred)
    matrices = multilabel_confusion_matrix(*zip(*pairs, strict=True), labels=range(5))
    for label, ((tn, fp), (fn, tp)) in enumerate(matrices):
        counted = [outcome(registry, str(label), kind) for kind in ("tn", "fp", "fn", "tp")]
        assert counted == [tn, fp, fn, tp]


def test_declared_classes_are_counted_from_zero():
    registry = CollectorRegistry()
    quality_in(registry, classes=["cat", "dog"])
    assert outcome(registry, "dog", "tp") == 0
    assert registry.get_sample_value("model_predictions_total", LABELS | {"class_name": "cat"}) == 0


def test_outcomes_of_a_predicted_class_are_there_before_its_first_label():
    registry = CollectorRegistry()
    quality_in(registry).count_predictions(["cat"])
    assert outcome(registry, "cat", "tp") == 0


def test_sets_of_labels_that_are_folded_are_counted_and_never_negative():
    registry = CollectorRegistry()
    quality = quality_in(registry, limit=2)
    quality.observe_label_sets(frozenset("abcd"), frozenset("abce"))
    counts = {kind: outcome(registry, "other", kind) for kind in ("tp", "fp", "fn", "tn")}
    assert counts == {"tp": 1, "fp": 1, "fn": 1, "tn": 0}
    assert registry.get_sample_value("model_label_sets_total", LABELS | {"result": "inexact"}) == 1


def test_a_positive_class_is_chosen_and_not_assumed_for_sets_of_labels():
    registry = CollectorRegistry()
    quality = quality_in(registry)
    quality.declare_label_sets(["a", "b"])
    quality.observe_label_sets(frozenset("a"), frozenset("ab"))
    assert registry.get_sample_value("model_precision", LABELS) == 0.5
    quality.configure(window=1000, positive_class="a")
    assert registry.get_sample_value("model_precision", LABELS) == 1.0


def test_sets_without_any_label_have_an_accuracy_and_no_recall():
    registry = CollectorRegistry()
    quality_in(registry).observe_label_sets(frozenset(), frozenset())
    assert [registry.get_sample_value(score, LABELS) for score in SCORES] == [1.0, None, None, None]


def test_a_version_can_go_from_sets_of_labels_to_classes_and_back():
    registry = CollectorRegistry()
    quality = quality_in(registry)
    quality.observe_label_sets(frozenset("a"), frozenset("a"))
    quality.observe("a", "b")
    assert registry.get_sample_value("model_accuracy", LABELS) == 0.0
    quality.observe_label_sets(frozenset("a"), frozenset("a"))
    assert registry.get_sample_value("model_accuracy", LABELS) == 1.0
    assert registry.get_sample_value("model_label_sets_total", LABELS | {"result": "exact"}) == 2


def test_a_class_seen_late_was_a_true_negative_before():
    registry = CollectorRegistry()
    quality = quality_in(registry)
    for _ in range(10):
        quality.observe("cat", "cat")
    quality.observe("dog", "cat")
    assert [outcome(registry, "dog", kind) for kind in ("tp", "fp", "fn", "tn")] == [0, 0, 1, 10]


def test_accuracy_in_promql_stays_right_when_classes_are_folded():
    registry = CollectorRegistry()
    quality = quality_in(registry, limit=2)
    pairs = [("a", "a"), ("b", "b"), ("c", "d"), ("d", "d"), ("c", "a")]
    for y_true, y_pred in pairs:
        quality.observe(y_true, y_pred)
    right = sum(outcome(registry, name, "tp") for name in ("a", "b", "other"))
    total = right + sum(outcome(registry, name, "fn") for name in ("a", "b", "other"))
    assert (right, total) == (3, 5)
    assert outcome(registry, "other", "tn") == 2


def test_predictions_are_counted_by_class_and_bounded():
    registry = CollectorRegistry()
    quality = quality_in(registry, limit=3)
    quality.count_predictions(["a", "a", "b"])
    quality.count_predictions([f"made up {number}" for number in range(1000)])
    quality.count_predictions(["a"])
    family = next(family for family in registry.collect() if family.name == "model_predictions")
    counts = {s.labels["class_name"]: s.value for s in family.samples if s.name == "model_predictions_total"}
    assert counts == {"a": 3, "b": 1, "made up 0": 1, "other": 999}


def test_a_retired_version_shows_no_scores_and_keeps_its_outcomes():
    registry = CollectorRegistry()
    quality = quality_in(registry, classes=[0, 1])
    quality.observe(1, 0)
    quality.active = False
    assert registry.get_sample_value("model_accuracy", LABELS) is None
    assert outcome(registry, "1", "fn") == 1


def test_feedback_is_counted_by_result():
    registry = CollectorRegistry()
    quality = quality_in(registry)
    quality.count_feedback("expired", 3)
    quality.time_feedback(2.5)
    assert registry.get_sample_value("model_feedback_total", LABELS | {"result": "expired"}) == 3
    assert registry.get_sample_value("model_feedback_total", LABELS | {"result": "joined"}) == 0
    assert registry.get_sample_value("model_feedback_delay_seconds_sum", LABELS) == 2.5


def test_sixteen_threads_lose_no_label():
    registry = CollectorRegistry()
    quality = quality_in(registry, classes=[0, 1], window=500)

    def work(number):
        for turn in range(400):
            quality.observe((number + turn) % 2, turn % 2)
            quality.count_predictions([turn % 2])
            registry.get_sample_value("model_accuracy", LABELS) if turn % 100 == 0 else None

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    assert sum(outcome(registry, "1", kind) for kind in ("tp", "fp", "fn", "tn")) == 6400
    assert outcome(registry, "0", "tp") + outcome(registry, "1", "tp") == 3200
    assert registry.get_sample_value("model_predictions_total", LABELS | {"class_name": "1"}) == 3200
    assert len(quality._window) == 500


@pytest.mark.parametrize("labels", [[True, False], [1.0, 0.0], ["yes", "no"]])
def test_labels_of_any_plain_type_are_counted(labels):
    registry = CollectorRegistry()
    quality = quality_in(registry, classes=labels)
    quality.observe(labels[0], labels[0])
    assert registry.get_sample_value("model_recall", LABELS) == 1.0
