"""What is on the picture of a dashboard, read back from the figure's texts, lines and dots."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from drawn import texts

from monitorkit.dashboards import Dashboard, Row
from monitorkit.dashboards.panels import Gauge, Stat, TimeSeries, above
from monitorkit.errors import QueryError, ServerUnavailable

AT = 1_700_000_000.0


def test_title_headings_titles_descriptions_and_time_are_on_it(source, constant):
    board = Dashboard(
        "Inference",
        [Row("Performance", [TimeSeries("Latency", "up", description="How long. More of it.")])],
        description="What.",
    )
    found = texts(board.draw(source({"up": constant(1)}), at=AT, last="15m"))
    assert {"Inference", "What.", "Performance", "Latency", "How long"} <= set(found)
    assert any("2023-11-1" in text and ":" in text for text in found)


def test_the_legend_has_names_that_differ_and_last_values(draw):
    rates = {"x": lambda t: {(("job", "j"), ("status", s)): t * 0 + v for s, v in (("ok", 12.5), ("shed", 0.25))}}
    found = texts(draw(rates, TimeSeries("T", "x", unit="reqps")))
    assert [text for text in found if text in {"ok", "shed", "12.5 req/s", "0.250 req/s"}] == [
        "ok",
        "12.5 req/s",
        "shed",
        "0.250 req/s",
    ]


def test_a_legend_that_finds_no_room_is_counted(draw):
    long = {"x": lambda t: {(("n", f"a-very-long-instance-name-{n}"),): t * 0 + n for n in range(12)}}
    found = texts(draw(long, [TimeSeries("T", "x"), TimeSeries("U", "x"), TimeSeries("V", "x")]))
    assert any(text.startswith("+") and text.endswith(" more") for text in found)


def test_a_dead_server_is_told_over_the_panels(draw):
    dead = {"up": ServerUnavailable("http://127.0.0.1:9", "connection refused")}
    found = texts(draw(dead, TimeSeries("A", "up"), TimeSeries("B", "up")))
    assert "http://127.0.0.1:9: connection refused" in found


def test_an_empty_board_is_drawn(draw):
    assert draw({}).png


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("height", [1, 2])
def test_the_smallest_panels_are_drawn(draw, constant, width, height):
    answers = {"x": constant(1), "none": lambda t: {}, "bad": QueryError("no")}
    panels = [
        kind("Title", query, width=width, height=height) for kind in (TimeSeries, Stat, Gauge) for query in answers
    ]
    assert draw(answers, panels).png


def test_many_threads_draw_the_same(draw, constant):
    def one(_):
        return draw({"x": constant(0.4)}, [TimeSeries("T", "x", thresholds=above(1)), Gauge("G", "x")]).png

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(one, range(12)))) == 1
