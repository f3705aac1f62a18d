"""Rows with named columns, text and missing values."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.serving.reading.features import Feature, Features, frame_of
from monitorkit.serving.reading.rows import read_rows
from monitorkit.serving.refusals import Refusal

FRAME = pd.DataFrame({"color": ["red", "blue", "green", "red"] * 5, "size": np.arange(20.0), "rooms": [1, 2] * 10})
Y = ["cheap", "dear"] * 10
MIXED = make_pipeline(
    make_column_transformer(
        (OneHotEncoder(), ["color"]),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["size"]),
        remainder="passthrough",
    ),
    LogisticRegression(),
).fit(FRAME, Y)
NUMBERS = Features((Feature(), Feature()), ["a", "b"])
TEXT = Features((Feature("text", missing=True, null=None), Feature(missing=True), Feature("any")), ["a", "b", "c"])


@pytest.mark.parametrize(
    "document",
    [
        {"instances": [[1, 2], [3, 4]]},
        {"instances": [{"a": 1, "b": 2}, {"b": 4, "a": 3}]},
        {"columns": ["a", "b"], "data": [[1, 2], [3, 4]]},
        {"columns": ["b", "a"], "data": [[2, 1], [4, 3]]},
        {"columns": ["b", "a"], "index": [7, 8], "data": [[2, 1], [4, 3]]},
    ],
)
def test_columns_stand_in_the_models_order_however_they_came(document):
    X = read_rows(document, NUMBERS)
    assert X.dtype == np.float64
    assert X.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_what_pandas_writes_is_read():
    frame = FRAME[["rooms", "size"]].rename(columns={"rooms": "b", "size": "a"})
    for orient in ("split", "records"):
        written = json.loads(frame.to_json(orient=orient))
        document = written if orient == "split" else {"instances": written}
        np.testing.assert_array_equal(read_rows(document, NUMBERS), frame[["a", "b"]].to_numpy(dtype=float))


def test_text_and_missing_values_stand_where_the_model_takes_them():
    X = read_rows({"instances": [["x", 1, 2], [None, None, "y"]]}, TEXT)
    assert X.dtype == object
    assert X[0].tolist() == ["x", 1.0, 2.0]
    assert X[1, 0] is None
    assert np.isnan(X[1, 1])
    assert isinstance(X[0, 1], float)


def test_names_are_not_asked_of_a_model_that_has_none():
    X = read_rows({"columns": ["z", "y"], "data": [[1, 2]]}, Features([Feature()] * 2))
    assert X.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("document", "features", "error", "detail"),
    [
        ({"instances": [{"a": 1}]}, NUMBERS, "wrong_column", "instances[0] lacks 'b': the columns of the model are"),
        ({"instances": [{"a": 1, "b": 2, "z": 3}]}, NUMBERS, "wrong_column", "has 'z', which the model does not know"),
        ({"instances": [{"a": 1, "c": 2}]}, NUMBERS, "wrong_column", "lacks 'b' and has 'c'"),
        ({"instances": [{}]}, NUMBERS, "wrong_column", "lacks 'a', 'b'"),
        ({"instances": [{"a": 1, "b": 2}, [1, 2]]}, NUMBERS, "wrong_shape", "instances[1] is a list and instances[0]"),
        ({"instances": [[1, 2], {"a": 1, "b": 2}]}, NUMBERS, "wrong_shape", "instances[1] is an object"),
        ({"instances": [{"a": 1, "b": "2"}]}, NUMBERS, "wrong_type", "instances[0].b is text: send a number"),
        ({"instances": [{"a": 1, "b": None}]}, NUMBERS, "not_finite", "instances[0].b is null: fill missing values"),
        ({"instances": [{"a": 1, "b": [2]}]}, NUMBERS, "wrong_shape", "instances[0].b is a list"),
        ({"instances": [{"a": 1}]}, Features([Feature()] * 1), "wrong_shape", "the model knows no names of columns"),
        ({"columns": ["a", "b"]}, NUMBERS, "missing_key", "the key 'data' is missing"),
        ({"columns": "ab", "data": [[1, 2]]}, NUMBERS, "wrong_type", "columns is text"),
        ({"columns": ["a", None], "data": [[1, 2]]}, NUMBERS, "wrong_type", "columns[1] is null"),
        ({"columns": ["a", "a"], "data": [[1, 2]]}, NUMBERS, "wrong_column", "columns names 'a' twice"),
        ({"columns": ["a"], "data": [[1]]}, NUMBERS, "wrong_column", "columns lacks 'b'"),
        ({"columns": ["a", "b"], "data": [[1, 2], [1]]}, NUMBERS, "wrong_shape", "data[1] is a list of 1: send a list"),
        ({"columns": ["a", "b"], "data": [3]}, NUMBERS, "wrong_shape", "data[0] is a number"),
        ({"columns": ["a", "b"], "data": []}, NUMBERS, "empty", "data is empty"),
        ({"columns": ["a", "b"], "data": {}}, NUMBERS, "wrong_type", "data is an object"),
        ({"columns": ["b", "a"], "data": [["x", 1]]}, NUMBERS, "wrong_type", "data[0].b is text"),
        ({"instances": [[1, 1, 1]]}, TEXT, "wrong_type", "instances[0][0] is a number: send text"),
        ({"instances": [["a", 1, None]]}, TEXT, "not_finite", "instances[0][2] is null"),
        ({"instances": [["a", 1, {}]]}, TEXT, "wrong_type", "instances[0][2] is an object: send a number or text"),
        ({"instances": [["a", 1]]}, TEXT, "wrong_width", "instances[0] has 2 numbers and the model expects 3"),
    ],
)
def test_a_mistake_is_named_by_kind_and_place(document, features, error, detail):
    with pytest.raises(Refusal, match=r"\w") as caught:
        read_rows(document, features)
    assert (caught.value.code, caught.value.error) == (400, error)
    assert detail in caught.value.detail


def test_many_unknown_columns_are_not_all_echoed():
    document = {"instances": [{f"{number}" * 100: 1 for number in range(1000)}]}
    with pytest.raises(Refusal, match="and 990 more, which the model does not know") as caught:
        read_rows(document, NUMBERS)
    assert len(caught.value.detail) < 800


def test_a_server_takes_a_dataframe_with_its_columns_in_any_order(start):
    server = start(MIXED)
    shuffled = FRAME[["rooms", "color", "size"]]
    answer = server.predict(shuffled)
    assert answer.predictions == MIXED.predict(FRAME).tolist()
    assert server.feedback(answer, Y)["joined"] == 20


@pytest.mark.parametrize("kind", ["str", "category", "object"])
def test_text_is_sent_from_whatever_type_pandas_has_for_it(start, kind):
    server = start(MIXED)
    assert server.predict(FRAME.astype({"color": kind})).predictions == MIXED.predict(FRAME).tolist()


def test_a_missing_value_arrives_where_an_imputer_waits_for_it(start):
    server = start(MIXED)
    frame = FRAME.assign(size=FRAME["size"].where(FRAME["size"] > 3))
    assert server.predict(frame).predictions == MIXED.predict(frame).tolist()


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"color": "pink"}, r"data\[0\].color is 'pink', which the model does not know: send one of 'blue', 'green'"),
        ({"color": None}, r"data\[0\].color is null: fill missing values"),
        ({"rooms": np.nan}, r"data\[0\].rooms is null"),
        ({"color": 3}, r"data\[0\].color is a number: send text"),
        ({"age": 3}, "columns has 'age', which the model does not know"),
    ],
)
def test_what_the_model_would_fail_on_is_refused_before(start, counts_of, change, detail):
    server = start(MIXED)
    with pytest.raises(InvalidValue, match=detail):
        server.predict(FRAME.assign(**change))
    assert counts_of(server).by_status == {"client_error": 1}


def test_times_are_no_numbers(start):
    with pytest.raises(InvalidValue, match=r"data\[0\].size is text: send a number"):
        start(MIXED).predict(FRAME.assign(size=pd.Timestamp("2026-01-01")))
    with pytest.raises(InvalidType, match="the column 'size' is of type timedelta64"):
        start(MIXED).predict(FRAME.assign(size=pd.Timedelta("1h")))


def test_null_is_a_missing_value_for_a_model_that_takes_some(start, post):
    X = FRAME[["size", "rooms"]].to_numpy(dtype=float)
    model = HistGradientBoostingClassifier(max_iter=3).fit(X, Y)
    answer = post({"instances": [[None, 2], [3, None]]}, to=start(model))
    assert answer.json()["predictions"] == model.predict([[np.nan, 2], [3, np.nan]]).tolist()


def test_rows_of_text_leave_together(start, post):
    from concurrent.futures import ThreadPoolExecutor

    server = start(MIXED)
    rows = FRAME.to_dict("records")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda row: server.predict(pd.DataFrame([row])).predictions[0], rows))
    assert answers == MIXED.predict(FRAME).tolist()


TEXTS = Features((Feature("text"),), bare=True)


@pytest.mark.parametrize(
    "document",
    [
        {"instances": ["one", "two"]},
        {"instances": [["one"], ["two"]]},
        {"columns": ["note"], "data": [["one"], ["two"]]},
    ],
)
def test_rows_of_a_model_of_texts_may_be_the_texts(document):
    assert read_rows(document, TEXTS).tolist() == [["one"], ["two"]]


@pytest.mark.parametrize(
    ("instances", "detail"),
    [
        (["one", 2], r"instances\[1\] is a number: send text"),
        ([None], r"instances\[0\] is null"),
        ([["one", "two"]], "the model expects 1"),
        ([{"note": "one"}], r"instances\[0\] is an object: send text"),
        ("one", r'instances is text: send a list of rows, as in \{"instances": \["a text"\]\}'),
        ([], "instances is empty"),
    ],
)
def test_what_is_no_text_is_refused_with_its_place(instances, detail):
    with pytest.raises(Refusal, match=detail):
        read_rows({"instances": instances}, TEXTS)


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series, lambda texts: pd.DataFrame({"note": texts})])
def test_a_model_of_texts_is_served_as_it_is(start, kind):
    texts, labels = ["good day", "bad day", "so good", "so bad"], ["+", "-", "+", "-"]
    server = start(make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, labels), reference=texts)
    answer = server.predict(kind(texts))
    assert answer.predictions == labels
    assert server.feedback(answer, labels)["joined"] == 4


def times(dtype, value):
    features = Features((Feature("time", dtype=pd.Series([], dtype=dtype).dtype),), ["day"])
    return frame_of(read_rows({"instances": [{"day": value}]}, features), features)["day"]


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        ("datetime64[us]", "2026-01-31", pd.Timestamp(2026, 1, 31)),
        ("datetime64[ns]", "2026-01-31T12:30:00.5", pd.Timestamp(2026, 1, 31, 12, 30, 0, 500_000)),
        ("datetime64[us]", "2026-01-31T12:30:00+02:00", pd.Timestamp(2026, 1, 31, 10, 30)),
        ("datetime64[us, Europe/Berlin]", "2026-01-31T12:30:00Z", pd.Timestamp("2026-01-31T13:30", tz="Europe/Berlin")),
        ("datetime64[us, Europe/Berlin]", "2026-01-31", pd.Timestamp("2026-01-31", tz="Europe/Berlin")),
    ],
)
def test_a_time_is_read_as_its_column_has_it(dtype, value, expected):
    column = times(dtype, value)
    assert column.dtype == dtype
    assert column[0] == expected


@pytest.mark.parametrize(
    ("value", "shown"), [("today", "'today'"), (20260131, "a number"), ("9999-12-31", "'9999-12-31'")]
)
def test_what_is_no_time_is_refused(value, shown):
    with pytest.raises(Refusal, match=rf"instances\[0\].day is {shown}: send a time, as in '2026-01-31T12:00:00'"):
        times("datetime64[ns]", value)


def test_times_arrive_in_a_frame(start):
    days = pd.DataFrame({"day": pd.date_range("2026-01-31", periods=3), "size": [1.0, 2.0, 3.0]})
    server = start(lambda frame: frame["day"].dt.day.to_numpy(), example=days)
    assert server.predict(days).predictions == [31, 1, 2]
