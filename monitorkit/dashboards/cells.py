"""A histogram over time as cells: how many observations lie in each bucket at each step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from monitorkit.dashboards.units import format_value
from monitorkit.errors import InvalidValue
from monitorkit.labels import format_series
from monitorkit.query.analysis.buckets import Buckets, read

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Cells", "cells"]

MOST_COLUMNS = 700
"""Columns in one picture, about one a pixel."""

LONE_SECONDS = 60.0
"""Width of the only column, where no step tells it."""


@dataclass(frozen=True, eq=False)
class Cells:
    """What is drawn.

    Parameters
    ----------
    times
        Ends of the columns, in seconds since 1970, one more than there are columns.
    bounds
        Ends of the rows, one more than there are rows; the first and the last may be infinite.
    counts
        Of shape (n_rows, n_columns); NaN where nothing is known.
    unit
        Of the counts, by Grafana's id.
    remarks
        What should be known of them.
    """

    times: NDArray[np.float64]
    bounds: NDArray[np.float64]
    counts: NDArray[np.float64]
    unit: str = "short"
    remarks: tuple[str, ...] = ()

    @property
    def most(self) -> float:
        """The greatest count; 1 where there is none."""
        known = self.counts[np.isfinite(self.counts)]
        return float(known.max(initial=0.0)) or 1.0

    def between(self, low: float | None, high: float | None) -> Self:
        """Return the rows that lie within two bounds, at least in part; all of them where none does."""
        inside = (self.bounds[1:] > (-np.inf if low is None else low)) & (
            self.bounds[:-1] < (np.inf if high is None else high)
        )
        rows = np.flatnonzero(inside)
        if not len(rows):
            return self
        return replace(self, bounds=self.bounds[rows[0] : rows[-1] + 2], counts=self.counts[rows[0] : rows[-1] + 1])

    def text(self, unit: str) -> str:
        """Say in words where most of the observations are; `unit` is that of the bounds."""
        row = int(np.nansum(self.counts, axis=1).argmax())
        low, high = (format_value(bound, unit) for bound in self.bounds[row : row + 2])
        return f"most between {low} and {high}"


def cells(frame: pd.DataFrame, *, unit: str = "short") -> Cells | None:
    """Cells of one histogram, or of several that can be added up.

    Parameters
    ----------
    frame
        Buckets over time, of any form.
    unit
        Of the counts, by Grafana's id.

    Returns
    -------
    Cells or None
        None where there is no observation in any bucket, and no bucket.

    Raises
    ------
    InvalidValue
        If the frame holds no buckets over time, or those of histograms that cannot be added up.
    InvalidType
        If it is no frame.
    """
    buckets, frame, _ = read(frame, caller="heatmap")
    if buckets.moments is None:
        raise InvalidValue(
            "heatmap: these buckets are of one moment; ask with prom.query_range(), or draw them with mk.plot()"
        )
    if np.isnan(buckets.lower).all():
        return None
    return _cells(buckets, buckets.moments, frame.attrs.get("step"), unit)


def _cells(buckets: Buckets, moments: pd.DatetimeIndex, step: object, unit: str) -> Cells:
    lower, upper, count = _apart(buckets)
    # A histogram without observations has no bucket; it still has its column.
    listed = ~np.isnan(lower)
    lower, upper, count, owners = lower[listed], upper[listed], count[listed], buckets.owners()[listed]
    # Hashed before they are sorted: there are millions, and few that differ.
    bounds = np.sort(pd.unique(np.concatenate([lower, upper])))
    columns, milliseconds = pd.factorize(moments.as_unit("ms").asi8, sort=True)
    times = milliseconds / 1000
    counts = np.zeros((len(bounds) - 1, len(times)))
    known = np.zeros(counts.shape, dtype=np.bool_)
    if buckets.native:
        # Buckets without observations are not listed.
        known[:] = True
    # A bucket of one step may span several of another, where those are finer.
    first, last = np.searchsorted(bounds, lower), np.searchsorted(bounds, upper)
    remarks = _added_up(buckets, buckets.series[owners], first * len(bounds) + last)
    spans = last - first
    rows = np.repeat(first - np.cumsum(spans) + spans, spans) + np.arange(spans.sum())
    where = (rows, np.repeat(columns[owners], spans))
    np.add.at(counts, where, np.repeat(count, spans))
    known[where] = True
    counts[~known] = np.nan
    times, counts, n_together = _together(times, counts, step)
    if n_together > 1:
        remarks.append(f"each column the mean of {n_together} steps")
    return Cells(times, bounds, counts, unit, tuple(remarks))


def _apart(buckets: Buckets) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of all buckets, and how many observations lie between them."""
    lower, upper, count = buckets.lower.copy(), buckets.upper.copy(), buckets.count.copy()
    if not buckets.native:
        starts = np.cumsum(buckets.sizes) - buckets.sizes
        below = np.concatenate([[0.0], count[:-1]])
        below[starts] = 0.0
        with np.errstate(invalid="ignore"):
            # Between two infinite counts nobody knows what is: NaN.
            return lower, upper, count - below
    # The bucket around zero is some 1e-128 wide; it is drawn as far as those beside it.
    around = (lower <= 0) & (upper >= 0)
    sizes = np.abs(np.concatenate([lower[~around], upper[~around]]))
    near = float(sizes[np.isfinite(sizes)].min(initial=np.inf))
    zero = around & np.isfinite(lower) & np.isfinite(upper) & ~buckets.custom[buckets.owners()]
    if np.isfinite(near) or (lower[zero] == upper[zero]).any():
        near = near if np.isfinite(near) else 1.0
        one_sided = not (upper[~around] <= 0).any()
        lower[zero], upper[zero] = 0.0 if one_sided else -near, near
    return lower, upper, count


def _added_up(buckets: Buckets, series: NDArray[np.int64], place: NDArray[np.int64]) -> list[str]:
    """A remark where there are several histograms at one time.

    Raises
    ------
    InvalidValue
        If they do not have the same buckets.
    """
    n_series = len(buckets.labels)
    if n_series <= 1:
        return []
    place, kinds = pd.factorize(place)
    alike = len(pd.unique(series * len(kinds) + place)) == n_series * len(kinds)
    if buckets.native or not alike:
        one, other = (
            format_series({str(key): str(value) for key, value in row.items()})
            for row in buckets.labels.head(2).to_dict("records")
        )
        way = "sum(rate(x[5m]))" if buckets.native else "sum by (le) (rate(x_bucket[5m]))"
        raise InvalidValue(
            f"heatmap: {n_series} histograms with buckets of their own, {one} and {other} among them; "
            f"choose one, or add them up in the query: {way}"
        )
    return [f"{n_series} histograms, added up"]


def _together(
    times: NDArray[np.float64], counts: NDArray[np.float64], step: object
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Ends of the columns and their counts, with empty columns where steps are missing; many steps as means of several.

    A column ends at its step's time: what a rate tells is about the time before.
    """
    distances = np.diff(times)
    width = float(np.median(distances)) if len(distances) else LONE_SECONDS
    if isinstance(step, int | float) and step > 0:
        # The frame may have been made coarser since.
        width = max(float(step), float(distances.min())) if len(distances) else float(step)
    place = np.round((times - times[0]) / width).astype(np.int64)
    n_together = int(-(-(place[-1] + 1) // MOST_COLUMNS))
    column = place // n_together
    shown, position = np.unique(column, return_inverse=True)
    known = ~np.isnan(counts)
    totals, n_known = np.zeros((2, len(counts), len(shown)))
    np.add.at(totals.T, position, np.where(known, counts, 0).T)
    np.add.at(n_known.T, position, known.T)
    with np.errstate(invalid="ignore"):
        means = totals / n_known
    full = np.full((len(counts), int(shown[-1]) + 1), np.nan)
    full[:, shown] = means
    ends = times[0] + width * (n_together * np.arange(full.shape[1] + 1) - 1.0)
    return ends, full, n_together
