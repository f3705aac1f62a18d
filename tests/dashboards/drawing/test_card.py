"""The card that a panel is drawn on: its texts, and what it says where there is nothing to draw."""

import math
import warnings

from drawn import texts

from monitorkit.dashboards import Row
from monitorkit.dashboards.panels import Gauge, Query, Stat, TimeSeries
from monitorkit.errors import DashboardError, QueryError


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
