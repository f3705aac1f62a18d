"""Bodies of requests, read and checked."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitorkit.serving.reading.features import Feature, Features
from monitorkit.serving.reading.payload import read_feedback, read_instances, read_prediction
from monitorkit.serving.refusals import Refusal


def refusal_of(read, document, *options):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(Refusal, match=r"\w") as caught:
        read(body, *options)
    assert caught.value.code == 400
    return caught.value


@settings(deadline=None)
@given(
    X=arrays(
        np.float64,
        st.tuples(st.integers(1, 5), st.integers(1, 5)),
        elements=st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_every_bit_of_a_number_arrives(X):
    read = read_instances(json.dumps({"instances": X.tolist()}).encode())
    assert read.dtype == np.float64
    np.testing.assert_array_equal(read, X)


def test_whole_numbers_and_booleans_are_numbers():
    X = read_instances(b'{"instances": [[1, true], [2.5, false]]}')
    assert X.dtype == np.float64
    assert X.tolist() == [[1.0, 1.0], [2.5, 0.0]]


def test_further_keys_are_let_pass():
    assert read_instances(b'{"parameters": {"a": "b"}, "instances": [[1]]}').tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("document", "error", "which", "detail"),
    [
        (b"", "empty", "", "the body is empty"),
        (b"  ", "empty", "", "the body is empty"),
        (b"{oops", "not_json", "line 1, column 2", "is not JSON"),
        (b"\xff\xfe", "not_json", "line 1, column 1", "is not JSON"),
        (b"[" * 5000, "not_json", "line 1, column 1026", "is not JSON"),
        (b'{"instances": [[NaN]]}', "not_json", "line 1, column 17", "JSON has no NaN"),
        (b'{"instances": [[1e999]]}', "not_json", "line 1, column 17", "no infinity"),
        (b'{"instances": [[-1' + b"0" * 400 + b"]]}", "not_json", "line 1, column 17", "no infinity"),
        ([[1, 2]], "wrong_type", "", 'send an object, as in {"instances"'),
        ("text", "wrong_type", "", "the body is text"),
        (None, "wrong_type", "", "the body is null"),
        ({}, "missing_key", "instances", "(keys found: none)"),
        ({"inputs": [[1]], "id": 3}, "missing_key", "instances", "(keys found: id, inputs)"),
        ({"instances": {"a": 1}}, "wrong_type", "instances", "instances is an object"),
        ({"instances": 5}, "wrong_type", "instances", "instances is a number"),
        ({"instances": []}, "empty", "instances", "at least one row"),
        ({"instances": [[]]}, "empty", "instances[0]", "at least one number"),
        ({"instances": [[], [1, 2]]}, "empty", "instances[0]", "at least one number"),
        ({"instances": [1.0, 2.0]}, "wrong_shape", "instances[0]", "for one row send [[1.0, 2.0]]"),
        ({"instances": [[1, 2], 3]}, "wrong_shape", "instances[1]", "each row is a list of numbers"),
        ({"instances": [[1, 2], [3]]}, "wrong_shape", "instances[1]", "has 1 number and instances[0] has 2"),
        ({"instances": [[[1, 2]]]}, "wrong_shape", "instances[0][0]", "instances[0][0] is a list"),
        ({"instances": [[1, "2"]]}, "wrong_type", "instances[0][1]", "instances[0][1] is text"),
        ({"instances": ["ab"]}, "wrong_shape", "instances[0]", "instances[0] is text"),
        ({"instances": [{"a": 1}]}, "wrong_shape", "instances[0]", "instances[0] is an object"),
        ({"instances": [[1, {}]]}, "wrong_type", "instances[0][1]", "instances[0][1] is an object"),
        ({"instances": [[1, 2], [1, None]]}, "not_finite", "instances[1][1]", "fill missing values"),
    ],
)
def test_a_mistake_is_named_by_kind_and_place(document, error, which, detail):
    refusal = refusal_of(read_instances, document)
    assert (refusal.error, refusal.which) == (error, which)
    assert detail in refusal.detail


def test_rows_of_another_width_are_refused_where_the_width_is_known():
    refusal = refusal_of(read_instances, {"instances": [[1, 2, 3]]}, Features([Feature()] * 4))
    assert (refusal.error, refusal.which) == ("wrong_width", "instances[0]")
    assert refusal.detail == "instances[0] has 3 numbers and the model expects 4: send rows of 4 numbers"


def test_the_first_row_of_another_width_is_the_one_that_is_named():
    refusal = refusal_of(read_instances, {"instances": [[1, 2], [1, 2, 3]]}, Features([Feature()] * 2))
    assert (refusal.error, refusal.which) == ("wrong_width", "instances[1]")


def test_one_long_text_among_many_rows_takes_no_memory():
    rows = [["x" * 1_000_000]] + [["y"]] * 50_000
    assert refusal_of(read_instances, {"instances": rows}).which == "instances[0][0]"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.floats() | st.text(max_size=3),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=3), children, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(value=json_values, wrap=st.integers(0, 2))
def test_whatever_comes_is_rows_of_numbers_or_refused(value, wrap):
    for _ in range(wrap):
        value = [value]
    body = json.dumps({"instances": value}).encode()
    try:
        X = read_instances(body)
    except Refusal as refusal:
        refused = refusal
    else:
        refused = None
        np.testing.assert_array_equal(X, np.array(value, dtype=float))
    assert refused is None or (refused.code == 400 and refused.detail)


def test_feedback_is_ids_and_labels():
    assert read_feedback(b'{"ids": ["a", "b"], "y_true": ["cat", 1.5]}') == (["a", "b"], ["cat", 1.5])


@pytest.mark.parametrize(
    ("document", "error", "which"),
    [
        ([], "wrong_type", ""),
        ({"ids": ["a"]}, "missing_key", "y_true"),
        ({"y_true": ["a"]}, "missing_key", "ids"),
        ({"ids": "a", "y_true": [1]}, "wrong_type", "ids"),
        ({"ids": ["a"], "y_true": 1}, "wrong_type", "y_true"),
        ({"ids": [], "y_true": []}, "empty", "ids"),
        ({"ids": ["a"], "y_true": [1, 2]}, "wrong_length", "y_true"),
        ({"ids": ["a", 7], "y_true": [1, 2]}, "wrong_type", "ids[1]"),
        ({"ids": ["a"], "y_true": [None]}, "wrong_type", "y_true[0]"),
        ({"ids": ["a"], "y_true": [[1, None]]}, "wrong_type", "y_true[0][1]"),
        ({"ids": ["a"], "y_true": [[[1]]]}, "wrong_type", "y_true[0][0]"),
        ({"ids": ["a"], "y_true": [[1] * 10_001]}, "too_large", "y_true[0]"),
        ({"ids": ["a", "b", 3], "y_true": [1, 2, 3]}, "wrong_type", "ids[2]"),
        ({"ids": ["a", "b"], "y_true": [1, None]}, "wrong_type", "y_true[1]"),
        ({"ids": ["a", "b"], "y_true": [["x"], ["x", "y" * 257]]}, "too_large", "y_true[1][1]"),
        ({"ids": ["a"], "y_true": ["x" * 257]}, "too_large", "y_true[0]"),
    ],
)
def test_wrong_feedback_is_named_by_kind_and_place(document, error, which):
    refusal = refusal_of(read_feedback, document)
    assert (refusal.error, refusal.which) == (error, which)


def test_probabilities_are_asked_for_with_true():
    document = {"instances": [[1, 2]], "probabilities": True}
    asked = read_prediction(json.dumps(document).encode())
    assert (asked.X.tolist(), asked.probabilities) == ([[1.0, 2.0]], True)


@pytest.mark.parametrize("wanted", ["yes", 1, None, [True], {}])
def test_anything_else_about_probabilities_is_refused(wanted):
    refusal = refusal_of(read_prediction, {"instances": [[1, 2]], "probabilities": wanted})
    assert (refusal.error, refusal.which) == ("wrong_type", "probabilities")
