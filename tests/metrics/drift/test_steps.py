"""The values of a feature that takes only some, found again in single precision."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.metrics.drift.steps import MOST, Steps


def single(values):
    return np.asarray(values).astype(np.float32).astype(np.float64)


@pytest.mark.parametrize("step", [0.1, 0.01, 0.3, 1 / 3, 1e-6])
def test_a_step_in_single_precision_is_that_step(step):
    values = step * np.arange(1, 800)
    steps = Steps(np.tile(values, 3))
    assert steps.restored(single(values)).tolist() == values.tolist()
    assert steps.restored(values).tolist() == values.tolist()


def test_so_it_is_where_the_reference_is_in_single_precision():
    values = np.arange(1, 100) / 10
    assert Steps(np.tile(single(values), 3)).restored(values).tolist() == single(values).tolist()


@given(st.lists(st.floats(), max_size=20))
def test_whatever_is_no_step_stays_as_it_is(others):
    tenths = np.arange(-50, 50) / 10
    values = np.array([value for value in others if not np.isclose(value, tenths, rtol=1e-6, atol=0).any()])
    assert Steps(np.tile(tenths, 3)).restored(values).tobytes() == values.tobytes()


@pytest.mark.parametrize(
    "reference",
    [
        np.random.default_rng(0).normal(size=500),
        1.7e9 + np.arange(50) / 10,
        np.arange(2 * MOST) / 10,
        np.array([np.nan, np.inf]),
        np.array([]),
    ],
    ids=["measured", "too close together", "too many", "no numbers", "nothing"],
)
def test_without_steps_nothing_is_moved(reference):
    near = np.nextafter(reference, 0)
    steps = Steps(np.tile(reference, 1 if len(reference) == 500 else 3))
    assert steps.restored(near).tobytes() == near.tobytes()


def test_whole_numbers_are_themselves():
    reference = np.repeat([16_777_217.0, 33_554_435.0, 5.0], 3)
    near = np.array([16_777_216.0, 33_554_436.0, np.nextafter(5, 6)])
    assert Steps(reference).restored(near).tolist() == near.tolist()


def test_numbers_beside_texts_are_found_too():
    column = np.array([float(np.float32(0.7)), "red", None, 3, [1]], dtype=object)
    assert Steps(np.array([0.7, 0.1] * 3)).restored(column).tolist() == [0.7, "red", None, 3, [1]]


def test_one_step_is_enough():
    assert Steps(np.full(9, 0.1)).restored(single([0.1, 0.2, np.nan, -np.inf])).tolist()[0] == 0.1
    assert Steps(np.array(["red"] * 5, dtype=object)).restored(np.array([0.5])).tolist() == [0.5]
