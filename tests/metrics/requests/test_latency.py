"""The latency of the last request, as a gauge."""

from prometheus_client import CollectorRegistry, Gauge

from monitorkit.metrics.requests.latency import LastLatency


def test_there_is_none_before_the_first_request_and_none_of_a_version_that_was_replaced():
    registry = CollectorRegistry()
    last = LastLatency(Gauge("latency_seconds", "Latency.", ["version"], registry=registry), ["1"])

    def seen():
        return registry.get_sample_value("latency_seconds", {"version": "1"})

    assert seen() is None
    last.set(0.5)
    last.set(0.25)
    assert seen() == 0.25
    last.retire()
    last.set(2.0)
    assert seen() is None
    last.activate()
    assert seen() is None
    last.set(1.5)
    assert seen() == 1.5
    last.retire()
    last.retire()
    assert seen() is None
