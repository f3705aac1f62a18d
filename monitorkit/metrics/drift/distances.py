"""How far two samples are apart: by their shares in bins, and by their values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from monitorkit.metrics.drift.settings import EMPTY_SHARE

__all__ = ["Shares", "Values", "js", "ks", "psi", "wasserstein"]

Shares = np.ndarray[Any, np.dtype[np.float64]]
"""Share of each bin, from 0 to 1, summing to 1."""

Values = np.ndarray[Any, np.dtype[np.float64]]
"""Finite numbers of one feature."""


def psi(p: Shares, q: Shares, *, floor: float = EMPTY_SHARE) -> float:
    """Population stability index between two distributions over the same bins: 0 where they are equal.

    Parameters
    ----------
    p, q
        Shares of the current and of the reference data.
    floor
        Share that an empty bin is taken to have, since its logarithm is infinite.

    Notes
    -----
    ``sum((p - q) * ln(p / q))``, the symmetric form of the Kullback-Leibler divergence. By chance alone, and with few
    current rows, it is about ``(bins - 1) * (1 / rows + 1 / reference_rows)``. Sources: Siddiqi, "Credit Risk
    Scorecards", Wiley 2006, for the rule of thumb (over 0.1 a change, over 0.25 a large one); Yurdakul and Naranjo,
    "Statistical properties of the population stability index", Journal of Risk Model Validation 14 (2020), for its
    distribution.

    Examples
    --------
    >>> round(psi(np.array([0.5, 0.5]), np.array([0.25, 0.75])), 4)
    0.2747
    """
    p, q = np.maximum(p, floor), np.maximum(q, floor)
    return float(((p - q) * np.log(p / q)).sum())


def js(p: Shares, q: Shares) -> float:
    """Jensen-Shannon distance between two distributions over the same bins, from 0 to 1.

    Notes
    -----
    Root of the Jensen-Shannon divergence in bits. Empty bins need no floor. Sources: Lin, "Divergence measures based on
    the Shannon entropy", IEEE Transactions on Information Theory 37 (1991); Endres and Schindelin, "A new metric for
    probability distributions", the same 49 (2003), for the root; scipy's ``jensenshannon(p, q, base=2)``.

    Examples
    --------
    >>> js(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    middle = (p + q) / 2
    total = 0.0
    for shares in (p, q):
        some = shares > 0
        total += float((shares[some] * np.log2(shares[some] / middle[some])).sum())
    return math.sqrt(max(total / 2, 0.0))


def ks(current: Values, reference: Values) -> float:
    """Kolmogorov-Smirnov statistic: the greatest distance between two empirical distributions, from 0 to 1.

    Parameters
    ----------
    current, reference
        Sorted values, at least one each.

    Notes
    -----
    Between two current values only the reference's distribution rises, so that the greatest distance is at a current
    value or right below one: it costs the logarithm of the reference's size a value, not its size. Source: Smirnov,
    "Table for estimating the goodness of fit of empirical distributions", Annals of Mathematical Statistics 19 (1948);
    scipy's ``ks_2samp(current, reference).statistic``.

    Examples
    --------
    >>> ks(np.array([3.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    0.5
    """
    n = len(current)
    upto = np.searchsorted(reference, current, side="right") / len(reference)
    below = np.searchsorted(reference, current, side="left") / len(reference)
    above = np.max(np.arange(1, n + 1) / n - upto)
    under = np.max(below - np.arange(n) / n)
    return float(max(above, under, 0.0))


def wasserstein(current: Values, reference: Values) -> float:
    """Wasserstein distance: how far, on average, values must be moved to turn one sample into the other.

    Parameters
    ----------
    current, reference
        Sorted values, at least one each.

    Returns
    -------
    float
        In the feature's own unit.

    Notes
    -----
    The area between the two empirical distributions. Source: Vallender, "Calculation of the Wasserstein distance
    between probability distributions on the line", Theory of Probability and its Applications 18 (1974); scipy's
    ``wasserstein_distance(current, reference)``.

    Examples
    --------
    >>> wasserstein(np.array([1.0, 3.0]), np.array([5.0, 6.0, 8.0, 9.0]))
    5.0
    """
    values = np.concatenate([current, reference])
    order = np.argsort(values, kind="stable")  # two sorted runs, which a stable sort merges
    # What is equal has no distance between, so that it does not matter which comes first.
    of_current = np.cumsum(order < len(current))[:-1]
    of_reference = np.arange(1, len(values)) - of_current
    apart = np.abs(of_current / len(current) - of_reference / len(reference))
    with np.errstate(over="ignore"):
        # Numbers near the largest there is are further apart than any number says.
        return float((apart * np.diff(values[order])).sum())
