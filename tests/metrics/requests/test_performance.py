"""Requests, durations and phases of a version."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry

from monitorkit.metrics.requests.performance import DURATION_BUCKETS, PHASES, PerformanceFamilies

LABELS = {"model_name": "digits", "model_version": "1"}


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def requests(registry):
    return PerformanceFamilies(registry).of("digits", "1")


def test_each_status_is_there_from_the_start(registry, requests):
    for status in ("ok", "client_error", "server_error", "shed"):
        assert registry.get_sample_value("inference_requests_total", LABELS | {"status": status}) == 0


def test_the_last_latency_is_absent_before_the_first_answer(registry, requests):
    assert registry.get_sample_value("inference_latency_seconds", LABELS) is None
    requests.count_ok(0.25)
    requests.count_ok(0.5)
    assert registry.get_sample_value("inference_latency_seconds", LABELS) == 0.5


def test_latency_is_time_by_requests(registry, requests):
    durations = [0.0003, 0.004, 0.3, 1.0, 200.0]
    for duration in durations:
        requests.count_ok(duration)
    total = registry.get_sample_value("inference_request_duration_seconds_sum", LABELS)
    count = registry.get_sample_value("inference_request_duration_seconds_count", LABELS)
    assert total == sum(durations)
    assert count == registry.get_sample_value("inference_requests_total", LABELS | {"status": "ok"}) == 5
    assert registry.get_sample_value("inference_request_duration_seconds_bucket", LABELS | {"le": "1.0"}) == 4


def test_a_refusal_is_counted_and_not_timed(registry, requests):
    requests.count("client_error")
    assert registry.get_sample_value("inference_requests_total", LABELS | {"status": "client_error"}) == 1
    assert registry.get_sample_value("inference_request_duration_seconds_count", LABELS) == 0
    assert registry.get_sample_value("inference_latency_seconds", LABELS) is None


def test_phases_are_timed_each_under_its_name(registry, requests):
    requests.time_phases(queue=1.0, preprocess=2.0, predict=3.0, postprocess=4.0)
    sums = {
        phase: registry.get_sample_value("inference_phase_duration_seconds_sum", LABELS | {"phase": phase})
        for phase in PHASES
    }
    assert sums == {"queue": 1.0, "preprocess": 2.0, "predict": 3.0, "postprocess": 4.0}


def test_a_retired_version_keeps_its_counts_and_loses_its_last_values(registry, requests):
    requests.watch_queue(lambda: 7)
    requests.count_ok(0.5)
    assert registry.get_sample_value("inference_queue_length", LABELS) == 7
    requests.retire()
    requests.count_ok(0.5)  # one that was in flight
    assert registry.get_sample_value("inference_latency_seconds", LABELS) is None
    assert registry.get_sample_value("inference_queue_length", LABELS) is None
    assert registry.get_sample_value("inference_requests_total", LABELS | {"status": "ok"}) == 2
    requests.activate()
    requests.count_ok(0.25)
    assert registry.get_sample_value("inference_latency_seconds", LABELS) == 0.25


def test_sixteen_threads_lose_no_count(registry, requests):
    def work(_):
        for _ in range(500):
            requests.add_in_flight(1)
            requests.count_ok(0.001)
            requests.count("shed")
            requests.add_in_flight(-1)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    assert registry.get_sample_value("inference_requests_total", LABELS | {"status": "ok"}) == 8000
    assert registry.get_sample_value("inference_requests_total", LABELS | {"status": "shed"}) == 8000
    assert registry.get_sample_value("inference_request_duration_seconds_count", LABELS) == 8000
    assert registry.get_sample_value("inference_in_flight_requests", LABELS) == 0


def test_buckets_reach_from_half_a_millisecond_to_three_minutes_and_have_the_alert_threshold():
    assert (DURATION_BUCKETS[0], DURATION_BUCKETS[-1]) == (0.0005, 180.0)
    assert 1.0 in DURATION_BUCKETS
    assert list(DURATION_BUCKETS) == sorted(set(DURATION_BUCKETS))
