"""Scores equal scikit-learn's on the same window, to the last bit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from monitorkit.metrics.scores import ScoreWindow, sorted_labels


def by_scikit_learn(pairs, **options):
    y_true, y_pred = zip(*pairs, strict=True)
    options = {"zero_division": 0, **options}
    return {
        "accuracy": accuracy_score(y_true, y_pred),
        "recall": recall_score(y_true, y_pred, **options),
        "precision": precision_score(y_true, y_pred, **options),
        "f1": f1_score(y_true, y_pred, **options),
    }


def filled(pairs, size):
    window = ScoreWindow(size)
    for y_true, y_pred in pairs:
        window.add(y_true, y_pred)
    return window


def pairs_of(labels):
    return st.lists(st.tuples(labels, labels), min_size=1, max_size=200)


@settings(deadline=None)
@given(pairs=pairs_of(st.integers(0, 12)), size=st.integers(1, 120))
def test_many_classes_have_the_macro_average(pairs, size):
    expected = by_scikit_learn(pairs[-size:], average="macro")
    assert vars(filled(pairs, size).scores()) == expected


@settings(deadline=None)
@given(pairs=pairs_of(st.sampled_from(["cat", "dog", "Ente", "鸭"])), size=st.integers(1, 120))
def test_classes_that_are_text_have_the_macro_average(pairs, size):
    expected = by_scikit_learn(pairs[-size:], average="macro")
    assert vars(filled(pairs, size).scores()) == expected


@settings(deadline=None)
@given(pairs=pairs_of(st.integers(0, 1)), size=st.integers(1, 120))
def test_two_classes_are_scored_by_the_positive_one(pairs, size):
    expected = by_scikit_learn(pairs[-size:], labels=[1], average="macro")
    assert vars(filled(pairs, size).scores(positive_class=1)) == expected


def test_the_positive_class_is_scored_as_pos_label_is():
    pairs = [(0, 1), (1, 1), (1, 0), (0, 0), (1, 1)]
    assert vars(filled(pairs, 10).scores(positive_class=0)) == by_scikit_learn(pairs, pos_label=0)


def test_an_empty_window_has_no_scores():
    assert ScoreWindow(3).scores() is None


def test_a_shorter_window_keeps_the_newest():
    window = filled([(0, 1), (0, 1), (0, 0), (1, 1)], 10)
    window.resize(2)
    assert len(window) == 2
    assert window.scores().accuracy == 1.0


def test_a_label_that_left_the_window_takes_no_memory():
    window = filled([(f"label {number}", "?") for number in range(1000)], 3)
    assert len(window._true) == 3
    assert len(window._predicted) == 1


@pytest.mark.parametrize(("labels", "expected"), [([3, 1, 2], [1, 2, 3]), (["b", 1], [1, "b"])])
def test_labels_are_sorted_also_where_they_do_not_compare(labels, expected):
    assert sorted_labels(labels) == expected
