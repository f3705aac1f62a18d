import math

import pytest

from monitorkit.dashboards.thresholds import Step, Threshold, above, below, color_at, steps, threshold_tuple
from monitorkit.errors import InvalidType, InvalidValue


def ladder(*thresholds):
    return [(step.value, step.color) for step in steps(threshold_tuple(thresholds))]


def test_above_leaves_what_is_under_it_green():
    assert ladder(above(1.0, "red")) == [(-math.inf, "green"), (1.0, "red")]


def test_below_leaves_what_is_over_it_green():
    assert ladder(below(0.9, "red")) == [(-math.inf, "red"), (0.9, "green")]


def test_several_are_sorted():
    assert ladder(above(90, "red"), above(70, "orange")) == [(-math.inf, "green"), (70, "orange"), (90, "red")]


def test_a_band_in_the_middle_is_green():
    assert ladder(above(8, "red"), below(2, "blue")) == [(-math.inf, "blue"), (2, "green"), (8, "red")]


def test_a_band_without_width_is_left_out():
    assert ladder(below(5, "blue"), above(5, "red")) == [(-math.inf, "blue"), (5, "red")]


def test_none_is_green_all_over():
    assert steps(()) == (Step(-math.inf, "green"),)


@pytest.mark.parametrize(("value", "color"), [(0.8999, "red"), (0.9, "green"), (-5, "red"), (math.inf, "green")])
def test_a_value_on_the_threshold_belongs_to_the_upper_side_as_in_grafana(value, color):
    assert color_at(value, steps([below(0.9)])) == color


def test_nan_has_the_first_color():
    assert color_at(math.nan, steps([above(1)])) == "green"


@pytest.mark.parametrize("value", [math.nan, math.inf, "1", None, True])
def test_a_threshold_is_a_finite_number(value):
    with pytest.raises(InvalidValue, match="finite number"):
        above(value)


def test_an_unknown_color_is_refused_at_once():
    with pytest.raises(InvalidValue, match="no colour 'rot'"):
        above(1, "rot")


def test_an_unknown_side_is_refused():
    with pytest.raises(InvalidValue, match="'above' or 'below'"):
        Threshold(1.0, "red", "over")


def test_the_same_value_twice_is_refused():
    with pytest.raises(InvalidValue, match="same value"):
        threshold_tuple([above(1, "red"), above(1, "orange")])


def test_sides_that_overlap_are_refused():
    with pytest.raises(InvalidValue, match="colour the same values"):
        threshold_tuple([below(5), above(4)])


def test_a_number_is_no_threshold():
    with pytest.raises(InvalidType, match=r"write above\(1.0, 'red'\)"):
        threshold_tuple([1.0])
