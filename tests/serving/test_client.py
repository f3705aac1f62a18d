"""A server asked through its own handle: rows and labels in any form, errors as exceptions."""

import threading

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from monitorkit.errors import InvalidType, InvalidValue, ServiceError
from monitorkit.serving.client import Predictions

ROWS = [[2.0, 1.0], [1.0, 2.0]]


def first(X):
    return X[:, 0].astype(int)


@pytest.mark.parametrize(
    "X",
    [
        ROWS,
        tuple(map(tuple, ROWS)),
        np.array(ROWS),
        np.array(ROWS, dtype=np.float32)[:, ::1],
        np.array(ROWS).T.T,
        pd.DataFrame(ROWS),
        csr_matrix(ROWS),
    ],
    ids=["list", "tuple", "array", "float32", "transposed", "frame", "sparse"],
)
def test_rows_may_come_in_any_form(start, X):
    answer = start().predict(X)
    assert answer.predictions == list(answer) == [1, 0]
    assert len(answer) == len(answer.ids) == 2
    assert (np.asarray(answer) == [1, 0]).all()


def test_wrong_rows_are_the_callers_error(start):
    server = start(example=[1.0, 2.0])
    with pytest.raises(InvalidValue, match=r"instances\[0\] has 1 number and the model expects 2"):
        server.predict([[1.0]])
    with pytest.raises(InvalidValue, match=r"instances\[0\]\[1\] is null"):
        server.predict(np.array([[1.0, np.nan]]))
    with pytest.raises(InvalidValue, match=r"data\[0\]\[0\] is text: send a number"):
        server.predict(pd.DataFrame({"a": ["x"], "b": [1.0]}))
    with pytest.raises(InvalidType, match="complex"):
        server.predict(pd.DataFrame({"a": [1j], "b": [1.0]}))


def test_a_model_that_fails_is_the_servers_error(start):
    def failing(X):
        raise RuntimeError("out of order")

    with pytest.raises(ServiceError, match="the model raised RuntimeError: out of order"):
        start(failing).predict(ROWS)


def test_an_answer_that_takes_too_long_is_an_error(start):
    release = threading.Event()
    server = start(lambda X: release.wait(20) and first(X))
    with pytest.raises(ServiceError, match=r"no answer within 0.2 s"):
        server.predict(ROWS, timeout_seconds=0.2)
    release.set()


@pytest.mark.parametrize(
    "y_true",
    [
        [1, 1],
        (1, 1),
        np.array([1, 1]),
        pd.Series([1, 1], index=[7, 3]),
        iter([1, 1]),
        np.array([[1], [1]]),
        pd.DataFrame({"y": [1, 1]}),
    ],
)
def test_labels_may_come_in_any_form(start, y_true):
    server = start()
    answer = server.predict(ROWS)
    assert server.feedback(answer, y_true) == {"joined": 2, "unknown": 0, "expired": 0, "duplicate": 0}
    labels = {"model_name": server.name, "model_version": "1"}
    assert server.registry.get_sample_value("model_accuracy", labels) == 0.5


def test_one_column_is_one_of_several_labels_where_the_model_predicts_such(start):
    server = start(lambda X: (X[:, :1] > 1).astype(int), task="multilabel")
    answer = server.predict(ROWS)
    assert answer.predictions == [[1], [0]]
    assert server.feedback(answer, np.array([[1], [1]]))["joined"] == 2


def test_ids_may_come_in_any_form(start):
    server = start()
    answer = server.predict(ROWS * 2)
    for ids in (pd.Series(answer.ids[:1]), np.array(answer.ids[1:2]), answer.ids[2:3], (answer.ids[3],)):
        assert server.feedback(ids, [1])["joined"] == 1


@pytest.mark.parametrize(
    ("ids", "y_true", "message"),
    [
        ("abc", [1], "ids: 'abc' is one text"),
        (None, [1], "ids: None is no list of ids"),
        (["a"], [object()], "cannot be sent as JSON"),
        (["a"], 1, "y_true: 1 is one label"),
        (["a"], "cat", "y_true: 'cat' is one label"),
    ],
)
def test_one_label_in_place_of_a_list_is_refused(start, ids, y_true, message):
    with pytest.raises(InvalidType, match=message):
        start().feedback(ids, y_true)


@pytest.mark.parametrize("rows", [[[10**400]], [[1j]]])
def test_numbers_that_json_cannot_hold_are_named(start, rows):
    with pytest.raises(InvalidType, match="cannot be sent as JSON"):
        start().predict(rows)


@pytest.mark.parametrize("dtype", ["M8[D]", "m8[s]", complex, [("a", float)]])
def test_an_array_that_would_become_other_numbers_is_refused(start, dtype):
    with pytest.raises(InvalidType, match=r"X: an array of .* is none of numbers or text"):
        start().predict(np.zeros((1, 2), dtype=dtype))


def test_what_is_masked_is_missing(start):
    with pytest.raises(InvalidValue, match=r"instances\[0\]\[1\] is null: fill missing values"):
        start().predict(np.ma.masked_greater([[1, 2]], 1))


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "soon"])
def test_a_timeout_must_be_a_time(start, timeout):
    with pytest.raises(InvalidValue, match="timeout_seconds: "):
        start().predict(ROWS, timeout_seconds=timeout)


def test_an_answer_shows_what_it_has_and_no_more_than_a_few_rows():
    assert repr(Predictions([7], ["a-0"], "digits", "1")) == (
        "Predictions(predictions=[7], ids=['a-0'], model_name='digits', model_version='1')"
    )
    long = Predictions(list(range(5000)), [f"a-{n}" for n in range(5000)], "digits", "1", [[0.5, 0.5]] * 5000, [0, 1])
    assert "predictions=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...]" in repr(long)
    assert "classes=[0, 1]" in repr(long)
    assert len(repr(long)) < 500
