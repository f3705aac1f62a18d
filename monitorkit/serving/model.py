"""Models as the server sees them: rows of numbers in, plain values out, whatever framework is underneath."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import accumulate
from types import MethodType
from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics import ModelDescription
from monitorkit.serving.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitorkit.metrics import Task
    from monitorkit.serving.payload import Label, Matrix

__all__ = ["Model", "Outputs"]

MAX_MESSAGE_LENGTH = 500

_PLAIN = frozenset({str, int, float, bool})


@dataclass(frozen=True, slots=True)
class Outputs:
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

    Examples
    --------
    >>> Outputs(["cat", "dog", "dog"], "classification").part(1, 3)
    Outputs(predictions=['dog', 'dog'], task='classification', probabilities=None)
    """

    predictions: list[Any]
    task: Task = ""
    probabilities: Matrix | None = None

    def part(self, start: int, stop: int) -> Outputs:
        """Rows from start up to, not including, stop."""
        probabilities = None if self.probabilities is None else self.probabilities[start:stop]
        return Outputs(self.predictions[start:stop], self.task, probabilities)


class Model:
    """A fitted scikit-learn estimator, or any callable from an (n, d) array to n predictions.

    Parameters
    ----------
    model
        Something with a ``predict`` method, or a callable.
    classes
        The classes it predicts; by default its ``classes_``. A callable that has not told its classes is taken for a
        classifier when it returns text, whole numbers or booleans, and for a regressor when it returns floats.
    example
        A row that it can predict, shown to those who ask how to call it; it also tells the number of features where the
        model does not.

    Raises
    ------
    InvalidType
        If it can neither predict nor be called, or is a class in place of an instance.
    InvalidValue
        If it is not fitted, or the example does not fit it.

    Examples
    --------
    >>> Model(lambda X: X.sum(axis=1)).predict(np.array([[1.0, 2.0]]))
    Outputs(predictions=[3.0], task='regression', probabilities=None)
    """

    def __init__(
        self, model: object, *, classes: Sequence[Label] | None = None, example: Sequence[float] | None = None
    ) -> None:
        owner = model.__self__ if isinstance(model, MethodType) else model
        _check_usable(model, owner)
        self.wrapped = model
        self._call = _predictor(model)
        self.name = _name(owner)
        self.class_name = type(owner).__name__
        self.framework = type(owner).__module__.partition(".")[0]
        self.feature_names: list[str] | None = _names(getattr(owner, "feature_names_in_", None))
        self.task: Task = _task(owner)
        self.classes = _classes(owner) if classes is None else _given_classes(classes)
        self.class_set = None if self.classes is None else frozenset(self.classes)
        if self.classes is not None:
            self.task = "classification"
        self.n_features, self.example = _input(owner, example)

    @property
    def description(self) -> ModelDescription:
        """What ``model_info`` tells."""
        module = sys.modules.get(self.framework)
        known = self.framework not in {"builtins", "__main__"}
        return ModelDescription(
            framework={"sklearn": "scikit-learn"}.get(self.framework, self.framework) if known else "",
            framework_version=str(getattr(module, "__version__", "")) if known else "",
            model_class=self.class_name,
            task=self.task,
            n_features="" if self.n_features is None else str(self.n_features),
            n_classes="" if self.classes is None else str(len(self.classes)),
        )

    def predict(self, X: Matrix) -> Outputs:
        """Predict rows.

        Raises
        ------
        Refusal
            If the model raises, or returns something other than one plain value a row.
        """
        return self._outputs(self._result(X), len(X))

    def predict_together(self, tables: Sequence[Matrix]) -> list[Outputs]:
        """Predict the rows of several requests in one call; each gets what it would have got alone.

        Raises
        ------
        Refusal
            If the model raises, or returns something other than one plain value a row.
        """
        ends = list(accumulate(map(len, tables)))
        result = self._result(np.concatenate(tables))
        # An array has one type for all. A list is read part by part: 1 and 0.5 alone are not 1.0 and 0.5 together.
        if not isinstance(result, list | tuple):
            result = _array(result)
            if not result.ndim:
                raise _wrong_length(result, ends[-1])
        if len(result) != ends[-1]:
            raise _wrong_length(result, ends[-1])
        return [self._outputs(result[end - len(X) : end], len(X)) for X, end in zip(tables, ends, strict=True)]

    def _result(self, X: Matrix) -> Any:  # noqa: ANN401 - whatever the model returns
        try:
            return self._call(self._table(X))
        except BaseException as error:
            # Of any kind: a model that calls sys.exit() must not end the thread.
            message = str(error)[:MAX_MESSAGE_LENGTH]
            detail = f"the model raised {type(error).__name__}: {message or 'no message'}"
            raise Refusal(500, "model_raised", detail) from error

    def _outputs(self, result: Any, n_instances: int) -> Outputs:  # noqa: ANN401 - whatever the model returned
        array = _array(result)
        if not array.ndim or len(array) != n_instances:
            raise _wrong_length(result, n_instances)
        values = array.tolist()
        if array.dtype.kind == "O":
            values = [value.item() if isinstance(value, np.generic) else value for value in values]
        return Outputs(values, self._task_of(array, values))

    def _table(self, X: Matrix) -> Any:  # noqa: ANN401 - an array, or a frame for a model that was fitted on one
        if self.feature_names is None:
            return X
        import pandas as pd  # noqa: PLC0415 - most models are served without it

        return pd.DataFrame(X, columns=self.feature_names)

    def _task_of(self, array: np.ndarray[Any, np.dtype[Any]], values: list[Any]) -> Task:
        """How this result is to be judged: a model's method can return something else than its predictions."""
        if array.ndim != 1 or (array.dtype.kind == "O" and not set(map(type, values)) <= _PLAIN):
            return ""
        if self.task != "regression" and self._are_classes(array, values):
            return "classification"
        # A method such as decision_function belongs to a classifier, and still does not return classes.
        return "regression" if self.task != "classification" and array.dtype.kind in "fiu" else ""

    def _are_classes(self, array: np.ndarray[Any, np.dtype[Any]], values: list[Any]) -> bool:
        return array.dtype.kind in "biuUO" if self.class_set is None else self.class_set.issuperset(values)


def _array(result: object) -> np.ndarray[Any, np.dtype[Any]]:
    try:
        return np.asarray(result)
    except (TypeError, ValueError) as error:
        raise Refusal(500, "wrong_output", f"the model returned a {_type(result)}, no array: {error}") from error


def _wrong_length(result: Any, n_instances: int) -> Refusal:  # noqa: ANN401 - whatever the model returned
    returned = f"one {_type(result)}" if np.ndim(result) == 0 else f"{len(result)} predictions"
    detail = f"the model returned {returned} for {n_instances} instances: it must return one for each"
    return Refusal(500, "wrong_output", detail)


def _check_usable(model: object, owner: object) -> None:
    if isinstance(model, type):
        raise InvalidType(f"model: {model.__name__} is a class; pass a fitted instance of it")
    if not callable(getattr(model, "predict", model)):
        raise InvalidType(
            f"model: {_type(model)} has no predict method and cannot be called; pass a model or a function"
        )
    # A model of scikit-learn's has brought its modules along; without one they need not be there.
    base = sys.modules.get("sklearn.base")
    if base is not None and isinstance(owner, base.BaseEstimator):
        try:
            sys.modules["sklearn.utils.validation"].check_is_fitted(owner)
        except sys.modules["sklearn.exceptions"].NotFittedError:
            raise InvalidValue(f"model: this {_type(owner)} is not fitted; call its fit method first") from None


def _predictor(model: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - any object with predict, or any callable
    predict: Callable[[Any], Any] = getattr(model, "predict", model)
    return predict


def _name(owner: object) -> str:
    """Name after the function, or after the class; a pipeline after its last step."""
    steps = getattr(owner, "steps", None)
    if steps:
        return _name(steps[-1][1])
    name = getattr(owner, "__name__", None) or type(owner).__name__
    return "model" if name == "<lambda>" else str(name)


def _names(names: Any) -> list[str] | None:  # noqa: ANN401 - an array of text where there is one
    return None if names is None else [str(name) for name in names]


def _task(owner: object) -> Task:
    base = sys.modules.get("sklearn.base")
    if base is None or not isinstance(owner, base.BaseEstimator):
        return ""
    if base.is_classifier(owner):
        return "classification"
    return "regression" if base.is_regressor(owner) else ""


def _classes(owner: object) -> list[Label] | None:
    """Classes of an estimator with one output."""
    classes = getattr(owner, "classes_", None)
    if classes is None:
        return None
    try:
        array = np.asarray(classes)
    except ValueError:  # several outputs, each with classes of its own
        return None
    labels: list[Label] = array.tolist()
    return labels if array.ndim == 1 else None


def _given_classes(classes: Sequence[Label]) -> list[Label]:
    if isinstance(classes, str | bytes) or not hasattr(classes, "__iter__"):
        raise InvalidType(f"classes: {classes!r} is no list of classes, as in ['cat', 'dog']")
    labels = [label.item() if isinstance(label, np.generic) else label for label in classes]
    if not labels or len(set(labels)) != len(labels):
        raise InvalidValue(f"classes: {labels!r} must name at least one class, and each once")
    return labels


def _input(owner: object, example: Sequence[float] | None) -> tuple[int | None, list[float] | None]:
    """How many numbers a row has, and a row to show."""
    width = getattr(owner, "n_features_in_", None)
    n_features = None if width is None else int(width)
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


def _type(value: object) -> str:
    return type(value).__name__
