"""A table as named columns, whatever it comes as: an array, lists of rows, a DataFrame."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics.drift.bins import is_missing
from monitorkit.metrics.series.classes import class_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from monitorkit.metrics.drift.bins import Column

__all__ = ["Columns", "column_gaps", "columns_of", "distinct", "is_frame", "objects", "tables_as_columns"]

_TABLE = 2
_NUMBERS = "fiub"


class Columns(NamedTuple):
    """Columns of a table, each float64 with NaN, or objects with None."""

    names: tuple[str, ...]
    data: tuple[Column, ...]
    categorical: tuple[int, ...] = ()
    """Places of the columns that are names by their type, whatever they hold: pandas' ``category``."""


def is_frame(table: object) -> bool:
    """Whether a table's columns have names, as those of a pandas DataFrame."""
    return hasattr(table, "columns") and hasattr(table, "iloc")


def columns_of(
    table: Any,  # noqa: ANN401 - what the user has
    names: Sequence[str] | None = None,
    *,
    each: Callable[[Sequence[int]], Iterable[int]] = iter,
    times: Collection[int] = (),
) -> Columns:
    """Read a table.

    Parameters
    ----------
    table
        A DataFrame, an array of shape (n_rows, n_columns), or a list of rows. Columns are numbers or names; dates are
        neither.
    names
        What the columns are called; by default as in the DataFrame, or else ``x0``, ``x1``, ... as scikit-learn does.
    each
        Goes through the columns, as `iter` does.
    times
        Places of the columns of a DataFrame that may hold times, as objects.

    Raises
    ------
    InvalidType, InvalidValue
        If it is no table, or has no rows or no columns.

    Examples
    --------
    >>> columns = columns_of([[1, "red"], [None, "blue"]])
    >>> columns.names, columns.data[0].tolist(), columns.data[1].tolist()
    (('x0', 'x1'), [1.0, nan], ['red', 'blue'])
    """
    if is_frame(table):
        # A label that is empty is none.
        own = [class_name(name) or f"x{place}" for place, name in enumerate(table.columns)]
        values = [
            (_times if place in times else _series)(table.iloc[:, place], own[place]) for place in each(range(len(own)))
        ]
        categorical = tuple(place for place, kind in enumerate(table.dtypes) if kind == "category")
    else:
        array = _array(table)
        own = [f"x{place}" for place in range(array.shape[1])]
        values = [_column(array[:, place], own[place]) for place in each(range(array.shape[1]))]
        categorical = ()
    if not values or not len(values[0]):
        raise InvalidValue(f"the table has {len(values[0]) if values else 0} rows and {len(values)} columns: pass some")
    return Columns(distinct(own if names is None else names), tuple(values), categorical)


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Names as label values, each once: further ones of the same text are numbered.

    Examples
    --------
    >>> distinct(["age", "age"])
    ('age', 'age (2)')
    """
    found: dict[str, None] = {}
    for name in map(class_name, names):
        candidate, turn = name, 1
        while candidate in found:
            turn += 1
            candidate = f"{name} ({turn})"
        found[candidate] = None
    return tuple(found)


def column_gaps(column: Column) -> Column:
    """Which values of a column are missing, as booleans."""
    return np.isnan(column) if column.dtype != object else np.fromiter(map(is_missing, column), bool, len(column))


def objects(values: Sequence[Any]) -> Column:
    """Values of any kind as a column of objects, a list as one of them."""
    return np.fromiter(values, dtype=object, count=len(values))


def tables_as_columns(tables: Sequence[Any], names: Sequence[str]) -> Iterator[Callable[[int], Column]]:
    """Read tables that came in requests, whatever is in them, column by column.

    Parameters
    ----------
    tables
        Arrays, or DataFrames, whose columns are found by name or else by position.
    names
        What the columns are called.

    Yields
    ------
    callable
        From a column's position to its values: numbers, or objects of any kind. One for all arrays of the same type,
        and one for each other table. A column that a table does not have is missing in all of its rows.

    Examples
    --------
    >>> (column_of,) = tables_as_columns([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])], ["a", "b"])
    >>> column_of(1).tolist()
    [2.0, 4.0]
    """
    alike: dict[str, list[Column]] = {}
    others: list[Any] = []
    for table in tables:
        whole = isinstance(table, np.ndarray) and table.shape[1:] == (len(names),) and table.dtype.kind in "fO"
        (alike.setdefault(table.dtype.str, []) if whole else others).append(table)
    for arrays in alike.values():
        yield partial(_column_of_array, np.concatenate(arrays))
    for table in others:
        yield partial(_column_of_frame if is_frame(table) else _column_of_rows, table, names)


def _column_of_array(array: Column, place: int) -> Column:
    return array[:, place]


def _column_of_frame(frame: Any, names: Sequence[str], place: int) -> Column:  # noqa: ANN401 - a DataFrame
    own = [class_name(name) for name in frame.columns]
    found = own.index(names[place]) if names[place] in own else place
    return frame.iloc[:, found].to_numpy(dtype=object) if found < len(own) else np.full(len(frame), None, dtype=object)


def _column_of_rows(rows: Any, _names: Sequence[str], place: int) -> Column:  # noqa: ANN401 - an array
    array = np.asarray(rows, dtype=object)
    has = array.ndim == _TABLE and place < array.shape[1]
    return array[:, place] if has else np.full(len(rows), None, dtype=object)


def _array(table: Any) -> Column:  # noqa: ANN401 - what the user has
    try:
        array = np.asarray(table)
        if array.dtype.kind not in _NUMBERS:
            # Numbers beside texts would have become texts.
            array = np.array(table, dtype=object)
    except ValueError:
        raise InvalidValue("the rows of the table are not of equal length") from None
    if array.ndim != _TABLE:
        raise InvalidValue(
            f"the table has {array.ndim} dimensions: pass rows and columns; one column is X.reshape(-1, 1)"
        )
    return array


def _series(series: Any, name: str) -> Column:  # noqa: ANN401 - pandas is loaded only by those who use it
    kind = getattr(series.dtype, "kind", "O")
    if kind in _NUMBERS and str(series.dtype) != "category":
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
    return _column(series.to_numpy(dtype=object if kind not in "mM" else None), name)


def _times(series: Any, name: str) -> Column:  # noqa: ANN401 - as above
    if getattr(series.dtype, "kind", "O") != "M":
        return _series(series, name)
    column = series.astype(object)
    return np.asarray(column.where(series.notna(), None).to_numpy(dtype=object))


def _column(values: Column, name: str) -> Column:
    """Numbers as float64 where all are, else objects."""
    kind = values.dtype.kind
    if kind in _NUMBERS:
        return values.astype(np.float64)
    if kind in "mMcV":
        raise InvalidType(f"column {name!r} holds {values.dtype}: pass numbers or names, such as the age in days")
    plain = [None if is_missing(value) else getattr(value, "item", lambda value=value: value)() for value in values]
    if all(value is None or isinstance(value, int | float) for value in plain):
        try:
            return np.array([np.nan if value is None else value for value in plain], dtype=np.float64)
        except OverflowError:
            raise InvalidValue(f"column {name!r} holds a number that is too large for a float") from None
    column = np.empty(len(plain), dtype=object)
    for row, value in enumerate(plain):
        if not isinstance(value, str | int | float | None):
            raise InvalidType(f"column {name!r} holds {type(value).__name__}: pass numbers or names")
        column[row] = value
    return column
