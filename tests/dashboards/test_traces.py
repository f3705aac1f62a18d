import numpy as np
import pandas as pd
import pytest

from monitorkit.dashboards.traces import traces
from monitorkit.errors import InvalidValue
from monitorkit.query import tidy

T0 = 1_700_000_000


def times(*seconds):
    index = pd.to_datetime([(T0 + second) * 1000 for second in seconds], unit="ms", utc=True)
    return pd.DatetimeIndex(index, name="timestamp").as_unit("ms")


def wide(columns, seconds, step=10.0):
    """Range frame: `columns` maps (name, job) to values."""
    keys = pd.MultiIndex.from_tuples(list(columns), names=["__name__", "job"])
    frame = pd.DataFrame(dict(zip(keys, columns.values(), strict=True)), index=times(*seconds), dtype=float)
    frame.columns = keys
    frame.attrs = {"query": "up", "step": step}
    return frame


def drawn(frame, most=12):
    return traces(frame, most_lines=most, most_bars=most)


def read(frame, most=12):
    """Labels, seconds since T0, and values of each trace, NaN as None."""
    return [
        (
            trace.labels,
            (trace.times - T0).tolist(),
            [None if np.isnan(value) else value for value in vars(trace)["values"]],
        )
        for trace in drawn(frame, most).shown
    ]


def test_each_column_of_a_range_is_a_line_and_nan_a_gap():
    frame = wide({("up", "a"): [1, np.nan, 3], ("up", ""): [4, 5, 6]}, [0, 10, 20])
    assert read(frame) == [
        ({"__name__": "up", "job": "a"}, [0, 10, 20], [1, None, 3]),
        ({"__name__": "up"}, [0, 10, 20], [4, 5, 6]),
    ]
    assert drawn(frame).over_time


def test_rows_that_are_missing_are_a_gap_too():
    frame = wide({("up", "a"): [1, 2, 3, 4]}, [0, 10, 30, 40])
    assert read(frame) == [({"__name__": "up", "job": "a"}, [0, 10, 20, 30, 40], [1, 2, None, 3, 4])]


def test_the_tidy_form_gives_the_same_lines():
    frame = wide({("up", "a"): [1, 2, np.nan, np.nan, 5], ("up", "b"): [1, 1, 1, 1, 1]}, [0, 10, 20, 30, 40])
    (labels, _, values), second = read(tidy(frame))
    assert (labels, values) == ({"__name__": "up", "job": "a"}, [1, 2, None, 5])
    assert second == read(frame)[1]


def test_a_frame_that_was_made_coarser_has_no_gaps_for_that():
    frame = wide({("up", "a"): range(30)}, range(0, 300, 10)).resample("1min").mean()
    assert frame.attrs["step"] == 10
    assert len(read(frame)[0][1]) == len(frame)


def test_one_lost_scrape_of_raw_samples_is_no_gap_several_are():
    rows = pd.DataFrame({"job": "a", "timestamp": times(0, 10, 20, 40, 50, 90, 100), "value": range(7)})
    ((labels, seconds, values),) = read(rows)
    assert labels == {"job": "a"}
    assert values == [0, 1, 2, 3, 4, None, 5, 6]
    assert seconds[5] == 70


def test_rows_in_any_order_and_without_labels_are_one_line():
    rows = pd.DataFrame({"timestamp": times(20, 0, 10), "value": [3.0, 1.0, 2.0]})
    assert read(rows) == [({}, [0, 10, 20], [1, 2, 3])]


def test_an_instant_result_has_one_value_for_each_label_set():
    index = pd.MultiIndex.from_tuples([("up", "a"), ("up", "b")], names=["__name__", "job"])
    frame = pd.DataFrame({"value": [1.0, np.nan]}, index=index)
    expected = [({"__name__": "up", "job": "a"}, [], [1.0]), ({"__name__": "up", "job": "b"}, [], [None])]
    assert read(frame) == read(tidy(frame)) == expected
    assert not drawn(frame).over_time


def test_of_too_many_those_with_the_largest_mean_size_stay_in_their_order():
    columns = {("up", f"j{n}"): [value, np.nan] for n, value in enumerate([1, -9, 3, np.inf, np.nan, 8])}
    found = drawn(wide(columns, [0, 10]), most=3)
    assert [trace.labels["job"] for trace in found.shown] == ["j1", "j2", "j5"]
    assert found.n_all == 6
    rows = drawn(tidy(wide(columns, [0, 10])), most=2)
    assert [trace.labels["job"] for trace in rows.shown] == ["j1", "j5"]


def test_native_histograms_give_the_buckets_of_the_latest():
    buckets = pd.DataFrame(
        {
            "job": "a",
            "timestamp": times(0, 10, 10, 10),
            "lower": [0.0, 0.1, 0.2, np.nan],
            "upper": [0.1, 0.2, 0.4, np.nan],
            "closed": ["right", "right", "both", "neither"],
            "count": [1.0, 2.0, 3.0, np.nan],
            "histogram_count": 5.0,
            "histogram_sum": 1.0,
        }
    )
    assert read(buckets) == [
        ({"job": "a", "bucket": "(0.1, 0.2]"}, [], [2.0]),
        ({"job": "a", "bucket": "[0.2, 0.4]"}, [], [3.0]),
    ]


def test_empty_frames_of_each_form_have_no_series():
    range_ = wide({("up", "a"): [1.0]}, [0]).iloc[:, :0]
    instant = pd.DataFrame({"value": [1.0]}, index=pd.Index(["up"], name="__name__")).iloc[:0]
    rows = pd.DataFrame({"job": "a", "timestamp": times(0), "value": [1.0]}).iloc[:0]
    for frame in (range_, range_.iloc[:0], instant, tidy(instant), rows):
        assert drawn(frame).shown == ()
        assert drawn(frame).n_all == 0


def test_what_no_query_gives_is_refused():
    with pytest.raises(InvalidValue, match="neither timestamps for an index nor a column 'value'"):
        drawn(pd.DataFrame({"a": [1]}))
    with pytest.raises(InvalidValue, match="the values of this frame are no numbers"):
        drawn(pd.DataFrame({"value": ["text"]}, index=pd.Index([""], name="__name__")))


def test_labels_called_like_the_columns_of_buckets_tell_series_apart():
    rows = pd.DataFrame(
        {"lower": ["a", "b"], "upper": "x", "count": "y", "closed": "z", "timestamp": times(0, 0), "value": [1.0, 2.0]}
    )
    assert [labels["lower"] for labels, _, _ in read(rows)] == ["a", "b"]
