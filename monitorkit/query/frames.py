"""Decoded results to DataFrames: one form for each kind of result, whatever the server returned.

====================  ============================  ===================  =====================================
result                index                         columns              values
====================  ============================  ===================  =====================================
instant               the labels                    ``value``            float64 (str for a string)
range                 ``timestamp``, every step     the labels           float64, NaN where there is no sample
raw samples, tidy     0, 1, 2, ...                  labels, timestamp,   one row per sample
                                                    value
native histograms     0, 1, 2, ...                  labels, timestamp,   one row per bucket
                                                    bounds, counts
====================  ============================  ===================  =====================================

Labels become index levels, ``__name__`` first and the others sorted; an absent label is the empty string; one level is
a plain Index. Series keep the server's order. Times are ``datetime64[ms, UTC]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from monitorkit.errors import InvalidType, told
from monitorkit.labels import NAME_LABEL
from monitorkit.labels import legend as fill
from monitorkit.query.decoding.envelope import Malformed
from monitorkit.query.decoding.labelsets import LabelSets
from monitorkit.query.decoding.wire import CLOSED
from monitorkit.query.levels import level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from monitorkit.query.decoding.wire import Result, Samples
    from monitorkit.query.times import Window

__all__ = ["LEGEND", "TIMESTAMP", "VALUE", "free_names", "instant", "ranged", "sample_rows", "timestamps"]

LEGEND = "legend"
TIMESTAMP = "timestamp"
VALUE = "value"

Labels = dict[str, str]


def timestamps(milliseconds: NDArray[np.int64]) -> pd.DatetimeIndex:
    """Times in ms as an index named ``timestamp``, in UTC, without a rounding on the way."""
    return pd.DatetimeIndex(milliseconds.view("M8[ms]"), name=TIMESTAMP).tz_localize("UTC")


def instant(result: Result, *, legend: str | None = None, tidy: bool = False) -> pd.DataFrame:
    """Frame of an instant query.

    Parameters
    ----------
    result
        A vector, a scalar or a string; raw samples and native histograms come out tidy.
    legend
        Template such as ``"{{instance}}"``: the rows are named by it instead of by their labels.
    tidy
        Give the labels as columns.

    Returns
    -------
    DataFrame of shape (n_series, 1)
        Column ``value``, one row per series, in the server's order.
    """
    if result.kind == "matrix" or len(result.histograms.times):
        return sample_rows(result, legend=legend)
    values = result.floats.numbers if result.text is None else pd.Series([result.text], dtype="str").array
    if tidy:
        return _rows(result.labels, np.arange(len(result.labels)), {VALUE: values}, legend)
    return pd.DataFrame({VALUE: values}, index=_index(result.labels, legend))


def ranged(result: Result, window: Window, *, legend: str | None = None, tidy: bool = False) -> pd.DataFrame:
    """Frame of a range query.

    Parameters
    ----------
    result
        The decoded matrix; one with native histograms comes out tidy.
    window
        The range and step that were asked for.
    legend
        Template such as ``"{{instance}}"``: the columns are plain strings made from it.
    tidy
        Give one row per real sample, so that NaN and a missing sample stay different.

    Returns
    -------
    DataFrame of shape (n_steps, n_series)
        Every step from start to end when there is any series, no row when there is none.

    Raises
    ------
    Malformed
        If a series has two samples at one time, of which only one would have a place.
    """
    if tidy or len(result.histograms.times):
        return sample_rows(result, legend=legend)
    steps = window.grid() if result.labels else np.empty(0, dtype=np.int64)
    # One row per series in memory: each column of the frame is then contiguous.
    values = _full_table(result.floats, len(result.labels), steps)
    if values is None:
        places = window.positions(result.floats.times)
        if places is None:
            # A server that moves the points (it is told so in the warnings): its own times, rather than wrong ones.
            steps, places = np.unique(result.floats.times, return_inverse=True)
        values = _table(result.floats, places, (len(result.labels), len(steps)))
    return pd.DataFrame(values.T, index=timestamps(steps), columns=_index(result.labels, legend), copy=False)


def _full_table(floats: Samples, n_series: int, steps: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Samples by series and step, which are the table themselves where none is missing; None where one is."""
    shape = n_series, len(steps)
    if len(floats.numbers) != n_series * len(steps) or (floats.times.reshape(shape) != steps).any():
        return None
    if (floats.series.reshape(shape) != np.arange(n_series)[:, np.newaxis]).any():
        return None
    return floats.numbers.reshape(shape)


def _table(floats: Samples, places: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Samples by series and step, NaN where there is none."""
    n_series, n_steps = shape
    cells = floats.series * n_steps + places
    if (np.diff(cells) <= 0).any() and len(np.unique(cells)) < len(cells):
        raise Malformed("two samples of one series at one time")
    values = np.full(n_series * n_steps, np.nan)
    values[cells] = floats.numbers
    return values.reshape(shape)


def sample_rows(result: Result, *, legend: str | None = None) -> pd.DataFrame:
    """Tidy frame: one row per sample, or one per bucket where there are native histograms.

    Returns
    -------
    DataFrame
        Labels, ``timestamp``, ``value``. With native histograms: labels, ``timestamp``, ``lower``, ``upper``,
        ``closed`` (which bounds belong to the bucket: right, left, both or neither), ``count`` (of the bucket),
        ``histogram_count``, ``histogram_sum``; a histogram without buckets has one row with NaN bounds. Where a result
        holds plain numbers as well, they have rows of their own and a column ``value``.
    """
    floats, histograms = result.floats, result.histograms
    if not len(histograms.times):
        return _rows(result.labels, floats.series, {TIMESTAMP: floats.times, VALUE: floats.numbers}, legend)
    columns = {
        TIMESTAMP: histograms.times,
        "lower": histograms.lower,
        "upper": histograms.upper,
        "closed": _texts(CLOSED).take(histograms.closed),
        "count": histograms.bucket_count,
        "histogram_count": histograms.count,
        "histogram_sum": histograms.sum,
    }
    if not len(floats.times):
        return _rows(result.labels, histograms.series, columns, legend)
    buckets = _rows(result.labels, histograms.series, columns, legend)
    values = {TIMESTAMP: floats.times, VALUE: floats.numbers}
    # A label has one name in all rows, whatever columns they have besides.
    numbers = _rows(result.labels, floats.series, values, legend, taken=columns)
    return _merged(buckets, numbers, np.concatenate([histograms.series, floats.series]))


def free_names(names: Sequence[str], taken: Iterable[str]) -> list[str]:
    """Column names for labels: one that is taken gets ``label_`` before it, as often as it needs.

    Examples
    --------
    >>> free_names(["job", "value"], {"value", "timestamp"})
    ['job', 'label_value']
    """
    taken = set(taken)
    used = taken | {name for name in names if name not in taken}
    free = []
    for name in names:
        column = name
        while name in taken and column in used:
            column = f"label_{column}"
        used.add(column)
        free.append(column)
    return free


def _texts(texts: Any, name: str | None = None) -> pd.Index:  # noqa: ANN401 - pyarrow has no types
    index: pd.Index = pd.Index(pd.array(texts, dtype="str"), name=name)
    return index


def _levels(labels: Sequence[Labels], template: str | None) -> dict[str, Any]:
    """What names the series: the texts of each label, ``""`` where a series has none, or the filled legend."""
    if template is None:
        columns = LabelSets.of(labels).columns
        name = columns.get(NAME_LABEL, pa.nulls(len(labels), pa.string()))
        return {label: texts.fill_null("") for label, texts in ({NAME_LABEL: name} | columns).items()}
    if not isinstance(template, str):
        raise InvalidType(f"legend: {told(template)} is no text; write '{{{{instance}}}}'")
    return {LEGEND: pa.array([fill(template, each) for each in labels], pa.string())}


def _index(labels: Sequence[Labels], template: str | None) -> pd.Index:
    levels = _levels(labels, template)
    if len(levels) == 1:
        (texts,) = levels.values()
        return _texts(texts, NAME_LABEL if template is None else None)
    codes, different = zip(*map(level, levels.values()), strict=True)
    return pd.MultiIndex(levels=different, codes=codes, names=list(levels), verify_integrity=False)


def _rows(
    labels: Sequence[Labels],
    series: NDArray[np.int64],
    columns: Mapping[str, Any],
    template: str | None,
    *,
    taken: Iterable[str] = (),
) -> pd.DataFrame:
    """Tidy frame from columns with one entry per row, and the position of the series that each row is of."""
    levels = _levels(labels, template)
    names = free_names(list(levels), {TIMESTAMP, VALUE, *columns, *taken})
    named = {name: _texts(each).take(series) for name, each in zip(names, levels.values(), strict=True)}
    frame = pd.DataFrame({**named, **columns})
    if TIMESTAMP in columns:
        frame[TIMESTAMP] = timestamps(columns[TIMESTAMP])
    return frame


def _merged(buckets: pd.DataFrame, numbers: pd.DataFrame, series: NDArray[np.int64]) -> pd.DataFrame:
    """Rows of histograms and of plain numbers in one frame, by series, then by time."""
    numbers["closed"] = pd.Series("", index=numbers.index, dtype="str")
    both = pd.concat([buckets, numbers], ignore_index=True)
    return both.iloc[np.lexsort((both[TIMESTAMP].to_numpy(), series))].reset_index(drop=True)
