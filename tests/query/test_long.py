import numpy as np
import pandas as pd
import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query import frames, tidy
from monitorkit.query.decoding.wire import Result, Samples
from monitorkit.query.times import Window

LABELS = [{"__name__": "x", "value": "v", "timestamp": "t"}, {"__name__": "y"}]


def floats(*times):
    n = len(times)
    return Samples(np.arange(2).repeat(n), np.tile(np.array(times), 2), np.arange(2.0 * n))


def wide():
    return frames.ranged(Result("matrix", LABELS, floats(0, 2000)), Window(0, 2000, 1000))


def test_the_long_form_of_an_instant_result_has_its_labels_as_columns():
    frame = frames.instant(Result("vector", LABELS, floats(0)))
    frame.attrs = {"query": "q"}
    long = tidy(frame)
    assert long.columns.tolist() == ["__name__", "label_timestamp", "label_value", "value"]
    assert long["label_value"].tolist() == ["v", ""]
    assert long["value"].tolist() == [0.0, 1.0]
    assert long.attrs == {"query": "q"}
    pd.testing.assert_frame_equal(long, frames.instant(Result("vector", LABELS, floats(0)), tidy=True))


def test_the_long_form_of_a_range_leaves_out_what_is_nan():
    frame = wide()
    frame.attrs = {"query": "q"}
    long = tidy(frame)
    assert long["value"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert long.attrs == {"query": "q"}
    expected = frames.ranged(Result("matrix", LABELS, floats(0, 2000)), Window(0, 2000, 1000), tidy=True)
    pd.testing.assert_frame_equal(long, expected)


def test_the_frame_itself_stays_as_it_was():
    frame = wide()
    before = frame.copy()
    tidy(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_what_is_tidy_already_is_copied_also_after_filtering():
    long = tidy(wide())
    some = long[long["value"] > 1]
    again = tidy(some)
    pd.testing.assert_frame_equal(again, some)
    assert again is not some


def test_a_frame_keeps_its_long_form_after_dropping_and_filtering():
    frame = wide().droplevel(["value", "timestamp"], axis="columns").iloc[1:]
    assert tidy(frame).to_dict("list") == {
        "__name__": ["x", "y"],
        "timestamp": [pd.Timestamp(2000, unit="ms", tz="UTC")] * 2,
        "value": [1.0, 3.0],
    }


def test_names_made_by_a_legend_become_a_column():
    result = Result("matrix", LABELS, floats(0))
    assert tidy(frames.ranged(result, Window(0, 0, 1), legend="{{__name__}}"))["legend"].tolist() == ["x", "y"]
    assert tidy(frames.instant(Result("vector", LABELS, floats(0)), legend="{{__name__}}")).to_dict("list") == {
        "legend": ["x", "y"],
        "value": [0.0, 1.0],
    }


def test_empty_frames_have_an_empty_long_form():
    empty = tidy(frames.ranged(Result("matrix", []), Window(0, 0, 1)))
    assert empty.columns.tolist() == ["__name__", "timestamp", "value"]
    assert empty.dtypes.equals(frames.sample_rows(Result("matrix", [])).dtypes)
    assert tidy(frames.instant(Result("vector", []))).columns.tolist() == ["__name__", "value"]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (None, InvalidType, r"^tidy: NoneType is no frame; pass what prom\.query\(\) returned$"),
        (wide().iloc[:, 0], InvalidType, r"^tidy: Series is no frame; write series\.to_frame\(\)$"),
        (wide().astype(str) + "?", InvalidValue, "^tidy: the values of this frame are no numbers$"),
    ],
)
def test_what_has_no_long_form_is_told(given, error, message):
    with pytest.raises(error, match=message):
        tidy(given)


def test_one_series_taken_from_a_range_has_a_long_form_as_a_frame():
    frame = wide()
    long = tidy(frame.iloc[:, 0].to_frame())
    assert long["value"].tolist() == frame.iloc[:, 0].dropna().tolist()
    # pandas keeps what the labels are, not how they are called.
    assert long.iloc[0, :3].to_dict() == {"level_0": "x", "level_1": "t", "level_2": "v"}
