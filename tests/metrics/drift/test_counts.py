"""Drift as it is exported: counts by bin, shares of the reference, statistics of the latest rows."""

import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance

from monitorkit.metrics import Drift, ModelMetrics, Reference, Registry
from monitorkit.metrics.drift.counts import ROWS_TOGETHER, DriftFamilies, DriftMetrics
from monitorkit.metrics.drift.reference import prediction_column

LABELS = {"model_name": "m", "model_version": "1"}
X_REFERENCE = np.random.default_rng(0).normal(size=(1000, 3))


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def drift():
    metrics = DriftMetrics(("m", "1"))
    metrics.compare_with(Reference.of(X_REFERENCE))
    return metrics


def counts(drift, feature):
    return {sample.labels["bin"]: sample.value for sample in drift.counted() if sample.labels["feature"] == feature}


def statistics(drift, feature):
    return {sample.labels["statistic"]: sample.value for sample in drift.drift() if sample.labels["feature"] == feature}


def plain_counts(values, reference):
    edges = np.quantile(reference, np.linspace(0, 1, 11))
    inside, _ = np.histogram(values, edges)
    return [(values < edges[0]).sum(), *inside, (values > edges[-1]).sum(), np.isnan(values).sum()]


@settings(deadline=None, max_examples=30)
@given(sizes=st.lists(st.integers(1, 300), min_size=1, max_size=20), seed=st.integers(0, 1000))
def test_every_row_is_counted_once_in_its_bin(sizes, seed):
    drift = DriftMetrics(("m", "1"))
    drift.compare_with(Reference.of(X_REFERENCE))
    rng = np.random.default_rng(seed)
    tables = [rng.normal(scale=2, size=(size, 3)) for size in sizes]
    tables[0][0, 1] = np.nan
    for X in tables:
        drift.observe(X)
    X = np.concatenate(tables)
    for place in range(3):
        assert list(counts(drift, f"x{place}").values()) == plain_counts(X[:, place], X_REFERENCE[:, place])


def test_statistics_are_scipys_on_the_latest_rows(drift):
    X = np.random.default_rng(1).normal(loc=0.5, size=(2500, 3))
    for start in range(0, 2500, 50):
        drift.observe(X[start : start + 50])
    latest, reference = X[-1000:, 1], X_REFERENCE[:, 1]
    p, q = (np.array(plain_counts(values, reference)) / 1000 for values in (latest, reference))
    found = statistics(drift, "x1")
    assert found["ks"] == pytest.approx(ks_2samp(latest, reference).statistic, abs=1e-12)
    assert found["wasserstein"] == pytest.approx(wasserstein_distance(latest, reference), rel=1e-9)
    assert found["js"] == pytest.approx(jensenshannon(p, q, base=2), rel=1e-9)
    p, q = p.clip(1e-4), q.clip(1e-4)
    assert found["psi"] == pytest.approx(((p - q) * np.log(p / q)).sum(), rel=1e-9)


def test_of_one_large_request_the_latest_rows_are_compared(drift):
    X = np.concatenate([X_REFERENCE + 9, X_REFERENCE])
    drift.observe(X)
    assert statistics(drift, "x0")["ks"] == 0
    assert sum(counts(drift, "x0").values()) == 2000


def test_the_same_data_are_no_drift(drift):
    drift.observe(X_REFERENCE)
    found = statistics(drift, "x0")
    assert (found["psi"], found["js"], found["ks"]) == (0, 0, 0)
    assert found["wasserstein"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("reference", "current"), [(np.float64, np.float32), (np.float32, np.float64)])
@pytest.mark.parametrize("n_values", [5, 60])
def test_the_same_data_in_another_precision_are_no_drift(reference, current, n_values):
    X = (np.random.default_rng(3).integers(0, n_values, (600, 2)) / 10).astype(reference)
    drift = DriftMetrics(("m", "1"))
    drift.compare_with(Reference.of(X))
    drift.observe(X.astype(current).astype(np.float64))
    assert set(statistics(drift, "x0").values()) == {0}
    assert counts(drift, "x0") == {
        sample.labels["bin"]: round(600 * sample.value)
        for sample in drift.expected()
        if sample.labels["feature"] == "x0"
    }


def test_how_many_rows_the_statistics_are_of_is_told():
    registry = Registry()
    version = ModelMetrics(registry, "m").activate("1", reference=Reference.of(X_REFERENCE, drift=Drift(window=30)))
    assert registry.get_sample_value("model_drift_rows", LABELS) is None
    for n_rows in (20, 30, 30):
        version.drift.observe(X_REFERENCE[:20])
        assert registry.get_sample_value("model_drift_rows", LABELS) == n_rows
    version.drift.active = False
    assert registry.get_sample_value("model_drift_rows", LABELS) is None


def test_there_is_no_statistic_before_the_first_row(drift):
    assert statistics(drift, "x0") == {}
    assert set(counts(drift, "x0").values()) == {0}


def test_numbers_that_are_all_missing_show_in_their_bin_alone(drift):
    drift.observe(np.full((20, 3), np.nan))
    assert set(statistics(drift, "x0")) == {"psi", "js"}
    assert statistics(drift, "x0")["js"] == pytest.approx(1)


def test_infinite_numbers_are_out_of_range_and_do_not_spoil_the_rest(drift):
    X = X_REFERENCE.copy()
    X[0, 0], X[1, 0] = np.inf, -np.inf
    drift.observe(X)
    values = list(counts(drift, "x0").values())
    assert (values[0], values[-2]) == (1, 1)
    assert statistics(drift, "x0")["wasserstein"] < 0.1


def test_statistics_that_take_long_are_not_computed_at_each_scrape():
    class Slow(Clock):
        """Each look at it takes a second."""

        def __call__(self):
            self.now += 1
            return self.now

    drift = DriftMetrics(("m", "1"), clock=Slow())
    drift.compare_with(Reference.of(X_REFERENCE))
    drift.observe(np.zeros((5, 3)))
    first = drift.drift()
    drift.observe(np.ones((5, 3)))
    repeated = [drift.drift() for _ in range(19)]
    assert all(samples is first for samples in repeated)
    assert drift.drift() is not first


def test_statistics_stay_as_they_are_while_nothing_comes(drift):
    drift.observe(np.zeros((5, 3)))
    assert drift.drift() is drift.drift()


def test_predictions_are_a_feature_more():
    drift = DriftMetrics(("m", "1"))
    drift.compare_with(
        Reference.of(X_REFERENCE, predict=lambda rows: prediction_column([0, 1] * (len(rows) // 2), "classification"))
    )
    drift.observe(np.zeros((3, 3)), [1, 1, 7])
    assert counts(drift, "prediction") == {"0": 0, "1": 2, "other": 1, "missing": 0}
    assert set(statistics(drift, "prediction")) == {"psi", "js"}


def test_predicted_numbers_have_bins_too():
    drift = DriftMetrics(("m", "1"))
    drift.compare_with(
        Reference.of(X_REFERENCE, predict=lambda rows: prediction_column(rows[:, 0].tolist(), "regression"))
    )
    drift.observe(np.zeros((2, 3)), [0.0, 99.0])
    assert sum(counts(drift, "prediction").values()) == 2
    assert list(counts(drift, "prediction").values())[-2] == 1
    assert set(statistics(drift, "prediction")) == {"psi", "js", "ks", "wasserstein"}


def test_names_come_in_tables_of_any_form():
    drift = DriftMetrics(("m", "1"))
    drift.compare_with(Reference.of(pd.DataFrame({"town": ["Ulm", "Bonn"], "age": [30.0, 40.0]})))
    drift.observe(pd.DataFrame({"age": [35.0, None], "town": ["Ulm", "Rome"]}))
    drift.observe(np.array([["Bonn", 41.0], [None, "old"]], dtype=object))
    drift.observe(np.array([[1.0, 30.0]]))
    drift.observe(np.array([["Ulm"]], dtype=object))
    assert counts(drift, "town") == {"Bonn": 1, "Ulm": 2, "other": 2, "missing": 1}
    assert list(counts(drift, "age").values())[-1] == 3


def test_a_feature_whose_bins_stay_goes_on_counting(drift):
    drift.observe(np.zeros((7, 3)))
    changed = X_REFERENCE.copy()
    changed[:, 2] *= 10
    drift.compare_with(Reference.of(changed))
    assert sum(counts(drift, "x0").values()) == 7
    assert sum(counts(drift, "x2").values()) == 0
    assert "ks" in statistics(drift, "x0")
    drift.compare_with(None)
    drift.observe(np.zeros((7, 3)))
    assert (drift.counted(), drift.expected(), drift.drift()) == ([], [], [])


def test_nothing_is_lost_between_threads(drift):
    rows = ROWS_TOGETHER // 7

    def ask():
        for _ in range(100):
            drift.observe(np.zeros((rows, 3)))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        drift.drift()
    for thread in threads:
        thread.join()
    assert sum(counts(drift, "x1").values()) == 400 * rows


def test_what_waits_is_bounded(drift):
    for _ in range(5 * ROWS_TOGETHER):
        drift.observe(np.zeros((1, 3)))
        assert len(drift._waiting) < ROWS_TOGETHER


def test_all_of_it_is_exported_in_as_many_series_as_was_told():
    registry = Registry()
    reference = Reference.of(X_REFERENCE, drift=Drift(bins=5))
    version = ModelMetrics(registry, "m").activate("1", reference=reference)
    version.drift.observe(X_REFERENCE + 1)
    samples = [
        sample for family in registry.collect() if family.name.startswith("model_feature") for sample in family.samples
    ]
    assert len(samples) == reference.series == 3 * (2 * 8 + 4)
    assert {sample.name for sample in samples} == {
        "model_feature_bin_total",
        "model_feature_reference_ratio",
        "model_feature_drift",
    }
    assert registry.get_sample_value("model_feature_drift", LABELS | {"feature": "x0", "statistic": "ks"}) > 0.3


def test_a_version_that_is_replaced_keeps_its_counts_and_loses_its_statistics():
    registry = Registry()
    metrics = ModelMetrics(registry, "m")
    metrics.activate("1", reference=Reference.of(X_REFERENCE)).drift.observe(X_REFERENCE)
    metrics.activate("2")
    kept = {
        family.name: len(family.samples) for family in registry.collect() if family.name.startswith("model_feature")
    }
    assert kept == {"model_feature_bin": 39, "model_feature_reference_ratio": 39, "model_feature_drift": 0}


def test_without_a_reference_nothing_is_exported():
    registry = Registry()
    DriftFamilies(registry).of("m", "1").observe(np.zeros((1, 3)))
    assert not [family.name for family in registry.collect() if family.name.startswith("model_feature")]
