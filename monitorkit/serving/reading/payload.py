"""What clients send: bodies of requests, read and checked, each mistake named by its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from monitorkit.serving.reading.bodies import document_of, field
from monitorkit.serving.reading.features import ANY_NUMBERS
from monitorkit.serving.reading.rows import read_rows
from monitorkit.serving.refusals import bad_input, kind_of
from monitorkit.serving.values import LABEL_TYPES

if TYPE_CHECKING:
    from monitorkit.serving.reading.features import Features
    from monitorkit.serving.values import Label, Matrix, TrueLabel

__all__ = [
    "MAX_LABELS",
    "MAX_LABEL_LENGTH",
    "PredictionRequest",
    "read_feedback",
    "read_instances",
    "read_prediction",
    "wants_probabilities",
]

MAX_LABEL_LENGTH = 256
MAX_LABELS = 10_000
"""How many labels one prediction can have."""


class PredictionRequest(NamedTuple):
    """What a client wants predicted."""

    X: Matrix
    probabilities: bool
    """Whether the probabilities are wanted in the answer, too."""


def read_prediction(body: bytes, features: Features = ANY_NUMBERS) -> PredictionRequest:
    """Read rows, and with them ``"probabilities": true``, which may be left out.

    Parameters
    ----------
    body, features
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
    document = document_of(body)
    X = read_rows(document, features)
    return PredictionRequest(X, wants_probabilities(document))


def wants_probabilities(document: dict[str, Any]) -> bool:
    """Whether a request asks for probabilities.

    Raises
    ------
    Refusal
        If it says neither true nor false.
    """
    wanted = document.get("probabilities", False)
    if not isinstance(wanted, bool):
        raise bad_input("wrong_type", f"probabilities is {kind_of(wanted)}: send true or false", "probabilities")
    return wanted


def read_instances(body: bytes, features: Features = ANY_NUMBERS) -> Matrix:
    """Read rows, in one of the forms that :func:`monitorkit.serving.reading.rows.read_rows` takes.

    Parameters
    ----------
    body
        JSON text.
    features
        What the rows are made of.

    Returns
    -------
    ndarray of shape (n_instances, n_features)
        Rows to predict.

    Raises
    ------
    Refusal
        If the body is not of that form; it says where.

    Examples
    --------
    >>> read_instances(b'{"instances": [[1, 2.5]]}')
    array([[1. , 2.5]])
    """
    return read_rows(document_of(body), features)


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
    document = document_of(body)
    ids, y_true = (field(document, key, example) for key in ("ids", "y_true"))
    for key, values in (("ids", ids), ("y_true", y_true)):
        if not isinstance(values, list):
            raise bad_input("wrong_type", f"{key} is {kind_of(values)}: send a list, as in {example}", key)
        if not values:
            raise bad_input("empty", f"{key} is empty: send at least one", key)
    if len(ids) != len(y_true):
        raise bad_input(
            "wrong_length", f"there are {len(ids)} ids and {len(y_true)} true labels: send one for each", "y_true"
        )
    # All at once first: what is right is the rule, and there may be a million of them.
    for row, name in enumerate(ids) if set(map(type, ids)) != {str} else ():
        if not isinstance(name, str):
            raise bad_input(
                "wrong_type", f"ids[{row}] is {kind_of(name)}: send ids as /predict gave them", f"ids[{row}]"
            )
    if not _are_single_labels(y_true):
        for row, label in enumerate(y_true):
            _check_label(label, f"y_true[{row}]")
    return ids, y_true


def _are_single_labels(labels: list[Any]) -> bool:
    kinds = set(map(type, labels))
    return kinds <= LABEL_TYPES and (str not in kinds or all(map(_fits, labels)))


def _fits(label: Label) -> bool:
    return not isinstance(label, str) or len(label) <= MAX_LABEL_LENGTH


def _check_label(label: object, where: str) -> None:
    if isinstance(label, list):
        if len(label) > MAX_LABELS:
            raise bad_input("too_large", f"{where} has {len(label)} labels: send at most {MAX_LABELS}", where)
        if not _are_single_labels(label):
            for place, one in enumerate(label):
                _check_single_label(one, f"{where}[{place}]")
    else:
        _check_single_label(label, where)


def _check_single_label(label: object, where: str) -> None:
    if not isinstance(label, str | int | float):
        raise bad_input(
            "wrong_type", f"{where} is {kind_of(label)}: a true label is a number, a text, true or false", where
        )
    if not _fits(label):
        raise bad_input(
            "too_large", f"{where} is longer than {MAX_LABEL_LENGTH} characters: send the class itself", where
        )
