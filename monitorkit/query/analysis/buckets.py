"""Buckets of histograms as arrays: classic ones from their cumulative counts, native ones as they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitorkit.errors import InvalidValue
from monitorkit.query.forms import NATIVE, Form, form_of, groups, label_columns, moments, numbers
from monitorkit.query.frames import VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["BUCKET_LABEL", "Buckets", "read"]

BUCKET_LABEL = "le"

ROUNDING = 1e-12
"""Prometheus takes so small a relative difference of two counts for a rounding error (``promql/quantile.go``, 3.5)."""

COARSEST, FINEST = -4, 8
"""Schemas of exponential native histograms."""
ROUGHLY = 1e-4

_LEAST_NORMAL = np.finfo(np.float64).tiny


@dataclass(frozen=True, eq=False)
class Buckets:
    """Buckets of many histograms, each histogram one label set at one moment.

    Parameters
    ----------
    labels
        Label sets without ``le``, one row per series of histograms.
    series
        For each histogram the row of its labels; ascending.
    moments
        For each histogram its time; None for an instant result.
    sizes
        For each histogram how many buckets it has.
    lower, upper, count
        For each bucket, by histogram and then by bound: its bounds, and how many observations are in it, or with
        `native` False, cumulative, in it or in those below. The lowest classic bucket begins at 0, or at minus infinity
        where it ends at 0 or below.
    totals, sums
        For each histogram the number and the sum of its observations; the sum is NaN where it is not known.
    custom
        For each histogram whether its bounds are its own rather than powers of a base.
    native
        Whether they are native histograms.
    remarks
        What was wrong with the buckets, in words.
    """

    labels: pd.DataFrame
    series: NDArray[np.int64]
    moments: pd.DatetimeIndex | None
    sizes: NDArray[np.int64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    count: NDArray[np.float64]
    totals: NDArray[np.float64]
    sums: NDArray[np.float64]
    custom: NDArray[np.bool_]
    native: bool
    remarks: tuple[str, ...] = ()

    def blocks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Histograms of the same number of buckets, and the positions of these, of shape (n_histograms, n_buckets)."""
        yield from _blocks(self.sizes)

    def owners(self) -> NDArray[np.int64]:
        """For each bucket its histogram."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)


def read(frame: object, *, caller: str) -> tuple[Buckets, pd.DataFrame, Form]:
    """Buckets of a frame of any form, the frame itself, and its form.

    Raises
    ------
    InvalidType, InvalidValue
        If it is no frame of buckets.
    """
    frame, form = form_of(frame, caller=caller)
    return (_native(frame, caller) if form == "native" else _classic(frame, form, caller)), frame, form


def _blocks(sizes: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    starts = np.cumsum(sizes) - sizes
    for n_buckets in np.unique(sizes):
        rows = np.flatnonzero(sizes == n_buckets)
        yield rows, starts[rows, None] + np.arange(n_buckets)


def _classic(frame: pd.DataFrame, form: Form, caller: str) -> Buckets:
    labels = label_columns(frame, form)
    values = numbers(frame if form == "range" else frame[VALUE], caller=caller)
    bounds, kept, remarks = _bounds(labels, caller)
    series, label_sets = groups(labels[kept].drop(columns=BUCKET_LABEL, errors="ignore"))
    if form == "range":
        # A series that has no sample at a step is NaN there; it is not a bucket of that step's histogram.
        values = values[:, kept]
        steps, columns = np.nonzero(~np.isnan(values))
        times = pd.DatetimeIndex(frame.index)
        series, bounds, values = series[columns], bounds[columns], values[steps, columns]
    else:
        of_row = moments(frame, caller=caller) if form == "samples" else pd.DatetimeIndex(np.zeros(len(frame)))
        times, steps = _steps(of_row[kept])
        values = values[kept]
    n_steps = max(len(times), 1)
    keys, sizes, upper, count = _sorted(series * n_steps + steps, bounds, values)
    count, n_forced = _monotonic(sizes, count)
    ends = np.cumsum(sizes) - 1
    if n_forced:
        remarks.append(f"{caller}: {n_forced} histograms had a bucket that counts less than the one below")
    if n_open := int((~np.isposinf(upper[ends])).sum()):
        remarks.append(f'{caller}: {n_open} histograms have no bucket le="+Inf"')
    return Buckets(
        labels=label_sets,
        series=keys // n_steps,
        moments=times.take(keys % n_steps) if form in {"range", "samples"} else None,
        sizes=sizes,
        lower=_lower(sizes, upper),
        upper=upper,
        count=count,
        totals=count[ends],
        sums=np.full(len(sizes), np.nan),
        custom=np.ones(len(sizes), dtype=np.bool_),
        native=False,
        remarks=tuple(remarks),
    )


def _steps(times: pd.DatetimeIndex) -> tuple[pd.DatetimeIndex, NDArray[np.int64]]:
    """The distinct times, ascending, and for each time its position among them."""
    distinct = times.unique().sort_values()
    return distinct, distinct.get_indexer(times).astype(np.int64)


def _bounds(labels: pd.DataFrame, caller: str) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]:
    """Upper bounds of the series that have one, which series these are, and a remark about the others."""
    if BUCKET_LABEL not in labels.columns:
        if len(labels):
            raise InvalidValue(
                f"{caller}: no label 'le' on these series; ask for buckets, such as sum by (le) (rate(x_bucket[5m]))"
            )
        return np.empty(0), np.empty(0, dtype=np.bool_), []
    codes, texts = pd.factorize(labels[BUCKET_LABEL])
    bounds = np.array([_bound(text) for text in texts], dtype=np.float64)[codes]
    kept = ~np.isnan(bounds)
    if len(bounds) and not kept.any():
        raise InvalidValue(
            f"{caller}: no series has a number for its label 'le' (the first has {labels[BUCKET_LABEL].iloc[0]!r}); "
            "ask for buckets, such as sum by (le) (rate(x_bucket[5m]))"
        )
    n_left = int((~kept).sum())
    return bounds[kept], kept, [f"{caller}: {n_left} series without a number in 'le' left out"] if n_left else []


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _sorted(
    keys: NDArray[np.int64], bounds: NDArray[np.float64], counts: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Histograms by key, how many buckets each has, and their bounds and counts; those of one bound are added up."""
    order = np.lexsort((bounds, keys))
    keys, bounds, counts = keys[order], bounds[order], counts[order]
    if not len(keys):
        return keys, np.empty(0, dtype=np.int64), bounds, counts
    # The same bound written in two ways, as by two client libraries: le="1" and le="1.0".
    new = np.flatnonzero(np.concatenate([[True], (keys[1:] != keys[:-1]) | (bounds[1:] != bounds[:-1])]))
    keys, bounds, counts = keys[new], bounds[new], np.add.reduceat(counts, new)
    first = np.flatnonzero(np.concatenate([[True], np.diff(keys) != 0]))
    return keys[first], np.diff(np.append(first, len(keys))), bounds, counts


def _monotonic(sizes: NDArray[np.int64], counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Cumulative counts that never fall, and in how many histograms one had to be lifted.

    As Prometheus 3.5 does (``promql/quantile.go``, ensureMonotonicAndIgnoreSmallDeltas).
    """
    counts = counts.copy()
    n_forced = 0
    for _, places in _blocks(sizes):
        block = counts[places]
        forced = np.zeros(len(block), dtype=np.bool_)
        before = block[:, 0]
        for column in range(1, block.shape[1]):
            now = block[:, column]
            rounding = _almost_equal(before, now)
            falls = (now < before) & ~rounding
            forced |= falls
            before = np.where(rounding | falls, before, now)
            block[:, column] = before
        counts[places] = block
        n_forced += int(forced.sum())
    return counts, n_forced


def _almost_equal(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """As Prometheus compares floats (``util/almost/almost.go``, 3.5)."""
    size = np.abs(a) + np.abs(b)
    with np.errstate(invalid="ignore"):
        # Infinity minus itself is NaN, and no less than any tolerance: that the two are equal is told by ``==``.
        difference = np.abs(a - b)
    near_zero = (a == 0) | (b == 0) | (size < _LEAST_NORMAL)
    tolerance = np.where(near_zero, _LEAST_NORMAL, np.minimum(size, np.finfo(np.float64).max)) * ROUNDING
    return np.asarray((a == b) | (difference < tolerance))


def _lower(sizes: NDArray[np.int64], upper: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each bucket begins where the one below ends; the lowest at 0, as PromQL assumes, or nowhere."""
    starts = np.cumsum(sizes) - sizes
    lower = np.concatenate([[0.0], upper[:-1]]) if len(upper) else upper.copy()
    lower[starts] = np.where(upper[starts] > 0, 0.0, -np.inf)
    return lower


def _native(frame: pd.DataFrame, caller: str) -> Buckets:
    # Rows of plain numbers in the same result are no histograms.
    frame = frame[frame["histogram_count"].notna()]
    series, label_sets = groups(label_columns(frame, "native"))
    times, steps = _steps(moments(frame, caller=caller))
    columns: dict[str, Any] = {name: frame[name].to_numpy() for name in NATIVE}
    keys = series * max(len(times), 1) + steps
    order = np.lexsort((columns["upper"], columns["lower"], keys))
    keys = keys[order]
    first = np.flatnonzero(np.concatenate([[True], np.diff(keys) != 0])) if len(keys) else np.empty(0, dtype=np.int64)
    lower, upper, count, totals, sums = (
        columns[name][order].astype(np.float64)
        for name in ("lower", "upper", "count", "histogram_count", "histogram_sum")
    )
    sizes = np.diff(np.append(first, len(keys)))
    owners = np.repeat(np.arange(len(sizes)), sizes)
    series_of = keys[first] // max(len(times), 1)
    custom = _is_custom(lower, upper, columns["closed"][order], first, series_of[owners], len(label_sets))
    return Buckets(
        labels=label_sets,
        series=series_of,
        moments=times.take(keys[first] % max(len(times), 1)),
        sizes=sizes,
        lower=lower,
        upper=upper,
        count=count,
        totals=totals[first],
        sums=sums[first],
        custom=custom[series_of],
        native=True,
    )


def _is_custom(
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    closed: NDArray[Any],
    first: NDArray[np.int64],
    series: NDArray[np.int64],
    n_series: int,
) -> NDArray[np.bool_]:
    """Which series have bounds of their own, rather than whole powers of 2 ** 2 ** -schema, or a zero bucket.

    The API does not tell the schema. Source: Prometheus documentation, "Native histograms", section "Schema".
    """
    with np.errstate(all="ignore"):
        width = np.log2(upper) - np.log2(lower)
        schema, place = -np.log2(width), np.log2(upper) / width
        # The bucket next to zero may begin at the zero bucket's end: there only the upper bound tells.
        schema[first], place[first] = FINEST, np.log2(upper[first]) * 2**FINEST
        whole = (np.abs(schema - np.round(schema)) < ROUGHLY) & (np.abs(place - np.round(place)) < ROUGHLY)
        exponential = whole & (schema > COARSEST - ROUGHLY) & (schema < FINEST + ROUGHLY) & (lower > 0)
    odd, certain = np.zeros((2, n_series), dtype=np.bool_)
    np.logical_or.at(odd, series, np.isneginf(lower) | (closed == "right") & ~np.isnan(lower) & ~exponential)
    np.logical_or.at(certain, series, (closed == "left") | (closed == "both") & np.isfinite(lower))
    return np.asarray(odd & ~certain)
