"""What a model returned, read as plain values: one prediction a row."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from monitorkit.metrics.series.classes import sorted_labels
from monitorkit.serving.refusals import Refusal
from monitorkit.serving.values import LABEL_TYPES

if TYPE_CHECKING:
    from monitorkit.metrics import Task
    from monitorkit.serving.values import Label, Matrix

__all__ = ["Outputs", "array", "indicator_rows", "label_rows", "plain_values", "wrong_length"]

_MATRIX = 2


class Outputs(NamedTuple):
    """Predictions as plain values, one a row, and how they are to be judged.

    Attributes
    ----------
    predictions
        One plain value a row: a class, a number, or for several labels a list.
    task
        What kind of prediction they are; empty where true labels cannot judge them, such as a row of probabilities.
    probabilities
        Probability of each class, of shape (n_rows, n_classes), in the order of the model's classes; None where the
        model tells none.
    columns
        Labels of the columns where each prediction is a row of 0 and 1, one for each label; None elsewhere.

    Examples
    --------
    >>> Outputs(["cat", "dog", "dog"], "classification").part(1, 3).predictions
    ['dog', 'dog']
    """

    predictions: list[Any]
    task: Task = ""
    probabilities: Matrix | None = None
    columns: tuple[Label, ...] | None = None

    def part(self, start: int, stop: int) -> Outputs:
        """Rows from start up to, not including, stop."""
        probabilities = None if self.probabilities is None else self.probabilities[start:stop]
        return Outputs(self.predictions[start:stop], self.task, probabilities, self.columns)


def array(result: object) -> np.ndarray[Any, np.dtype[Any]]:
    """Read a result as an array.

    Raises
    ------
    Refusal
        If it is none.
    """
    try:
        if isinstance(result, list | tuple) and len(kinds := set(map(type, result))) > 1 and str in kinds:
            # numpy would write the others as text, too.
            return np.array(result, dtype=object)
        return _unmasked(result) if isinstance(result, np.ma.MaskedArray) else np.asarray(result)
    except (TypeError, ValueError) as error:
        hint = "" if not isinstance(result, list | tuple) else "; rows of labels need task='multilabel'"
        kind = type(result).__name__
        raise Refusal(500, "wrong_output", f"the model returned a {kind}, no array: {error}{hint}") from error


def wrong_length(result: Any, n_instances: int) -> Refusal:  # noqa: ANN401 - whatever the model returned
    """What to answer when there is not one prediction for each row."""
    if isinstance(result, Coroutine):
        result.close()
        detail = "the model returned a coroutine: it must return predictions, as asyncio.run(...) does"
        return Refusal(500, "wrong_output", detail)
    whole = isinstance(result, str | Mapping | AbstractSet)
    single = whole or not hasattr(result, "__len__") or getattr(result, "ndim", 1) == 0
    returned = f"one {type(result).__name__}" if single else f"{len(result)} predictions"
    detail = f"the model returned {returned} for {n_instances} instances: it must return one for each"
    return Refusal(500, "wrong_output", detail)


def _unmasked(result: np.ma.MaskedArray[Any, Any]) -> np.ndarray[Any, np.dtype[Any]]:
    """A masked value is a missing one, whatever stands behind the mask."""
    hidden = np.ma.getmaskarray(result)
    if not hidden.any():
        return result.data
    return np.where(hidden, np.nan if result.dtype.kind == "f" else None, result.data)  # type: ignore[arg-type]


def plain_values(values: np.ndarray[Any, np.dtype[Any]]) -> list[Any]:
    """Values of an array as Python's own."""
    plain: list[Any] = values.tolist()
    if values.dtype.kind == "O":
        return [value.item() if isinstance(value, np.generic) else value for value in plain]
    return plain


def indicator_rows(result: object) -> list[list[Any]] | None:
    """Read a matrix of 0 and 1, one column for each label; None if it is something else.

    Examples
    --------
    >>> indicator_rows(np.array([[1.0, 0.0], [1.0, 1.0]]))
    [[1, 0], [1, 1]]
    """
    if isinstance(result, list | tuple):
        return None
    matrix = np.asarray(result)
    if matrix.ndim != _MATRIX or matrix.dtype.kind not in "biuf" or not ((matrix == 0) | (matrix == 1)).all():
        return None
    rows: list[list[Any]] = matrix.astype(int).tolist()
    return rows


def label_rows(result: Any) -> list[list[Label]] | None:  # noqa: ANN401 - whatever the model returned
    """Read lists or sets of labels, one for each row; None if it is something else.

    Examples
    --------
    >>> label_rows([{"dog", "cat"}, (), ["cat"]])
    [['cat', 'dog'], [], ['cat']]
    """
    if isinstance(result, np.ndarray) and result.ndim == _MATRIX and result.dtype.kind in "biufc":
        return None
    rows: list[list[Label]] = []
    for row in result:
        if isinstance(row, np.ndarray) and row.ndim == 1:
            labels = plain_values(row)
        elif isinstance(row, AbstractSet):
            labels = sorted_labels(row)
        elif isinstance(row, Sequence) and not isinstance(row, str | bytes):
            labels = list(row)
        else:
            return None
        labels = [label.item() if isinstance(label, np.generic) else label for label in labels]
        if not set(map(type, labels)) <= LABEL_TYPES:
            return None
        rows.append(labels)
    return rows
