import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.errors import InvalidType
from monitorkit.query import frames
from monitorkit.query.decoding import envelope, wire
from monitorkit.query.times import Window

MS_UTC = "datetime64[ms, UTC]"
HISTOGRAM = ["timestamp", "lower", "upper", "closed", "count", "histogram_count", "histogram_sum"]


def samples(*rows):
    series, times, numbers = zip(*rows, strict=True) if rows else ((), (), ())
    return wire.Samples(
        np.array(series, dtype=np.int64), np.array(times, dtype=np.int64), np.array(numbers, dtype=float)
    )


def vector(*pairs):
    labels = [labels for labels, _ in pairs]
    return wire.Result("vector", labels, samples(*((i, 1000, value) for i, (_, value) in enumerate(pairs))))


def histograms(*rows):
    columns = zip(*rows, strict=True)
    kinds = [np.int64, np.int64, float, float, np.int64, float, float, float]
    return wire.Histograms(*(np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)))


def test_labels_become_sorted_levels_with_the_name_first():
    frame = frames.instant(vector(({"job": "a", "__name__": "up", "Az": "1"}, 1.0), ({"__name__": "up"}, 0.0)))
    assert frame.index.names == ["__name__", "Az", "job"]
    assert frame.index.tolist() == [("up", "1", "a"), ("up", "", "")]
    assert frame["value"].dtype == np.float64


def test_a_result_without_labels_has_one_plain_level():
    frame = frames.instant(vector(({}, 3.0)))
    assert not isinstance(frame.index, pd.MultiIndex)
    assert (frame.index.name, frame.index.tolist()) == ("__name__", [""])


def test_a_name_that_promql_dropped_is_the_empty_string():
    frame = frames.instant(vector(({"job": "b"}, 1.0), ({"job": "a"}, 2.0)))
    assert frame.index.tolist() == [("", "b"), ("", "a")]


@pytest.mark.parametrize("tidy", [False, True])
def test_a_string_is_one_row_of_text(tidy):
    frame = frames.instant(wire.Result("string", [{}], text="hi"), tidy=tidy)
    assert frame["value"].tolist() == ["hi"]
    assert (frame.reset_index() if not tidy else frame).columns.tolist() == ["__name__", "value"]


def test_an_empty_instant_result_has_the_form_of_a_full_one():
    empty, full = frames.instant(vector()), frames.instant(vector(({"__name__": "up"}, 1.0)))
    assert empty.shape == (0, 1)
    assert empty.dtypes.equals(full.dtypes)
    assert empty.index.dtype == full.index.dtype
    assert empty.index.names == full.index.names
    pd.testing.assert_frame_equal(pd.concat([full, empty]), full)


def test_an_empty_range_has_the_form_of_a_full_one():
    window = Window(0, 2000, 1000)
    empty = frames.ranged(wire.Result("matrix", []), window)
    full = frames.ranged(wire.Result("matrix", [{"__name__": "up"}], samples((0, 0, 1.0))), window)
    assert empty.shape == (0, 0)
    assert empty.index.dtype == full.index.dtype == MS_UTC
    assert empty.index.name == full.index.name == "timestamp"
    assert empty.columns.names == full.columns.names == ["__name__"]
    assert empty.columns.dtype == full.columns.dtype


def test_empty_samples_have_the_form_of_full_ones():
    empty = frames.sample_rows(wire.Result("matrix", []))
    full = frames.sample_rows(wire.Result("matrix", [{"__name__": "up"}], samples((0, 5, 1.0))))
    assert len(empty) == 0
    assert empty.dtypes.equals(full.dtypes)
    assert full["timestamp"].dtype == MS_UTC


def test_a_range_has_every_step_and_nan_where_there_is_no_sample():
    result = wire.Result("matrix", [{"a": "1"}, {"a": "2"}], samples((0, 1191, 1.5), (1, 3191, -0.0)))
    frame = frames.ranged(result, Window(191, 4000, 1000))
    assert frame.index.dtype == MS_UTC
    assert frame.index.tolist() == [pd.Timestamp(ms, unit="ms", tz="UTC") for ms in (191, 1191, 2191, 3191)]
    assert frame.columns.tolist() == [("", "1"), ("", "2")]
    np.testing.assert_array_equal(frame.to_numpy(), [[np.nan] * 2, [1.5, np.nan], [np.nan] * 2, [np.nan, -0.0]])
    assert math.copysign(1, frame.iloc[3, 1]) == -1


@given(st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 5)), st.floats(width=64), max_size=24))
def test_each_value_stands_at_its_series_and_step(cells):
    window = Window(1_700_000_000_191, 1_700_000_000_191 + 5 * 777, 777)
    grid = window.grid()
    rows = [(series, grid[step], value) for (series, step), value in sorted(cells.items())]
    frame = frames.ranged(wire.Result("matrix", [{"n": str(n)} for n in range(4)], samples(*rows)), window)
    for series in range(4):
        for step in range(6):
            expected = cells.get((series, step), math.nan)
            assert frame.iloc[step, series].tobytes() == np.float64(expected).tobytes() or math.isnan(expected)
            assert math.isnan(expected) == math.isnan(frame.iloc[step, series])


def test_points_that_a_server_moved_keep_their_own_times():
    result = wire.Result("matrix", [{"a": "1"}], samples((0, 500, 1.0), (0, 1500, 2.0)))
    frame = frames.ranged(result, Window(0, 2000, 1000))
    assert (frame.index.asi8.tolist(), frame.iloc[:, 0].tolist()) == ([500, 1500], [1.0, 2.0])


def test_a_tidy_range_has_real_samples_only_so_that_nan_is_not_missing():
    result = wire.Result("matrix", [{"a": "1"}], samples((0, 0, math.nan), (0, 2000, 2.0)))
    frame = frames.ranged(result, Window(0, 2000, 1000), tidy=True)
    assert frame.columns.tolist() == ["__name__", "a", "timestamp", "value"]
    assert frame["timestamp"].tolist() == [pd.Timestamp(ms, unit="ms", tz="UTC") for ms in (0, 2000)]
    assert [math.isnan(value) for value in frame["value"]] == [True, False]


def test_a_legend_gives_plain_string_columns_and_keeps_those_that_are_alike():
    result = wire.Result("matrix", [{"i": "a", "j": "1"}, {"i": "a"}], samples((0, 0, 1.0), (1, 0, 2.0)))
    frame = frames.ranged(result, Window(0, 0, 1), legend="{{i}}: {{ j }}{{nope}}")
    assert not isinstance(frame.columns, pd.MultiIndex)
    assert frame.columns.tolist() == ["a: 1", "a: "]
    assert frames.ranged(result, Window(0, 0, 1), legend="{{i}}").to_numpy().tolist() == [[1.0, 2.0]]
    assert frames.instant(vector(({"i": "a"}, 1.0)), legend="{{i}}").index.tolist() == ["a"]


def test_a_tidy_legend_is_one_column():
    frame = frames.instant(vector(({"i": "a"}, 1.0)), legend="{{i}}", tidy=True)
    assert frame.to_dict("list") == {"legend": ["a"], "value": [1.0]}


def test_a_legend_that_is_no_text_is_refused():
    with pytest.raises(InvalidType, match=r"legend: True is no text; write '\{\{instance\}\}'"):
        frames.instant(vector(({"i": "a"}, 1.0)), legend=True)


def test_labels_called_like_a_column_are_renamed_in_tidy_frames():
    labels = {"__name__": "x", "value": "v", "timestamp": "t", "label_value": "already here"}
    frame = frames.sample_rows(wire.Result("matrix", [labels], samples((0, 0, 7.0))))
    assert frame.columns.tolist() == [
        "__name__", "label_value", "label_timestamp", "label_label_value", "timestamp", "value",
    ]  # fmt: skip
    assert frame[["label_value", "label_timestamp", "label_label_value", "value"]].iloc[0].tolist() == [
        "already here", "t", "v", 7.0,
    ]  # fmt: skip


def test_native_histograms_are_tidy_buckets_with_their_count_and_sum():
    buckets = histograms((0, 1000, 0.5, 1.0, 0, 2.0, 5.0, 9.5), (0, 1000, 1.0, 2.0, 0, 3.0, 5.0, 9.5))
    frame = frames.instant(wire.Result("vector", [{"job": "a"}], histograms=buckets))
    assert frame.columns.tolist() == ["__name__", "job", *HISTOGRAM]
    assert frame["timestamp"].dtype == MS_UTC
    assert frame[["lower", "upper", "count"]].to_numpy().tolist() == [[0.5, 1.0, 2.0], [1.0, 2.0, 3.0]]
    assert frame[["histogram_count", "histogram_sum"]].to_numpy().tolist() == [[5.0, 9.5]] * 2
    assert frame["closed"].tolist() == ["right", "right"]


def test_plain_numbers_beside_native_histograms_have_rows_of_their_own():
    buckets = histograms((0, 2000, 0.5, 1.0, 0, 2.0, 2.0, 1.5), (1, 1000, 0.5, 1.0, 3, 4.0, 4.0, 3.0))
    result = wire.Result("matrix", [{"job": "a"}, {"job": "b"}], samples((0, 1000, 42.0)), buckets)
    frame = frames.ranged(result, Window(0, 2000, 1000))
    assert frame["job"].tolist() == ["a", "a", "b"]
    assert frame["timestamp"].dtype == MS_UTC
    assert frame["timestamp"].tolist() == [pd.Timestamp(ms, unit="ms", tz="UTC") for ms in (1000, 2000, 1000)]
    assert frame["value"].fillna(-1).tolist() == [42.0, -1.0, -1.0]
    assert frame["count"].fillna(-1).tolist() == [-1.0, 2.0, 4.0]
    assert frame["closed"].tolist() == ["", "right", "both"]
    assert frame.index.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("rows", "table"),
    [
        # Two servers that mix up the order.
        ([(0, 1000, 1.0), (0, 0, 2.0), (1, 0, 3.0), (1, 1000, 4.0)], [[2, 3], [1, 4]]),
        ([(1, 0, 1.0), (1, 1000, 2.0), (0, 0, 3.0), (0, 1000, 4.0)], [[3, 1], [4, 2]]),
        ([(0, 0, 1.0), (0, 1000, 2.0), (1, 0, 3.0), (1, 1000, 4.0)], [[1, 3], [2, 4]]),
    ],
)
def test_as_many_samples_as_cells_are_not_always_a_table(rows, table):
    frame = frames.ranged(wire.Result("matrix", [{"n": "0"}, {"n": "1"}], samples(*rows)), Window(0, 1000, 1000))
    np.testing.assert_array_equal(frame.to_numpy(), table)


@pytest.mark.parametrize("window", [Window(0, 1000, 1000), Window(0, 2000, 1000), Window(500, 1500, 1000)])
@pytest.mark.parametrize(
    "rows",
    [
        [(0, 0, 1.0), (0, 0, 2.0), (1, 0, 3.0), (1, 1000, 4.0)],
        [(0, 0, 1.0), (0, 1000, 2.0), (0, 0, 1.0)],
        [(1, 1000, 1.0), (1, 1000, 1.0)],
    ],
)
def test_two_samples_of_one_series_at_one_time_are_no_table_but_two_rows(rows, window):
    result = wire.Result("matrix", [{"n": "0"}, {"n": "1"}], samples(*rows))
    with pytest.raises(envelope.Malformed, match="two samples of one series at one time"):
        frames.ranged(result, window)
    assert len(frames.ranged(result, window, tidy=True)) == len(rows)


def test_a_label_has_one_name_beside_buckets_and_beside_plain_numbers():
    labels = [{"lower": "lo", "count": "c"}, {"lower": "lo", "value": "v"}]
    result = wire.Result("vector", labels, samples((1, 1000, 7.0)), histograms((0, 1000, 0.1, 0.2, 0, 3, 3, 0.5)))
    frame = frames.instant(result)
    assert frame["label_lower"].tolist() == ["lo", "lo"]
    assert frame["label_count"].tolist() == ["c", ""]
    assert frame["label_value"].tolist() == ["", "v"]
    assert frame["lower"].dtype == frame["count"].dtype == np.float64
    np.testing.assert_array_equal(frame["lower"], [0.1, np.nan])
