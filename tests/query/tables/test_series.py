import pandas as pd
import pytest

from monitorkit.query.tables import metadata, series


def test_a_series_is_one_row_and_a_label_one_column():
    data = [{"z": "1", "__name__": "up", "a.b": "ü"}, {"__name__": "x", "__name": "odd"}, {}]
    frame = series(data)
    assert frame.columns.tolist() == ["__name__", "__name", "a.b", "z"]
    assert frame.to_numpy().tolist() == [["up", "", "ü", "1"], ["x", "odd", "", ""], ["", "", "", ""]]
    assert set(map(str, frame.dtypes)) == {"str"}


def test_no_series_give_a_frame_with_the_name_alone():
    frame = series([])
    assert (frame.columns.tolist(), len(frame), str(frame["__name__"].dtype)) == (["__name__"], 0, "str")


def test_many_series_are_one_frame():
    frame = series([{"__name__": "up", "n": str(n)} for n in range(10_000)])
    assert frame["n"].tolist() == [str(n) for n in range(10_000)]


@pytest.mark.parametrize("data", [{}, {"up": []}, {"up": None}])
def test_no_metadata_give_an_empty_frame_of_the_same_form(data):
    full = metadata({"up": [{"type": "gauge", "help": "h", "unit": "u"}]})
    pd.testing.assert_series_equal(metadata(data).dtypes, full.dtypes)


def test_a_metric_that_targets_describe_in_two_ways_has_two_rows():
    frame = metadata({"up": [{"type": "gauge", "help": "h"}, {"type": "counter", "help": "", "unit": "s"}]})
    assert frame.to_numpy().tolist() == [["up", "gauge", "h", ""], ["up", "counter", "", "s"]]
