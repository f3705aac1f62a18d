"""Examples of a model's input: given, by position or by name, or made up."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from monitorkit.errors import InvalidValue
from monitorkit.serving.models.example import input_of
from monitorkit.serving.models.model import Model
from monitorkit.serving.reading.rows import read_rows
from monitorkit.serving.refusals import Refusal

FRAME = pd.DataFrame({"color": ["red", "blue"] * 5, "size": np.arange(10.0)})
Y = [0, 1] * 5
MIXED = make_pipeline(
    make_column_transformer((OneHotEncoder(), ["color"]), remainder="passthrough"), LogisticRegression()
).fit(FRAME, Y)


@pytest.mark.parametrize(
    "example",
    [
        ["red", 2],
        {"size": 2, "color": "red"},
        FRAME.iloc[2],
        FRAME.iloc[2:4],
        FRAME[["size", "color"]].iloc[2:],
        np.array(["red", 2.0], dtype=object),
    ],
)
def test_an_example_comes_in_any_form_and_order(example):
    assert input_of(MIXED, example)[1] == ["red", 2.0]


def test_one_is_made_up_of_values_that_the_model_knows():
    row = input_of(MIXED, None)[1]
    assert row == ["blue", 0.0]
    assert Model(MIXED).predict(np.array([row], dtype=object)).predictions[0] in {0, 1}


@pytest.mark.parametrize(
    ("example", "detail"),
    [
        ({"size": 2}, "the columns color are not both"),
        ({"size": 2, "color": "red", "age": 3}, "the columns age are not both"),
        ({"size": "2", "color": "red"}, "size is text: send a number"),
        ({"size": 2, "color": "pink"}, "color is 'pink', which the model does not know: send one of 'blue', 'red'"),
        (["red"], "a row of 2 values is needed, not one of 1"),
    ],
)
def test_one_that_does_not_fit_is_refused(example, detail):
    with pytest.raises(InvalidValue, match=detail):
        input_of(MIXED, example)


def test_a_function_with_a_table_for_an_example_gets_tables_of_these_types():
    frame = FRAME.assign(color=FRAME["color"].astype("category"))
    seen = []

    def predict(table):
        seen.append(table)
        return table["size"] > 1

    model = Model(predict, example=frame)
    assert model.predict(np.array([["blue", 3.0], [None, 1.0]], dtype=object)).predictions == [True, False]
    pd.testing.assert_series_equal(seen[0].dtypes, frame.dtypes)
    assert seen[0]["color"].isna().tolist() == [False, True]


def test_a_function_with_an_example_without_names_gets_arrays():
    model = Model(lambda X: X[:, 0], example=pd.Series([1.0, 2.0]))
    assert model.feature_names is None
    assert model.predict(np.array([[5.0, 1.0]])).predictions == [5.0]


def test_a_text_tells_that_a_function_takes_texts():
    model = Model(lambda texts: [len(text) for text in texts], example="a text")
    assert model.example == ["a text"]
    assert model.predict(np.array([["abc"], ["ä"]], dtype=object)).predictions == [3, 1]


@pytest.mark.parametrize("example", [{}, pd.DataFrame(), pd.Series(dtype=float)])
def test_an_empty_example_is_refused(example):
    with pytest.raises(InvalidValue, match="example: it is empty"):
        input_of(MIXED, example)


def test_a_text_is_no_row_of_a_table():
    with pytest.raises(InvalidValue, match="a row of 2 values is needed, not one text"):
        input_of(MIXED, "red")


@pytest.mark.parametrize("example", [FRAME.assign(size=[1.0, np.nan] * 5), {"color": "red", "size": None}])
def test_a_value_may_be_missing_where_the_example_of_a_function_lacks_one(example):
    features, row = input_of(len, example)
    assert [column.missing for column in features.columns] == [False, True]
    assert row == ["red", 1.0 if isinstance(example, pd.DataFrame) else None]


def test_an_example_with_times_can_be_written_as_json():
    features, row = input_of(len, pd.DataFrame({"day": [pd.Timestamp("2026-01-31")], "size": [1]}))
    assert [column.kind for column in features.columns] == ["time", "number"]
    assert row == ["2026-01-31T00:00:00", 1.0]


@pytest.mark.parametrize("dtype", [bool, "boolean"])
def test_truth_values_stay_such_in_the_tables_of_a_function(dtype):
    model = Model(
        lambda table: table["a"] & ~table["b"], example=pd.DataFrame({"a": [True], "b": [False]}, dtype=dtype)
    )
    rows = read_rows({"instances": [{"a": True, "b": 0}, {"a": 1, "b": True}]}, model.features)
    assert model.predict(rows).predictions == [True, False]
    with pytest.raises(Refusal, match=r"instances\[0\].b is 2.0: send true or false"):
        read_rows({"instances": [{"a": True, "b": 2}]}, model.features)


def test_whole_numbers_may_be_in_an_example_by_chance():
    features, _ = input_of(len, pd.DataFrame({"a": [1]}))
    assert read_rows({"instances": [{"a": 1.5}]}, features).tolist() == [[1.5]]
