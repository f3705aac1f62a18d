"""What a model exports once, whatever versions of it are at work."""

import pytest

from monitorkit.metrics import ModelMetrics, Registry


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def metrics(registry):
    return ModelMetrics(registry, "digits")


def versions(registry, name):
    families = {family.name: family for family in registry.collect()}
    return [sample.labels["model_version"] for sample in families[name].samples]


def test_resources_are_shown_under_the_active_version(registry, metrics):
    metrics.activate("1")
    metrics.activate("2")
    assert versions(registry, "memory_usage") == ["2"]


def test_the_machine_is_shown_once_beside_a_canary(registry, metrics):
    metrics.activate("1")
    metrics.activate("2", beside=["1"])
    assert versions(registry, "memory_usage") == ["1"]
    metrics.keep(["2"])
    assert versions(registry, "memory_usage") == ["2"]


def test_what_a_server_tells_is_shown_under_each_version_at_work(registry, metrics):
    metrics.activate("1")
    metrics.activate("2", beside=["1"])
    metrics.batch_limit = lambda: 7
    metrics.faults = lambda: {"errors": 0.5}
    assert versions(registry, "inference_batch_size_limit") == ["1", "2"]
    assert versions(registry, "model_injected_faults") == ["1", "2"]
