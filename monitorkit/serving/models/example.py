"""A row that a model can predict: one that the user gave, or one made up after what the model tells of its input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from monitorkit.errors import InvalidValue
from monitorkit.metrics.drift.bins import is_missing
from monitorkit.serving.models import estimators
from monitorkit.serving.models.columns import features_of
from monitorkit.serving.reading.features import Feature, Features
from monitorkit.serving.reading.rows import checked_rows
from monitorkit.serving.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["input_of"]

_MATRIX = 2


class _Shown(NamedTuple):
    """A column of an example."""

    value: Any
    dtype: Any = None
    gap: bool = False


def _dtype(shown: _Shown) -> Any:  # noqa: ANN401 - numpy's or pandas'
    if shown.dtype is not None:
        return shown.dtype
    return np.dtype(object if isinstance(shown.value, str) else np.float64)


def input_of(owner: object, example: Any) -> tuple[Features, list[Any] | None]:  # noqa: ANN401 - a row, in whatever holds it
    """What the rows of a model are made of, and one to show.

    Parameters
    ----------
    owner
        The model.
    example
        A row that it can predict, as values in order, or by name: a dict, a Series, the first row of a DataFrame. For a
        model of texts, one of them. None to make one up.

    Raises
    ------
    InvalidType, InvalidValue
        If the example is no row that fits.

    Examples
    --------
    >>> features, row = input_of(len, [1, 2])
    >>> features.count, row
    (2, [1.0, 2.0])
    """
    names = estimators.feature_names(owner)
    if isinstance(example, str):
        return _of_texts(owner, names), [example]
    named = _by_name(example)
    if named == {}:
        raise InvalidValue("example: it is empty; give a row that the model can predict")
    if named is None:
        count, _ = estimators.input_row(owner, None)
        features = features_of(owner, names, count, None)
        if example is None:
            return features, None if features.columns is None else [_made_up(column) for column in features.columns]
        if not features.numeric:
            return features, _checked(list(example), features, names)
        count, row = estimators.input_row(owner, example)
        return features_of(owner, names, count, None), row
    gaps = None
    if names is None and estimators.width(owner) is None:
        # A function that is shown a table gets tables.
        names = list(named)
        gaps = [column.gap for column in named.values()]
        named = {name: column._replace(dtype=_dtype(column)) for name, column in named.items()}
    if names is not None and set(named) != set(names):
        wrong = ", ".join(sorted(set(named) ^ set(names))[:10])
        raise InvalidValue(f"example: the columns {wrong} are not both in it and in the model; give a row that fits")
    order = list(named) if names is None else names
    dtypes = [named[name].dtype for name in order]
    features = features_of(owner, names, len(order), None if any(dtype is None for dtype in dtypes) else dtypes, gaps)
    return features, _checked([named[name].value for name in order], features, names)


def _of_texts(owner: object, names: Sequence[str] | None) -> Features:
    count, _ = estimators.input_row(owner, None)
    if names is not None or count is not None:
        raise InvalidValue(f"example: a row of {count} values is needed, not one text")
    return Features((Feature("text"),), bare=True)


def _by_name(example: Any) -> dict[str, _Shown] | None:  # noqa: ANN401 - as above
    """Columns by name; None where they have no names."""
    if isinstance(example, dict):
        return {str(name): _Shown(value, gap=is_missing(value)) for name, value in example.items()}
    labels = getattr(example, "columns", None) if getattr(example, "ndim", 1) == _MATRIX else None
    if labels is not None and len(example) and all(isinstance(label, str) for label in labels):
        return {label: _Shown(one.iloc[0], one.dtype, bool(one.isna().any())) for label, one in example.items()}
    index = getattr(example, "index", None)
    if index is not None and hasattr(example, "iloc") and all(isinstance(label, str) for label in index):
        return {label: _Shown(value, gap=is_missing(value)) for label, value in example.items()}
    return None


def _checked(row: Sequence[Any], features: Features, names: Sequence[str] | None) -> list[Any]:
    count = features.count
    if count is not None and len(row) != count:
        raise InvalidValue(f"example: a row of {count} values is needed, not one of {len(row)}")
    plain = [_as_json(value) for value in row]

    def place(_row: int, column: int) -> str:
        return str(column) if names is None else names[column]

    try:
        checked: list[Any] = checked_rows([plain], features, place)[0].tolist()
    except Refusal as refusal:
        raise InvalidValue(f"example: {refusal.detail}") from None
    return [None if is_missing(value) else _as_json(value) for value in checked]


def _as_json(value: Any) -> Any:  # noqa: ANN401 - a number, a text, a time
    if is_missing(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value


def _made_up(column: Feature) -> Any:  # noqa: ANN401 - a number, a text
    if column.categories:
        return min(column.categories, key=str)
    return "text" if column.kind == "text" else 0.0
