"""Columns of one type each, also where there are no rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from monitorkit.labels import NAME_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["dicts", "integers", "label_names", "numbers", "texts", "times"]

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def texts(values: Iterable[Any]) -> pd.Series[str]:
    """Texts; what is missing is empty."""
    return pd.Series(["" if value is None else str(value) for value in values], dtype="str")


def numbers(values: Iterable[Any]) -> pd.Series[float]:
    """Numbers, also from the texts that the API writes; what is missing is NaN."""
    return pd.Series([float("nan") if value is None else float(value) for value in values], dtype="float64")


def integers(values: Iterable[Any]) -> pd.Series[int]:
    """Counts; what is missing is 0."""
    return pd.Series([int(value or 0) for value in values], dtype="int64")


def times(values: Iterable[str | None]) -> pd.Series[pd.Timestamp]:
    """RFC 3339 texts as UTC to the ms; what never happened (missing, or Go's zero time) is NaT."""
    return pd.Series([_utc(value) for value in values], dtype="datetime64[ms, UTC]")


def dicts(values: Iterable[Mapping[str, Any] | None]) -> pd.Series[Any]:
    """A dict for each row; what is missing is empty."""
    return pd.Series([dict(value or {}) for value in values], dtype="object")


def label_names(label_sets: Sequence[Mapping[str, str]]) -> list[str]:
    """Names of all labels, ``__name__`` first, the others sorted."""
    return [NAME_LABEL, *sorted({name for each in label_sets for name in each} - {NAME_LABEL})]


def _utc(text: str | None) -> datetime | None:
    # fromisoformat cuts off what is finer than a microsecond.
    moment = datetime.fromisoformat(text) if text else _NEVER
    return None if moment <= _NEVER else moment.astimezone(UTC)
