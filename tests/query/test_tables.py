import pandas as pd

from monitorkit.query import tables

MS_UTC = "datetime64[ms, UTC]"
TARGET = {
    "labels": {"job": "ai_model", "instance": "a:1"},
    "scrapeUrl": "http://a:1/metrics",
    "health": "up",
    "lastError": "",
    "lastScrape": "2026-01-31T12:00:00.123456789+01:00",
}


def test_a_target_is_one_row():
    frame = tables.targets({"activeTargets": [TARGET]})
    assert frame.to_dict("records") == [
        {
            "job": "ai_model",
            "instance": "a:1",
            "health": "up",
            "last_error": "",
            "last_scrape": pd.Timestamp("2026-01-31T11:00:00.123Z"),
            "url": "http://a:1/metrics",
        }
    ]


def test_a_target_that_was_never_scraped_has_no_time():
    never = tables.targets({"activeTargets": [TARGET | {"lastScrape": "0001-01-01T00:00:00Z"}]})
    assert never["last_scrape"].isna().tolist() == [True]
    assert never["last_scrape"].dtype == MS_UTC


def test_no_targets_give_an_empty_frame_of_the_same_form():
    for data in ({"activeTargets": []}, {"activeTargets": None}, {}):
        pd.testing.assert_series_equal(tables.targets(data).dtypes, tables.targets({"activeTargets": [TARGET]}).dtypes)


def test_an_alert_is_one_row_with_a_column_for_each_label():
    alerts = [
        {
            "labels": {"alertname": "Slow", "severity": "page", "value": "v"},
            "annotations": {"summary": "it is slow"},
            "state": "firing",
            "activeAt": "2026-01-31T11:00:00.5Z",
            "value": "1.5e+00",
        },
        {"labels": {"alertname": "Odd"}, "state": "pending", "activeAt": "2026-01-31T11:00:00Z", "value": "+Inf"},
    ]
    frame = tables.alerts({"alerts": alerts})
    columns = ["name", "state", "active_at", "value", "severity", "label_value", "annotations"]
    assert frame.columns.tolist() == columns
    time = pd.Timestamp("2026-01-31T11:00:00Z")
    assert frame.to_numpy().tolist() == [
        ["Slow", "firing", time + pd.Timedelta("500ms"), 1.5, "page", "v", {"summary": "it is slow"}],
        ["Odd", "pending", time, float("inf"), "", "", {}],
    ]
    assert frame["active_at"].dtype == MS_UTC


def test_no_alerts_give_an_empty_frame_of_the_same_form():
    frame = tables.alerts({"alerts": []})
    assert frame.columns.tolist() == ["name", "state", "active_at", "value", "annotations"]
    assert frame["active_at"].dtype == MS_UTC
    assert frame["value"].dtype == "float64"
