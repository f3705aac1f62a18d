"""Results of models, read as plain values."""

import numpy as np
import pandas as pd
import pytest

from monitorkit.serving.models.outputs import Outputs, array, indicator_rows, label_rows, wrong_length
from monitorkit.serving.refusals import Refusal


def test_a_part_keeps_what_belongs_to_its_rows():
    probabilities = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    part = Outputs([1, 0, 1], "classification", probabilities, (0, 1)).part(1, 3)
    assert (part.predictions, part.task, part.columns) == ([0, 1], "classification", (0, 1))
    assert part.probabilities.tolist() == probabilities[1:].tolist()


@pytest.mark.parametrize(
    "matrix",
    [np.eye(2), np.eye(2, dtype=bool), np.eye(2, dtype=np.int8), pd.DataFrame(np.eye(2)), np.eye(2, dtype=np.float16)],
)
def test_a_matrix_of_0_and_1_is_one_of_indicators(matrix):
    rows = indicator_rows(matrix)
    assert rows == [[1, 0], [0, 1]]
    assert {type(value) for row in rows for value in row} == {int}


@pytest.mark.parametrize(
    "other",
    [
        np.array([0, 1]),
        np.array([[0, 2]]),
        np.array([[0.5, 1]]),
        np.array([["0"]]),
        np.array([[np.nan]]),
        [[0, 1]],
        [[0], [1, 1]],
    ],
)
def test_anything_else_is_none(other):
    assert indicator_rows(other) is None


@pytest.mark.parametrize(
    "other", [["ab", "c"], [1, 2], np.ones((2, 2)), [["a"], "b"], [[["a"]]], [[None]], ["a", ["b"]]]
)
def test_what_is_no_list_of_labels_is_not_read_as_one(other):
    assert label_rows(other) is None


def test_labels_come_in_rows_of_any_kind():
    assert label_rows(np.array([["a", "b"], ["c", "d"]])) == [["a", "b"], ["c", "d"]]
    assert label_rows(pd.Series([["a"], ("b",)])) == [["a"], ["b"]]
    assert label_rows([np.array([1, 2]), {2, 10}, [np.int64(3)]]) == [[1, 2], [2, 10], [3]]


def test_rows_of_different_lengths_are_refused_with_a_way_out():
    with pytest.raises(Refusal, match="task='multilabel'"):
        array([["a"], ["b", "c"]])


@pytest.mark.parametrize(
    ("result", "returned"), [(3, "one int"), ("ab", "one str"), (np.array(1.0), "one ndarray"), ([1], "1 predictions")]
)
def test_a_wrong_number_of_predictions_is_told(result, returned):
    assert returned in wrong_length(result, 2).detail
