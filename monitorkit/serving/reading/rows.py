"""Rows to predict, as clients send them in JSON: lists, objects with named values, a table with named columns."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.serving.reading.bodies import field
from monitorkit.serving.refusals import Refusal, bad_input, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from monitorkit.serving.reading.features import Feature, Features
    from monitorkit.serving.values import Matrix

    Place = Callable[[int, int], str]

__all__ = ["check_finite", "checked_rows", "matrix", "read_rows", "wrong_names"]

_NUMBERS = frozenset({float, int, bool})
_NUMBERS_OR_NULL = _NUMBERS | {type(None)}
_EXAMPLE = '{"instances": [[1.0, 2.0]]}, one list of numbers a row'
_TEXTS = '{"instances": ["a text"]}'
_SPLIT = '{"columns": ["a", "b"], "data": [[1.0, 2.0]]}'
_SHOWN = 10


def read_rows(document: Any, features: Features) -> Matrix:  # noqa: ANN401 - a JSON document is any value
    """Read the rows of a request.

    They come as ``{"instances": [[1.5, 2], ...]}``, in the order of the model's columns; as ``{"instances": [{"a": 1.5,
    "b": 2}, ...]}`` in any order; or as ``{"columns": ["a", "b"], "data": [[1.5, 2], ...]}``, which is what pandas
    writes with ``to_json(orient="split")``. Rows of a model of texts may be the texts themselves.

    Parameters
    ----------
    document
        What the body holds.
    features
        What the model's rows are made of.

    Returns
    -------
    ndarray of shape (n_instances, n_features)
        In the order of the model's columns. Numbers are always float64, so that a model does not see other types when a
        client happens to send whole ones; where there is text, the array is one of objects.

    Raises
    ------
    Refusal
        If they are not of that form; it says where.

    Examples
    --------
    >>> from monitorkit.serving.reading.features import Feature, Features
    >>> features = Features((Feature(), Feature("text")), ["size", "color"])
    >>> read_rows({"instances": [{"color": "red", "size": 2}]}, features)
    array([[2.0, 'red']], dtype=object)
    """
    if isinstance(document, dict) and "columns" in document and "instances" not in document:
        return _split(document, features)
    return matrix(field(document, "instances", _EXAMPLE), features, "instances")


def matrix(instances: Any, features: Features, what: str) -> Matrix:  # noqa: ANN401 - any JSON value
    """Read a list of rows, each a list or an object with named values.

    Parameters
    ----------
    instances, features
        As in :func:`read_rows`.
    what
        What the list is called in the request.

    Raises
    ------
    Refusal
        If it is none; it says where.
    """
    if not isinstance(instances, list):
        example = _TEXTS if features.bare else _EXAMPLE
        raise bad_input("wrong_type", f"{what} is {kind_of(instances)}: send a list of rows, as in {example}", what)
    if not instances:
        raise bad_input("empty", f"{what} is empty: send at least one row", what)
    if features.bare and not isinstance(instances[0], list):
        return checked_rows([(text,) for text in instances], features, lambda row, _column: f"{what}[{row}]")
    X = _at_once(instances) if features.numeric else None
    if X is None or (features.count is not None and X.shape[1] != features.count):
        if isinstance(instances[0], dict) and features.names is not None:
            rows = _by_name(instances, features.names, what)
            return checked_rows(rows, features, _named_place(what, features.names))
        return _lists(instances, features, what)
    return X


def check_finite(X: Matrix, features: Features, place: Place) -> None:
    """Refuse numbers that are infinite, or missing where none may be.

    Raises
    ------
    Refusal
        If there is one; it says where.
    """
    wrong = ~np.isfinite(X)
    if not wrong.any():
        return
    may_be_missing = [features.column(column).missing for column in range(X.shape[1])]
    wrong &= ~(np.isnan(X) & np.array(may_be_missing))
    if wrong.any():
        row, column = divmod(int(wrong.argmax()), X.shape[1])
        where = place(row, column)
        if np.isinf(X[row, column]):
            raise bad_input("not_finite", f"{where} is infinite: send a finite number", where)
        raise bad_input("not_finite", f"{where} is NaN: fill missing values before sending", where)


def _at_once(instances: list[Any]) -> Matrix | None:
    """Rows of nothing but numbers, in one pass at the speed of C; None where something else is there.

    numpy alone would read "1.5" as a number, and null as NaN. What is left is finite: orjson takes neither NaN nor a
    number too large for a float.
    """
    try:
        if not set(map(type, chain.from_iterable(instances))) <= _NUMBERS:
            return None
        X = np.array(instances, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return X if X.ndim == 2 and X.shape[1] else None  # noqa: PLR2004 - rows and columns


def _lists(instances: list[Any], features: Features, what: str) -> Matrix:
    """Read rows one by one; for most that come here, to say what is wrong with them."""
    first = len(instances[0]) if isinstance(instances[0], list) else 0
    for row, instance in enumerate(instances):
        where = f"{what}[{row}]"
        if not isinstance(instance, list):
            raise _no_row(instances, instance, features, where)
        if not instance:
            raise bad_input("empty", f"{where} is empty: send at least one number a row", where)
        if features.count is None or len(instance) != features.count:
            # What is no number anywhere is told before how many there are.
            for column, value in enumerate(instance):
                if type(value) not in _NUMBERS and (features.only_numbers or isinstance(value, list | dict)):
                    raise _no_number(value, f"{where}[{column}]")
        if len(instance) != (features.count or first):
            raise _wrong_width(row, len(instance), first, features, what)
    return checked_rows(instances, features, lambda row, column: f"{what}[{row}][{column}]")


def _by_name(instances: Sequence[Any], names: Sequence[str], what: str) -> list[list[Any]]:
    """Bring objects with named values into the order of the model's columns."""
    expected = set(names)
    for row, instance in enumerate(instances):
        where = f"{what}[{row}]"
        if not isinstance(instance, dict):
            detail = f"{where} is {kind_of(instance)} and {what}[0] an object: send all in one form"
            raise bad_input("wrong_shape", detail, where)
        if instance.keys() != expected:
            raise wrong_names(instance, names, where)
    return [[instance[name] for name in names] for instance in instances]


def _split(document: dict[str, Any], features: Features) -> Matrix:
    names, rows = _column_names(document["columns"]), field(document, "data", _SPLIT)
    if features.names is None:
        # A model without names takes its columns in the order that they come in, as scikit-learn does.
        return matrix(rows, features, "data")
    if set(names) != set(features.names):
        raise wrong_names(names, features.names, "columns")
    if isinstance(rows, list) and rows:
        for row, values in enumerate(rows):
            if not isinstance(values, list) or len(values) != len(names):
                where = f"data[{row}]"
                detail = f"{where} is {_row_kind(values)}: send a list of {len(names)}, one for each of columns"
                raise bad_input("wrong_shape", detail, where)
        places = {name: place for place, name in enumerate(names)}
        order = [places[name] for name in features.names]
        ordered = [[values[place] for place in order] for values in rows]
        return checked_rows(ordered, features, _named_place("data", features.names))
    return matrix(rows, features, "data")


def _row_kind(values: object) -> str:
    return f"a list of {len(values)}" if isinstance(values, list) else kind_of(values)


def _column_names(columns: Any) -> list[str]:  # noqa: ANN401 - any JSON value
    if not isinstance(columns, list):
        raise bad_input("wrong_type", f"columns is {kind_of(columns)}: send a list of names, as in {_SPLIT}", "columns")
    for place, name in enumerate(columns):
        if type(name) not in (str, int):
            where = f"columns[{place}]"
            raise bad_input("wrong_type", f"{where} is {kind_of(name)}: send the name of a column", where)
    names = [str(name) for name in columns]
    if len(set(names)) != len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise bad_input("wrong_column", f"columns names {_short(twice)} twice: send each column once", "columns")
    return names


def checked_rows(rows: Sequence[Sequence[Any]], features: Features, place: Place) -> Matrix:
    """Check rows of the right width, value by value where need be.

    Parameters
    ----------
    rows
        At least one; each has a value for each of the model's columns.
    features
        What the rows are made of.
    place
        What a value is called in the request, by its row and column.

    Raises
    ------
    Refusal
        If a value is not what its column holds; it says which.
    """
    X = _at_once(list(rows)) if features.numeric else None
    if X is not None:
        return X
    table = np.empty((len(rows), len(rows[0])), dtype=np.float64 if features.only_numbers else object)
    if _fill(table, rows, features):
        return table
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            try:
                table[row, column] = _checked(value, features.column(column))
            except Refusal as refusal:
                where = place(row, column)
                raise bad_input(refusal.error, f"{where} {refusal.detail}", where) from None
    return table


def _fill(table: Matrix, rows: Sequence[Sequence[Any]], features: Features) -> bool:
    """Fill a table column by column; return whether that could be done."""
    for place, values in enumerate(zip(*rows, strict=True)):
        column = _column(values, features.column(place))
        if column is None:
            return False
        table[:, place] = column
    return True


def _column(values: Sequence[Any], feature: Feature) -> np.ndarray[Any, np.dtype[Any]] | None:
    """A column in one pass; None where some value has to be looked at by itself, to be refused or replaced."""
    kinds = set(map(type, values))
    may_be_null = feature.missing and feature.categories is None
    if feature.kind == "number" and kinds <= (_NUMBERS_OR_NULL if may_be_null else _NUMBERS):
        numbers = np.array(values, dtype=np.float64)
        known = feature.categories is None or feature.categories.issuperset(values)
        wrong = np.isinf(numbers) if may_be_null else ~np.isfinite(numbers)
        if feature.of_truth:
            wrong |= (numbers != 0) & (numbers != 1) & ~np.isnan(numbers)
        return numbers if known and not wrong.any() else None
    if feature.kind == "text" and kinds == {str}:
        known = feature.categories is None or feature.categories.issuperset(values)
        return np.array(values, dtype=object) if known else None
    return None


def _checked(value: Any, feature: Feature) -> Any:  # noqa: ANN401 - a JSON value
    """One value as the model wants it; what is wrong is told without its place."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is unequal to itself
        if not feature.missing:
            raise bad_input("not_finite", "is null: fill missing values before sending")
        return feature.null
    is_number = type(value) in _NUMBERS
    if feature.kind == "time":
        return _time(value, feature.dtype)
    if feature.kind == "number" and not is_number:
        raise _no_number(value, "")
    if feature.kind == "text" and not isinstance(value, str):
        raise bad_input("wrong_type", f"is {kind_of(value)}: send text")
    if not is_number and not isinstance(value, str):
        raise bad_input("wrong_type", f"is {kind_of(value)}: send a number or text")
    value = float(value) if is_number else value
    if is_number and math.isinf(value):
        raise bad_input("not_finite", "is infinite: send a finite number")
    if feature.of_truth and value not in (0, 1):
        raise bad_input("wrong_type", f"is {_short(value)}: send true or false")
    if feature.categories is not None and value not in feature.categories:
        known = _list(sorted(feature.categories, key=str))
        raise bad_input("wrong_category", f"is {_short(value)}, which the model does not know: send one of {known}")
    return value


def _time(value: Any, dtype: Any) -> Any:  # noqa: ANN401 - a JSON value; the type of a column of times
    """Read a time as its column has it; where that knows no time zones, one with a zone is meant in UTC."""
    import pandas as pd  # noqa: PLC0415 - whoever has such a column has loaded it

    zone = getattr(dtype, "tz", None)
    unit: Any = np.datetime_data(dtype)[0] if zone is None else dtype.unit
    try:
        time = pd.Timestamp(datetime.fromisoformat(value)).as_unit(unit)
        if zone is not None:
            return time.tz_convert(zone) if time.tz is not None else time.tz_localize(zone)
        return time if time.tz is None else time.tz_convert("UTC").tz_localize(None)
    except (TypeError, ValueError):
        shown = _short(value) if isinstance(value, str) else kind_of(value)
        raise bad_input("wrong_type", f"is {shown}: send a time, as in '2026-01-31T12:00:00'") from None


def _no_number(value: object, where: str) -> Refusal:
    where = where and f"{where} "
    if value is None:
        return bad_input("not_finite", f"{where}is null: fill missing values before sending", where.strip())
    error = "wrong_shape" if isinstance(value, list) else "wrong_type"
    return bad_input(error, f"{where}is {kind_of(value)}: send a number", where.strip())


def _no_row(instances: list[Any], instance: object, features: Features, where: str) -> Refusal:
    hint = ""
    if isinstance(instance, dict) and features.names is None:
        hint = "; the model knows no names of columns"
    elif len(instances) <= _SHOWN and set(map(type, instances)) <= _NUMBERS:
        hint = f"; for one row send [{instances}]"
    return bad_input("wrong_shape", f"{where} is {kind_of(instance)}: each row is a list of numbers{hint}", where)


def _wrong_width(row: int, width: int, first: int, features: Features, what: str) -> Refusal:
    where = f"{what}[{row}]"
    if features.count is None:
        detail = f"{where} has {_numbers(width)} and {what}[0] has {first}: send rows of equal length"
        return bad_input("wrong_shape", detail, where)
    expected = _numbers(features.count) if features.only_numbers else f"{features.count} values"
    detail = f"{where} has {_numbers(width)} and the model expects {features.count}: send rows of {expected}"
    return bad_input("wrong_width", detail, where)


def wrong_names(found: Iterable[Any], names: Sequence[str], where: str) -> Refusal:
    """What to answer to columns that are not the model's."""
    found = set(found)
    missing = [name for name in names if name not in found]
    unknown = sorted(found.difference(names), key=str)
    wrong = [f"lacks {_list(missing)}"] if missing else []
    wrong += [f"has {_list(unknown)}, which the model does not know"] if unknown else []
    return bad_input(
        "wrong_column", f"{where} {' and '.join(wrong)}: the columns of the model are {_list(names)}", where
    )


def _named_place(what: str, names: Sequence[str]) -> Place:
    return lambda row, column: f"{what}[{row}].{names[column]}"


def _list(values: Sequence[object]) -> str:
    some = ", ".join(map(_short, values[:_SHOWN]))
    return some if len(values) <= _SHOWN else f"{some} and {len(values) - _SHOWN} more"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - several fit on a line


def _numbers(count: int) -> str:
    return f"{count} number" if count == 1 else f"{count} numbers"
