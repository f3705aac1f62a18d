"""What is counted of the calls of a function."""

from __future__ import annotations

import time
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.metrics.drift.columns import is_frame
from monitorkit.metrics.quality.regression import LARGEST
from monitorkit.serving.client import labels
from monitorkit.serving.models.scoring import Judge, check_label, count_label, count_predictions
from monitorkit.serving.refusals import Refusal
from monitorkit.serving.values import LABEL_TYPES
from monitorkit.serving.watching.arguments import Named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monitorkit.metrics import Task, VersionMetrics
    from monitorkit.serving.models.model import Model, Outputs

__all__ = ["Observer"]

_NO_ROWS = (dict, tuple, bytes, str)
_MAX_COMPLAINTS = 20
_TABLE = 2
_NUMBERS = frozenset({int, float})
_NO_TABLE = np.empty((0, 0))
_TO_THE_CALLER = 4


class Observer:
    """Counts the calls of one function; whatever goes wrong here, the function's result is the caller's.

    Parameters
    ----------
    function
        What is called.
    model
        Reads what the function returned, as if that were its input.
    metrics
        The function's series.
    name
        What it is called in warnings.

    Attributes
    ----------
    end
        Notes that a call is over, however it went.
    """

    def __init__(self, function: Callable[..., Any], model: Model, metrics: VersionMetrics, name: str) -> None:
        self._X = Named(function, "X")
        self._y = Named(function, "y", "y_true")
        self._model = model
        self._judged_by = Judge.of(model)
        self._metrics = metrics
        self._requests = metrics.requests
        self._name = name
        self._told: set[str] = set()
        self._class_set = model.class_set
        self._compared = metrics.drift.reference is not None
        self._tasks: dict[type, Task] = {}
        self._fits: dict[Task | None, Callable[[Any], bool]] = {
            "classification": self._is_class,
            "regression": _is_number,
        }

        self._came: Callable[[], None] = partial(metrics.requests.add_in_flight, 1)
        self.end: Callable[[], None] = partial(metrics.requests.add_in_flight, -1)

    def begin(self) -> float:
        """Take in a call; returns when it began."""
        self._came()
        return time.perf_counter()

    def fail(self) -> None:
        """Count a call that raised."""
        self._requests.count("server_error")

    def succeed(self, begun: float) -> None:
        """Count a call that returned."""
        self._requests.count_ok(time.perf_counter() - begun)

    def read(self, result: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:  # noqa: ANN401 - whatever it returned
        """Count what a call returned, and how right it was where its true labels are among its arguments."""
        try:
            y_true = self._y.of(args, kwargs)
            if not self._count_plain(_plain(result), _plain(y_true)):
                self._read(result, args, kwargs, y_true)
        except Refusal as refusal:
            self._complain(refusal.detail)
        except Exception as error:  # noqa: BLE001 - the caller's result is not lost for a count
            self._complain(f"{type(error).__name__}: {error}")

    def _count_plain(self, result: Any, y_true: Any) -> bool:  # noqa: ANN401 - as above
        """Count one class or number of a type that was read before, and its label if that is alike; tell whether."""
        task = None if self._compared else self._tasks.get(type(result))
        fits = self._fits.get(task)
        if fits is None or not fits(result) or not (y_true is None or fits(y_true)):
            return False
        self._requests.observe_batch(1)
        if task == "regression":
            if y_true is not None:
                self._metrics.regression.observe(y_true, result)
            return True
        self._metrics.quality.count_predictions((result,))
        if y_true is not None:
            self._metrics.quality.observe(y_true, result)
        return True

    def _is_class(self, label: Any) -> bool:  # noqa: ANN401 - as above
        known = self._tasks.get(type(label)) == "classification"
        return known and (self._class_set is None or label in self._class_set)

    def _read(self, result: Any, args: Sequence[Any], kwargs: Mapping[str, Any], y_true: Any) -> None:  # noqa: ANN401 - as above
        single = type(result) in LABEL_TYPES or isinstance(result, np.generic) or getattr(result, "ndim", 1) == 0
        if not single and (not hasattr(result, "__len__") or isinstance(result, _NO_ROWS)):
            self._count_rows(self._X.of(args, kwargs))
            return
        rows: Any = [result] if single else result
        self._requests.observe_batch(len(rows))
        outputs = self._model.predict(rows)
        count_predictions(outputs, self._metrics, self._table(args, kwargs, len(rows)))
        if single:
            self._tasks[type(outputs.predictions[0])] = outputs.task
        if y_true is not None:
            self._judge(outputs, [y_true] if single and not _holds_one(y_true) else y_true)

    def _table(self, args: Sequence[Any], kwargs: Mapping[str, Any], n_rows: int) -> Any:  # noqa: ANN401 - any table
        """A copy of the rows that were predicted, for the drift; an empty one where there are none."""
        X = self._X.of(args, kwargs) if self._compared else None
        if X is not None and is_frame(X):
            return X.copy()
        if X is not None:
            table = np.array(X)
            if table.ndim == 1 and n_rows == 1:
                table = table[np.newaxis]
            if table.ndim == _TABLE and len(table) == n_rows:
                return table
        return _NO_TABLE

    def _count_rows(self, X: Any) -> None:  # noqa: ANN401 - any argument
        """Count the rows that were asked for, where nothing tells how many were predicted."""
        shape = getattr(X, "shape", None)
        rows = shape[0] if shape else len(X) if isinstance(X, list) else 0
        if rows:
            self._requests.observe_batch(rows)

    def _judge(self, outputs: Outputs, y_true: Any) -> None:  # noqa: ANN401 - any argument
        several = hasattr(y_true, "__iter__") and not isinstance(y_true, str)
        y_true = labels(y_true) if several else [y_true]
        n_rows = len(outputs.predictions)
        if len(y_true) != n_rows:
            detail = f"y has {len(y_true)} labels for {n_rows} predictions: none of them is counted"
            raise Refusal(400, "wrong_length", detail)
        known = [row for row, label in enumerate(y_true) if label is not None]
        for row in known:
            check_label(y_true[row], outputs, row, self._judged_by, where=f"y[{row}]")
        for row in known:
            count_label(y_true[row], outputs, row, self._judged_by, self._metrics)

    def _complain(self, what: str) -> None:
        """Say once what could not be counted."""
        if what not in self._told and len(self._told) < _MAX_COMPLAINTS:
            self._told.add(what)
            warnings.warn(f"watch {self._name}: {what}", stacklevel=_TO_THE_CALLER)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any result or argument
    """The value itself, Python's own where it is one of numpy's."""
    return value.item() if isinstance(value, np.generic) else value


def _is_number(value: Any) -> bool:  # noqa: ANN401 - as above
    return type(value) in _NUMBERS and abs(value) <= LARGEST


def _holds_one(y_true: Any) -> bool:  # noqa: ANN401 - any argument
    """Whether the label of a single prediction came in a list, as ``[1]`` for ``1``."""
    return isinstance(y_true, list | np.ndarray) and np.ndim(y_true) == 1 and len(y_true) == 1
