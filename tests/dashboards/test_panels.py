import pytest

from monitorkit.dashboards.panels import Gauge, Heatmap, Panel, Query, Stat, TimeSeries, above, below
from monitorkit.errors import InvalidType, InvalidValue


def test_text_becomes_a_query_with_the_panels_legend():
    panel = TimeSeries("Requests", ["rate(a_total[5m])", Query("up", "own")], legend="{{status}}")
    assert panel.targets == (Query("rate(a_total[5m])", "{{status}}"), Query("up", "own"))


def test_one_query_needs_no_list():
    assert TimeSeries("Up", "up").targets == (Query("up"),)
    assert TimeSeries("Up", Query("up", "x")).targets == (Query("up", "x"),)


def test_a_panel_is_a_value():
    queries = ["up"]
    panel = Stat("Up", queries, thresholds=[above(1)])
    queries.append("down")
    assert panel == Stat("Up", ["up"], thresholds=(above(1),))
    assert hash(panel) == hash(Stat("Up", ["up"], thresholds=(above(1),)))
    assert len(panel.targets) == 1


def test_replace_returns_a_changed_copy():
    panel = TimeSeries("Latency", "x", unit="s")
    changed = panel.replace(queries="y", legend="l")
    assert (changed.targets, changed.unit, panel.targets) == ((Query("y", "l"),), "s", (Query("x"),))


def test_one_threshold_needs_no_list():
    assert TimeSeries("x", "x", thresholds=below(0.9)).limits == (below(0.9),)


@pytest.mark.parametrize(
    ("unit", "low", "high", "bounds"),
    [
        ("percent", None, None, (0, 100)),
        ("percentunit", None, None, (0, 1)),
        ("s", None, 2, (0, 2)),
        ("short", 50, None, (50, 150)),
        ("short", -5, 5, (-5, 5)),
    ],
)
def test_a_gauge_has_ends(unit, low, high, bounds):
    assert Gauge("x", "x", unit=unit, min=low, max=high).bounds == bounds


@pytest.mark.parametrize("queries", [[], ()])
def test_a_panel_without_query_is_refused(queries):
    with pytest.raises(InvalidValue, match="'Empty' has no query"):
        TimeSeries("Empty", queries)


def test_an_empty_query_is_refused():
    with pytest.raises(InvalidValue, match="a query is empty"):
        TimeSeries("Blank", "  ")


@pytest.mark.parametrize("queries", [5, [5], None])
def test_what_is_no_query_is_refused(queries):
    with pytest.raises(InvalidType, match="is no query"):
        TimeSeries("Wrong", queries)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"width": 25}, "width is 25"),
        ({"width": 0}, "width is 0"),
        ({"height": 1.5}, "height is 1.5"),
        ({"decimals": -1}, "decimals is -1"),
        ({"min": float("nan")}, "min is nan"),
        ({"min": 2, "max": 1}, "min 2 must be less"),
        ({"max": True}, "max is True"),
    ],
)
def test_numbers_that_no_grid_or_axis_has_are_refused(wrong, message):
    with pytest.raises(InvalidValue, match=f"panel 'P': {message}"):
        TimeSeries("P", "up", **wrong)


def test_an_unknown_calculation_is_refused_with_the_known_ones():
    with pytest.raises(InvalidValue, match="no calc 'median'; use one of lastNotNull"):
        Stat("x", "x", calc="median")


def test_texts_must_be_text():
    with pytest.raises(InvalidType, match="unit must be text"):
        TimeSeries("x", "x", unit=5)


def test_kinds_are_grafanas():
    assert [kind.kind for kind in (Panel, TimeSeries, Stat, Gauge)] == ["", "timeseries", "stat", "gauge"]


DURATIONS = "sum by (le) (rate(inference_request_duration_seconds_bucket[$__rate_interval]))"


@pytest.mark.parametrize(
    ("query", "units"),
    [
        (DURATIONS, ("s", "reqps")),
        ("sum(rate(inference_request_duration_seconds[${__rate_interval}]))", ("s", "reqps")),
        ("sum by (le) (increase(x_size_bytes_bucket[$__range]))", ("bytes", "short")),
        ("sum by (le) (", ("short", "short")),
    ],
)
def test_a_heatmap_tells_its_units_from_the_query(query, units):
    panel = Heatmap("H", query)
    assert (panel.unit, panel.cell_unit) == units
    assert Heatmap("H", query, unit="ms").unit == "ms"


def test_a_heatmap_that_is_changed_tells_its_unit_anew_unless_it_was_given():
    panel = Heatmap("H", DURATIONS)
    assert panel.replace(queries="sum by (le) (rate(x_size_bytes_bucket[5m]))").unit == "bytes"
    assert panel.replace(unit="ms").replace(queries="y_bucket").unit == "ms"
    assert panel.replace(title="other").unit == "s"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queries": ["a_bucket", "b_bucket"]}, "panel 'H': a heatmap shows one histogram, and here are 2 queries"),
        ({"thresholds": above(1)}, "panel 'H': a heatmap has no place for thresholds; leave them out"),
        ({"scale": "log2"}, "panel 'H': no scale 'log2'; use one of linear, log"),
        ({"scale": []}, r"panel 'H': no scale \[\]; use one of linear, log"),
        ({"queries": []}, "panel 'H' has no query"),
        ({"min": 3, "max": 2}, "min 3 must be less than max 2"),
    ],
)
def test_what_a_heatmap_cannot_show_is_refused(options, message):
    with pytest.raises(InvalidValue, match=message):
        Heatmap("H", **{"queries": DURATIONS, **options})
