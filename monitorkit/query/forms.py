"""Forms of a frame: which kind of result a user hands back, also after filtering and sorting, and what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.labels import NAME_LABEL
from monitorkit.query.frames import LEGEND, TIMESTAMP, VALUE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "NATIVE",
    "Form",
    "form_of",
    "groups",
    "has_buckets",
    "label_columns",
    "label_index",
    "moments",
    "numbers",
    "without_name",
]

Form = Literal["instant", "range", "tidy", "samples", "native"]
"""Instant and range as they come; both in their long form, without and with times; native histograms."""

NATIVE = ("lower", "upper", "closed", "count", "histogram_count", "histogram_sum")
"""Columns of native histograms beside labels and time."""


def form_of(frame: object, *, caller: str, any_columns: bool = False) -> tuple[pd.DataFrame, Form]:
    """Which form a frame has; a Series is taken for the column ``value``.

    Parameters
    ----------
    caller
        Name of the function that it was given to, for the error.
    any_columns
        Whether an instant result may have other columns than ``value``.

    Raises
    ------
    InvalidType
        If it is no frame.
    InvalidValue
        If it has no form that a query gives.
    """
    if isinstance(frame, pd.Series):
        attrs = frame.attrs
        frame = frame.to_frame(VALUE if not isinstance(frame.index, pd.DatetimeIndex) else frame.name)
        frame.attrs = dict(attrs)
    if not isinstance(frame, pd.DataFrame):
        raise InvalidType(f"{caller}: {type(frame).__name__} is no frame; pass what prom.query() returned")
    if isinstance(frame.index, pd.DatetimeIndex):
        return frame, "range"
    if set(NATIVE) <= set(frame.columns) and has_buckets(frame):
        return frame, "native"
    labelled = frame.index.names != [None] or not pd.api.types.is_integer_dtype(frame.index.dtype)
    if VALUE not in frame.columns and not (labelled and any_columns):
        raise InvalidValue(
            f"{caller}: this frame has neither timestamps for an index nor a column 'value'; "
            "pass what prom.query() or prom.query_range() returned"
        )
    if labelled:
        return frame, "instant"
    return frame, "samples" if TIMESTAMP in frame.columns else "tidy"


def has_buckets(frame: pd.DataFrame) -> bool:
    """Whether rows are buckets with bounds, rather than series that have labels of these names."""
    bounds = ("lower", "upper", "count")
    return set(bounds) <= set(frame.columns) and all(pd.api.types.is_numeric_dtype(frame[name]) for name in bounds)


def label_columns(frame: pd.DataFrame, form: Form) -> pd.DataFrame:
    """Labels of a frame as columns of texts: one row per column of a range, else one per row."""
    if form == "range":
        labels = frame.columns.to_frame(index=False)
    elif form == "instant":
        labels = frame.index.to_frame(index=False)
    else:
        own = {TIMESTAMP, VALUE, *(NATIVE if form == "native" else ())} if form != "tidy" else {VALUE}
        labels = frame.drop(columns=[name for name in frame.columns if name in own])
        labels = labels.reset_index(drop=True)
    index = frame.columns if form == "range" else frame.index if form == "instant" else labels.columns
    if form in {"range", "instant"}:
        alone = len(index.names) == 1
        names = (LEGEND if alone else f"level_{level}" for level in range(len(index.names)))
        labels.columns = pd.Index(
            [own if own is not None else name for own, name in zip(index.names, names, strict=True)]
        )
    return labels.fillna("").astype("str")


def numbers(values: Any, *, caller: str) -> NDArray[np.float64]:  # noqa: ANN401 - a Series or a DataFrame
    """Values as float64.

    Raises
    ------
    InvalidValue
        If they are no numbers.
    """
    try:
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise InvalidValue(f"{caller}: the values of this frame are no numbers") from None


def moments(frame: pd.DataFrame, *, caller: str) -> pd.DatetimeIndex:
    """Times of a tidy frame.

    Raises
    ------
    InvalidValue
        If its column ``timestamp`` holds anything else.
    """
    column = frame[TIMESTAMP]
    if len(column) and (not pd.api.types.is_datetime64_any_dtype(column.dtype) or column.isna().any()):
        raise InvalidValue(f"{caller}: the column 'timestamp' holds no times; pass what prom.samples() returned")
    return pd.DatetimeIndex(column)


def groups(labels: pd.DataFrame) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Number of the label set of each row, counted in order of first sight, and the label sets."""
    numbered: NDArray[np.int64] = np.zeros(len(labels), dtype=np.int64)
    for position in range(labels.shape[1]):
        codes, values = pd.factorize(labels.iloc[:, position])
        # Counted anew after each label: the number of combinations never exceeds that of rows, squared.
        numbered = pd.factorize(numbered * (len(values) + 1) + codes)[0].astype(np.int64)
    _, first = np.unique(numbered, return_index=True)
    return numbered, labels.iloc[first].reset_index(drop=True)


def without_name(labels: pd.DataFrame) -> pd.DataFrame:
    """The same label sets with the metric's name dropped as PromQL does; kept where there are several names."""
    if NAME_LABEL not in labels.columns or len(labels[NAME_LABEL].unique()) > 1:
        return labels
    return labels.assign(**{NAME_LABEL: pd.Series("", index=labels.index, dtype="str")})


def label_index(labels: pd.DataFrame) -> pd.Index:
    """Label sets as the index of a frame: one level is a plain index, several a MultiIndex; none is the name alone."""
    if labels.columns.empty:
        return pd.Index([""] * len(labels), dtype="str", name=NAME_LABEL)
    levels: list[pd.Index] = [pd.Index(labels.iloc[:, position], dtype="str") for position in range(labels.shape[1])]
    index: pd.Index = levels[0].rename(labels.columns[0])
    if len(levels) > 1:
        index = pd.MultiIndex.from_arrays(levels, names=list(labels.columns))
    return index
