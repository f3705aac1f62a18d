"""Distances between samples, against scipy on the same data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, ks_2samp, wasserstein_distance

from monitorkit.metrics.drift.distances import js, ks, psi, wasserstein

# Few different numbers, so that samples share values and repeat them; or any.
numbers = st.one_of(
    st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=60),
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60),
)


def shares(counted):
    return np.array(counted) / sum(counted)


@settings(deadline=None)
@given(current=numbers, reference=numbers)
def test_the_ks_statistic_is_scipys(current, reference):
    found = ks(np.sort(current), np.sort(reference))
    with np.errstate(all="ignore"):  # its p-value, of so few
        expected = ks_2samp(current, reference, method="asymp").statistic
    assert found == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(current=numbers, reference=numbers)
def test_the_wasserstein_distance_is_scipys(current, reference):
    found = wasserstein(np.sort(current), np.sort(reference))
    assert found == pytest.approx(wasserstein_distance(current, reference), rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(
    pair=st.integers(2, 12).flatmap(
        lambda n: st.tuples(*[st.lists(st.integers(0, 50), min_size=n, max_size=n).filter(any)] * 2)
    )
)
def test_the_jensen_shannon_distance_is_scipys(pair):
    p, q = map(shares, pair)
    assert js(p, q) == pytest.approx(jensenshannon(p, q, base=2), abs=1e-7)


def test_psi_is_the_symmetric_divergence_where_no_bin_is_empty():
    rng = np.random.default_rng(4)
    p, q = rng.dirichlet(np.ones(10), 2)
    assert psi(p, q) == pytest.approx(entropy(p, q) + entropy(q, p), rel=1e-12)


def test_an_empty_bin_counts_as_its_floor():
    p, q = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert psi(p, q) == pytest.approx((1 - 0.5) * np.log(1 / 0.5) + (1e-4 - 0.5) * np.log(1e-4 / 0.5), rel=1e-12)
    assert psi(p, q, floor=0.01) == pytest.approx(0.5 * np.log(2) + (0.01 - 0.5) * np.log(0.01 / 0.5), rel=1e-12)


def test_equal_samples_are_no_distance_apart():
    values, p = np.array([1.0, 2.0, 2.0, 5.0]), np.array([0.25, 0.75, 0.0])
    assert (ks(values, values), wasserstein(values, values), psi(p, p), js(p, p)) == (0, 0, 0, 0)


def test_numbers_near_the_largest_overflow_without_a_warning():
    assert wasserstein(np.array([-1.7e308]), np.array([1.7e308])) == np.inf
