"""Calibration, against scikit-learn's Brier score and a plain expected calibration error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from sklearn.metrics import brier_score_loss

from monitorkit.metrics.quality.calibration import CalibrationFamilies, bin_names

LABELS = {"model_name": "spam", "model_version": "1"}


def calibration_in(registry, *, window=1000):
    calibration = CalibrationFamilies(registry).of("spam", "1")
    calibration.configure(window=window)
    return calibration


def value(registry, name, **labels):
    return registry.get_sample_value(name, LABELS | labels)


def plain_error(confidence, right):
    """Weighted distance of accuracy and confidence over ten bins, by the definition."""
    edges = np.arange(1, 10) / 10
    of_bin = np.digitize(confidence, edges, right=True)
    total = 0.0
    for index in range(10):
        chosen = of_bin == index
        if chosen.any():
            total += chosen.mean() * abs(right[chosen].mean() - confidence[chosen].mean())
    return total


@st.composite
def judged(draw, n_classes):
    """Probabilities of some rows and their true classes."""
    n_rows = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    probabilities = rng.dirichlet(np.full(n_classes, 0.5), n_rows)
    # Confidences on an edge, and of all and nothing.
    probabilities[:: draw(st.integers(2, 9))] = np.eye(n_classes)[0]
    if n_classes == 2 and draw(st.booleans()):
        probabilities = np.round(probabilities, 1)
    return probabilities, rng.integers(0, n_classes, n_rows)


@settings(deadline=None)
@given(rows=st.one_of(judged(2), judged(3), judged(12)))
def test_scores_are_those_of_the_window(rows):
    probabilities, y_true = rows
    registry = CollectorRegistry()
    calibration = calibration_in(registry, window=20)
    predicted = probabilities.argmax(axis=1)
    for row, true, guess in zip(probabilities, y_true, predicted, strict=True):
        calibration.observe(row, true=int(true), predicted=int(guess))
    probabilities, y_true, predicted = probabilities[-20:], y_true[-20:], predicted[-20:]
    n_classes = probabilities.shape[1]
    if n_classes == 2:
        expected = brier_score_loss(y_true, probabilities[:, 1], pos_label=1)
    else:
        expected = brier_score_loss(y_true, probabilities, labels=range(n_classes))
    assert value(registry, "model_brier_score") == pytest.approx(expected, rel=1e-12, abs=1e-15)
    error = plain_error(probabilities.max(axis=1), y_true == predicted)
    assert value(registry, "model_calibration_error") == pytest.approx(error, rel=1e-9, abs=1e-12)


@given(rows=judged(3))
def test_counters_hold_what_both_scores_are_made_of(rows):
    probabilities, y_true = rows
    registry = CollectorRegistry()
    calibration = calibration_in(registry)
    for row, true in zip(probabilities, y_true, strict=True):
        calibration.observe(row, true=int(true), predicted=int(row.argmax()))
    labels, hits, confidence = (
        np.array([value(registry, f"model_confidence{part}_total", bin=name) for name in bin_names()])
        for part in ("_labels", "_hits", "")
    )
    assert labels.sum() == len(y_true)
    assert value(registry, "model_brier_loss_total") / len(y_true) == pytest.approx(
        value(registry, "model_brier_score")
    )
    error = np.abs(hits - confidence).sum() / len(y_true)
    assert error == pytest.approx(value(registry, "model_calibration_error"))
    assert ((confidence <= labels * np.arange(1, 11) / 10 + 1e-9) & (confidence >= labels * np.arange(10) / 10)).all()


def test_a_prediction_that_is_not_the_most_probable_is_judged_by_its_own_probability():
    registry = CollectorRegistry()
    calibration_in(registry).observe([0.55, 0.45], true=1, predicted=1)
    assert value(registry, "model_confidence_hits_total", bin="0.5") == 1
    assert value(registry, "model_calibration_error") == pytest.approx(0.55)


def test_a_true_class_without_a_probability_was_given_none():
    registry = CollectorRegistry()
    calibration_in(registry).observe([0.5, 0.3, 0.2], true=None, predicted=0)
    assert value(registry, "model_brier_score") == pytest.approx(0.25 + 0.09 + 0.04 + 0)
    assert value(registry, "model_confidence_hits_total", bin="0.5") == 0


@pytest.mark.parametrize("row", [[float("nan"), 1.0], [1.2, -0.2], [float("inf"), 0.0]])
def test_what_is_no_probability_is_left_out(row):
    registry = CollectorRegistry()
    calibration = calibration_in(registry)
    calibration.observe(row, true=0, predicted=0)
    calibration.declare()
    assert value(registry, "model_brier_score") is None
    assert value(registry, "model_confidence_labels_total", bin="1.0") == 0


def test_a_probability_that_rounding_left_outside_is_the_nearest_there_is():
    registry = CollectorRegistry()
    calibration_in(registry).observe([-2e-7, 1.0000002], true=1, predicted=1)
    assert value(registry, "model_brier_score") == 0
    assert value(registry, "model_calibration_error") == 0
    assert value(registry, "model_confidence_total", bin="1.0") == 1


def test_nothing_is_exported_without_probabilities():
    registry = CollectorRegistry()
    calibration_in(registry)
    assert list(registry.collect()) == []


def test_a_retired_version_shows_no_scores_and_keeps_its_counts():
    registry = CollectorRegistry()
    calibration = calibration_in(registry)
    calibration.observe([0.2, 0.8], true=1, predicted=1)
    calibration.active = False
    assert value(registry, "model_brier_score") is None
    assert value(registry, "model_confidence_labels_total", bin="0.8") == 1
