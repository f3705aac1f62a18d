import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Info, Summary, generate_latest

from monitorkit.metrics.requests.beside import Beside

LABELS = {"model_name": "digits", "model_version": "1"}


@pytest.fixture
def host():
    return CollectorRegistry(auto_describe=True)


@pytest.fixture
def beside(host):
    beside = Beside.of(host)
    beside.families.of("digits", "1").count_inference("ok", 0.25)
    return beside


def test_a_registry_has_one(host, beside):
    assert Beside.of(host) is beside
    assert Beside.of(CollectorRegistry()) is not beside


def test_what_a_server_of_ours_only_measures_is_not_exported(host, beside):
    text = generate_latest(host).decode()
    assert "inference_request_duration_seconds" in text
    for name in ("inference_phase_duration_seconds", "inference_batch_size", "inference_queue_length", "_created"):
        assert name not in text


@pytest.mark.parametrize(
    ("own", "name", "left"),
    [
        (Counter, "inference_requests_total", "inference_requests_total"),
        (Gauge, "inference_requests_total", "inference_requests_total"),
        (Gauge, "inference_requests", "inference_requests_total"),
        (Gauge, "inference_latency_seconds", "inference_latency_seconds"),
        (Summary, "inference_request_duration_seconds", "inference_request_duration_seconds"),
        (Counter, "http_request_duration_seconds_count", "http_request_duration_seconds"),
        (Gauge, "memory_usage", "memory_usage"),
    ],
)
def test_a_name_that_the_host_has_is_the_hosts(host, beside, own, name, left):
    assert beside.left() == []
    own(name, "Own.", registry=host)
    assert beside.left() == [left]
    assert all(family.name != left.removesuffix("_total") for family in beside.collect())


def test_a_metric_that_the_host_gives_up_is_exported_again(host, beside):
    own = Gauge("inference_latency_seconds", "Own.", registry=host)
    assert host.get_sample_value("inference_latency_seconds", LABELS) is None
    host.unregister(own)
    assert host.get_sample_value("inference_latency_seconds", LABELS) == 0.25


def test_names_are_told_once(host, beside):
    Info("cpu", "No namesake.", registry=host)
    Gauge("cpu_usage", "Own.", registry=host)
    assert beside.untold() == ["cpu_usage"]
    assert beside.untold() == []
    Gauge("memory_usage", "Own.", registry=host)
    assert beside.untold() == ["memory_usage"]


def test_a_scrape_shows_the_host_and_ours(host, beside):
    Gauge("temperature", "Own.", registry=host).set(21)
    assert {family.name for family in beside.scraped().collect()} >= {"temperature", "inference_requests"}
    restricted = beside.scraped(["temperature"]).restricted_registry(["temperature", "inference_latency_seconds"])
    assert sorted(family.name for family in restricted.collect()) == ["inference_latency_seconds", "temperature"]
