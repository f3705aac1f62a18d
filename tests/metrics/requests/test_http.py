import threading

import pytest
from prometheus_client import CollectorRegistry

from monitorkit.metrics.requests.http import MAX_PATHS, ApplicationFamilies

LABELS = {"model_name": "digits", "model_version": "1"}


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def metrics(registry):
    return ApplicationFamilies(registry).of("digits", "1")


def test_an_answer_is_counted_and_timed(registry, metrics):
    metrics.count("GET", "/a", 200, 0.25)
    metrics.count("GET", "/a", 500, 0.5)
    of = LABELS | {"method": "GET", "path": "/a"}
    assert registry.get_sample_value("http_requests_total", of | {"code": "200"}) == 1
    assert registry.get_sample_value("http_request_duration_seconds_sum", of) == 0.75
    assert registry.get_sample_value("http_request_duration_seconds_bucket", of | {"le": "0.25"}) == 1


@pytest.mark.parametrize(
    ("method", "code", "labels"),
    [
        ("PURGE", 200, {"method": "other", "code": "200"}),
        ("get", 200, {"method": "other", "code": "200"}),
        ("GET", 999, {"method": "GET", "code": "other"}),
        ("GET", -1, {"method": "GET", "code": "other"}),
        ("GET", 599, {"method": "GET", "code": "599"}),
    ],
)
def test_what_http_does_not_know_is_other(registry, metrics, method, code, labels):
    metrics.count(method, "/a", code, 0.1)
    assert registry.get_sample_value("http_requests_total", LABELS | {"path": "/a"} | labels) == 1


def test_routes_beyond_the_limit_are_other(registry, metrics):
    for number in range(MAX_PATHS + 50):
        for _ in range(2):
            metrics.count("GET", f"/{number}", 200, 0.1)
    of = LABELS | {"method": "GET", "code": "200"}
    assert registry.get_sample_value("http_requests_total", of | {"path": "other"}) == 100
    assert registry.get_sample_value("http_requests_total", of | {"path": f"/{MAX_PATHS - 1}"}) == 2
    assert registry.get_sample_value("http_requests_total", of | {"path": f"/{MAX_PATHS}"}) is None


def test_every_status_is_there_from_the_start(registry, metrics):
    for status in ("ok", "client_error", "server_error", "shed"):
        assert registry.get_sample_value("inference_requests_total", LABELS | {"status": status}) == 0
    assert registry.get_sample_value("inference_latency_seconds", LABELS) is None


def test_threads_lose_no_count(registry, metrics):
    def count():
        for _ in range(1000):
            metrics.count("GET", "/a", 200, 0.1)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    of = LABELS | {"method": "GET", "path": "/a"}
    assert registry.get_sample_value("http_requests_total", of | {"code": "200"}) == 8000
    assert registry.get_sample_value("http_request_duration_seconds_count", of) == 8000


def test_a_version_that_is_replaced_keeps_its_counts_and_loses_its_last_latency(registry):
    families = ApplicationFamilies(registry)
    first = families.of("digits", "1")
    first.count_inference("ok", 0.1)
    families.of("digits", "2")
    # A request that was in flight meanwhile must not bring the series back.
    first.count_inference("ok", 0.1)
    assert registry.get_sample_value("inference_requests_total", LABELS | {"status": "ok"}) == 2
    assert registry.get_sample_value("inference_latency_seconds", LABELS) is None
