import numpy as np

from monitorkit.dashboards import Dashboard, Row
from monitorkit.dashboards.panels import Heatmap, Stat, TimeSeries
from monitorkit.errors import QueryError, ServerUnavailable

AT = 1_700_000_000.0


def test_each_panel_says_its_last_values(source, constant):
    answers = {
        "model_accuracy": constant(0.9733, __name__="model_accuracy"),
        "rates": lambda t: {(("status", s),): np.full(t.size, v) for s, v in (("ok", 12.0), ("shed", 0.5))},
        "many": lambda t: {(("n", str(n)),): np.full(t.size, n) for n in range(9)},
        "none": lambda t: {},
        "bad": QueryError("parse error", query="bad"),
        "mean": lambda t: {(): np.where(t == t[0], 100.0, 0.0)},
    }
    board = Dashboard(
        "Board",
        [
            Row("Now", [Stat("Accuracy", "model_accuracy", unit="percentunit"), Stat("Top", "mean", calc="max")]),
            [TimeSeries("Rates", "rates", unit="reqps"), TimeSeries("Many", "many")],
            [TimeSeries("None", "none"), TimeSeries("Bad", "bad")],
        ],
    )
    text = board.summary(source(answers), at=AT)
    assert text.splitlines()[:5] == ["Board", "=====", "", "Now", "  Accuracy: 97.3%"]
    assert "  Top: 100" in text
    assert f"    {'ok':<44} 12 req/s\n    {'shed':<44} 0.500 req/s" in text
    assert "    and 3 more" in text
    assert "  None: no data\n  Bad: failed, bad_data: parse error" in text


def test_a_heatmap_says_where_most_of_it_is(source):
    answers = {
        "x_seconds_bucket": lambda t: {(("le", le),): np.full(t.size, n) for le, n in (("0.5", 1.0), ("2", 9.0))}
    }
    board = Dashboard("B", [Heatmap("Durations", "x_seconds_bucket"), Heatmap("None", "y_bucket")])
    text = board.summary(source(answers | {"y_bucket": lambda t: {}}), at=AT)
    assert "  Durations: most between 500 ms and 2 s\n  None: no data" in text


def test_a_dead_server_is_named(source):
    dead = source({"up": ServerUnavailable("http://127.0.0.1:1", "connection refused")})
    text = Dashboard("B", [TimeSeries("Up", "up")]).summary(dead, at=AT)
    assert "no answer: http://127.0.0.1:1: connection refused" in text
