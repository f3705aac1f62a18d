"""The model server as its own client: real requests over HTTP, so that they are measured like any other."""

from __future__ import annotations

import http.client
import reprlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from monitorkit.durations import seconds
from monitorkit.errors import InvalidType, InvalidValue, ServiceError
from monitorkit.metrics.series.classes import sorted_labels
from monitorkit.serving.values import LABEL_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, DTypeLike

__all__ = ["Predictions", "ask", "labels", "rows"]

SERVER_ERRORS = 500
OK = 200

_SHORT = reprlib.Repr()
_SHORT.maxlist, _SHORT.maxstring = 10, 80
"""Thousands of rows would fill a page."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """An answer of a model server: predictions, and the ids under which their true labels are told later.

    numpy's functions take it as the array of its predictions.

    Attributes
    ----------
    probabilities, classes
        Where they were asked for: a row of probabilities for each prediction, and the class of each column.

    Examples
    --------
    >>> answer = Predictions([7, 1], ["a-0", "a-1"], "digits", "1")
    >>> np.asarray(answer)
    array([7, 1])
    """

    predictions: list[Any]
    ids: list[str]
    model_name: str
    model_version: str
    probabilities: list[list[float]] | None = None
    classes: list[Any] | None = None

    def __repr__(self) -> str:
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        parts = [f"{name}={_SHORT.repr(value)}" for name, value in shown.items() if value is not None]
        return f"{type(self).__name__}({', '.join(parts)})"

    def __len__(self) -> int:
        return len(self.predictions)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.predictions)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray[Any, np.dtype[Any]]:  # noqa: FBT001 - numpy's protocol
        return np.array(self.predictions, dtype=dtype)


def ask(host: str, port: int, path: str, document: object, *, name: str, timeout_seconds: float) -> Any:  # noqa: ANN401 - JSON
    """Post a JSON document and return the one that comes back.

    Raises
    ------
    InvalidType
        If the document holds what JSON cannot.
    InvalidValue
        If the server finds the request wrong.
    ServiceError
        If the model fails, or the server does not answer.
    """
    timeout_seconds = seconds(timeout_seconds, name="timeout_seconds")
    if timeout_seconds == 0:
        raise InvalidValue("timeout_seconds: 0 leaves no time for an answer")
    try:
        body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        raise InvalidType(f"{name}: cannot be sent as JSON: {error}") from error
    connection = http.client.HTTPConnection(host, port, timeout=timeout_seconds)
    try:
        connection.request("POST", path, body, {"content-type": "application/json", "connection": "close"})
        response = connection.getresponse()
        answer = orjson.loads(response.read())
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
        reason = (
            f"no answer within {timeout_seconds:g} s" if isinstance(error, TimeoutError) else f"no answer: {error!r}"
        )
        raise ServiceError(f"{reason}; see whether it runs with monitorkit.status()", service=name) from error
    finally:
        connection.close()
    if response.status >= SERVER_ERRORS:
        raise ServiceError(answer["detail"], service=name)
    if response.status != OK:
        raise InvalidValue(f"{name}: {answer['detail']}")
    return answer


def rows(X: ArrayLike | pd.DataFrame) -> dict[str, Any]:
    """Rows as the request wants them, from an array, a DataFrame or a list of lists; a DataFrame with its names.

    Raises
    ------
    InvalidType
        If an array holds something other than numbers and text, or a DataFrame something that JSON has not.

    Examples
    --------
    >>> rows([[1, 2]])
    {'instances': [[1, 2]]}
    """
    if isinstance(X, list | tuple):
        return {"instances": X}
    columns = getattr(X, "columns", None)
    if columns is not None and all(isinstance(name, str) for name in columns):
        return {"columns": list(columns), "data": _table(X)}
    dtype = getattr(X, "dtype", None)
    kind = getattr(dtype, "kind", "f")
    if kind in set("OUT"):
        return {"instances": np.asarray(X).tolist()}
    if kind not in set("fiub"):
        raise InvalidType(f"X: an array of {dtype} is none of numbers or text; times go in a DataFrame")
    try:
        return {"instances": np.ascontiguousarray(_whole(X), dtype=np.float64)}
    except (TypeError, ValueError) as error:
        raise InvalidType(f"X: {type(X).__name__} cannot be read as rows of numbers: {error}") from error


def _whole(X: Any) -> Any:  # noqa: ANN401 - any array
    """An array of all values, as numpy reads it: dense, and with what is masked as missing."""
    if isinstance(X, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(X), np.nan, X.data)
    return X.toarray() if hasattr(X, "toarray") else X


def _table(frame: Any) -> Any:  # noqa: ANN401 - a DataFrame; an array, or lists where there is text
    if all(dtype.kind in "biuf" for dtype in frame.dtypes):
        return np.ascontiguousarray(frame.to_numpy(dtype=np.float64, na_value=np.nan))
    columns = []
    for name, dtype in frame.dtypes.items():
        if dtype.kind in "mc":
            raise InvalidType(f"X: the column {name!r} is of type {dtype}; send numbers, text or times")
        column = frame[name].astype(object)
        if dtype.kind == "M":
            column = column.map(lambda time: time.isoformat(), na_action="ignore")
        columns.append(column.astype(object).where(column.notna(), None).tolist())
    return [list(row) for row in zip(*columns, strict=True)]


def labels(y_true: Any, *, several: bool = False) -> Sequence[Any]:  # noqa: ANN401 - an array, a Series, a DataFrame, a list
    """True labels as plain values, several labels of one prediction as a list.

    Parameters
    ----------
    y_true
        One label a row, also as the one column of a table; for several labels a column for each.
    several
        Whether one column, too, is one of several labels.

    Examples
    --------
    >>> labels(np.array([[1, 0], [1, 1]])), labels(np.array([[1], [0]]))
    ([[1, 0], [1, 1]], [1, 0])
    >>> labels(["cat", {"dog", "cat"}])
    ['cat', ['cat', 'dog']]
    """
    if getattr(y_true, "ndim", 1) == 2:  # noqa: PLR2004 - a matrix, whatever holds it
        y_true = y_true.toarray() if hasattr(y_true, "toarray") else np.asarray(y_true)
        if y_true.shape[1] == 1 and not several:
            y_true = y_true[:, 0]
    if isinstance(y_true, np.ndarray) and y_true.dtype.kind != "O":
        found: list[Any] = y_true.tolist()
        return found
    return [label if type(label) in LABEL_TYPES else _label(label) for label in y_true]


def _label(label: Any) -> Any:  # noqa: ANN401 - as above
    if isinstance(label, np.generic):
        return label.item()
    if isinstance(label, np.ndarray):
        return label.tolist()
    if isinstance(label, AbstractSet):
        label = sorted_labels(label)
    return [_label(one) for one in label] if isinstance(label, list | tuple) else label
