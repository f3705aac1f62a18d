"""Single numbers and gauges, read back from the figure."""

import pytest
from drawn import color_of, texts
from matplotlib.colors import to_hex

from monitorkit.dashboards.colors import hex_color, text_color
from monitorkit.dashboards.panels import Gauge, Stat, above, below


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
