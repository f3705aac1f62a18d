"""Frames as a query gives them, as lines and bars to draw: each series with its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitorkit.errors import InvalidValue
from monitorkit.query.forms import has_buckets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Trace", "Traces", "traces"]

STEP_BREAK = 1.5
"""A distance of so many steps between two values of a range is a gap."""

SAMPLE_BREAK = 2.5
"""The same for raw samples, whose distances vary: one lost scrape is no gap."""

_TIMESTAMP, _VALUE = "timestamp", "value"
_BUCKET = ("lower", "upper", "closed", "count", "histogram_count", "histogram_sum")
_BRACKETS = {"right": "(]", "left": "[)", "both": "[]", "neither": "()"}


@dataclass(frozen=True, eq=False)
class Trace:
    """One series: labels, timestamps in seconds since 1970 (none for an instant result), and values."""

    labels: dict[str, str]
    times: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Traces:
    """The series of a frame that are to be drawn.

    Parameters
    ----------
    shown
        In the order of the frame.
    n_all
        How many there are.
    over_time
        Whether they are lines; else each has one value.
    """

    shown: tuple[Trace, ...]
    n_all: int
    over_time: bool


def traces(frame: pd.DataFrame, *, most_lines: int, most_bars: int) -> Traces:
    """Series of a frame of any form that a query gives; of too many those with the greatest mean size.

    Raises
    ------
    InvalidValue
        If it has no form that a query gives, or holds no numbers.
    """
    if isinstance(frame.index, pd.DatetimeIndex):
        return _of_columns(frame, most_lines)
    if has_buckets(frame):
        return _of_buckets(frame, most_bars)
    if _VALUE not in frame.columns:
        raise InvalidValue(
            "plot: this frame has neither timestamps for an index nor a column 'value'; "
            "pass what prom.query() or prom.query_range() returned"
        )
    if _TIMESTAMP in frame.columns:
        return _of_rows(frame, most_lines)
    tidy = frame.index.names == [None] and pd.api.types.is_integer_dtype(frame.index.dtype)
    labels = frame.drop(columns=_VALUE) if tidy else frame.index.to_frame(index=False)
    return _at_once(labels, _numbers(frame[_VALUE]), most_bars)


def _numbers(column: Any) -> NDArray[np.float64]:  # noqa: ANN401 - a Series or DataFrame
    try:
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise InvalidValue("plot: the values of this frame are no numbers; only numbers can be drawn") from None


def _of_columns(frame: pd.DataFrame, most: int) -> Traces:
    """Lines of a wide frame, one a column."""
    if frame.empty:
        return Traces((), 0, over_time=True)
    matrix = _numbers(frame)
    times = _seconds(pd.DatetimeIndex(frame.index))
    order = np.argsort(times, kind="stable")
    kept, n_all = _largest(_sizes(matrix), most)
    labels = _records(frame.columns[kept].to_frame(index=False))
    longest = _longest(frame, times[order])
    shown = [
        Trace(label, *_with_gaps(times[order], matrix[order, column], longest))
        for label, column in zip(labels, kept, strict=True)
    ]
    return Traces(tuple(shown), n_all, over_time=True)


def _of_rows(frame: pd.DataFrame, most: int) -> Traces:
    """Lines of a tidy frame: the rows with the same labels are one."""
    names = [name for name in frame.columns if name not in {_TIMESTAMP, _VALUE}]
    values, times = _numbers(frame[_VALUE]), _seconds(pd.DatetimeIndex(frame[_TIMESTAMP]))
    series, n_all = _groups(frame[names])
    sizes = np.array([_sizes(values[rows][:, None])[0] for rows in series])
    kept, _ = _largest(sizes, most)
    labels = _records(frame[names].iloc[[series[index][0] for index in kept]])
    shown = []
    for label, index in zip(labels, kept, strict=True):
        rows = series[index][np.argsort(times[series[index]], kind="stable")]
        shown.append(Trace(label, *_with_gaps(times[rows], values[rows], _longest(frame, times[rows]))))
    return Traces(tuple(shown), n_all, over_time=True)


def _of_buckets(frame: pd.DataFrame, most: int) -> Traces:
    """Buckets of native histograms as bars; over time, those of the latest one."""
    if _TIMESTAMP in frame.columns and len(frame):
        frame = frame[frame[_TIMESTAMP] == frame[_TIMESTAMP].max()]
    frame = frame[frame["lower"].notna()]
    bounds = [
        f"{_BRACKETS.get(closed, '()')[0]}{lower:.4g}, {upper:.4g}{_BRACKETS.get(closed, '()')[1]}"
        for lower, upper, closed in zip(frame["lower"], frame["upper"], frame["closed"], strict=True)
    ]
    names = [name for name in frame.columns if name not in {_TIMESTAMP, _VALUE, *_BUCKET}]
    return _at_once(frame[names].assign(bucket=bounds), _numbers(frame["count"]), most)


def _at_once(labels: pd.DataFrame, values: NDArray[np.float64], most: int) -> Traces:
    kept, n_all = _largest(_sizes(values[None, :]), most)
    shown = [
        Trace(label, np.empty(0), values[[index]])
        for label, index in zip(_records(labels.iloc[kept]), kept, strict=True)
    ]
    return Traces(tuple(shown), n_all, over_time=False)


def _groups(labels: pd.DataFrame) -> tuple[list[NDArray[np.int64]], int]:
    """Positions of the rows of each label set, in order of first sight; and how many sets there are."""
    if labels.empty:
        rows = [np.arange(len(labels.index))] if len(labels.index) else []
        return rows, len(rows)
    numbers = labels.groupby(list(labels.columns), sort=False, dropna=False).ngroup().to_numpy()
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order])) + 1
    groups = np.split(order, starts)
    return groups, len(groups)


def _records(labels: pd.DataFrame) -> Iterator[dict[str, str]]:
    """Labels as texts, without those that are absent."""
    for record in labels.to_dict("records"):
        yield {str(name): str(value) for name, value in record.items() if value != ""}


def _seconds(times: pd.DatetimeIndex) -> NDArray[np.float64]:
    return np.asarray(times.as_unit("ms").asi8 / 1000)


def _sizes(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean size of the finite values of each column; -1 where there is none."""
    finite = np.isfinite(matrix)
    n_finite = finite.sum(axis=0)
    with np.errstate(over="ignore"):
        total = np.abs(np.where(finite, matrix, 0)).sum(axis=0)
    return np.where(n_finite > 0, total / np.maximum(n_finite, 1), -1.0)


def _largest(sizes: NDArray[np.float64], most: int) -> tuple[list[int], int]:
    """Positions of the `most` largest, ascending; and how many there are. Those without a value go first."""
    if len(sizes) <= most:
        return list(range(len(sizes))), len(sizes)
    return sorted(np.argsort(-sizes, kind="stable")[:most].tolist()), len(sizes)


def _longest(frame: pd.DataFrame, times: NDArray[np.float64]) -> float:
    """Longest distance of two values that a line joins, in seconds."""
    distances = np.diff(times)
    if not distances.size:
        return 0.0
    step = frame.attrs.get("step")
    if not isinstance(step, int | float):
        return SAMPLE_BREAK * float(np.median(distances))
    # The frame may have been made coarser since.
    return STEP_BREAK * max(float(step), float(distances.min()))


def _with_gaps(
    times: NDArray[np.float64], values: NDArray[np.float64], longest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same with a NaN wherever two values are further apart than `longest`, so that no line joins them."""
    after = np.flatnonzero(np.diff(times) > longest) + 1 if longest > 0 else np.empty(0, dtype=np.int64)
    middles = (times[after - 1] + times[after]) / 2
    return np.insert(times, after, middles), np.insert(values, after, np.nan)
