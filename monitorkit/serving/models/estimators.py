"""What an estimator tells about itself: its name, its task, its classes, its input."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.serving.models.probabilities import final_estimator
from monitorkit.serving.values import LABEL_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.metrics import Task
    from monitorkit.serving.values import Label

__all__ = [
    "check_usable",
    "feature_names",
    "given_classes",
    "input_row",
    "is_booster",
    "name_of",
    "own_classes",
    "own_task",
    "width",
]


def check_usable(model: object, owner: object) -> None:
    """Refuse what cannot predict.

    Raises
    ------
    InvalidType, InvalidValue
        If it is a class, has nothing to call, or is not fitted.
    """
    if isinstance(model, type):
        raise InvalidType(f"model: {model.__name__} is a class; pass a fitted instance of it")
    if not callable(getattr(model, "predict", model)):
        kind = type(model).__name__
        raise InvalidType(f"model: {kind} has no predict method and cannot be called; pass a model or a function")
    call = getattr(model, "predict", model)
    if _is_async(call) or _is_async(type(call).__call__):
        name = name_of(owner)
        raise InvalidType(f"model: {name} is async; pass a function that returns, as lambda X: asyncio.run({name}(X))")
    # A model of scikit-learn's has brought its modules along; without one they need not be there.
    base = sys.modules.get("sklearn.base")
    if base is not None and isinstance(owner, base.BaseEstimator):
        try:
            sys.modules["sklearn.utils.validation"].check_is_fitted(owner)
        except sys.modules["sklearn.exceptions"].NotFittedError:
            kind = type(owner).__name__
            raise InvalidValue(f"model: this {kind} is not fitted; call its fit method first") from None


def _is_async(call: object) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call)


def name_of(owner: object) -> str:
    """Name after the function, or after the class; a pipeline after its last step."""
    steps = getattr(owner, "steps", None)
    if steps:
        return name_of(steps[-1][1])
    name = getattr(owner, "__name__", None) or type(owner).__name__
    return "model" if name == "<lambda>" else str(name)


def feature_names(owner: object) -> list[str] | None:
    """Names of the columns that it was fitted on, None where they had none."""
    names: Any = getattr(owner, "feature_names_in_", None)
    if names is None:
        names = _names_told_otherwise(owner)
    return None if names is None else [str(name) for name in names]


def _names_told_otherwise(owner: Any) -> list[str] | None:  # noqa: ANN401 - any object
    if type(owner).__module__.startswith("catboost."):
        names = owner.feature_names_
    elif is_booster(owner):
        names = owner.feature_name() if hasattr(owner, "feature_name") else owner.feature_names
    else:
        return None
    # CatBoost and LightGBM number the columns of an array.
    numbered = all(name.removeprefix("Column_") == str(place) for place, name in enumerate(names or ()))
    return None if numbered else list(names)


def is_booster(owner: object) -> bool:
    """Whether it is what XGBoost or LightGBM train where scikit-learn's interface is not used."""
    kind = type(owner)
    return kind.__name__ == "Booster" and kind.__module__.partition(".")[0] in {"xgboost", "lightgbm"}


def width(owner: Any) -> int | None:  # noqa: ANN401 - any object
    """How many columns it was fitted on, None where it does not tell."""
    if is_booster(owner):
        return int(owner.num_feature() if hasattr(owner, "num_feature") else owner.num_features())
    own = getattr(owner, "n_features_in_", None)
    return None if own is None else int(own)


def own_task(owner: object) -> Task:
    """What kind of prediction it makes, as far as it tells."""
    base = sys.modules.get("sklearn.base")
    if base is None or not isinstance(owner, base.BaseEstimator):
        return _told_otherwise(owner)
    if base.is_classifier(owner):
        return "multilabel" if _n_labels(owner) else "classification"
    return "regression" if base.is_regressor(owner) else ""


def _told_otherwise(owner: object) -> Task:
    """What an estimator of another library tells: as scikit-learn's did before 1.6, or by what it can do."""
    kind = getattr(owner, "_estimator_type", None)
    if kind == "regressor":
        return "regression"
    probable = callable(getattr(owner, "predict_proba", None)) and own_classes(owner)
    return "classification" if kind == "classifier" or probable else ""


def own_classes(owner: object) -> list[Label] | None:
    """Classes of an estimator with one output, or the columns of one that predicts several labels."""
    n_labels = _n_labels(owner)
    if n_labels:
        return list(range(n_labels))
    classes = getattr(owner, "classes_", None)
    if classes is None:
        return None
    try:
        array = np.asarray(classes)
    except ValueError:  # several outputs, each with classes of its own
        return None
    labels: list[Label] = array.tolist()
    return (labels or None) if array.ndim == 1 else None


def _n_labels(owner: object) -> int:
    """How many labels a multi-label estimator was fitted on; 0 for any other.

    Source: scikit-learn's user guide, "Multiclass and multioutput algorithms": such an estimator was fitted on an
    indicator matrix, and tells so in one of three ways.
    """
    estimator = final_estimator(owner)
    classes = getattr(estimator, "classes_", None)
    if isinstance(classes, list):  # forests, neighbours, MultiOutputClassifier, ClassifierChain
        return (
            len(classes) if all(np.ndim(one) == 1 and set(np.asarray(one).tolist()) <= {0, 1} for one in classes) else 0
        )
    binarizer = getattr(estimator, "_label_binarizer", None)  # MLPClassifier, RidgeClassifier
    fitted_on = getattr(binarizer, "y_type_", "")
    if getattr(estimator, "multilabel_", False) or str(fitted_on).startswith("multilabel"):  # OneVsRestClassifier
        return 0 if classes is None else len(classes)
    return 0


def given_classes(classes: Sequence[Label]) -> list[Label]:
    """Classes as the user gave them, checked.

    Raises
    ------
    InvalidType, InvalidValue
        If they are no list of different classes.
    """
    if isinstance(classes, str | bytes) or not isinstance(classes, Iterable):
        raise InvalidType(f"classes: {classes!r} is no list of classes, as in ['cat', 'dog']")
    labels = [label.item() if isinstance(label, np.generic) else label for label in classes]
    if not set(map(type, labels)) <= LABEL_TYPES:
        raise InvalidType(f"classes: {labels!r} must be texts, numbers or booleans, as in ['cat', 'dog']")
    if not labels or len(set(labels)) != len(labels):
        raise InvalidValue(f"classes: {labels!r} must name at least one class, and each once")
    return labels


def input_row(owner: object, example: Sequence[float] | None) -> tuple[int | None, list[float] | None]:
    """How many numbers a row has, and a row to show.

    Raises
    ------
    InvalidType, InvalidValue
        If the example is no row that fits.
    """
    n_features = width(owner)
    if example is None:
        return n_features, None if n_features is None else [0.0] * n_features
    try:
        row = np.atleast_2d(np.asarray(example, dtype=np.float64))[0]
    except (TypeError, ValueError) as error:
        raise InvalidType(f"example: {example!r} is no row of numbers: {error}") from error
    if not np.isfinite(row).all() or (n_features is not None and len(row) != n_features) or not len(row):
        expected = "" if n_features is None else f" {n_features}"
        raise InvalidValue(f"example: a row of{expected} finite numbers is needed, not one of {len(row)}: {example!r}")
    return len(row), row.tolist()
