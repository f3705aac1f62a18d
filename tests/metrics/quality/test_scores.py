"""Scores equal scikit-learn's on the same window, to the last bit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from monitorkit.metrics.quality.scores import ErrorWindow, LabelSetWindow, ScoreWindow
from monitorkit.metrics.series.classes import sorted_labels


def by_scikit_learn(pairs, **options):
    # Lists, because scipy reads a tuple of three as the parts of a sparse matrix.
    y_true, y_pred = map(list, zip(*pairs, strict=True))
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
    assert len(window._tally) == 3


@pytest.mark.parametrize(("labels", "expected"), [([3, 1, 2], [1, 2, 3]), (["b", 1], [1, "b"])])
def test_labels_are_sorted_also_where_they_do_not_compare(labels, expected):
    assert sorted_labels(labels) == expected


SETS = st.frozensets(st.integers(0, 4), max_size=4)


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(SETS, SETS), min_size=1, max_size=40))
def test_sets_of_labels_are_scored_as_indicators_with_a_column_for_each_label(pairs):
    window = LabelSetWindow(25, labels=range(5))
    for y_true, y_pred in pairs:
        window.add(y_true, y_pred)
    pairs = [[np.array([label in one for label in range(5)], dtype=int) for one in pair] for pair in pairs[-25:]]
    expected = by_scikit_learn(pairs, average="macro")
    assert vars(window.scores()) == expected
    alone = by_scikit_learn(pairs, average="macro", labels=[3])
    assert vars(window.scores(positive_class=3)) == alone | {"accuracy": expected["accuracy"]}


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(SETS, SETS), min_size=1, max_size=40))
def test_labels_that_are_not_known_are_those_that_occur(pairs):
    window = LabelSetWindow()
    for y_true, y_pred in pairs:
        window.add(y_true, y_pred)
    occurring = frozenset().union(*(one for pair in pairs for one in pair))
    known = LabelSetWindow(labels=occurring)
    for y_true, y_pred in pairs:
        known.add(y_true, y_pred)
    if occurring:
        assert window.scores() == known.scores()


def test_sets_without_any_label_are_right_and_have_no_recall():
    window = LabelSetWindow()
    window.add(frozenset(), frozenset())
    scores = window.scores()
    assert scores.accuracy == 1.0
    assert all(math.isnan(score) for score in (scores.recall, scores.precision, scores.f1))


def test_an_empty_window_of_errors_has_no_scores():
    assert ErrorWindow().scores() == {}
