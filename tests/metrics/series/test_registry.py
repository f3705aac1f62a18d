"""The registry of one server."""

from prometheus_client import Histogram
from prometheus_client.parser import text_string_to_metric_families

from monitorkit.metrics import ModelMetrics, Registry, exposition


def sample_names(registry):
    return {sample.name for family in registry.collect() for sample in family.samples}


def test_process_and_python_are_exported():
    names = sample_names(Registry())
    assert {"process_cpu_seconds_total", "python_info", "python_gc_collections_total"} <= names


def test_times_of_creation_are_left_out():
    registry = Registry()
    Histogram("duration_seconds", "A duration.", registry=registry).observe(1)
    names = sample_names(registry)
    assert "duration_seconds_count" in names
    assert not [name for name in names if name.endswith("_created")]


def test_two_models_of_one_process_do_not_meet():
    first, second = Registry(), Registry()
    ModelMetrics(first, "digits").activate("1").requests.count("shed")
    ModelMetrics(second, "digits").activate("1")
    labels = {"model_name": "digits", "model_version": "1", "status": "shed"}
    assert first.get_sample_value("inference_requests_total", labels) == 1
    assert second.get_sample_value("inference_requests_total", labels) == 0


def test_every_series_of_a_model_carries_its_name_and_version():
    registry = Registry()
    version = ModelMetrics(registry, "digits").activate("2", classes=[0, 1])
    version.requests.count_ok(0.1)
    version.quality.observe(0, 1)
    text = exposition(registry)[1].decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if not sample.name.startswith(("process_", "python_")):
                assert sample.labels["model_name"] == "digits", sample
                assert sample.labels["model_version"] == "2", sample
