"""Counters: by how much they grew, from their raw samples."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monitorkit.arguments import checked
from monitorkit.durations import seconds
from monitorkit.errors import InvalidValue
from monitorkit.query.forms import form_of, groups, label_columns, label_index, moments, numbers, without_name
from monitorkit.query.frames import VALUE, timestamps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitorkit.durations import Duration

__all__ = ["increase"]

MOST_CELLS = 50_000_000
"""Intervals times series in one result: 400 MB."""


@checked
def increase(samples: pd.DataFrame, every: Duration | None = None) -> pd.DataFrame:
    """By how much counters grew, exactly: from sample to sample, over restarts, without extrapolation.

    Parameters
    ----------
    samples
        Raw samples, as ``prom.samples("x_total[1h]")`` gives them; in any order, also put together from several.
    every
        Length of the intervals to count in, such as ``"5m"``; over the whole time unless given.

    Returns
    -------
    DataFrame
        Without `every` of shape (n_series, 1): column ``value``, indexed by the labels. With it of shape
        (n_intervals, n_series): indexed by ``timestamp``, the end of each interval, which holds the samples after the
        end of the one before and up to its own; intervals end at whole multiples of `every`, in UTC. NaN where nothing
        is known: for a single sample without one before it, and for an interval without samples.

    Raises
    ------
    InvalidValue
        If it holds no raw samples, or `every` is no length of time.
    InvalidType
        If it is no frame.

    Notes
    -----
    A counter that falls has begun anew from 0, so that all it shows then is new (as PromQL takes it: Prometheus
    documentation, "Query functions", ``rate``). What it counted before its first sample, and between the last sample
    before a restart and the restart itself, nobody can know.

    PromQL's ``increase`` differs on purpose: it looks only at the samples within its window and extrapolates to the
    window's ends, so that a counter of whole numbers grows by fractions, and what happens between the last sample of
    one window and the first of the next is in neither. Here the interval of the later sample counts it: the
    intervals add up to the whole, and whole numbers stay whole up to 2**53. Samples that are NaN are left out; of
    several at one time the last one counts.

    Examples
    --------
    >>> times = pd.to_datetime([0, 10, 20, 30], unit="s", utc=True)
    >>> samples = pd.DataFrame({"job": "a", "timestamp": times, "value": [5.0, 8, 2, 3]})
    >>> float(increase(samples).loc["a", "value"])
    6.0
    """
    frame, form = form_of(samples, caller="increase")
    if form != "samples":
        raise InvalidValue(f"increase: {_WRONG[form]}; pass raw samples, as prom.samples('x_total[5m]') gives them")
    step_ms = None if every is None else _milliseconds(every)
    values = numbers(frame[VALUE], caller="increase")
    times = moments(frame, caller="increase").as_unit("ms").asi8
    series, labels = groups(label_columns(frame, form))
    index = label_index(without_name(labels))
    place = _in_order(series, times, values)
    series, times, values = series[place], times[place], values[place]
    ends = np.zeros(len(times), dtype=np.int64) if step_ms is None else -(-times // step_ms)
    first = int(ends.min()) if len(ends) else 0
    n_intervals = int(ends.max()) - first + 1 if len(ends) else int(step_ms is None)
    if n_intervals * max(len(index), 1) > MOST_CELLS:
        raise InvalidValue(f"every: {every!r} parts these samples into {n_intervals} intervals; take a longer one")
    grown = np.full((len(index), n_intervals), np.nan)
    _fill(grown, series, ends - first, values)
    if step_ms is None:
        result = pd.DataFrame({VALUE: grown[:, 0]}, index=index)
    else:
        steps = (np.arange(n_intervals, dtype=np.int64) + first) * step_ms
        result = pd.DataFrame(grown.T, index=timestamps(steps), columns=index)
    result.attrs = copy.deepcopy(frame.attrs) | ({} if step_ms is None else {"step": step_ms / 1000})
    return result


_WRONG = {
    "instant": "this is the result of an instant query",
    "tidy": "this is the result of an instant query",
    "range": "this is the result of a range query, which skips some samples and repeats others",
    "native": "native histograms have no single value",
}


def _milliseconds(every: Duration) -> int:
    exact = seconds(every, name="every") * 1000
    if not (whole := round(exact)) or abs(whole - exact) > 1e-6:  # noqa: PLR2004 - rounding
        raise InvalidValue(f"every: {every!r} must be at least 1 ms, in whole milliseconds")
    return whole


def _in_order(series: NDArray[np.int64], moments: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Positions of the samples that count, by series and then by time; of several at one time the last."""
    present = np.flatnonzero(~np.isnan(values))
    order = present[np.lexsort((moments[present], series[present]))]
    again = (np.diff(series[order]) == 0) & (np.diff(moments[order]) == 0)
    return order[np.append(~again, True)] if len(order) else order


def _fill(
    grown: NDArray[np.float64], series: NDArray[np.int64], interval: NDArray[np.int64], values: NDArray[np.float64]
) -> None:
    """Put the growth into its place, run by run: a run ends where the series, the interval or the counting does.

    The growth of a run is its last value less what it began from, one subtraction; a sum over all samples would
    gather their rounding errors.
    """
    if not len(values):
        return
    same = np.append(False, np.diff(series) == 0)
    before = np.where(same, np.roll(values, 1), values)
    begins = ~same | (values < before) | np.append(True, np.diff(interval) != 0)
    starts = np.flatnonzero(begins)
    last = np.append(starts[1:], len(values)) - 1
    base = np.where(values[starts] < before[starts], 0.0, before[starts])
    # A run of one sample that is its series' first says nothing.
    known = same[starts] | (last > starts)
    starts, last, base = starts[known], last[known], base[known]
    with np.errstate(invalid="ignore"):
        gain = values[last] - base
    cells = (series[starts], interval[starts])
    grown[cells] = 0.0
    np.add.at(grown, cells, gain)
