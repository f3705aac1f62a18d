"""What is on the picture of a dashboard, read back from the figure's texts, lines and dots."""

import io
import math
import re
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from monitorkit.dashboards import Dashboard, Row
from monitorkit.dashboards.colors import hex_color, text_color
from monitorkit.dashboards.drawing.lines import MOST_LINES
from monitorkit.dashboards.panels import Gauge, Heatmap, Query, Stat, TimeSeries, above, below
from monitorkit.errors import DashboardError, QueryError, ServerUnavailable

AT = 1_700_000_000.0


def texts(picture):
    return [text.get_text() for text in picture.figure.texts]


def color_of(picture, text):
    return next(to_hex(one.get_color()).upper() for one in picture.figure.texts if one.get_text() == text)


@pytest.fixture
def draw(source):
    def draw_panels(answers, *panels, **options):
        return Dashboard("Board", list(panels), **options).draw(source(answers), at=AT)

    return draw_panels


def test_title_headings_titles_descriptions_and_time_are_on_it(source, constant):
    board = Dashboard(
        "Inference",
        [Row("Performance", [TimeSeries("Latency", "up", description="How long. More of it.")])],
        description="What.",
    )
    found = texts(board.draw(source({"up": constant(1)}), at=AT, last="15m"))
    assert {"Inference", "What.", "Performance", "Latency", "How long"} <= set(found)
    assert any("2023-11-1" in text and ":" in text for text in found)


def test_the_picture_is_a_png_of_its_size(draw, constant):
    picture = draw({"up": constant(1)}, TimeSeries("Up", "up"))
    data, size = picture._repr_png_()
    image = Image.open(io.BytesIO(data))
    assert (size["width"], size["height"]) == (picture.width, picture.height)
    assert image.size == (2 * picture.width, 2 * picture.height)


def test_lines_are_the_values_and_gaps_are_gaps(draw):
    def values(times):
        line = np.arange(times.size, dtype=float)
        line[10:20] = math.nan
        return {(): line}

    picture = draw({"x": values}, TimeSeries("T", "x"))
    (line, *_) = picture.figure.axes[0].get_lines()
    np.testing.assert_array_equal(line.get_ydata()[:10], np.arange(10))
    assert np.isnan(line.get_ydata()[10:20]).all()
    assert line.get_xdata()[-1] == AT // 15 * 15


def test_a_sample_without_neighbours_is_a_dot(draw):
    def values(times):
        line = np.full(times.size, math.nan)
        line[[5, -1]] = 3
        line[8:10] = 4
        return {(): line}

    picture = draw({"x": values}, TimeSeries("T", "x"))
    dots = [line for line in picture.figure.axes[0].get_lines() if line.get_marker() == "o"]
    assert [dot.get_ydata().tolist() for dot in dots] == [[3, 3]]


def test_infinite_values_are_not_drawn_but_named_in_the_legend(draw):
    picture = draw({"x": lambda t: {(): np.where(t == t[-1], math.inf, 1.0)}}, TimeSeries("T", "x"))
    assert np.isnan(picture.figure.axes[0].get_lines()[0].get_ydata()[-1])
    assert "∞" in texts(picture)


@pytest.mark.parametrize("value", [1e-320, 1.7e308, -1.7e308, 1e300, 5e-324])
def test_the_smallest_and_largest_numbers_are_drawn(draw, value):
    both = {"x": lambda t: {(): np.where(t == t[0], value, -value)}}
    for kind in (TimeSeries, Stat, Gauge):
        for unit in ("short", "s", "bytes"):
            assert draw(both, kind("T", "x", unit=unit)).png


def test_the_legend_has_names_that_differ_and_last_values(draw):
    rates = {"x": lambda t: {(("job", "j"), ("status", s)): t * 0 + v for s, v in (("ok", 12.5), ("shed", 0.25))}}
    found = texts(draw(rates, TimeSeries("T", "x", unit="reqps")))
    assert [text for text in found if text in {"ok", "shed", "12.5 req/s", "0.250 req/s"}] == [
        "ok",
        "12.5 req/s",
        "shed",
        "0.250 req/s",
    ]


def test_too_many_lines_are_cut_to_the_largest_and_counted(draw):
    many = {"x": lambda t: {(("n", f"{n:02}"),): np.full(t.size, float(n)) for n in range(40)}}
    picture = draw(many, TimeSeries("T", "x"))
    lines = picture.figure.axes[0].get_lines()
    assert len(lines) == MOST_LINES
    assert min(line.get_ydata()[0] for line in lines) == 40 - MOST_LINES
    assert f"{MOST_LINES} of 40 series, the largest" in texts(picture)


def test_a_legend_that_finds_no_room_is_counted(draw):
    long = {"x": lambda t: {(("n", f"a-very-long-instance-name-{n}"),): t * 0 + n for n in range(12)}}
    found = texts(draw(long, [TimeSeries("T", "x"), TimeSeries("U", "x"), TimeSeries("V", "x")]))
    assert any(text.startswith("+") and text.endswith(" more") for text in found)


def threshold_lines(picture):
    return [line for line in picture.figure.axes[0].get_lines() if line.get_linestyle() == "--"]


def test_a_near_threshold_is_a_dashed_line_with_its_value_and_a_band(draw, constant):
    picture = draw({"x": constant(0.4)}, TimeSeries("T", "x", unit="s", thresholds=above(1.0, "red")))
    (line,) = threshold_lines(picture)
    assert set(line.get_ydata()) == {1.0}
    assert to_hex(line.get_color()).upper() == hex_color("red")
    assert color_of(picture, "1 s") == text_color("red")
    bands = [
        patch for patch in picture.figure.axes[0].patches if to_hex(patch.get_facecolor()).upper() == hex_color("red")
    ]
    assert [band.get_y() for band in bands] == [1.0]


def test_a_threshold_far_off_is_a_note(draw, constant):
    picture = draw({"x": constant(0.003)}, TimeSeries("T", "x", unit="s", thresholds=above(1.0)))
    assert threshold_lines(picture) == []
    assert "▲ 1 s" in texts(picture)
    assert "▼ 10%" in texts(draw({"x": constant(0.9)}, TimeSeries("T", "x", unit="percentunit", thresholds=below(0.1))))


def test_labels_of_both_axes_are_inside_the_picture(draw, constant):
    picture = draw({"x": constant(1_234_567)}, [TimeSeries("T", "x"), TimeSeries("U", "x", unit="bytes")], last="1m")
    renderer = picture.figure._get_renderer()
    ticks = [text for text in picture.figure.texts if re.fullmatch(r"\d\d:\d\d:\d\d|[\d.]+ (Mil|MiB)", text.get_text())]
    assert len(ticks) > 10
    for label in ticks:
        box = label.get_window_extent(renderer)
        assert 24 <= box.x0 <= box.x1 <= picture.figure.bbox.width - 24


def test_no_data_says_so_and_why(draw):
    found = texts(draw({'absent{a="b"}': lambda t: {}}, TimeSeries("T", 'absent{a="b"}')))
    assert {"No data", "the query returned no series", 'absent{a="b"}'} <= set(found)


def test_nan_only_is_no_data_too(draw, constant):
    for panel in (TimeSeries("T", "x"), Stat("T", "x"), Gauge("T", "x")):
        found = texts(draw({"x": constant(math.nan)}, panel))
        assert {"No data", "the query returned NaN only"} <= set(found)


def test_an_error_stays_in_its_panel(draw, constant):
    error = QueryError("unclosed left parenthesis", query="sum(up", position=3)
    picture = draw({"sum(up": error, "up": constant(7)}, [TimeSeries("Bad", "sum(up"), Stat("Good", "up")])
    found = texts(picture)
    assert {"This panel failed", "bad_data: unclosed left parenthesis", "  sum(up", "     ^", "7"} <= set(found)
    assert [type(error) for error in picture.errors] == [DashboardError]
    assert picture.errors[0].panel == "Bad"
    assert "1 panel failed" in repr(picture)


def test_a_dead_server_is_told_over_the_panels(draw):
    dead = {"up": ServerUnavailable("http://127.0.0.1:9", "connection refused")}
    found = texts(draw(dead, TimeSeries("A", "up"), TimeSeries("B", "up")))
    assert "http://127.0.0.1:9: connection refused" in found


@pytest.mark.parametrize(("value", "color"), [(0.95, "green"), (0.85, "red"), (0.9, "green")])
def test_a_stat_has_the_color_of_its_threshold(draw, constant, value, color):
    picture = draw({"x": constant(value)}, Stat("S", "x", unit="percentunit", thresholds=below(0.9), decimals=1))
    assert color_of(picture, f"{value * 100:.1f}") == text_color(color)


def test_a_stat_shows_each_series_with_its_name_and_a_sparkline(draw):
    two = {"x": lambda t: {(("s", s),): t * 0 + v for s, v in (("a", 1.0), ("b", 2.0))}}
    picture = draw(two, Stat("S", "x"))
    assert {"a", "1", "b", "2"} <= set(texts(picture))
    assert len(picture.figure.axes) == 2
    assert len(draw(two, Stat("S", "x", sparkline=False)).figure.axes) == 0


def test_series_that_find_no_room_are_counted(draw):
    many = {"x": lambda t: {(("s", str(s)),): t * 0 + s for s in range(50)}}
    found = texts(draw(many, [Stat("S", "x", width=6)]))
    assert "2 of 50 series" in found


def wedges(picture):
    from matplotlib.patches import Wedge

    return [patch for patch in picture.figure.patches + picture.figure.artists if isinstance(patch, Wedge)]


@pytest.mark.parametrize(("value", "part"), [(0, 0), (25, 0.25), (100, 1), (250, 1), (-5, 0)])
def test_a_gauge_goes_as_far_as_its_value(draw, constant, value, part):
    picture = draw({"x": constant(value)}, Gauge("G", "x", unit="percent"))
    rail, *arc = wedges(picture)
    assert rail.theta2 - rail.theta1 == pytest.approx(270)
    assert sum(one.theta2 - one.theta1 for one in arc) == pytest.approx(270 * part)


def test_a_gauge_has_a_ring_of_its_thresholds(draw, constant):
    limits = [above(70, "orange"), above(90, "red")]
    picture = draw({"x": constant(80)}, Gauge("G", "x", unit="percent", thresholds=limits))
    ring = wedges(picture)[2:]
    assert [one.theta2 - one.theta1 for one in ring] == pytest.approx([270 * 0.7, 270 * 0.2, 270 * 0.1])
    assert [to_hex(one.get_facecolor()).upper() for one in ring] == [hex_color(c) for c in ("green", "orange", "red")]
    assert to_hex(wedges(picture)[1].get_facecolor()).upper() == hex_color("orange")


def test_long_texts_are_cut_and_odd_ones_do_no_harm(draw, constant):
    odd = "$\\frac{x}{ " * 30 + "模型\n\x00"
    panels = [kind(odd, Query("x", odd), description=odd, unit=odd) for kind in (TimeSeries, Stat, Gauge)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = draw({"x": constant(1, job=odd)}, Row(odd, panels), description=odd)
        assert picture.png
    renderer = picture.figure._get_renderer()
    for text in picture.figure.texts:
        assert text.get_window_extent(renderer).x1 <= picture.figure.bbox.width


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


def test_a_picture_is_saved_in_the_kind_of_its_name(draw, constant, tmp_path):
    picture = draw({"up": constant(1)}, TimeSeries("Up", "up"))
    assert picture.save(tmp_path / "new" / "a.png").read_bytes() == picture.png
    assert b"<svg" in picture.save(tmp_path / "a.svg").read_bytes()
    with pytest.raises(ValueError, match=r"end the name in \.png"):
        picture.save(tmp_path / "a.jpg")


def histogram(times):
    """Cumulative counts: at each second one more between 0.1 s and 1 s."""
    return {
        (("le", le),): count for le, count in (("0.1", times * 0 + 2.0), ("1", times - times[0] + 2), ("+Inf", times))
    }


def test_a_heatmap_is_drawn_over_the_time_of_the_board(draw):
    answers = {"x_seconds_bucket": histogram}
    picture = draw(answers, Heatmap("Durations", "x_seconds_bucket", max=1), last="1m")
    assert {"Durations", "100 ms", "1 s", "0 s"} <= set(texts(picture))
    (mesh,) = (mesh for axes in picture.figure.axes for mesh in axes.collections)
    counts = mesh.get_array().filled(np.nan)
    assert counts.shape[0] == 2
    assert set(counts[0]) == {2.0}
    assert counts[1].tolist() == sorted(counts[1])
    assert (counts[1][0], counts[1][-1]) == (0, 60)
    start, end = mesh.axes.get_xlim()
    assert end - start == 60
    assert 0 <= AT - end < 15


def test_several_histograms_are_added_up_and_told(draw):
    def two(times):
        return {(*key, ("job", job)): value for job in "ab" for key, value in histogram(times).items()}

    assert "2 histograms, added up" in texts(draw({"x_bucket": two}, Heatmap("H", "x_bucket")))


def test_a_heatmap_of_nothing_or_of_no_histogram_says_so(draw, constant):
    found = texts(
        draw({"none": lambda t: {}, "up": constant(1)}, [Heatmap("None", "none"), Heatmap("Wrong", "up", width=12)])
    )
    assert {"No data", "the query returned no series", "This panel failed"} <= set(found)


@pytest.mark.parametrize("width", [1, 3, 6, 24])
@pytest.mark.parametrize("height", [1, 3, 12])
def test_a_heatmap_of_any_size_keeps_its_labels_in_its_card(draw, width, height):
    def sizes(times):
        return {(("le", le),): times for le in ("100", "1e+08", "+Inf")}

    picture = draw({"x_bytes_bucket": sizes}, Heatmap("H", "x_bytes_bucket", width=width, height=height))
    renderer = picture.figure._get_renderer()
    for text in picture.figure.texts:
        assert text.get_window_extent(renderer).x0 >= 24, text.get_text()
