from monitorkit.dashboards import inference
from monitorkit.dashboards.panels import COLUMNS, above, below


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
