from types import SimpleNamespace

import pytest
from prometheus_client.core import GaugeMetricFamily

from monitorkit.metrics import Registry
from monitorkit.metrics.series.families import VersionFamilies, score_gauges


class Answers(VersionFamilies):
    def _made(self, labels):
        return SimpleNamespace(labels=labels, declared=False)

    def _families(self, versions):
        family = GaugeMetricFamily("answers", "Answers.", labels=["model_name", "model_version"])
        for version in versions:
            family.add_metric(version.labels, 1.0)
        return [family]


@pytest.fixture
def registry():
    return Registry()


def names(registry):
    return {family.name for family in registry.collect()}


def test_a_version_is_made_once(registry):
    families = Answers(registry)
    assert families.of("m", "1") is families.of("m", "1")
    assert families.of("m", "1") is not families.of("m", "2")
    assert families.of("m", "1").labels == ("m", "1")


def test_families_are_exported_once_a_version_is_declared(registry):
    families = Answers(registry)
    families.of("m", "1")
    one = families.of("m", "2")
    assert "answers" not in names(registry)
    one.declared = True
    assert "answers" in names(registry)
    assert registry.get_sample_value("answers", {"model_name": "m", "model_version": "2"}) == 1
    assert registry.get_sample_value("answers", {"model_name": "m", "model_version": "1"}) is None


def test_their_names_are_taken_before_any_version_is_there(registry):
    Answers(registry)
    with pytest.raises(ValueError, match="Duplicated timeseries in CollectorRegistry"):
        Answers(registry)


def test_scores_are_those_of_versions_in_use_as_far_as_they_are_known():
    versions = [
        SimpleNamespace(labels=("m", "1"), active=False, scores=lambda: {"mae": 1.0, "r2": 1.0}),
        SimpleNamespace(labels=("m", "2"), active=True, scores=lambda: {"mae": 2.0}),
    ]
    families = list(score_gauges({"mae": "Mean absolute error.", "r2": "R2."}, versions))
    assert [(family.name, family.documentation) for family in families] == [
        ("model_mae", "Mean absolute error."),
        ("model_r2", "R2."),
    ]
    assert [(sample.labels["model_version"], sample.value) for sample in families[0].samples] == [("2", 2.0)]
    assert families[1].samples == []
