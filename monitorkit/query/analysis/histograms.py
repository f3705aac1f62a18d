"""Quantiles of histograms, with the bounds between which they lie."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitorkit.arguments import checked
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query.analysis.buckets import read
from monitorkit.query.forms import without_name
from monitorkit.query.frames import TIMESTAMP, VALUE, free_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitorkit.query.analysis.buckets import Buckets
    from monitorkit.query.forms import Form

__all__ = ["quantiles"]

QUANTILE, LOWER, UPPER = "quantile", "lower", "upper"

PERCENT = 100

_FROM_THE_TOP = 0.5
"""From this quantile on Prometheus counts a native histogram from above."""

Estimate = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]
"""Value, and the bounds it lies between."""


@checked
def quantiles(frame: pd.DataFrame, q: float | Iterable[float] = (0.5, 0.9, 0.99)) -> pd.DataFrame:
    """Quantiles of histograms, each with the bounds of its bucket: the true quantile lies between these.

    Parameters
    ----------
    frame
        Buckets: an instant or range result with the label ``le``, counts or rates, such as of
        ``sum by (le) (rate(x_bucket[5m]))``; or native histograms, such as of ``rate(x[5m])``. Also after filtering
        and sorting, and in the long form.
    q
        Quantiles from 0 to 1; one or several.

    Returns
    -------
    DataFrame of shape (n_histograms * n_q, 3), in the unit that was observed
        ``value``, as PromQL's ``histogram_quantile`` gives it, and the error interval ``lower`` to ``upper``. For an
        instant result indexed by the labels without ``le``, and the level ``quantile``; else tidy, with these as
        columns beside ``timestamp``. NaN where nothing was observed.

    Raises
    ------
    InvalidValue
        If the frame holds no buckets, or `q` is not within 0 and 1 (where PromQL would give an infinity).
    InvalidType
        If it is no frame, or `q` no number.

    Notes
    -----
    A histogram knows how many observations are in each bucket, not where in it; `value` is where they would be if
    they were spread evenly (native: evenly on a logarithmic scale, as Prometheus 3 does, 2.x spreads them linearly).
    The lowest bucket begins at 0 unless it ends at 0 or below; in the highest, `value` is its lower bound and `upper`
    is infinite. Without the bucket ``le="+Inf"`` the result is NaN, as in PromQL, and ``attrs["infos"]`` says so; so it
    does where a bucket counted less than the one below. In a range result a bucket that is NaN is missing; in others
    it makes the quantile NaN. That a native histogram has bounds of its own (3.x, custom buckets) is told from them,
    since the API does not say it.

    Where observations of a native histogram were NaN, they rank above all others, as in Prometheus 3, and a quantile
    among them is NaN. (3.5.3 itself then takes a wrong bucket for the low quantiles.)

    Source: ``promql/quantile.go`` of Prometheus 3.5, BucketQuantile and HistogramQuantile.

    Examples
    --------
    >>> buckets = pd.DataFrame({"le": ["0.1", "0.5", "+Inf"], "value": [60.0, 100.0, 100.0]})
    >>> quantiles(buckets, q=[0.5, 0.9])
       quantile     value  lower  upper
    0       0.5  0.083333    0.0    0.1
    1       0.9  0.400000    0.1    0.5
    """
    asked = _asked(q)
    buckets, frame, form = read(frame, caller="quantiles")
    estimates = np.full((3, len(buckets.sizes), len(asked)), np.nan)
    estimate = _native_estimate if buckets.native else _classic_estimate
    with np.errstate(all="ignore"):
        for rows, places in buckets.blocks():
            for column, each in enumerate(asked):
                estimates[:, rows, column] = estimate(buckets, rows, places, each)
    result = _framed(buckets, estimates, asked, form)
    result.attrs = _attrs(frame.attrs, asked, buckets.remarks)
    return result


def _asked(q: object) -> list[float]:
    if isinstance(q, np.ndarray):
        q = q.ravel()
    several = list(q) if isinstance(q, Iterable) and not isinstance(q, str) else [q]
    if not several:
        raise InvalidValue("quantiles: q is empty; name at least one quantile, such as 0.9")
    return list(dict.fromkeys(map(_quantile, several)))


def _quantile(each: Any) -> float:  # noqa: ANN401 - as it was given
    if isinstance(each, bool | str | complex) or not hasattr(each, "__float__"):
        raise InvalidType(f"quantiles: q: {each!r} is no number from 0 to 1")
    if not 0 <= (number := float(each)) <= 1:
        hint = f"; write {number / PERCENT:g} for {number:g} %" if 1 < number <= PERCENT else ""
        raise InvalidValue(f"quantiles: q: {each!r} is not within 0 and 1{hint}")
    return number


def _classic_estimate(buckets: Buckets, rows: NDArray[np.int64], places: NDArray[np.int64], q: float) -> Estimate:
    """Quantile of classic histograms with the same number of buckets."""
    upper, lower, count = buckets.upper[places], buckets.lower[places], buckets.count[places]
    n_histograms, n_buckets = places.shape
    every = np.arange(n_histograms)
    total = buckets.totals[rows]
    rank = q * total
    last = n_buckets - 1
    found = (count[:, :-1] < rank[:, None]).sum(axis=1)
    below = np.where(found > 0, count[every, found - 1], 0.0)
    start = np.where(found > 0, upper[every, found - 1], 0.0)
    value = start + (upper[every, found] - start) * ((rank - below) / (count[every, found] - below))
    value = np.where((found == 0) & (upper[:, 0] <= 0), upper[:, 0], value)
    value = np.where(found == last, upper[:, max(last - 1, 0)], value)
    # For q = 0 PromQL takes the lowest bucket, even an empty one; the least observation is in the first that is not.
    holding = np.clip((count <= 0).sum(axis=1), found, last)
    low, high = np.fmin(lower[every, holding], value), np.fmax(upper[every, holding], value)
    known = np.isposinf(upper[:, last]) & (total != 0) & ~np.isnan(count).any(axis=1) & (n_buckets > 1)
    return np.where(known, value, np.nan), np.where(known, low, np.nan), np.where(known, high, np.nan)


def _native_estimate(buckets: Buckets, rows: NDArray[np.int64], places: NDArray[np.int64], q: float) -> Estimate:
    """Quantile of native histograms with the same number of buckets."""
    count, total = buckets.count[places], buckets.totals[rows]
    every = np.arange(len(rows))
    last = places.shape[1] - 1
    # Observations that are NaN are in no bucket; only from below is the rank then right.
    rising = np.isnan(buckets.sums[rows]) | (q < _FROM_THE_TOP)
    rank = np.where(rising, q, 1 - q) * total
    up, down = np.cumsum(count, axis=1), np.cumsum(count[:, ::-1], axis=1)
    from_below = np.minimum((up < rank[:, None]).sum(axis=1), last)
    from_above = np.minimum((down < rank[:, None]).sum(axis=1), last)
    found = np.where(rising, from_below, last - from_above)
    inside = count[every, found]
    passed = np.minimum(np.where(rising, up[every, from_below], down[every, from_above]), total)
    lower, upper = buckets.lower[places][every, found], buckets.upper[places][every, found]
    custom = buckets.custom[rows]
    low, high = _natural(buckets, places, lower, upper, custom=custom)
    part = np.where(rising, rank - (passed - inside), passed - rank) / inside
    value = _between(low, high, part, linear=custom | ((low <= 0) & (high >= 0)))
    value = np.where(custom & np.isneginf(lower) & (upper <= 0), upper, value)
    value = np.where(custom & np.isposinf(upper), lower, value)
    # Where the rank falls among observations that are NaN, so is the quantile.
    known = (total != 0) & (passed >= rank) & ~np.isnan(lower)
    lower = np.where(custom & np.isneginf(lower) & (upper > 0), 0.0, lower)
    # Logarithms and back may round beyond the bucket's end.
    value = np.clip(value, lower, upper)
    return np.where(known, value, np.nan), np.where(known, lower, np.nan), np.where(known, upper, np.nan)


def _natural(
    buckets: Buckets,
    places: NDArray[np.int64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    *,
    custom: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds to interpolate between: 0 ends the zero bucket where all others are on one side of it."""
    negative = ((buckets.upper[places] <= 0) & (buckets.lower[places] < 0)).any(axis=1)
    positive = ((buckets.lower[places] >= 0) & (buckets.upper[places] > 0)).any(axis=1)
    around_zero = (lower < 0) & (upper > 0) & ~custom
    low = np.where((around_zero & positive & ~negative) | (custom & np.isneginf(lower)), 0.0, lower)
    return low, np.where(around_zero & negative & ~positive, 0.0, upper)


def _between(
    low: NDArray[np.float64], high: NDArray[np.float64], part: NDArray[np.float64], *, linear: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Value at a part of the way, on a straight line or on a logarithmic scale."""
    log_low, log_high = np.log2(np.abs(low)), np.log2(np.abs(high))
    rising = np.exp2(log_low + (log_high - log_low) * part)
    mirrored = -np.exp2(log_high + (log_low - log_high) * (1 - part))
    return np.where(linear, low + (high - low) * part, np.where(low > 0, rising, mirrored))


def _framed(buckets: Buckets, estimates: NDArray[np.float64], asked: list[float], form: Form) -> pd.DataFrame:
    """Instant: indexed by labels and quantile, histogram by histogram. Else tidy, series by series, in time."""
    n_histograms, n_asked = estimates.shape[1:]
    histogram, quantile = (axis.ravel() for axis in np.indices((n_histograms, n_asked)))
    if buckets.moments is not None:
        order = np.lexsort((histogram, quantile, buckets.series[histogram]))
        histogram, quantile = histogram[order], quantile[order]
    labels = without_name(buckets.labels)
    taken = {QUANTILE} if form == "instant" else {QUANTILE, TIMESTAMP, VALUE, LOWER, UPPER}
    names = free_names(list(labels.columns), taken)
    rows = buckets.series[histogram]
    columns: dict[str, Any] = {
        name: pd.Index(labels.iloc[:, position], dtype="str").take(rows) for position, name in enumerate(names)
    }
    columns[QUANTILE] = np.array(asked)[quantile]
    values = dict(zip((VALUE, LOWER, UPPER), estimates[:, histogram, quantile], strict=True))
    if form != "instant":
        times = {} if buckets.moments is None else {TIMESTAMP: buckets.moments.take(histogram)}
        return pd.DataFrame({**columns, **times, **values})
    if not names:
        return pd.DataFrame(values, index=pd.Index(columns[QUANTILE], name=QUANTILE))
    return pd.DataFrame(values, index=pd.MultiIndex.from_arrays(list(columns.values()), names=list(columns)))


def _attrs(attrs: dict[Any, Any], asked: list[float], remarks: tuple[str, ...]) -> dict[Any, Any]:
    """Attributes of the buckets, with the query that gives this frame, and what was wrong with the buckets."""
    found = copy.deepcopy(attrs)
    query = attrs.get("query")
    if isinstance(query, str) and len(asked) == 1:
        found["query"] = f"histogram_quantile({_number(asked[0])}, {query})"
    elif isinstance(query, str):
        found["query"] = f'histogram_quantiles({query}, "{QUANTILE}", {", ".join(map(_number, asked))})'
    if remarks:
        found["infos"] = [*attrs.get("infos", []), *remarks]
    return found


def _number(value: float) -> str:
    return repr(int(value)) if math.trunc(value) == value else repr(value)
