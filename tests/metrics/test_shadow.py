"""What a shadow counts has names of its own, and is not there where there is none."""

import pytest
from prometheus_client import Counter, Histogram

from monitorkit.metrics import ModelMetrics, Registry, exposition
from monitorkit.metrics.shadow import ANSWERS, ShadowRegistry

LABELS = {"model_name": "digits", "model_version": "2"}


@pytest.fixture
def registry():
    return Registry()


def names(registry):
    return {family.name for family in registry.collect() if family.samples}


def test_names_types_and_samples_are_those_of_the_model_with_a_prefix(registry):
    shadow = ShadowRegistry(registry)
    Counter("model_things", "Things.", ["kind"], registry=shadow).labels("a").inc(3)
    Histogram("model_sizes", "Sizes.", buckets=(1, 2), registry=shadow).observe(1.5)
    assert registry.get_sample_value("shadow_model_things_total", {"kind": "a"}) == 3
    assert registry.get_sample_value("shadow_model_sizes_bucket", {"le": "2.0"}) == 1
    families = {family.name: family for family in registry.collect()}
    assert (families["shadow_model_things"].type, families["shadow_model_sizes"].type) == ("counter", "histogram")
    assert "Things." in families["shadow_model_things"].documentation
    assert "model_things" not in families


def test_without_a_shadow_nothing_is_there(registry):
    metrics = ModelMetrics(registry, "digits")
    metrics.activate("1", classes=[0, 1])
    assert not any(name.startswith("shadow_") for name in names(registry))
    metrics.shadows.activate("2", classes=[0, 1])
    assert {"shadow_model_predictions", "shadow_model_outcomes", "shadow_model_info"} <= names(registry)


def test_nothing_about_answers_is_told_of_a_shadow(registry):
    metrics = ModelMetrics(registry, "digits")
    version = metrics.shadows.activate("2", classes=[0, 1])
    version.requests.count_ok(0.5)
    assert not {f"shadow_{name}" for name in ANSWERS} & names(registry)


def test_one_version_can_be_a_shadow_first_and_answer_then(registry):
    metrics = ModelMetrics(registry, "digits")
    metrics.shadows.activate("2", classes=[0, 1]).quality.observe(1, 0)
    metrics.shadows.keep(())
    metrics.activate("2", classes=[0, 1]).quality.observe(1, 1)
    assert registry.get_sample_value("model_accuracy", LABELS) == 1
    assert registry.get_sample_value("shadow_model_accuracy", LABELS) is None
    fn = {"class_name": "1", "outcome": "fn"}
    assert registry.get_sample_value("model_outcomes_total", LABELS | fn) == 0
    assert registry.get_sample_value("shadow_model_outcomes_total", LABELS | fn) == 1


def test_classes_without_room_are_told_beside_those_of_the_model(registry):
    metrics = ModelMetrics(registry, "digits")
    metrics.shadows.activate("2", max_classes=2).quality.count_predictions(["a", "b", "c"])
    folded = {"metric": "model_predictions_total", "label": "class_name"}
    assert registry.get_sample_value("monitorkit_folded_series_total", folded) == 1
    assert registry.get_sample_value("shadow_model_predictions_total", LABELS | {"class_name": "other"}) == 1


def test_a_scrape_of_some_names_finds_them(registry):
    metrics = ModelMetrics(registry, "digits")
    metrics.shadows.activate("2", classes=[0, 1]).quality.observe(1, 1)
    _, body = exposition(registry, accept="", accept_encoding="", names=["shadow_model_accuracy"])
    lines = [line for line in body.decode().splitlines() if not line.startswith("#")]
    assert lines == ['shadow_model_accuracy{model_name="digits",model_version="2"} 1.0']
