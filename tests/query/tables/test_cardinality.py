import pandas as pd
import pytest

from monitorkit.query.tables import TsdbStatus, tsdb_status

PROMETHEUS = {
    "headStats": {
        "numSeries": 12_345,
        "numLabelPairs": 50,
        "chunkCount": 99,
        "minTime": 1_700_000_000_191,
        "maxTime": 1_700_000_010_000,
    },
    "seriesCountByMetricName": [{"name": f"m{n}", "value": 9 - n} for n in range(5)],
    "labelValueCountByLabelName": [{"name": "<b>job</b>", "value": 3}],
    "memoryInBytesByLabelName": [{"name": "job", "value": 321}],
    "seriesCountByLabelValuePair": [{"name": "job=a=b", "value": 7}],
}
VICTORIA_METRICS = {
    "totalSeries": 5,
    "totalLabelValuePairs": 8,
    "seriesCountByMetricName": [{"name": "up", "value": 5, "requestsCount": 0, "lastRequestTimestamp": 0}],
    "seriesCountByLabelName": [{"name": "__name__", "value": 5}],
    "seriesCountByFocusLabelValue": [],
    "seriesCountByLabelValuePair": [{"name": "__name__=up", "value": 5}],
    "labelValueCountByLabelName": [{"name": "job", "value": 1}],
}


def test_the_largest_come_first_and_no_more_than_were_asked_for():
    status = tsdb_status(PROMETHEUS, limit=2)
    assert (status.n_series, status.n_label_pairs, status.n_chunks) == (12_345, 50, 99)
    assert (status.start, status.end) == (
        pd.Timestamp("2023-11-14T22:13:20.191Z"),
        pd.Timestamp("2023-11-14T22:13:30Z"),
    )
    assert status.metrics.to_dict("list") == {"metric": ["m0", "m1"], "series": [9, 8]}
    assert status.labels.to_dict("list") == {"label": ["<b>job</b>"], "values": [3]}
    assert status.pairs.to_dict("list") == {"label": ["job"], "value": ["a=b"], "series": [7]}
    assert status.memory.to_dict("list") == {"label": ["job"], "bytes": [321]}


def test_victoriametrics_tells_less_in_the_same_form():
    status = tsdb_status(VICTORIA_METRICS, limit=10)
    assert (status.n_series, status.n_label_pairs, status.n_chunks, status.start) == (5, 8, None, None)
    assert status.metrics.to_dict("list") == {"metric": ["up"], "series": [5]}
    assert len(status.memory) == 0


@pytest.mark.parametrize("data", [{}, [], {"headStats": {"minTime": 2**63 - 1, "maxTime": -(2**63)}}])
def test_an_empty_database_has_empty_frames_of_the_same_form(data):
    status, full = tsdb_status(data, limit=10), tsdb_status(PROMETHEUS, limit=10)
    assert (status.start, status.end) == (None, None)
    for name in ("metrics", "labels", "pairs", "memory"):
        for empty in (getattr(status, name), getattr(TsdbStatus(), name)):
            pd.testing.assert_series_equal(empty.dtypes, getattr(full, name).dtypes)
            assert len(empty) == 0


def test_it_shows_itself_with_everything_from_outside_escaped():
    status = tsdb_status(PROMETHEUS, limit=10)
    shown = status._repr_html_()
    assert "12,345 series, 50 label pairs, 99 chunks" in shown
    assert "&lt;b&gt;job&lt;/b&gt;" in shown
    assert "<b>job" not in shown
    assert repr(status).startswith("12,345 series, 50 label pairs, 99 chunks\n\nmetrics:\n")
    assert str(TsdbStatus()) == repr(TsdbStatus()) == "no counts"
