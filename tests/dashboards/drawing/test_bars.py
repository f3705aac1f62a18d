import numpy as np
from matplotlib.patches import FancyBboxPatch

from monitorkit.dashboards.drawing.chart import WIDTH, draw_chart
from monitorkit.dashboards.drawing.sheet import text_width
from monitorkit.dashboards.panels import TimeSeries
from monitorkit.dashboards.reading import Line, Reading
from monitorkit.dashboards.window import Window


def drawn(values, **panel):
    """Bars and texts of a chart: names are those of `values`."""
    lines = tuple(Line(name, np.empty(0), np.array([value], dtype=float)) for name, value in values.items())
    picture = draw_chart(Reading(TimeSeries("T", "up", **panel), Window(0, 1, 1), lines), over_time=False)
    boxes = [each for each in picture.figure.get_children() if isinstance(each, FancyBboxPatch)]
    return picture, [box for box in boxes if box.get_zorder() == 2], picture.figure.texts


def test_bars_are_as_long_as_their_values_and_start_at_zero():
    _, bars, _ = drawn({"a": 10, "b": 5, "c": -5})
    assert [round(bar.get_width() / bars[0].get_width(), 3) for bar in bars] == [1, 0.5, 0.5]
    assert bars[0].get_x() == bars[1].get_x()
    assert round(bars[2].get_x() + bars[2].get_width(), 6) == round(bars[0].get_x(), 6)


def test_nothing_leaves_the_picture_whatever_the_names_and_values_are():
    picture, bars, texts = drawn({"n" * 500: 1e300, "中文" * 100: -1e299, "": 1.23456789e-300}, unit="x" * 200)
    assert picture.png
    assert all(0 <= bar.get_x() <= bar.get_x() + bar.get_width() <= WIDTH for bar in bars)
    ends = [text.get_position()[0] + text_width(text.get_text(), 11, text.get_fontweight()) for text in texts]
    assert max(ends) <= WIDTH


def test_the_picture_is_as_high_as_its_bars():
    heights = [drawn({str(n): n for n in range(count)})[0].height for count in (1, 2, 20)]
    assert heights[1] - heights[0] == 22
    assert heights[2] > 19 * 22


def test_a_line_with_the_time_stands_where_there_is_room_for_it():
    few, many = (drawn({str(n): n for n in range(count)}, description="at noon") for count in (2, 8))
    assert "at noon" not in [text.get_text() for text in few[2]]
    assert "at noon" in [text.get_text() for text in many[2]]
