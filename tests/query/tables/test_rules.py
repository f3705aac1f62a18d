import pandas as pd

from monitorkit.query.tables import alerts, rules

MS_UTC = "datetime64[ms, UTC]"


def test_an_alert_is_one_row_with_a_column_for_each_label():
    active = [
        {
            "labels": {"alertname": "Slow", "severity": "page", "value": "v"},
            "annotations": {"summary": "it is slow"},
            "state": "firing",
            "activeAt": "2026-01-31T11:00:00.5Z",
            "value": "1.5e+00",
        },
        {"labels": {"alertname": "Odd"}, "state": "pending", "activeAt": "2026-01-31T11:00:00Z", "value": "+Inf"},
    ]
    frame = alerts({"alerts": active})
    columns = ["name", "state", "active_at", "value", "severity", "label_value", "annotations"]
    assert frame.columns.tolist() == columns
    time = pd.Timestamp("2026-01-31T11:00:00Z")
    assert frame.to_numpy().tolist() == [
        ["Slow", "firing", time + pd.Timedelta("500ms"), 1.5, "page", "v", {"summary": "it is slow"}],
        ["Odd", "pending", time, float("inf"), "", "", {}],
    ]
    assert frame["active_at"].dtype == MS_UTC


def test_no_alerts_give_an_empty_frame_of_the_same_form():
    frame = alerts({"alerts": []})
    assert frame.columns.tolist() == ["name", "state", "active_at", "value", "annotations"]
    assert frame["active_at"].dtype == MS_UTC
    assert frame["value"].dtype == "float64"


RECORDING = {
    "name": "job:x:sum",
    "type": "recording",
    "query": "sum by (job) (x)",
    "health": "err",
    "lastError": "<b>broken</b>",
    "evaluationTime": 0.25,
    "lastEvaluation": "2026-01-31T12:00:00.123456789+01:00",
    "labels": {"team": "a"},
}
ALERTING = {
    "name": "Slow",
    "type": "alerting",
    "state": "firing",
    "query": "x > 1",
    "duration": 300,
    "keepFiringFor": 60,
    "health": "ok",
    "alerts": [{}, {}],
    "labels": {"severity": "page"},
    "annotations": {"summary": "s"},
    "lastEvaluation": "0001-01-01T00:00:00Z",
}


def test_a_rule_is_one_row_with_its_group():
    groups = [{"name": "g", "file": "/r.yml", "interval": 30, "rules": [RECORDING, ALERTING]}, {"name": "empty"}]
    frame = rules({"groups": groups})
    recording, alerting = frame.to_dict("records")
    time = pd.Timestamp("2026-01-31T11:00:00.123Z")
    assert {name: value for name, value in recording.items() if value == value} == {  # noqa: PLR0124 - not NaN
        "group": "g",
        "name": "job:x:sum",
        "type": "recording",
        "state": "",
        "query": "sum by (job) (x)",
        "n_alerts": 0,
        "health": "err",
        "last_error": "<b>broken</b>",
        "last_evaluation": time,
        "evaluation_seconds": 0.25,
        "interval_seconds": 30.0,
        "labels": {"team": "a"},
        "annotations": {},
        "file": "/r.yml",
    }
    assert (alerting["state"], alerting["for_seconds"], alerting["keep_firing_for_seconds"]) == ("firing", 300.0, 60.0)
    assert (alerting["n_alerts"], alerting["labels"], alerting["annotations"]) == (
        2,
        {"severity": "page"},
        {"summary": "s"},
    )
    assert alerting["last_evaluation"] is pd.NaT


def test_what_vmalert_writes_otherwise_is_read_as_well():
    (row,) = rules({"groups": [{"rules": [{"type": "alerting", "keep_firing_for": 5, "duration": 0}]}]}).to_dict(
        "records"
    )
    assert (row["keep_firing_for_seconds"], row["for_seconds"], row["name"]) == (5.0, 0.0, "")


def test_no_rules_give_an_empty_frame_of_the_same_form():
    full = rules({"groups": [{"name": "g", "rules": [RECORDING, ALERTING]}]})
    for data in ({"groups": []}, {"groups": None}, {}, {"groups": [{"name": "g", "rules": None}]}):
        pd.testing.assert_series_equal(rules(data).dtypes, full.dtypes)
