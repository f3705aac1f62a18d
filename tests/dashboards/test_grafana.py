import json
from pathlib import Path

import jsonschema
import pytest

from monitorkit.dashboards import Dashboard, Row, panels
from monitorkit.dashboards.grafana import grafana_duration, panel_ids, to_grafana
from monitorkit.dashboards.panels import Panel, Query, above, below
from monitorkit.errors import DashboardError

SCHEMA = Path(__file__).parents[2] / "../shared/schemas/grafana-dashboard.export.jsonschema.json"

BOARD = Dashboard(
    "Every kind",
    [
        Row(
            "Performance",
            [
                panels.TimeSeries(
                    "Latency",
                    [Query("avg(inference_latency_seconds)", "last"), "rate(a_sum[5m]) / rate(a_count[5m])"],
                    unit="s",
                    description="How long a request takes.",
                    thresholds=above(1.0),
                    min=0,
                ),
                panels.TimeSeries("Requests", "rate(inference_requests_total[$__rate_interval])", unit="reqps"),
            ],
        ),
        Row(
            "Effect",
            [
                panels.Stat("Accuracy", "model_accuracy", unit="percentunit", thresholds=below(0.9), decimals=1),
                panels.Stat("Recall", "model_recall", unit="percentunit", sparkline=False, calc="mean"),
                panels.Gauge("CPU", "cpu_usage", unit="percent", thresholds=[above(60, "orange"), above(80, "red")]),
            ],
        ),
        Row(
            "Distribution",
            [
                panels.Heatmap(
                    "Durations",
                    "sum by (le) (rate(inference_request_duration_seconds_bucket[$__rate_interval]))",
                    max=10,
                ),
                panels.Heatmap("Sizes", "sum(rate(x_bytes[$__rate_interval]))", decimals=1, scale="log"),
            ],
        ),
    ],
    description="One of each.",
    tags=["monitorkit"],
)


def by_title(model, title):
    return next(panel for panel in model["panels"] if panel["title"] == title)


@pytest.mark.skipif(not SCHEMA.exists(), reason="no reference data: the schema of Grafana's format is not at hand")
@pytest.mark.parametrize("board", [BOARD, Dashboard("空")], ids=["full", "empty"])
def test_the_json_is_valid_under_grafanas_schema(board):
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    errors = [
        f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(to_grafana(board))
    ]
    assert errors == []


def test_the_same_dashboard_gives_the_same_json():
    assert json.dumps(to_grafana(BOARD)) == json.dumps(to_grafana(BOARD.replace()))


def test_the_json_holds_no_id_and_a_fixed_uid():
    model = to_grafana(BOARD)
    assert "id" not in model
    assert model["uid"] == "every-kind"
    assert 39 <= model["schemaVersion"] <= 41


def test_titles_texts_and_units_are_passed_on():
    panel = by_title(to_grafana(BOARD), "Latency")
    assert panel["type"] == "timeseries"
    assert panel["description"] == "How long a request takes."
    assert panel["fieldConfig"]["defaults"]["unit"] == "s"
    assert panel["fieldConfig"]["defaults"]["min"] == 0
    assert "max" not in panel["fieldConfig"]["defaults"]


def test_queries_keep_macros_and_are_narrowed_to_job_and_instance():
    chosen = 'job=~"$job", instance=~"$instance"'
    targets = by_title(to_grafana(BOARD), "Latency")["targets"]
    assert [(target["refId"], target["legendFormat"]) for target in targets] == [("A", "last"), ("B", "__auto")]
    assert targets[0]["expr"] == f"avg(inference_latency_seconds{{{chosen}}})"
    assert targets[1]["expr"] == f"rate(a_sum{{{chosen}}}[5m]) / rate(a_count{{{chosen}}}[5m])"
    (target,) = by_title(to_grafana(BOARD), "Requests")["targets"]
    assert target["expr"] == f"rate(inference_requests_total{{{chosen}}}[$__rate_interval])"


def test_more_than_26_queries_have_names_of_their_own():
    board = Dashboard("Many", [panels.TimeSeries("Many", [f"m{n}" for n in range(30)])])
    refs = [target["refId"] for target in to_grafana(board)["panels"][0]["targets"]]
    assert refs[25:28] == ["Z", "AA", "AB"]
    assert len(set(refs)) == 30


def test_thresholds_are_steps_and_drawn_on_graphs():
    model = to_grafana(BOARD)
    latency = by_title(model, "Latency")["fieldConfig"]["defaults"]
    assert latency["thresholds"] == {
        "mode": "absolute",
        "steps": [{"value": None, "color": "green"}, {"value": 1.0, "color": "red"}],
    }
    assert latency["custom"]["thresholdsStyle"] == {"mode": "line+area"}
    assert by_title(model, "Requests")["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "off"}
    accuracy = by_title(model, "Accuracy")["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert accuracy == [{"value": None, "color": "red"}, {"value": 0.9, "color": "green"}]


def test_numbers_are_reduced_as_the_panel_says():
    model = to_grafana(BOARD)
    accuracy, recall, cpu = (by_title(model, title) for title in ("Accuracy", "Recall", "CPU"))
    assert accuracy["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]
    assert accuracy["options"]["graphMode"] == "area"
    assert accuracy["fieldConfig"]["defaults"]["decimals"] == 1
    assert recall["options"]["reduceOptions"]["calcs"] == ["mean"]
    assert recall["options"]["graphMode"] == "none"
    assert (cpu["fieldConfig"]["defaults"]["min"], cpu["fieldConfig"]["defaults"]["max"]) == (0.0, 100.0)


def test_a_heatmap_shows_the_buckets_of_its_query():
    model = to_grafana(BOARD)
    classic, native = by_title(model, "Durations"), by_title(model, "Sizes")
    assert classic["type"] == native["type"] == "heatmap"
    assert classic["options"]["calculate"] is native["options"]["calculate"] is False
    assert [(target["format"], target["legendFormat"]) for target in classic["targets"]] == [("heatmap", "{{le}}")]
    assert classic["targets"][0]["expr"].startswith("sum by (le) (rate(inference_request_duration_seconds_bucket{job=")
    assert classic["options"]["yAxis"] == {"axisPlacement": "left", "unit": "s", "reverse": False, "max": 10}
    assert classic["options"]["cellValues"] == {"unit": "reqps"}
    assert native["options"]["yAxis"]["unit"] == "bytes"
    assert native["options"]["yAxis"]["decimals"] == 1
    assert "format" not in by_title(model, "Latency")["targets"][0]


def test_places_are_those_of_the_spec():
    grids = [tuple(panel["gridPos"][key] for key in "xywh") for panel in to_grafana(BOARD)["panels"]]
    assert grids == [(place.x, place.y, place.width, place.height) for place in BOARD.placed()]


def test_ids_stay_when_panels_are_added_or_moved():
    before = dict(zip([place.item.title for place in BOARD.placed()], panel_ids(BOARD), strict=True))
    moved = Dashboard("Moved", [panels.Stat("New", "up"), *reversed(BOARD.rows)])
    after = dict(zip([place.item.title for place in moved.placed()], panel_ids(moved), strict=True))
    assert {title: after[title] for title in before} == before


def test_panels_of_one_title_have_ids_of_their_own():
    ids = panel_ids(Dashboard("Twins", [panels.Stat("A", "up"), panels.Stat("A", "up"), panels.Stat("A", "up")]))
    assert len(set(ids)) == 3
    assert all(number > 0 for number in ids)


def test_variables_ask_for_the_metrics_of_the_dashboard_only():
    datasource, job, instance = to_grafana(Dashboard("B", [panels.Stat("A", ["up", "b"])]))["templating"]["list"]
    assert (datasource["type"], datasource["query"]) == ("datasource", "prometheus")
    assert job["query"] == 'label_values({__name__=~"b|up"}, job)'
    assert instance["query"] == 'label_values({__name__=~"b|up", job=~"$job"}, instance)'


def test_alerts_are_marked_on_the_graphs():
    annotations = to_grafana(BOARD)["annotations"]["list"]
    assert [annotation.get("builtIn", 0) for annotation in annotations] == [1, 0]
    assert annotations[1]["expr"] == 'ALERTS{alertstate="firing"}'


@pytest.mark.parametrize(("refresh", "last", "expected"), [("1s", "1h30m", ("5s", "now-90m")), ("1m30s", "2d", ("90s", "now-2d")), ("500ms", "15m", ("5s", "now-15m"))])  # fmt: skip
def test_times_are_such_as_grafana_takes(refresh, last, expected):
    model = to_grafana(Dashboard("T", refresh=refresh, last=last))
    assert (model["refresh"], model["time"]["from"]) == expected


def test_a_duration_has_one_unit_and_no_zero():
    assert [grafana_duration(value) for value in ("1w", "36h", "61s", "1ms")] == ["7d", "36h", "61s", "1s"]


def test_no_infinity_reaches_the_json():
    assert '"value": null' in json.dumps(to_grafana(BOARD), allow_nan=False)


def test_a_kind_of_panel_that_grafana_does_not_know_is_refused():
    with pytest.raises(DashboardError, match="panel 'Odd': a panel of kind '' cannot be written for Grafana"):
        to_grafana(Dashboard("B", [Panel("Odd", "up")]))
