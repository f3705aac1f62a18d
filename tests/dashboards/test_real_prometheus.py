"""Dashboards on a real Prometheus that scrapes itself."""

import numpy as np
import pytest

from monitorkit.dashboards import Dashboard, Row
from monitorkit.dashboards.panels import Gauge, Heatmap, Query, Stat, TimeSeries
from monitorkit.errors import QueryError
from monitorkit.processes import wait_until


@pytest.fixture(scope="module")
def scraped(prometheus):
    """Prometheus with some seconds of samples of its own."""
    assert wait_until(lambda: not prometheus.query("count_over_time(up[10s]) >= 5").empty, timeout_seconds=30)
    return prometheus


@pytest.fixture(scope="module")
def reading(scraped):
    board = Dashboard(
        "Prometheus",
        [
            Row("Now", [Stat("Up", "up"), Gauge("Share", "up", unit="percentunit")]),
            Row(
                "Traffic",
                [
                    TimeSeries("Requests", "sum by (code) (rate(prometheus_http_requests_total[$__rate_interval]))"),
                    TimeSeries("Memory", Query("process_resident_memory_bytes", "{{job}}"), unit="bytes"),
                ],
            ),
            Heatmap("Sizes", "sum by (le) (rate(prometheus_http_response_size_bytes_bucket[$__rate_interval]))"),
            [TimeSeries("Broken", "sum(up"), TimeSeries("Nothing", 'up{job="no such"}')],
        ],
    )
    return board, board.read(scraped, last="1m")


def by_title(reading, title):
    return next(one for one in reading[1].readings if one.panel.title == title)


def test_a_rate_over_the_rate_interval_has_data_some_seconds_after_the_start(reading):
    lines = by_title(reading, "Requests").lines
    assert "200" in [line.name for line in lines]
    assert np.isfinite(lines[0].values[-3:]).any()


def test_steps_are_as_fine_as_the_scrapes(reading):
    window = by_title(reading, "Requests").window
    assert (window.step, window.rate_interval) == (1, 4)


def test_a_heatmap_counts_what_its_histogram_counts(scraped, reading):
    found = by_title(reading, "Sizes")
    start, end = (found.window.start, found.window.end)
    total = scraped.query_range(
        "sum(rate(prometheus_http_response_size_bytes_count[4s]))", start=start, end=end, step=found.window.step
    )
    rates = total.iloc[:, 0].dropna().to_numpy()
    np.testing.assert_allclose(found.cells.counts.sum(axis=0)[-len(rates) :], rates)
    assert found.cells.bounds[:2].tolist() == [0, 100]
    assert np.isinf(found.cells.bounds[-1])


def test_a_legend_is_filled(reading):
    assert [line.name for line in by_title(reading, "Memory").lines] == ["prometheus"]


def test_the_server_points_at_the_mistake(reading):
    broken = by_title(reading, "Broken")
    assert isinstance(broken.error.__cause__, QueryError)
    assert "sum(up" in broken.message
    assert "^" in broken.message


def test_no_series_is_no_error(reading):
    nothing = by_title(reading, "Nothing")
    assert (nothing.lines, nothing.error) == ((), None)


def test_a_picture_of_it_holds_the_values(reading, scraped):
    board, _ = reading
    picture = board.draw(scraped, last="1m")
    found = {text.get_text() for text in picture.figure.texts}
    assert {"Prometheus", "No data", "This panel failed", "100", "%"} <= found
    assert [error.panel for error in picture.errors] == ["Broken"]


def test_a_server_that_has_gone_is_told_without_an_exception(tmp_path):
    from monitorkit.services import start_prometheus

    with start_prometheus(name="dashboards-gone", data=tmp_path / "data") as server:
        url = server.url
    picture = Dashboard("B", [TimeSeries("A", "up"), TimeSeries("B", "up")]).draw(server)
    assert len(picture.errors) == 2
    assert any(url in text.get_text() for text in picture.figure.texts)
