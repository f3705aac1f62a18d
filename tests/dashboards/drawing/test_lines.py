"""Lines over time, read back from the figure."""

import math
import re

import numpy as np
import pytest
from drawn import color_of, texts
from matplotlib.colors import to_hex

from monitorkit.dashboards.colors import hex_color, text_color
from monitorkit.dashboards.drawing.lines import MOST_LINES
from monitorkit.dashboards.panels import Gauge, Stat, TimeSeries, above, below

AT = 1_700_000_000.0


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


def test_too_many_lines_are_cut_to_the_largest_and_counted(draw):
    many = {"x": lambda t: {(("n", f"{n:02}"),): np.full(t.size, float(n)) for n in range(40)}}
    picture = draw(many, TimeSeries("T", "x"))
    lines = picture.figure.axes[0].get_lines()
    assert len(lines) == MOST_LINES
    assert min(line.get_ydata()[0] for line in lines) == 40 - MOST_LINES
    assert f"{MOST_LINES} of 40 series, the largest" in texts(picture)


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
