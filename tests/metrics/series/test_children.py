"""Counting with children of prometheus_client's metrics."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge

from monitorkit.metrics.series.children import incrementing


@pytest.mark.parametrize("kind", [Counter, Gauge])
def test_what_is_added_is_exported(kind):
    registry = CollectorRegistry()
    child = kind("opened", "Doors.", ["where"], registry=registry).labels("here")
    add = incrementing(child)
    add(2)
    child.inc()
    name = "opened_total" if kind is Counter else "opened"
    assert registry.get_sample_value(name, {"where": "here"}) == 3


def test_it_is_prometheus_clients_own_way_without_the_checks():
    child = Counter("opened", "Doors.", registry=CollectorRegistry())
    assert incrementing(child) != child.inc


def test_without_that_way_it_is_inc_itself():
    class Foreign:
        def inc(self, amount):
            self.amount = amount

    child = Foreign()
    incrementing(child)(3)
    assert child.amount == 3
