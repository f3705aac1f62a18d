"""Reference data of a served model: read as the model's input is, and predicted by it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics import Drift, Reference
from monitorkit.metrics.drift.columns import column_gaps, columns_of, distinct, is_frame
from monitorkit.metrics.drift.reference import prediction_column
from monitorkit.metrics.drift.settings import DEFAULT_DRIFT
from monitorkit.serving.models.scoring import predicted_labels
from monitorkit.serving.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitorkit.metrics.drift.bins import Column
    from monitorkit.serving.models.model import Model
    from monitorkit.serving.reading.features import Features
    from monitorkit.serving.values import Matrix

__all__ = ["checked_drift", "features_of", "kept_reference", "reference_of"]

_NONE = "or pass drift=False to watch no drift"


def checked_drift(drift: object) -> Drift | None:
    """Read what a user wrote: True for the default, False for none, or a :class:`~monitorkit.Drift`.

    Raises
    ------
    InvalidType
        If it is none of these.

    Examples
    --------
    >>> checked_drift(False) is None, checked_drift(Drift(bins=5)).bins
    (True, 5)
    """
    if drift is False:
        return None
    if drift is True:
        return DEFAULT_DRIFT
    if isinstance(drift, Drift):
        return drift
    raise InvalidType(f"drift: {drift!r} is neither True, False nor monitorkit.Drift(bins=..., features=[...])")


def reference_of(model: Model, X: Any, drift: Drift) -> Reference:  # noqa: ANN401 - any table
    """Read the reference data of a model, and let it predict them.

    Raises
    ------
    InvalidType, InvalidValue
        If they are no table, or not one that the model can predict.
    """
    names = model.feature_names
    if model.features.bare and np.ndim(X) == 1:
        X = np.array(X, dtype=object).reshape(-1, 1)
    if is_frame(X) and names is not None:
        missing = [name for name in names if name not in X.columns]
        if missing:
            raise InvalidValue(f"reference: the model's columns {missing[:10]} are missing from it")
        X = X[names]
    with _about_reference():
        own = None if is_frame(X) else _names(model, X)
        return Reference.of(
            X,
            drift=drift,
            names=own,
            predict=partial(_predict, model),
            classes=model.classes or (),
            times=_times(model.features),
        )


def features_of(X: Any, drift: Drift) -> Reference:  # noqa: ANN401 - any table
    """Read reference data where there is no model to predict them: only features are compared.

    Raises
    ------
    InvalidType, InvalidValue
        If they are no table.
    """
    with _about_reference():
        return Reference.of(X, drift=drift)


def kept_reference(model: Model, before: Reference | None, *, drift: Drift | bool) -> Reference | None:
    """The reference data of the model before, as another one predicts them; None where there are none, or none wanted.

    Raises
    ------
    InvalidValue
        If the other model cannot predict them, or they are to be compared in another way.
    """
    if before is None or drift is False:
        return None
    if isinstance(drift, Drift) and drift != before.settings:
        raise InvalidValue(f"drift: to compare in another way, pass the reference data again, {_NONE}")
    if model.feature_names is not None:
        # Another model may have been fitted on the same columns in another order.
        before = before.in_order(distinct(model.feature_names))
    with _about_reference():
        return before.predicting(partial(_predict, model), model.classes or ())


def _times(features: Features) -> list[int]:
    return [place for place, column in enumerate(features.columns or ()) if column.kind == "time"]


def _names(model: Model, X: Any) -> list[str] | None:  # noqa: ANN401 - any table
    """What a model calls its columns, where there are as many."""
    names = model.feature_names
    return names if names is not None and np.shape(X)[1:] == (len(names),) else None


def _predict(model: Model, rows: Any) -> Column | None:  # noqa: ANN401 - any table
    width = np.shape(rows)[1]
    if model.n_features is not None and width != model.n_features:
        raise InvalidValue(f"{width} columns, and the model takes {model.n_features}: pass data that fit, {_NONE}")
    try:
        outputs = model.predict(_input(rows, model.features))
    except Refusal as refusal:
        raise InvalidValue(f"the model cannot predict it: {refusal.detail}; pass data that fit, {_NONE}") from None
    labels = predicted_labels(outputs)
    return prediction_column(labels, outputs.task) if labels else None


@contextmanager
def _about_reference() -> Iterator[None]:
    """Say of an error that it is about the argument ``reference``."""
    try:
        yield
    except (InvalidType, InvalidValue) as error:
        raise type(error)(f"reference: {error}") from None


def _input(rows: Any, features: Features) -> Matrix:  # noqa: ANN401 - any table
    """Rows as the server hands them to the model: numbers, or objects where there is text; whole where they must be."""
    columns = columns_of(rows, times=_times(features)).data
    gaps = np.column_stack([column_gaps(column) for column in columns])
    may_have = np.array([features.column(place).missing for place in range(len(columns))])
    whole = ~(gaps & ~may_have).any(axis=1)
    if not whole.any():
        # The model says best what it cannot do with them.
        whole[:] = True
    has_text = any(column.dtype == object for column in columns)
    X = np.empty(gaps.shape, dtype=object if has_text else np.float64)
    for place, column in enumerate(columns):
        X[:, place] = column
        X[gaps[:, place], place] = features.column(place).null if has_text else np.nan
    found: Matrix = X[whole]
    return found
