"""Versions of one model side by side."""

import pytest

from monitorkit.metrics import ModelDescription, ModelMetrics, Reference, Registry
from monitorkit.metrics.versions import MAX_VERSIONS


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


def test_the_window_and_the_positive_class_can_be_changed(registry, metrics):
    version = metrics.activate("1", classes=[0, 1])
    for y_true, y_pred in [(0, 0), (0, 0), (1, 0), (1, 0)]:
        version.quality.observe(y_true, y_pred)
    assert registry.get_sample_value("model_recall", labels("1")) == 0.0
    metrics.activate("1", classes=[0, 1], positive_class=0)
    assert registry.get_sample_value("model_recall", labels("1")) == 1.0
    metrics.activate("1", classes=[0, 1], window=2)
    assert registry.get_sample_value("model_accuracy", labels("1")) == 0.0


def exported_versions(registry):
    samples = (sample for family in registry.collect() for sample in family.samples)
    return {sample.labels["model_version"] for sample in samples if "model_version" in sample.labels}


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression"])
def test_however_many_versions_there_were_the_latest_are_exported(registry, metrics, task):
    reference = Reference.of([[1.0], [2.0], [3.0]])
    n_series = []
    for number in range(3 * MAX_VERSIONS):
        version = metrics.activate(
            str(number),
            description=ModelDescription(task=task),
            classes=["a", "b"],
            probabilities=True,
            reference=reference,
        )
        metrics.shadows.activate(f"copy {number}").quality.count_predictions(["a"])
        metrics.shadow(f"copy {number}").count("ok")
        version.requests.count_ok(0.1)
        version.requests.watch_queue(lambda: 0)
        version.quality.count_predictions(["a", "c"])
        version.quality.count_feedback("joined")
        version.regression.observe(1.0, 2.0)
        # The processor's usage comes when there is some to tell.
        n_series.append(sum(len(family.samples) for family in registry.collect() if family.name != "cpu_usage"))
    latest = range(2 * MAX_VERSIONS, 3 * MAX_VERSIONS)
    assert exported_versions(registry) == {f"{role}{number}" for role in ("", "copy ") for number in latest}
    assert len(set(n_series[MAX_VERSIONS:])) == 1


def test_a_version_at_work_is_exported_however_long_it_is(registry, metrics):
    metrics.activate("served").requests.count_ok(0.1)
    for number in range(2 * MAX_VERSIONS):
        metrics.activate(f"canary {number}", beside=["served"])
    assert registry.get_sample_value("inference_requests_total", labels("served", status="ok")) == 1
    assert len(exported_versions(registry)) == MAX_VERSIONS


def test_a_version_that_was_forgotten_begins_anew_and_what_still_comes_for_it_is_no_error(registry, metrics):
    before = metrics.activate("first")
    before.quality.observe(1, 1)
    for number in range(MAX_VERSIONS):
        metrics.activate(str(number))
    before.requests.count_ok(0.1)
    before.requests.add_in_flight(-1)
    before.quality.observe(1, 0)
    before.quality.count_predictions(["late"])
    assert "first" not in exported_versions(registry)
    metrics.activate("first").quality.observe(1, 1)
    assert registry.get_sample_value("model_accuracy", labels("first")) == 1.0


def scored(registry):
    scores = {"model_accuracy", "model_recall", "model_mae", "model_r2", "model_brier_score", "model_calibration_error"}
    return {family.name for family in registry.collect() if family.name in scores and family.samples}


def test_another_kind_of_model_under_the_same_version_takes_over_no_scores(registry, metrics):
    classifier, regressor = ModelDescription(task="classification"), ModelDescription(task="regression")
    version = metrics.activate("1", description=classifier, classes=[0, 1], probabilities=True)
    version.quality.observe(1, 0)
    version.calibration.observe([0.5, 0.5], true=1, predicted=0)
    assert scored(registry) == {"model_accuracy", "model_recall", "model_brier_score", "model_calibration_error"}
    metrics.activate("1", description=classifier, classes=[0, 1])
    assert scored(registry) == {"model_accuracy", "model_recall"}
    metrics.activate("1", description=regressor)
    assert scored(registry) == set()
    version.regression.observe(1.0, 2.0)
    assert scored(registry) == {"model_mae"}
    metrics.activate("1", description=ModelDescription(task="multilabel"))
    assert scored(registry) == set()
    assert registry.get_sample_value("model_absolute_error_count", labels("1")) == 1
    metrics.activate("1", description=classifier, classes=[0, 1]).quality.observe(1, 1)
    assert registry.get_sample_value("model_accuracy", labels("1")) == 1.0


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression"])
def test_how_many_labels_the_scores_are_of_is_told(registry, metrics, task):
    version = metrics.activate("1", description=ModelDescription(task=task), window=3)
    assert registry.get_sample_value("model_scored_labels", labels("1")) is None
    for turn in (1, 2, 3, 3):
        if task == "regression":
            version.regression.observe(1.0, 2.0)
        elif task == "multilabel":
            version.quality.observe_label_sets(frozenset({"a"}), frozenset())
        else:
            version.quality.observe("a", "b")
        assert registry.get_sample_value("model_scored_labels", labels("1")) == turn
    metrics.activate("2")
    assert registry.get_sample_value("model_scored_labels", labels("1")) is None
