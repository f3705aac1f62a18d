import pandas as pd

from monitorkit.query.tables.targets import targets

MS_UTC = "datetime64[ms, UTC]"
TARGET = {
    "labels": {"job": "ai_model", "instance": "a:1"},
    "scrapeUrl": "http://a:1/metrics",
    "health": "up",
    "lastError": "",
    "lastScrape": "2026-01-31T12:00:00.123456789+01:00",
}


def test_a_target_is_one_row():
    frame = targets({"activeTargets": [TARGET]})
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
    never = targets({"activeTargets": [TARGET | {"lastScrape": "0001-01-01T00:00:00Z"}]})
    assert never["last_scrape"].isna().tolist() == [True]
    assert never["last_scrape"].dtype == MS_UTC


def test_no_targets_give_an_empty_frame_of_the_same_form():
    for data in ({"activeTargets": []}, {"activeTargets": None}, {}):
        pd.testing.assert_series_equal(targets(data).dtypes, targets({"activeTargets": [TARGET]}).dtypes)


def test_a_dropped_target_is_a_row_of_the_same_form():
    dropped = {"discoveredLabels": {"__address__": "b:2", "__scheme__": "https", "__metrics_path__": "/m", "job": "j"}}
    frame = targets({"activeTargets": [TARGET], "droppedTargets": [dropped, {}]})
    assert frame["health"].tolist() == ["up", "dropped", "dropped"]
    assert frame.loc[1, ["job", "instance", "url"]].tolist() == ["j", "b:2", "https://b:2/m"]
    assert frame.loc[2, ["job", "instance", "url"]].tolist() == ["", "", ""]
    assert frame["last_scrape"].isna().tolist() == [False, True, True]
