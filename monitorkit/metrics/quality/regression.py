"""How far a regressor is off: errors as counters, for PromQL, and scores over a sliding window."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

from monitorkit.metrics.quality.error_scale import DEFAULT_SCALE, ErrorScale
from monitorkit.metrics.quality.output_errors import OutputErrors
from monitorkit.metrics.quality.scores import ErrorWindow
from monitorkit.metrics.series.families import VersionFamilies, score_gauges
from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prometheus_client import Metric

    from monitorkit.metrics.quality.output_errors import Sums
    from monitorkit.metrics.quality.scores import Numbers

__all__ = ["LARGEST", "MAX_OUTPUTS", "RegressionFamilies", "RegressionMetrics"]

LARGEST = 1e100
"""Values beyond this are not scored: their squares would make a sum infinite for ever."""

MAX_OUTPUTS = 100
"""How many outputs of a prediction are scored, each in series of its own; of more than these none is."""

_OVER = (
    " over a sliding window of labelled predictions of this version, the last 1000 unless set otherwise. Absent before "
    "the first label{}. The mean over the outputs, where a prediction is several numbers. Not to be averaged over "
    "replicas: use the counters of errors for that."
)
_SCORES = {
    "mae": "Mean absolute error, in the unit of what is predicted," + _OVER.format(""),
    "rmse": "Root mean squared error, in the unit of what is predicted," + _OVER.format(""),
    "r2": (
        "R2, 1 for a perfect model, 0 for one that knows only the mean, negative for a worse one,"
        + _OVER.format(" and while all true values are the same")
    ),
}
_ERROR = (
    "Labelled predictions by absolute error, in the unit of what is predicted. Mean absolute error over any time and "
    "any number of replicas: rate(_sum) / rate(_count)."
)
_COUNTERS = {
    "model_squared_error": (
        "Sum of squared errors. Root mean squared error: sqrt(rate(model_squared_error_total[5m]) / "
        "rate(model_absolute_error_count[5m]))."
    ),
    "model_signed_error": (
        "Sum of errors by sign, both counted upwards: positive, predicted too high; negative, too low. Their "
        "difference, over the number of labels, is the bias."
    ),
    "model_true_value": (
        "Sum of true values, less the centre of the error scale, by sign, both counted upwards. With "
        "model_true_value_squared_total it gives the variance that R2 compares errors with."
    ),
    "model_true_value_squared": "Sum of squares of true values, less the centre of the error scale.",
}
_UNSCORED = (
    "True labels of predictions without an error: not a number, infinite, beyond 1e100, or with another number of "
    "outputs than is predicted now. No score knows of them."
)
_SIGNED = {"model_signed_error", "model_true_value"}


class RegressionFamilies(VersionFamilies["RegressionMetrics"]):
    """The metric families of regression: scores of the versions in use, errors of all."""

    def _made(self, labels: tuple[str, str]) -> RegressionMetrics:
        return RegressionMetrics(labels)

    def _families(self, versions: Sequence[RegressionMetrics]) -> Iterator[Metric]:
        yield from score_gauges(_SCORES, versions)
        sums = [(version.labels, output, counted) for version in versions for output, counted in version.sums()]
        histogram = HistogramMetricFamily("model_absolute_error", _ERROR, labels=[*MODEL_LABELS, "output"])
        for labels, output, counted in sums:
            histogram.add_metric([*labels, *output], counted.buckets, counted.absolute)
        yield histogram
        for name, text in _COUNTERS.items():
            signs = ["sign"] if name in _SIGNED else []
            # One output has no label for it: names without a value are left out.
            counter = CounterMetricFamily(name, text, labels=[*MODEL_LABELS, *signs, "output"])
            for labels, output, counted in sums:
                for sign, total in counted.counters[name].items():
                    counter.add_metric([*labels, *sign, *output], total)
            yield counter
        unscored = CounterMetricFamily("model_unscored_labels", _UNSCORED, labels=MODEL_LABELS)
        for version in versions:
            unscored.add_metric(version.labels, version.unscored)
        yield unscored


class RegressionMetrics:
    """The series of one version of a regressor; safe to use from any number of threads.

    Where a prediction is several numbers, each of these outputs has series of its own, by number; scores are means over
    them, as scikit-learn's uniform average.

    Parameters
    ----------
    labels
        Name and version of the model.
    """

    def __init__(self, labels: tuple[str, str]) -> None:
        self.labels = labels
        self.active = True
        self.declared = False
        self.unscored = 0
        self._told = False
        self._lock = threading.Lock()
        self._window = ErrorWindow()
        self._scale = DEFAULT_SCALE
        self._outputs: dict[tuple[str, ...], OutputErrors] = {}
        self._begin(None)

    def configure(self, *, window: int, scale: ErrorScale) -> None:
        """Change the length of the window and how errors are counted; another scale counts anew."""
        with self._lock:
            self._window.resize(window)
            for output in self._outputs.values():
                if scale != self._scale:
                    output.rescale(scale)
            self._scale = scale

    @property
    def n_scored(self) -> int:
        """How many labels the scores are of."""
        return len(self._window)

    def clear(self) -> None:
        """Empty the window: there are no scores until the next label."""
        if len(self._window):
            with self._lock:
                self._window.clear()

    def declare(self) -> None:
        """Export the counters from now on, at 0, so that ``rate()`` sees their first step."""
        self.declared = True

    def expect(self, n_outputs: int | None) -> None:
        """Declare, and count from now on what has so many outputs; None for one number that is no list.

        What was counted of another number of outputs goes: another model took over.
        """
        self.declared = self._told = True
        if n_outputs != self._n_outputs:
            with self._lock:
                self._begin(n_outputs)

    def observe(self, y_true: Numbers, y_pred: Numbers) -> None:
        """Take in one labelled prediction.

        It is counted as unscored where one of its numbers is none, or beyond :data:`LARGEST`, or where it is late: of a
        model with another number of outputs than :meth:`expect` was told since.
        """
        # Python's own: numpy's would be added twice as slowly, and shown as numpy's.
        true, predicted = _numbers(y_true), _numbers(y_pred)
        n_outputs = len(predicted) if isinstance(y_pred, list) else None
        with self._lock:
            self.declared = True
            late = self._told and n_outputs != self._n_outputs
            if late or not all(abs(one) <= LARGEST for one in (*true, *predicted)):
                self.unscored += 1
                return
            if n_outputs != self._n_outputs:
                self._begin(n_outputs)
            self._window.add(*((true[0], predicted[0]) if n_outputs is None else (true, predicted)))
            for output, *pair in zip(self._outputs.values(), true, predicted, strict=True):
                output.add(*pair)

    def scores(self) -> dict[str, float]:
        """Scores of the window by name; empty before the first label."""
        with self._lock:
            return self._window.scores()

    def sums(self) -> Iterable[tuple[tuple[str, ...], Sums]]:
        """What was counted so far, by the output's label, where there is one."""
        with self._lock:
            return [(name, output.sums()) for name, output in self._outputs.items()]

    def _begin(self, n_outputs: int | None) -> None:
        """Count what has so many outputs; the lock is held."""
        self._n_outputs = n_outputs
        self._window.clear()
        names: list[tuple[str, ...]] = [()] if n_outputs is None else [(str(place),) for place in range(n_outputs)]
        self._outputs = {name: OutputErrors(self._scale) for name in names}


def _numbers(y: Numbers) -> list[float]:
    return [float(one) for one in y] if isinstance(y, list) else [float(y)]
