import pytest

from monitorkit.query.engine import Engine, recognise


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
