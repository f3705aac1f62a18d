"""Percent of the machine, measured between readings."""

import psutil
import pytest
from prometheus_client import CollectorRegistry

from monitorkit.metrics.machine.resources import CpuTimes, CpuUsage, ResourceFamilies, machine_cpu_times

LABELS = {"model_name": "digits", "model_version": "1"}


class Machine:
    """Two processors; `load` of them are in use."""

    def __init__(self):
        self.now = 100.0
        self.used = 50.0

    def pass_time(self, seconds, load):
        self.now += seconds
        self.used += seconds * load

    def times(self):
        return CpuTimes(used=self.used, total=2 * self.now)

    def clock(self):
        return self.now


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def usage(machine):
    return CpuUsage(machine.times, clock=machine.clock)


def test_usage_is_used_time_by_total_time(machine, usage):
    machine.pass_time(5, load=0.5)
    assert usage.percent() == pytest.approx(25.0)
    machine.pass_time(5, load=2)
    assert usage.percent() == pytest.approx(100.0)


def test_a_second_scraper_right_after_the_first_sees_the_same(machine, usage):
    for load in (0.5, 1.5, 0.25):
        machine.pass_time(2, load)
        first = usage.percent()
        machine.pass_time(0.001, load=2)
        second = usage.percent()
        assert first == pytest.approx(50 * load, abs=0.2)
        assert second == pytest.approx(first, abs=0.2)


def test_scrapers_of_different_intervals_both_see_the_last_seconds(machine, usage):
    for step in range(1, 31):
        machine.pass_time(1, load=1 if step <= 28 else 0)
        percent = usage.percent()
        if step % 15 == 0:
            assert usage.percent() == percent
    assert percent == pytest.approx(0.0)


def test_there_is_no_value_before_there_is_an_interval(machine, usage):
    assert usage.percent() is None
    machine.pass_time(0.01, load=2)
    assert usage.percent() is None
    machine.pass_time(0.5, load=2)
    assert usage.percent() == pytest.approx(100.0)


def test_a_hasty_scraper_fills_no_memory(machine, usage):
    for _ in range(10_000):
        machine.pass_time(0.001, load=1)
        usage.percent()
    assert len(usage._readings) < 10


def test_waiting_time_that_runs_backwards_stays_in_range(machine, usage):
    machine.pass_time(2, load=-0.1)
    assert usage.percent() == 0.0


def test_processor_times_are_those_of_the_system():
    before = psutil.cpu_times()
    times = machine_cpu_times()
    after = psutil.cpu_times()
    idle = [moment.idle + getattr(moment, "iowait", 0.0) for moment in (before, after)]
    assert idle[0] - 1e-6 <= times.total - times.used <= idle[1] + 1e-6
    assert times.used >= before.user + before.system


def test_both_usages_are_exported_under_the_version_that_is_served(machine, usage):
    registry = CollectorRegistry()
    ResourceFamilies(registry, lambda: [("digits", "1")], cpu=usage)
    assert registry.get_sample_value("cpu_usage", LABELS) is None
    machine.pass_time(1, load=1)
    assert registry.get_sample_value("cpu_usage", LABELS) == pytest.approx(50.0)
    memory = psutil.virtual_memory()
    assert registry.get_sample_value("memory_usage", LABELS) == pytest.approx(memory.percent, abs=5)
