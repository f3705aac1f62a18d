import pandas as pd

from monitorkit.query.tables import exemplars

SERIES = {"__name__": "x_bucket", "le": "1", "value": "clash", "timestamp": "clash"}


def test_an_exemplar_is_one_row_with_the_labels_of_both():
    found = {"labels": {"trace_id": "abc", "le": "own"}, "value": "0.1", "timestamp": 1_700_000_000.191}
    frame = exemplars(
        [
            {"seriesLabels": SERIES, "exemplars": [found, {"value": "+Inf", "timestamp": 0, "labels": {}}]},
            {"seriesLabels": {"__name__": "y"}, "exemplars": [{"labels": {}, "value": "2", "timestamp": 1}]},
        ]
    )
    assert frame.columns.tolist() == [
        *("__name__", "le", "label_timestamp", "label_value", "timestamp", "value", "exemplar_le", "trace_id"),
    ]
    time = pd.Timestamp("2023-11-14T22:13:20.191Z")
    assert frame.iloc[0].tolist() == ["x_bucket", "1", "clash", "clash", time, 0.1, "own", "abc"]
    assert frame["value"].tolist() == [0.1, float("inf"), 2.0]
    assert frame["trace_id"].tolist() == ["abc", "", ""]
    assert str(frame["timestamp"].dtype) == "datetime64[ms, UTC]"


def test_no_exemplars_give_an_empty_frame_of_the_same_form():
    for data in ([], None, [{"seriesLabels": {}, "exemplars": []}]):
        frame = exemplars(data)
        assert frame.columns.tolist() == ["__name__", "timestamp", "value"]
        assert [str(each) for each in frame.dtypes] == ["str", "datetime64[ms, UTC]", "float64"]
        assert len(frame) == 0
