import numpy as np
import pytest

from monitorkit.dashboards import inference
from monitorkit.dashboards.panels import COLUMNS, above, below
from monitorkit.processes import wait_until
from monitorkit.services import start_prometheus
from monitorkit.serving import serve

AT = 1_700_000_000.0


def panel(board, title, kind):
    return next(one for one in board.panels if one.title == title and one.kind == kind)


def test_the_users_own_queries_are_on_it_as_they_wrote_them():
    exprs = {query.expr for one in inference().panels for query in one.targets}
    assert exprs >= {
        "rate(inference_requests_total[5m])",
        "avg(inference_latency_seconds)",
        "model_accuracy",
        "model_recall",
        "cpu_usage",
        "memory_usage",
    }


def test_the_users_thresholds_are_the_default():
    board = inference()
    assert panel(board, "Latency", "timeseries").limits == (above(1.0),)
    assert panel(board, "Accuracy and recall", "timeseries").limits == (below(0.9),)


def test_thresholds_can_be_others():
    board = inference(latency="250ms", accuracy=0.95)
    assert panel(board, "Latency", "timeseries").limits == (above(0.25),)
    assert panel(board, "Recall", "stat").limits == (below(0.95),)


def test_each_panel_teaches_how_to_read_it():
    for one in inference().panels:
        assert len(one.description.split()) >= 8, one.title
        assert one.unit != "short", one.title


def test_the_lines_are_full():
    places = inference().placed()
    for y in {place.y for place in places}:
        assert sum(place.width for place in places if place.y == y) == COLUMNS


def test_drift_is_shown_with_the_usual_limits_where_there_is_a_reference(source, constant):
    board = inference()
    assert panel(board, "Drift from the reference", "timeseries").limits == (above(0.1, "orange"), above(0.25, "red"))
    answers = {macro(query.expr): lambda times: {} for one in board.panels for query in one.targets}
    without = board.summary(source(answers), at=AT)
    assert "Drift" not in without
    assert without.splitlines()[-3:] == ["  CPU: no data", "  Memory: no data", "  Usage of the machine: no data"]
    drift = panel(board, "Drift from the reference", "timeseries").targets[0].expr
    answers[macro(drift)] = constant(0.3, model_name="digits", model_version="1", feature="age")
    text = board.summary(source(answers), at=AT)
    assert "Drift\n  Furthest feature: Under 200 rows compared: mk.serve(model, reference=X) does that\n" in text
    assert "  Drift from the reference: 0.300" in text


def test_errors_are_shown_of_a_regressor(source, constant):
    board = inference()
    answers = {macro(query.expr): lambda times: {} for one in board.panels for query in one.targets}
    assert "\nErrors\n" not in board.summary(source(answers), at=AT)
    for name, score in (("model_mae", 3.5), ("model_rmse", 4.25), ("model_r2", 0.75)):
        answers[name] = constant(score, __name__=name, model_name="prices", model_version="1")
    text = board.summary(source(answers), at=AT)
    assert f"    {'MAE prices 1':<44} 3.50\n    {'RMSE prices 1':<44} 4.25\n  R2 of predicted numbers: 0.750" in text


def macro(expr):
    return expr.replace("$__rate_interval", "1m").replace("$__range", "15m")


@pytest.mark.parametrize("compared", [False, True])
def test_on_a_live_server(compared):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 12))
    with (
        serve(lambda X: X[:, 0], name="drifting", reference=X if compared else None) as server,
        start_prometheus(targets=[server], name="drifting") as prom,
    ):

        def named():
            reading = inference(last="1m").read(prom)
            assert not reading.errors
            lines = next(one.lines for one in reading.readings if one.panel.title == "Drift from the reference")
            return {line.name.split()[0] for line in lines}

        server.predict(X[:100])
        prom.await_scrape()
        assert named() == set()
        server.predict(X + np.arange(12) / 4)
        prom.await_scrape()

        expected = {f"x{place}" for place in range(4, 12)} if compared else set()
        # A picture's steps end a moment before now.
        assert wait_until(lambda: named() == expected, timeout_seconds=20), named()
