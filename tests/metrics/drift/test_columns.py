"""Tables of any form, read column by column."""

import numpy as np
import pandas as pd
import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics.drift.columns import columns_of, distinct, tables_as_columns


def test_a_frame_keeps_its_names_and_kinds():
    frame = pd.DataFrame(
        {
            "age": [30, 40],
            "income": [1.5, np.nan],
            "member": [True, False],
            "town": ["Ulm", None],
            "grade": pd.Categorical(["a", "b"]),
            "visits": pd.array([1, None], dtype="Int64"),
            "code": pd.array(["x", None], dtype="string"),
            3: [1, 2],
        }
    )
    columns = columns_of(frame)
    assert columns.names == ("age", "income", "member", "town", "grade", "visits", "code", "3")
    kinds = [column.dtype == object for column in columns.data]
    assert kinds == [False, False, False, True, True, False, True, False]
    assert columns.data[3].tolist() == ["Ulm", None]
    assert np.isnan(columns.data[5][1])
    assert columns.data[6].tolist() == ["x", None]


def test_a_column_without_a_name_gets_one():
    assert columns_of(pd.DataFrame([[1, 2]], columns=["a", ""])).names == ("a", "x1")


def test_numbers_beside_texts_stay_numbers():
    columns = columns_of([[1, "red"], [2.5, "blue"]])
    assert columns.data[0].tolist() == [1.0, 2.5]
    assert columns.data[1].tolist() == ["red", "blue"]


@pytest.mark.parametrize("table", [[], np.empty((0, 3)), np.empty((3, 0)), pd.DataFrame(), pd.DataFrame({"a": []})])
def test_a_table_of_nothing_is_refused(table):
    with pytest.raises(InvalidValue, match="the table has"):
        columns_of(table)


@pytest.mark.parametrize("table", [[1.0, 2.0], 5, "text", np.zeros((2, 2, 2)), None])
def test_what_has_no_rows_and_columns_is_refused(table):
    with pytest.raises(InvalidValue, match=r"the table has \d dimensions: pass rows and columns"):
        columns_of(table)


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(InvalidValue, match="the rows of the table are not of equal length"):
        columns_of([[1.0], [1.0, 2.0]])


@pytest.mark.parametrize(
    "column",
    [
        pd.to_datetime(["2026-01-01"]),
        pd.to_timedelta(["1h"]),
        [[1, 2]],
        [{"a": 1}],
        [1 + 2j],
        pd.period_range("2026", periods=1, freq="D"),
    ],
)
def test_what_is_neither_number_nor_name_is_refused_by_its_column(column):
    with pytest.raises(InvalidType, match=r"column 'when' holds .*: pass numbers or names"):
        columns_of(pd.DataFrame({"when": pd.Series(column)}))


def test_a_number_too_large_for_a_float_is_refused():
    with pytest.raises(InvalidValue, match="column 'x0' holds a number that is too large"):
        columns_of([[10**400]])


def test_names_are_label_values_each_once():
    assert distinct(["a", "a", "a (2)", "a"]) == ("a", "a (2)", "a (2) (2)", "a (3)")
    assert distinct(["x" * 300, "x" * 300])[1].endswith(" (2)")


def test_plain_numbers_of_many_requests_are_read_together():
    tables = [np.array([[1.0, 2.0]]), pd.DataFrame({"b": ["x"], "a": [5]}), np.array([[3.0, 4.0], [5.0, 6.0]])]
    plain, frame = tables_as_columns(tables, ["a", "b"])
    assert plain(0).tolist() == [1.0, 3.0, 5.0]
    assert (frame(0).tolist(), frame(1).tolist()) == ([5], ["x"])


@pytest.mark.parametrize("table", [np.array([[1.0]]), [[1.0]], pd.DataFrame({"other": [1.0]}), np.array([1.0])])
def test_a_column_that_did_not_come_is_missing(table):
    (column_of,) = tables_as_columns([table], ["a", "b"])
    assert column_of(1).tolist() == [None]
