"""Models as the server sees them: rows of numbers in, plain values out, whatever framework is underneath."""

from __future__ import annotations

import sys
from itertools import accumulate, chain, islice
from types import MethodType
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from monitorkit.errors import InvalidValue
from monitorkit.metrics import ModelDescription, Task
from monitorkit.metrics.quality.regression import MAX_OUTPUTS
from monitorkit.serving.models import estimators
from monitorkit.serving.models.example import input_of
from monitorkit.serving.models.outputs import (
    Outputs,
    array,
    indicator_rows,
    label_rows,
    plain_values,
    wrong_length,
)
from monitorkit.serving.models.probabilities import Probabilities
from monitorkit.serving.reading.features import frame_of
from monitorkit.serving.refusals import Refusal
from monitorkit.serving.values import LABEL_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitorkit.serving.values import Label, Matrix

__all__ = ["Model", "Outputs"]

MAX_MESSAGE_LENGTH = 500
_MATRIX = 2


class Model:
    """A fitted scikit-learn estimator, or any callable from an (n, d) array to n predictions.

    Parameters
    ----------
    model
        Something with a ``predict`` method, or a callable.
    classes
        The classes it predicts; by default its ``classes_``. A callable that has not told its classes is taken for a
        classifier when it returns text, whole numbers or booleans, and for a regressor when it returns floats. For a
        multi-label model the names of its labels, in the order of its columns.
    example
        A row that it can predict, shown to those who ask how to call it; it also tells the number of features where the
        model does not, and from a DataFrame the names and types of its columns.
    task
        What kind of prediction it makes; None for what the estimator tells, or else its predictions show.
    probabilities
        Whether to ask for probabilities with each prediction; None to ask where there are any.

    Raises
    ------
    InvalidType
        If it can neither predict nor be called, or is a class in place of an instance.
    InvalidValue
        If it is not fitted, or the example, the classes or the task do not fit it.

    Notes
    -----
    Probabilities cost a call of their own, except where scikit-learn's ``predict`` is known to be the class of the
    greatest one (logistic regression, trees, forests, boosting, naive Bayes, discriminant analysis, MLP). There one
    call of ``predict_proba`` gives both, and ``predict`` is asked only where two classes are nearly equal.

    Examples
    --------
    >>> Model(lambda X: X.sum(axis=1)).predict(np.array([[1.0, 2.0]])).predictions
    [3.0]
    """

    def __init__(
        self,
        model: object,
        *,
        classes: Sequence[Label] | None = None,
        example: Any = None,  # noqa: ANN401 - a row, in whatever holds it
        task: Task | None = None,
        probabilities: bool | None = None,
    ) -> None:
        is_method = isinstance(model, MethodType)
        owner = model.__self__ if isinstance(model, MethodType) else model
        estimators.check_usable(model, owner)
        self.wrapped = model
        self._call = _predictor(model)
        self.name = estimators.name_of(owner)
        self.class_name = type(owner).__name__
        self.framework = type(owner).__module__.partition(".")[0]
        self.task, self._told = _task(owner, task, declared=classes is not None)
        self.classes = _classes(owner, classes, self.task)
        self.class_set = None if self.classes is None else frozenset(self.classes)
        # Names of classes with a function: it may return a column for each of them.
        self._may_be_sets = self.task == "multilabel" or (classes is not None and estimators.own_classes(owner) is None)
        self._columns = tuple(self.classes) if self.classes is not None and self.task == "multilabel" else None
        self.features, self.example = input_of(owner, example)
        self.n_features = self.features.count
        self.feature_names = None if self.features.names is None else list(self.features.names)
        wanted = self.task == "classification" and not is_method and probabilities is not False
        self.probabilities = Probabilities.of(owner) if wanted else None
        if probabilities and self.probabilities is None:
            raise InvalidValue(f"probabilities: this {self.class_name} tells none; leave them out, or pass None")

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
        return self._outputs(*self._result(X), len(X))

    def check_probabilities(self) -> None:
        """Refuse who wants probabilities of a model that tells none.

        Raises
        ------
        Refusal
            Where there are none.
        """
        if self.probabilities is None:
            detail = f"{self.class_name} is served without probabilities: leave them out of the request"
            raise Refusal(400, "no_probabilities", detail, which="probabilities")

    def told_probabilities(self, outputs: Outputs) -> dict[str, Any]:
        """What an answer says of probabilities: a row for each prediction, and the class of each column."""
        classes = [] if self.probabilities is None else list(self.probabilities.positions)
        rows = None if outputs.probabilities is None else outputs.probabilities.tolist()
        return {"probabilities": rows, "classes": classes}

    def predict_together(self, tables: Sequence[Matrix]) -> list[Outputs]:
        """Predict the rows of several requests in one call; each gets what it would have got alone.

        Raises
        ------
        Refusal
            If the model raises, or returns something other than one plain value a row.
        """
        ends = list(accumulate(map(len, tables)))
        result, probabilities = self._result(np.concatenate(tables))
        # An array has one type for all. A list is read part by part: 1 and 0.5 alone are not 1.0 and 0.5 together.
        if not isinstance(result, list | tuple):
            result = array(result)
            if not result.ndim:
                raise wrong_length(result, ends[-1])
        if len(result) != ends[-1]:
            raise wrong_length(result, ends[-1])
        bounds = [(end - len(X), end) for X, end in zip(tables, ends, strict=True)]
        together = None if isinstance(result, list | tuple) else self._outputs(result, probabilities, ends[-1])
        if together is not None and (together.task == "classification" or together.task == self.task == "regression"):
            # What all rows are each part is; of other results a part can be something else than the whole.
            return [together.part(start, end) for start, end in bounds]
        return [
            self._outputs(result[start:end], None if probabilities is None else probabilities[start:end], end - start)
            for start, end in bounds
        ]

    def _result(self, X: Matrix) -> tuple[Any, Matrix | None]:
        try:
            table = self._table(X)
            result, probabilities = (
                (self._call(table), None)
                if self.probabilities is None
                else self.probabilities.predict(table, self._call)
            )
            if hasattr(result, "__next__"):
                # A generator, which may have no end.
                result = list(islice(result, len(X) + 1))
            # What was fitted on a sparse indicator matrix predicts one.
            return (result.toarray() if hasattr(result, "toarray") else result), probabilities
        except BaseException as error:
            # Of any kind: a model that calls sys.exit() must not end the thread.
            message = str(error)[:MAX_MESSAGE_LENGTH]
            detail = f"the model raised {type(error).__name__}: {message or 'no message'}"
            raise Refusal(500, "model_raised", detail) from error

    def _outputs(self, result: Any, probabilities: Matrix | None, n_instances: int) -> Outputs:  # noqa: ANN401 - whatever the model returned
        labels = self._label_sets(result, n_instances)
        if labels is not None:
            return labels
        values = array(result)
        if not values.ndim or len(values) != n_instances:
            raise wrong_length(result, n_instances)
        if values.shape[1:] == (1,) and not isinstance(result, list | tuple):
            # What was fitted on one column predicts one column; so do Keras, and CatBoost where there are many classes.
            values = values[:, 0]
        plain = plain_values(values)
        task = self._task_of(values, plain)
        return Outputs(plain, task, probabilities if task == "classification" else None)

    def _label_sets(self, result: Any, n_instances: int) -> Outputs | None:  # noqa: ANN401 - as above
        """Read several labels a row, where the model predicts such."""
        if not self._may_be_sets or not hasattr(result, "__len__"):
            return None
        rows = indicator_rows(result)
        if rows is not None:
            return self._indicators(rows, n_instances)
        rows = label_rows(result) if self.task == "multilabel" and len(result) == n_instances else None
        known = rows is not None and (self.class_set is None or self.class_set.issuperset(chain.from_iterable(rows)))
        return Outputs(rows, "multilabel") if rows is not None and known else None

    def _indicators(self, rows: list[list[Any]], n_instances: int) -> Outputs | None:
        width = len(rows[0]) if rows else 0
        if len(rows) != n_instances or (self.task != "multilabel" and width != len(self.classes or ())):
            return None
        if self._columns is None or len(self._columns) != width:
            if self.classes is not None and self.task == "multilabel":
                detail = f"the model returned rows of {width} labels and its classes are {len(self.classes)}"
                raise Refusal(500, "wrong_output", detail)
            self._columns = tuple(self.classes or range(width))
        return Outputs(rows, "multilabel", None, self._columns)

    def _table(self, X: Matrix) -> Any:  # noqa: ANN401 - an array; a frame, or a list of texts, for a model that takes such
        if self.features.bare:
            return X[:, 0].tolist()
        return X if self.feature_names is None else frame_of(X, self.features)

    def _task_of(self, values: np.ndarray[Any, np.dtype[Any]], plain: list[Any]) -> Task:
        """How this result is to be judged: a model's method can return something else than its predictions."""
        if self.task == "regression" and values.ndim == _MATRIX and values.dtype.kind in "fiu":
            return "regression" if values.shape[1] <= MAX_OUTPUTS else ""
        if values.ndim != 1 or (values.dtype.kind == "O" and not set(map(type, plain)) <= LABEL_TYPES):
            return ""
        if self.task in {"classification", ""} and self._are_classes(values, plain):
            return "classification"
        # A method such as decision_function belongs to a classifier, and still does not return classes.
        return "regression" if self.task in {"regression", ""} and values.dtype.kind in "fiu" else ""

    def _are_classes(self, values: np.ndarray[Any, np.dtype[Any]], plain: list[Any]) -> bool:
        if self.class_set is not None:
            return self.class_set.issuperset(plain)
        return values.dtype.kind in ("biufUO" if self._told else "biuUO")


def _predictor(model: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - any object with predict, or any callable
    predict: Callable[[Any], Any] = getattr(model, "predict", model)
    # XGBoost's own takes nothing but its own kind of table.
    return model.inplace_predict if estimators.is_booster(model) and hasattr(model, "inplace_predict") else predict


def _task(owner: object, told: Task | None, *, declared: bool) -> tuple[Task, bool]:
    """What kind of prediction the model makes, and whether the user said so."""
    own = estimators.own_task(owner)
    if told is None:
        return (own if own == "multilabel" or not declared else "classification"), False
    known = [task for task in get_args(Task) if task]
    if told not in known:
        raise InvalidValue(f"task: {told!r} is none of {', '.join(known)}")
    if told == "regression" and declared:
        raise InvalidValue("task: a regressor has no classes; leave out classes, or task='regression'")
    return told, True


def _classes(owner: object, given: Sequence[Label] | None, task: Task) -> list[Label] | None:
    own = estimators.own_classes(owner) if task != "regression" else None
    if given is None:
        return own
    classes = estimators.given_classes(given)
    if task == "multilabel" and estimators.own_task(owner) == "multilabel" and len(classes) != len(own or ()):
        raise InvalidValue(f"classes: there are {len(classes)} names for the {len(own or ())} labels of the model")
    if task == "classification" and not set(classes).issuperset(own or ()):
        raise InvalidValue(f"classes: {classes} lack some that the model predicts, {own}; they are no names for these")
    return classes
