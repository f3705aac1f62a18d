import pandas as pd

from monitorkit.query.tables import alerts

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
