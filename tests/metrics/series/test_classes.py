"""Class names are bounded in number and length."""

import pytest

from monitorkit.metrics.series.classes import OTHER, ClassNames, class_name


def test_the_positive_class_of_two_is_the_greater_label():
    assert ClassNames([0, 1]).positive_class == 1
    assert ClassNames(["dog", "cat"]).positive_class == "dog"


def test_three_classes_have_no_positive_one():
    assert ClassNames([0, 1, 2]).positive_class is None


def test_a_chosen_class_is_the_positive_one_however_many_there_are():
    classes = ClassNames(["fraud", "late", "fine"], positive_class="fraud")
    assert classes.positive_class == "fraud"
    classes.choose(None)
    assert classes.positive_class is None


def test_classes_over_the_limit_are_other():
    classes = ClassNames(limit=2)
    assert [classes.name(label) for label in ("a", "b", "c", "d", "a")] == ["a", "b", OTHER, OTHER, "a"]


def test_two_names_and_others_are_not_two_classes():
    classes = ClassNames(limit=2)
    for label in "abc":
        classes.name(label)
    assert classes.positive_class is None


@pytest.mark.parametrize(
    ("label", "expected"), [(3, "3"), (1.0, "1"), (0.5, "0.5"), (True, "True"), ("x" * 500, "x" * 128)]
)
def test_a_class_is_written_as_people_would(label, expected):
    assert class_name(label) == expected


@pytest.mark.parametrize("text", ["\ud800ok", "\0ok"])
def test_what_cannot_be_written_is_replaced(text):
    assert class_name(text) == "?ok"


def test_labels_that_clients_make_up_leave_names_for_what_is_predicted():
    classes = ClassNames(limit=10)
    told = [classes.name(f"made up {number}", told=True) for number in range(20)]
    assert told[4:6] == ["made up 4", OTHER]
    predicted = [classes.name(number) for number in range(6)]
    assert predicted == ["0", "1", "2", "3", "4", OTHER]
    assert classes.name(3, told=True) == "3"
