"""One column of a frame as Parquet can hold it, and back, of the same type and with the same values.

Each column becomes an array that any program can read, and a note from which pandas' type is restored. What cannot be
restored exactly is refused when it is written, not found missing when it is read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitorkit.errors import InvalidType, told
from monitorkit.query.keeping import parquet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitorkit.query.keeping.parquet import Table

    Column = pd.Series[Any] | pd.Index

__all__ = ["Note", "pack", "plain", "unpack"]

Note = dict[str, Any]
"""What restores a column: its type, as plain JSON."""

_AS_THEY_ARE = "biuM"
_FLOATS = ("float32", "float64")


def pack(column: Column, name: str) -> tuple[Any, Note]:
    """Turn a column into an array for Parquet, and the note that restores it.

    Parameters
    ----------
    column
        A column of a frame, or a level of its index.
    name
        What it is called in an error.

    Raises
    ------
    InvalidType
        If its values cannot be kept exactly.

    Examples
    --------
    >>> pack(pd.Index([1, 2]), "n")
    (array([1, 2]), {'type': 'int64'})
    """
    dtype = column.dtype
    note: Note = {"type": str(dtype)}
    if isinstance(dtype, pd.DatetimeTZDtype):
        return pd.DatetimeIndex(column), note
    if isinstance(dtype, pd.StringDtype):
        return column.array, {"type": "str" if note["type"] == "str" else f"string[{dtype.storage}]"}
    if isinstance(dtype, pd.CategoricalDtype):
        values, of = pack(column.astype(dtype.categories.dtype), name)
        kept = {"of": of, "categories": plain(dtype.categories.tolist(), name), "ordered": bool(dtype.ordered)}
        return values, {"type": "category", **kept}
    if isinstance(dtype, np.dtype):
        return _pack_numpy(column, note, name)
    return _checked(column, note, name)


def _pack_numpy(column: Column, note: Note, name: str) -> tuple[Any, Note]:
    kind = column.dtype.kind
    if kind == "O":
        return _objects(column, name)
    if kind == "m":
        return column.to_numpy().view(np.int64), note
    if kind in _AS_THEY_ARE or note["type"] in _FLOATS:
        return column.to_numpy(), note
    return _checked(column, note, name)


def unpack(table: Table, position: int, note: Mapping[str, Any]) -> Any:  # noqa: ANN401 - an array for pandas
    """Restore a column from a file."""
    kind = note["type"]
    if kind in {"object", "json"}:
        texts = table.columns[position].to_pylist()
        values = texts if kind == "object" else [json.loads(text) for text in texts]
        # As an Index: pandas would look into an array, and might take another type.
        return pd.Index(values, dtype=object, tupleize_cols=False)
    if kind == "category":
        categories = pd.Index(note["categories"], dtype=note["of"]["type"])
        codes = unpack(table, position, note["of"])
        return pd.Categorical(codes, categories=categories, ordered=note["ordered"])
    dtype = pd.api.types.pandas_dtype(kind)
    if isinstance(dtype, pd.DatetimeTZDtype):
        times = pd.DatetimeIndex(_times(table, position, dtype.unit))
        return times.tz_localize("UTC").tz_convert(dtype.tz)
    if isinstance(dtype, np.dtype):
        return _unpack_numpy(table, position, dtype)
    return dtype.__from_arrow__(table.columns[position])  # type: ignore[attr-defined]  # pandas' protocol for Arrow


def _unpack_numpy(table: Table, position: int, dtype: np.dtype[Any]) -> Any:  # noqa: ANN401 - as above
    if dtype.kind == "M":
        return _times(table, position, dtype.str.partition("[")[2].rstrip("]"))
    numbers = table.numbers(position)
    return numbers.view(dtype) if dtype.kind == "m" else numbers


def _times(table: Table, position: int, unit: str) -> Any:  # noqa: ANN401 - as above
    """Times in this unit; Parquet knows no whole seconds, so those came as ms."""
    stored = str(table.columns[position].type).removeprefix("timestamp[")[:2]
    return table.numbers(position).view(f"M8[{stored}]").astype(f"M8[{unit}]")


def plain(value: Any, name: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value that comes back from JSON as it is.

    Raises
    ------
    InvalidType
        If it does not, such as a date, a tuple, or a key that is no text.
    """
    if not _is_plain(value):
        raise InvalidType(f"{name}: {told(value)} is no plain JSON value, so a file cannot keep it; write it as text")
    return value


def _is_plain(value: Any) -> bool:  # noqa: ANN401 - as above
    try:
        return repr(json.loads(json.dumps(value))) == repr(value)
    except (TypeError, ValueError, RecursionError):
        return False


def _objects(column: Column, name: str) -> tuple[Any, Note]:
    """Texts, or anything that JSON can hold, one value a row."""
    values = column.tolist()
    if all(value is None or type(value) is str for value in values):
        return pd.array(values, dtype="string"), {"type": "object"}
    return pd.array(_written(values, name), dtype="string"), {"type": "json"}


def _written(values: Iterable[Any], name: str) -> list[str]:
    return [json.dumps(plain(value, name), ensure_ascii=False) for value in values]


def _checked(column: Column, note: Note, name: str) -> tuple[Any, Note]:
    """A column of one of pandas' other types, if it comes back as it is."""
    try:
        back = unpack(parquet.Table(None, [parquet.series_of(column.array)]), 0, note)
        same = back.dtype == column.dtype and back.equals(column.array)
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        same = False
    if not same:
        raise InvalidType(f"{name}: a file cannot keep values of type {column.dtype}; change it with .astype(str)")
    return column.array, note
