"""How far a regressor is off: errors as counters, for PromQL, and scores over a sliding window."""

from __future__ import annotations

import threading
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from monitorkit.metrics.error_scale import DEFAULT_SCALE, ErrorScale
from monitorkit.metrics.families import VersionFamilies, score_gauges
from monitorkit.metrics.registry import MODEL_LABELS
from monitorkit.metrics.scores import ErrorWindow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import Metric

__all__ = ["LARGEST", "RegressionFamilies", "RegressionMetrics"]

LARGEST = 1e100
"""Values beyond this are not scored: their squares would make a sum infinite for ever."""

_OVER = (
    " over a sliding window of labelled predictions of this version, the last 1000 unless set otherwise. Absent before "
    "the first label{}. Not to be averaged over replicas: use the counters of errors for that."
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
_SIGNED = {"model_signed_error", "model_true_value"}


class RegressionFamilies(VersionFamilies["RegressionMetrics"]):
    """The metric families of regression: scores of the versions in use, errors of all."""

    def _made(self, labels: tuple[str, str]) -> RegressionMetrics:
        return RegressionMetrics(labels)

    def _families(self, versions: Sequence[RegressionMetrics]) -> Iterator[Metric]:
        yield from score_gauges(_SCORES, versions)
        sums = [(version.labels, version.sums()) for version in versions]
        histogram = HistogramMetricFamily("model_absolute_error", _ERROR, labels=MODEL_LABELS)
        for labels, counted in sums:
            histogram.add_metric(labels, counted.buckets, counted.absolute)
        yield histogram
        for name, text in _COUNTERS.items():
            counter = CounterMetricFamily(
                name, text, labels=[*MODEL_LABELS, "sign"] if name in _SIGNED else MODEL_LABELS
            )
            for labels, counted in sums:
                for sign, total in counted.counters[name].items():
                    counter.add_metric([*labels, *sign], total)
            yield counter


@dataclass(frozen=True)
class _Sums:
    """What one version has counted, as its families need it."""

    buckets: list[tuple[str, float]]
    absolute: float
    counters: dict[str, dict[tuple[str, ...], float]]


class RegressionMetrics:
    """The series of one version of a regressor; safe to use from any number of threads."""

    def __init__(self, labels: tuple[str, str]) -> None:
        self.labels = labels
        self.active = True
        self.declared = False
        self._lock = threading.Lock()
        self._window = ErrorWindow()
        self._rescale(DEFAULT_SCALE)

    def configure(self, *, window: int, scale: ErrorScale) -> None:
        """Change the length of the window and how errors are counted; another scale counts anew."""
        with self._lock:
            self._window.resize(window)
            if scale != self._scale:
                self._rescale(scale)

    def declare(self) -> None:
        """Export the counters from now on, at 0, so that ``rate()`` sees their first step."""
        self.declared = True

    def observe(self, y_true: float, y_pred: float) -> None:
        """Take in one labelled prediction; one that is not finite, or beyond ``LARGEST``, has no error to count."""
        # Python's own: numpy's would be added twice as slowly, and shown as numpy's.
        y_true, y_pred = float(y_true), float(y_pred)
        if not (abs(y_true) <= LARGEST and abs(y_pred) <= LARGEST):
            return
        error = y_pred - y_true
        with self._lock:
            self.declared = True
            self._window.add(y_true, y_pred)
            self._counts[bisect_left(self._scale.buckets, abs(error))] += 1
            self._absolute += abs(error)
            self._squared += error * error
            self._signed[error < 0] += abs(error)
            centered = y_true - self._scale.center
            self._true[centered < 0] += abs(centered)
            self._true_squared += centered * centered

    def scores(self) -> dict[str, float]:
        """Scores of the window by name; empty before the first label."""
        with self._lock:
            return self._window.scores()

    def sums(self) -> _Sums:
        """Everything counted so far."""
        with self._lock:
            edges = [*map(_edge, self._scale.buckets), "+Inf"]
            signs = [("positive",), ("negative",)]
            return _Sums(
                list(zip(edges, map(float, accumulate(self._counts)), strict=True)),
                self._absolute,
                {
                    "model_squared_error": {(): self._squared},
                    "model_signed_error": dict(zip(signs, self._signed, strict=True)),
                    "model_true_value": dict(zip(signs, self._true, strict=True)),
                    "model_true_value_squared": {(): self._true_squared},
                },
            )

    def _rescale(self, scale: ErrorScale) -> None:
        self._scale = scale
        self._counts = [0] * (len(scale.buckets) + 1)
        self._absolute = self._squared = self._true_squared = 0.0
        self._signed = [0.0, 0.0]
        self._true = [0.0, 0.0]


def _edge(edge: float) -> str:
    return str(floatToGoString(edge))  # type: ignore[no-untyped-call]
