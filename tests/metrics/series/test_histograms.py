"""Histograms, compared with those of prometheus_client."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from monitorkit.metrics import Registry
from monitorkit.metrics.series.histograms import Histograms, histograms

BUCKETS = (0.001, 0.5, 1.0, 2.5, 1e6)


def written(kind, observed, write=generate_latest):
    """Observe values by label and write what a scraper reads, without creation times."""
    registry = Registry() if write is generate_openmetrics else CollectorRegistry()
    family = kind("wait_seconds", "How long.", ["where"], buckets=BUCKETS, registry=registry)
    for where, value in observed:
        family.labels(where).observe(value)
    lines = write(registry).decode().splitlines()
    return [line for line in lines if "wait_seconds" in line and "_created" not in line]


observations = st.lists(st.tuples(st.sampled_from(["a", 'b"\n']), st.sampled_from(BUCKETS) | st.floats(0, 1e9)))


@given(observations)
def test_what_is_written_is_what_prometheus_client_writes(observed):
    assert written(Histograms, observed) == written(Histogram, observed)


def test_openmetrics_too():
    observed = [("a", 0.5), ("a", 3.0), ("b", 1e9)]
    assert written(Histograms, observed, generate_openmetrics) == written(Histogram, observed, generate_openmetrics)


def test_a_child_is_there_before_its_first_value():
    assert 'wait_seconds_count{where="a"} 0.0' not in written(Histograms, [])
    registry = CollectorRegistry()
    Histograms("wait_seconds", "How long.", ["where"], buckets=BUCKETS, registry=registry).labels("a")
    assert registry.get_sample_value("wait_seconds_count", {"where": "a"}) == 0


def test_two_families_of_one_name_are_refused():
    registry = CollectorRegistry()
    Histogram("wait_seconds", "How long.", registry=registry)
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        Histograms("wait_seconds", "How long.", [], buckets=BUCKETS, registry=registry)


def test_threads_lose_nothing_and_a_scrape_sees_sums_that_fit_their_counts():
    registry = CollectorRegistry()
    family = Histograms("wait_seconds", "How long.", ["where"], buckets=BUCKETS, registry=registry)

    def work(number):
        for _ in range(2000):
            family.labels(str(number % 2)).observe(2.0)

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(work, number) for number in range(8)]
        while not all(future.done() for future in done):
            samples = {}
            for sample in next(iter(registry.collect())).samples:
                samples.setdefault(sample.labels["where"], {})[sample.name] = sample.value
            assert all(one["wait_seconds_sum"] == 2 * one["wait_seconds_count"] for one in samples.values())
    for where in "01":
        assert registry.get_sample_value("wait_seconds_count", {"where": where}) == 8000


def test_where_processes_share_their_values_it_is_prometheus_clients_own(tmp_path):
    code = (
        "from prometheus_client import CollectorRegistry, Histogram\n"
        "from monitorkit.metrics.series.histograms import histograms\n"
        "family = histograms('a', 'A.', [], buckets=(1,), registry=CollectorRegistry())\n"
        "assert isinstance(family, Histogram)"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=environment)
    assert isinstance(histograms("a", "A.", [], buckets=(1,), registry=CollectorRegistry()), Histograms)
