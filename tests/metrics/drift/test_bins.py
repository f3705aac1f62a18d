"""Bins of a feature: what they are called, and what falls into them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.metrics.drift.bins import CategoryBins, NumberBins, bins_of, is_missing


def named(bins, values):
    column = np.array(values, dtype=object if any(isinstance(value, str | None) for value in values) else float)
    return [bins.names[place] for place in bins.index(column)]


def test_numbers_get_bins_of_equal_share():
    values = np.random.default_rng(0).lognormal(size=5000)
    bins = bins_of(values, n_bins=10, categories=20)
    counts = np.bincount(bins.index(values), minlength=len(bins.names))
    assert counts.tolist() == [0, *[500] * 10, 0, 0]
    expected, _ = np.histogram(values, np.quantile(values, np.linspace(0, 1, 11)))
    assert counts[1:-2].tolist() == expected.tolist()


@settings(deadline=None)
@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=80),
    others=st.lists(st.floats(), max_size=40),
    n_bins=st.integers(2, 12),
)
def test_whatever_comes_falls_into_one_bin_with_a_name_of_its_own(values, others, n_bins):
    column = np.array(values)
    bins = bins_of(column, n_bins=n_bins, categories=5)
    assert len(set(bins.names)) == len(bins.names) <= n_bins + 3
    assert list(bins.names[:-1]) == sorted(bins.names[:-1]) or isinstance(bins, CategoryBins)
    inside = {bins.names[place] for place in bins.index(column)}
    assert not inside & {"other", "missing", bins.names[-1]}
    if isinstance(bins, NumberBins):
        assert not inside & {bins.names[0], bins.names[-2]}
        low, high = min(values), max(values)
        for value in others:
            place = bins.index(np.array([value]))[0]
            assert (place == 0) == (value < low)
            assert (place == len(bins.names) - 2) == (value > high)
            assert (place == len(bins.names) - 1) == np.isnan(value)


def test_edges_are_shown_with_as_many_digits_as_tell_them_apart():
    assert NumberBins([1_000_001.0, 1_000_002.0, 1_000_003.0]).names[1:3] == (
        "01 [1000001, 1000002)",
        "02 [1000002, 1000003]",
    )
    assert NumberBins([0.1 + 0.2, 1.0]).names[1] == "01 [0.3, 1]"


def test_a_hundred_bins_still_sort():
    names = NumberBins(np.arange(101.0).tolist()).names
    assert list(names) == sorted(names)
    assert names[3] == "003 [2, 3)"


def test_one_number_is_a_bin_between_what_is_less_and_what_is_more():
    bins = bins_of(np.full(50, 5.0), n_bins=10, categories=20)
    assert bins.names == ("00 (-inf, 5)", "01 [5, 5]", "02 (5, inf)", "03 missing")
    assert bins.index(np.array([4.9, 5.0, np.nextafter(5, 6), np.inf, np.nan])).tolist() == [0, 1, 2, 2, 3]


def test_few_different_numbers_get_a_bin_each():
    bins = bins_of(np.array([0.0, 1.0, 1.0, 2.0] * 5), n_bins=10, categories=20)
    assert bins.names == ("0", "1", "2", "other", "missing")
    assert named(bins, [1.0, 0.5, np.nan, True]) == ["1", "other", "missing", "1"]


def test_a_handful_of_measurements_are_not_names():
    assert isinstance(bins_of(np.array([0.1, 0.2, 0.3]), n_bins=10, categories=20), NumberBins)


def test_the_most_frequent_names_get_a_bin_each():
    column = np.array(["rare"] + ["a"] * 2 + ["b"] * 3 + ["c"] * 5 + [None], dtype=object)
    bins = bins_of(column, n_bins=10, categories=3)
    assert bins.names == ("a", "b", "c", "other", "missing")
    assert named(bins, ["a", "rare", "new", None, 3.5]) == ["a", "other", "other", "missing", "other"]


def test_what_cannot_be_a_name_is_other():
    column = np.empty(2, dtype=object)
    column[:] = [["a"], {"b": 1}]
    assert CategoryBins(["a"]).index(column).tolist() == [1, 1]


def test_a_name_that_means_something_here_shares_that_bin():
    bins = CategoryBins(["missing", "other", "a", 1, "1"])
    assert bins.names == ("1", "a", "missing", "other")
    assert named(bins, ["other", "new", None, "missing", 1, "1"]) == ["other", "other", "missing", "missing", "1", "1"]


def test_what_is_no_number_is_missing_among_numbers():
    bins = NumberBins([0.0, 1.0])
    column = np.array(["0.5", None, 0.5, [1], pd.NA, 10**400], dtype=object)
    assert bins.index(column).tolist() == [3, 3, 1, 3, 3, 3]


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, pd.NA, pd.NaT])
def test_missing_is_missing_in_any_form(value):
    assert is_missing(value)
    assert not is_missing("")
    assert not is_missing(0)


def test_bins_are_equal_where_they_divide_alike():
    assert NumberBins([0.0, 1.0]) == NumberBins([0.0, 1.0]) != NumberBins([0.0, 2.0])
    assert CategoryBins(["a"]) == CategoryBins(["a"]) != CategoryBins(["b"])
    assert NumberBins([0.0, 1.0]) != CategoryBins(["a"])
