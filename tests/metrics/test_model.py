"""Versions of one model side by side."""

import pytest

from monitorkit.metrics import ModelDescription, ModelMetrics, Registry


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def metrics(registry):
    return ModelMetrics(registry, "digits")


def series(registry, name):
    return [sample for family in registry.collect() for sample in family.samples if sample.name == name]


def labels(version, **more):
    return {"model_name": "digits", "model_version": version, **more}


def test_a_new_version_leaves_the_counts_of_the_one_before(registry, metrics):
    first = metrics.activate("1")
    first.requests.count_ok(0.5)
    second = metrics.activate("2")
    second.requests.count_ok(0.25)
    second.requests.count_ok(0.25)
    ok = {
        s.labels["model_version"]: s.value
        for s in series(registry, "inference_requests_total")
        if s.labels["status"] == "ok"
    }
    assert ok == {"1": 1, "2": 2}
    latencies = {s.labels["model_version"]: s.value for s in series(registry, "inference_latency_seconds")}
    assert latencies == {"2": 0.25}


def test_a_version_that_comes_back_goes_on_counting(registry, metrics):
    metrics.activate("1").quality.observe(1, 1)
    metrics.activate("2")
    assert registry.get_sample_value("model_accuracy", labels("1")) is None
    metrics.activate("1").quality.observe(1, 0)
    assert registry.get_sample_value("model_accuracy", labels("1")) == 0.5


def test_what_runs_is_told_of_the_active_version_only(registry, metrics):
    metrics.activate("1", description=ModelDescription(model_class="Ridge"))
    metrics.activate(
        "2", description=ModelDescription(framework="scikit-learn", model_class="Lasso", task="regression")
    )
    (info,) = series(registry, "model_info")
    assert info.value == 1
    assert info.labels["model_version"] == "2"
    assert info.labels["model_class"] == "Lasso"
    assert info.labels["task"] == "regression"


def test_resources_are_shown_under_the_active_version(registry, metrics):
    metrics.activate("1")
    metrics.activate("2")
    assert [sample.labels for sample in series(registry, "memory_usage")] == [labels("2")]


def test_the_window_and_the_positive_class_can_be_changed(registry, metrics):
    version = metrics.activate("1", classes=[0, 1])
    for y_true, y_pred in [(0, 0), (0, 0), (1, 0), (1, 0)]:
        version.quality.observe(y_true, y_pred)
    assert registry.get_sample_value("model_recall", labels("1")) == 0.0
    metrics.activate("1", classes=[0, 1], positive_class=0)
    assert registry.get_sample_value("model_recall", labels("1")) == 1.0
    metrics.activate("1", classes=[0, 1], window=2)
    assert registry.get_sample_value("model_accuracy", labels("1")) == 0.0
