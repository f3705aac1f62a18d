"""What is scraped, compared byte by byte with what prometheus_client writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary
from prometheus_client.core import GaugeHistogramMetricFamily, Metric, StateSetMetricFamily, UnknownMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.samples import Exemplar, Sample, Timestamp

from monitorkit.metrics import ModelMetrics, Registry
from monitorkit.metrics.series.writing import write

ACCEPTS = [
    "",
    "text/plain;version=0.0.4",
    "text/plain;version=1.0.0;escaping=allow-utf-8",
    "text/plain;version=1.0.0;escaping=underscores",
    "application/openmetrics-text",
    "application/openmetrics-text;version=0.0.1",
    "application/openmetrics-text;version=1.0.0",
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
    "application/openmetrics-text;version=1.0.0;escaping=dots",
    "application/openmetrics-text;version=1.0.0;escaping=values",
    "application/openmetrics-text;version=1.0.0;escaping=underscores,text/plain;q=0.5",
]


class Some:
    def __init__(self, families):
        self.families = families

    def collect(self):
        return self.families


def both(families, accept):
    encode, content_type = choose_encoder(accept)
    return write(families, content_type), encode(families)


names = st.sampled_from(["a", "a_total", "a_created", "a_gsum", "a_bucket", "a:b", "_", "ä", "a.b", "3a", "le"])
texts = st.text(st.sampled_from('ab\\"\n\u2028é{}=, ') | st.characters(codec="utf-8"), max_size=6)
numbers = st.floats() | st.integers(-(2**60), 2**60) | st.booleans()
samples = st.builds(
    Sample,
    names,
    st.dictionaries(names, texts, max_size=3),
    numbers,
    st.none() | st.none() | st.none() | st.sampled_from([0, 1.5, Timestamp(3, 4)]),
    st.none(),
    st.none(),
)


def family(name, text, kind, unit, given_samples):
    one = Metric(name, text, kind, unit)
    one.samples = given_samples
    return one


kinds = st.sampled_from(["counter", "gauge", "histogram", "unknown", "info", "stateset", "summary", "gaugehistogram"])
families = st.builds(family, names, texts, kinds, st.sampled_from(["", "seconds"]), st.lists(samples, max_size=4))


@given(st.lists(families, max_size=3).map(Some), st.sampled_from(ACCEPTS))
def test_whatever_the_families_every_byte_is_the_same(given_families, accept):
    try:
        _, expected = both(given_families, accept)
    except (ValueError, TypeError, AttributeError):  # what prometheus_client itself cannot write
        return
    assert write(given_families, choose_encoder(accept)[1]) == expected


@pytest.mark.parametrize("accept", ACCEPTS)
def test_every_kind_of_prometheus_client_is_written_as_it_does(accept):
    registry = CollectorRegistry()
    Counter("asked", "With \\ and\nlines.", ["who"], registry=registry).labels('"me"').inc(
        3, {"trace": "1"} if "openmetrics" in accept else None
    )
    Gauge("level", "", unit="metres", registry=registry).set(1e21)
    Histogram("wait", "Waits.", ["where"], registry=registry).labels("door").observe(0.3)
    Summary("size", "Sizes.", registry=registry).observe(2)
    Info("build", "What runs.", registry=registry).info({"version": "1"})
    Enum("state", "On or off.", states=["on", "off"], registry=registry)
    registry.register(Some([UnknownMetricFamily("odd", "Odd.", value=1)]))
    registry.register(Some([StateSetMetricFamily("set", "Set.", {"a": True})]))
    registry.register(Some([GaugeHistogramMetricFamily("heap", "Heap.", [("1.0", 2), ("+Inf", 3)], gsum_value=4)]))
    written, expected = both(registry, accept)
    assert written == expected


@pytest.mark.parametrize("accept", ACCEPTS)
def test_a_models_metrics_are_written_as_prometheus_client_does(accept):
    registry = Registry()
    version = ModelMetrics(registry, 'say "hi"\\').activate("1", classes=["cat", "d\nog"])
    version.requests.count_ok(0.25)
    version.quality.observe("cat", "d\nog")
    content_type = choose_encoder(accept)[1]
    # Not the process' own numbers, which change from one moment to the next.
    some = Some(
        [one for one in registry.collect() if not one.name.startswith(("process_", "python_", "cpu", "memory"))]
    )
    assert write(some, content_type) == both(some, accept)[1]


def test_an_exemplar_is_kept():
    one = Metric("asked", "Asked.", "counter")
    one.samples = [Sample("asked_total", {}, 1.0, None, Exemplar({"trace": "7"}, 0.5))]
    written, expected = both(Some([one]), "application/openmetrics-text;version=1.0.0")
    assert written == expected
    assert b'# {trace="7"} 0.5' in written
