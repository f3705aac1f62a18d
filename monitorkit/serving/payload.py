"""What clients send: bodies of requests, read and checked, each mistake named by its place."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

from monitorkit.serving.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "MAX_LABELS",
    "MAX_LABEL_LENGTH",
    "Label",
    "Matrix",
    "PredictionRequest",
    "TrueLabel",
    "read_feedback",
    "read_instances",
    "read_prediction",
]

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Label = str | int | float | bool
TrueLabel = Label | list[Label]
"""A class or a number; for several labels a list of them, or of 0 and 1."""

MAX_LABEL_LENGTH = 256
MAX_LABELS = 10_000
"""How many labels one prediction can have."""

_NUMBERS = frozenset({float, int, bool})
_TYPE_NAMES = {type(None): "null", str: "text", dict: "an object", list: "a list", bool: "true or false"}
_EXAMPLE = '{"instances": [[1.0, 2.0]]}, one list of numbers a row'


class PredictionRequest(NamedTuple):
    """What a client wants predicted."""

    X: Matrix
    probabilities: bool
    """Whether the probabilities are wanted in the answer, too."""


def read_prediction(body: bytes, n_features: int | None = None) -> PredictionRequest:
    """Read ``{"instances": [[...], ...], "probabilities": true}``, where the latter may be left out.

    Parameters
    ----------
    body, n_features
        As for :func:`read_instances`.

    Raises
    ------
    Refusal
        If the body is not of that form; it says where.

    Examples
    --------
    >>> read_prediction(b'{"instances": [[1, 2.5]]}').probabilities
    False
    """
    document = _document(body)
    X = _rows(document, n_features)
    wanted = document.get("probabilities", False)
    if not isinstance(wanted, bool):
        raise _bad("wrong_type", f"probabilities is {_kind(wanted)}: send true or false", "probabilities")
    return PredictionRequest(X, wanted)


def read_instances(body: bytes, n_features: int | None = None) -> Matrix:
    """Read ``{"instances": [[...], ...]}``.

    Parameters
    ----------
    body
        JSON text.
    n_features
        How many numbers a row must have; None where any number will do.

    Returns
    -------
    ndarray of shape (n_instances, n_features)
        Always float64, so that a model does not see other types when a client happens to send whole numbers.

    Raises
    ------
    Refusal
        If the body is not of that form; it says where.

    Examples
    --------
    >>> read_instances(b'{"instances": [[1, 2.5]]}')
    array([[1. , 2.5]])
    """
    return _rows(_document(body), n_features)


def _rows(document: Any, n_features: int | None) -> Matrix:  # noqa: ANN401 - a JSON document is any value
    instances = _field(document, "instances", _EXAMPLE)
    if not isinstance(instances, list):
        raise _bad("wrong_type", f"instances is {_kind(instances)}: send a list of rows, as in {_EXAMPLE}", "instances")
    if not instances:
        raise _bad("empty", "instances is empty: send at least one row of numbers", "instances")
    try:
        # One pass at the speed of C. numpy alone would read "1.5" as a number, and null as NaN. What is left is finite:
        # orjson takes neither NaN nor a number too large for a float.
        numbers_only = set(map(type, chain.from_iterable(instances))) <= _NUMBERS
        X = np.array(instances, dtype=np.float64) if numbers_only else None
    except (TypeError, ValueError, OverflowError):
        X = None
    if X is None or X.ndim != 2 or not X.shape[1]:  # noqa: PLR2004 - rows and columns
        raise _explain(instances, n_features)
    if n_features is not None and X.shape[1] != n_features:
        raise _wrong_width(0, X.shape[1], X.shape[1], n_features)
    return X


def read_feedback(body: bytes) -> tuple[list[str], list[TrueLabel]]:
    """Read ``{"ids": [...], "y_true": [...]}``.

    Returns
    -------
    tuple of two lists of equal length
        Prediction ids and their true labels.

    Raises
    ------
    Refusal
        If the body is not of that form; it says where.

    Examples
    --------
    >>> read_feedback(b'{"ids": ["a-1"], "y_true": [7]}')
    (['a-1'], [7])
    """
    example = '{"ids": ["..."], "y_true": [7]}, the ids from an answer to /predict and a true label for each'
    document = _document(body)
    ids, y_true = (_field(document, key, example) for key in ("ids", "y_true"))
    for key, values in (("ids", ids), ("y_true", y_true)):
        if not isinstance(values, list):
            raise _bad("wrong_type", f"{key} is {_kind(values)}: send a list, as in {example}", key)
        if not values:
            raise _bad("empty", f"{key} is empty: send at least one", key)
    if len(ids) != len(y_true):
        raise _bad(
            "wrong_length", f"there are {len(ids)} ids and {len(y_true)} true labels: send one for each", "y_true"
        )
    for row, name in enumerate(ids):
        if not isinstance(name, str):
            raise _bad("wrong_type", f"ids[{row}] is {_kind(name)}: send ids as /predict gave them", f"ids[{row}]")
    for row, label in enumerate(y_true):
        _check_label(label, f"y_true[{row}]")
    return ids, y_true


def _document(body: bytes) -> Any:  # noqa: ANN401 - a JSON document is any value
    if not body.strip():
        raise _bad("empty", "the body is empty: send JSON")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        hint = ""
        if b"NaN" in body or b"Infinity" in body or "infinity" in str(error):
            hint = "; JSON has no NaN and no infinity: fill missing values before sending"
        place = f"line {error.lineno}, column {error.colno}"
        raise _bad("not_json", f"the body is not JSON: {error.msg}, at {place}{hint}", place) from None


def _field(document: Any, key: str, example: str) -> Any:  # noqa: ANN401 - any JSON value
    if not isinstance(document, dict):
        raise _bad("wrong_type", f"the body is {_kind(document)}: send an object, as in {example}")
    if key not in document:
        found = ", ".join(sorted(str(name)[:40] for name in document)[:10]) or "none"
        raise _bad("missing_key", f"the key {key!r} is missing (keys found: {found}): send {example}", key)
    return document[key]


def _explain(instances: Sequence[Any], n_features: int | None) -> Refusal:
    """Find the first row that is no list of numbers of the right length."""
    first = len(instances[0]) if isinstance(instances[0], list) else 0
    for row, instance in enumerate(instances):
        where = f"instances[{row}]"
        if not isinstance(instance, list):
            hint = f"; for one row send [{instances}]" if _is_short_row(instances) else ""
            return _bad("wrong_shape", f"{where} is {_kind(instance)}: each row is a list of numbers{hint}", where)
        for column, value in enumerate(instance):
            if type(value) not in _NUMBERS:
                return _no_number(value, f"{where}[{column}]")
        if not instance:
            return _bad("empty", f"{where} is empty: send at least one number a row", where)
        if len(instance) != (n_features or first):
            return _wrong_width(row, len(instance), first, n_features)
    return _bad("wrong_shape", f"instances cannot be read as rows of numbers: send {_EXAMPLE}", "instances")


def _no_number(value: object, where: str) -> Refusal:
    if value is None:
        return _bad("not_finite", f"{where} is null: fill missing values before sending", where)
    return _bad(
        "wrong_shape" if isinstance(value, list) else "wrong_type", f"{where} is {_kind(value)}: send a number", where
    )


def _is_short_row(instances: Sequence[Any]) -> bool:
    """Whether one row was sent in place of a list of rows, short enough to be shown in an answer."""
    return len(instances) <= 10 and set(map(type, instances)) <= _NUMBERS  # noqa: PLR2004 - fits on a line


def _wrong_width(row: int, width: int, first: int, n_features: int | None) -> Refusal:
    where = f"instances[{row}]"
    if n_features is None:
        detail = f"{where} has {_numbers(width)} and instances[0] has {first}: send rows of equal length"
        return _bad("wrong_shape", detail, where)
    detail = f"{where} has {_numbers(width)} and the model expects {n_features}: send rows of {_numbers(n_features)}"
    return _bad("wrong_width", detail, where)


def _check_label(label: object, where: str) -> None:
    if isinstance(label, list):
        if len(label) > MAX_LABELS:
            raise _bad("too_large", f"{where} has {len(label)} labels: send at most {MAX_LABELS}", where)
        for place, one in enumerate(label):
            _check_single_label(one, f"{where}[{place}]")
    else:
        _check_single_label(label, where)


def _check_single_label(label: object, where: str) -> None:
    if not isinstance(label, str | int | float):
        raise _bad("wrong_type", f"{where} is {_kind(label)}: a true label is a number, a text, true or false", where)
    if isinstance(label, str) and len(label) > MAX_LABEL_LENGTH:
        raise _bad("too_large", f"{where} is longer than {MAX_LABEL_LENGTH} characters: send the class itself", where)


def _bad(error: str, detail: str, which: str = "") -> Refusal:
    return Refusal(400, error, detail, which=which)


def _kind(value: object) -> str:
    return _TYPE_NAMES.get(type(value), "a number")


def _numbers(count: int) -> str:
    return f"{count} number" if count == 1 else f"{count} numbers"
