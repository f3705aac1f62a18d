"""The long form of a query's frame: labels as columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from monitorkit.errors import InvalidType
from monitorkit.query.forms import numbers
from monitorkit.query.frames import LEGEND, TIMESTAMP, VALUE, free_names

__all__ = ["tidy"]


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Long form of a query's frame: labels as columns, one row per value.

    Parameters
    ----------
    frame
        What ``query``, ``query_range`` or ``samples`` returned, also after filtering, sorting or dropping levels.

    Returns
    -------
    DataFrame
        An instant result gives its labels and ``value``. A range gives labels, ``timestamp``, ``value``, one row per
        value that is not NaN (a frame of a range cannot tell NaN from missing: ``query_range(..., tidy=True)`` can).
        What is tidy already is copied. A label called ``value`` or ``timestamp`` becomes ``label_value`` or
        ``label_timestamp``; names made by a legend become the column ``legend``.

    Raises
    ------
    InvalidType
        If it is no frame.
    InvalidValue
        If a frame of a range holds anything but numbers.

    Examples
    --------
    >>> tidy(pd.DataFrame({"value": [1.0]}, index=pd.Index(["up"], name="__name__")))
      __name__  value
    0       up    1.0
    """
    given: Any = frame
    if not isinstance(given, pd.DataFrame):
        hint = "write series.to_frame()" if isinstance(given, pd.Series) else "pass what prom.query() returned"
        raise InvalidType(f"tidy: {type(given).__name__} is no frame; {hint}")
    if isinstance(frame.index, pd.DatetimeIndex):
        return _of_range(frame)
    if frame.index.names == [None] and pd.api.types.is_integer_dtype(frame.index.dtype):
        return frame.copy()
    names = free_names(_names(frame.index), {TIMESTAMP, VALUE, *map(str, frame.columns)})
    return frame.rename_axis(index=names).reset_index()


def _of_range(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of a wide frame, series after series, without what is NaN."""
    matrix = numbers(frame, caller="tidy").T
    series, steps = np.nonzero(~np.isnan(matrix))
    names = free_names(_names(frame.columns), {TIMESTAMP, VALUE})
    labels: dict[str, Any] = {
        name: frame.columns.get_level_values(level).take(series) for level, name in enumerate(names)
    }
    long = pd.DataFrame({**labels, TIMESTAMP: frame.index.take(steps), VALUE: matrix[series, steps]})
    long.attrs = dict(frame.attrs)
    return long


def _names(index: pd.Index) -> list[str]:
    alone = index.nlevels == 1
    nameless = (LEGEND if alone else f"level_{level}" for level in range(index.nlevels))
    return [other if name is None else str(name) for name, other in zip(index.names, nameless, strict=True)]
