import pytest

from monitorkit.query.connection.engine import Engine, recognise
from monitorkit.query.times import Window


@pytest.mark.parametrize(
    ("build", "shown"),
    [
        ({"version": "2.42.0+ds", "revision": "2.42.0+ds-5", "goVersion": "go1.19.8"}, "Prometheus 2.42.0"),
        ({"version": "3.5.3", "revision": "abc", "goVersion": "go1.24"}, "Prometheus 3.5.3"),
        ({"version": "0.37.2", "revision": "abc", "goVersion": "go1.23"}, "Thanos 0.37.2"),
        ({"application": "Grafana Mimir", "version": "2.14.0", "revision": "abc"}, "Grafana Mimir 2.14.0"),
        ({}, "VictoriaMetrics"),
        ({"version": "2.24.0"}, "VictoriaMetrics"),
    ],
)
def test_an_engine_is_told_from_its_build_information(build, shown):
    assert str(recognise(build)) == shown


def test_only_victoriametrics_is_told_to_leave_the_points_where_they_are():
    assert recognise({}).query_params == {"nocache": "1", "latency_offset": "1ms"}
    assert Engine("Prometheus", "3.5.3").query_params == {}


@pytest.mark.parametrize(
    ("build", "end_ms", "step_ms", "told"),
    [
        ({}, 100_000, 1_000, True),
        ({}, 70_001, 59_999, True),
        ({}, 70_000, 1_000, False),
        ({}, 100_000, 60_000, False),
        ({"version": "2.24.0"}, 100_000, 1_000, False),
        ({"version": "3.5.3", "revision": "r", "goVersion": "go"}, 100_000, 1_000, False),
    ],
)
def test_an_old_victoriametrics_is_told_of_where_it_repeats_a_value(build, end_ms, step_ms, told):
    remark = recognise(build).remark(Window(0, end_ms, step_ms), now_ms=100_000)
    assert bool(remark) == told
    assert not told or remark.startswith("VictoriaMetrics before 1.85 repeats the value of 30 s ago")


def test_victoriametrics_lists_all_of_time_and_reads_labels_as_they_are():
    assert recognise({}).listing_params == {"start": "1"}
    assert not recognise({}).encodes_labels
    assert Engine("Prometheus", "3.5.3").listing_params == {}
    assert Engine("Prometheus", "3.5.3").encodes_labels
