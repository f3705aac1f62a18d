"""How far a regressor is off: errors as counters, for PromQL, and scores over a sliding window."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Self

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from monitorkit.metrics.error_scale import DEFAULT_SCALE, ErrorScale
from monitorkit.metrics.families import VersionFamilies, score_gauges
from monitorkit.metrics.registry import MODEL_LABELS
from monitorkit.metrics.scores import ErrorWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prometheus_client import Metric

__all__ = ["LARGEST", "RegressionFamilies", "RegressionMetrics"]

LARGEST = 1e100
"""Values beyond this are not scored: their squares would make a sum infinite for ever."""

KEPT_SECONDS = 60.0
"""How long sums are exported that others drown in, so that every scraper has seen what made them so large."""

_DROWNED = 2.0**-40
"""Of the 53 binary digits of a sum 13 are left for what is added to it: that is told to one part in ten thousand."""

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
    "model_unscored_labels": (
        "True labels of predictions without an error: not a number, infinite, or beyond 1e100. No score knows of them."
    ),
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


@dataclass
class _Added:
    """Sums of what labels tell; of those with a sign first the positive, then the negative."""

    absolute: float = 0.0
    squared: float = 0.0
    signed: list[float] = field(default_factory=lambda: [0.0, 0.0])
    true: list[float] = field(default_factory=lambda: [0.0, 0.0])
    true_squared: float = 0.0

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.absolute + other.absolute,
            self.squared + other.squared,
            [one + another for one, another in zip(self.signed, other.signed, strict=True)],
            [one + another for one, another in zip(self.true, other.true, strict=True)],
            self.true_squared + other.true_squared,
        )

    def drowns_in(self, other: Self) -> bool:
        """Whether one of the sums would be lost if it were added to another."""
        return any(0 < own < another * _DROWNED for own, another in zip(self._all(), other._all(), strict=True))

    def _all(self) -> tuple[float, ...]:
        return (self.absolute, self.squared, *self.signed, *self.true, self.true_squared)


class RegressionMetrics:
    """The series of one version of a regressor; safe to use from any number of threads.

    Parameters
    ----------
    labels
        Name and version of the model.
    clock
        Returns the time in seconds.
    """

    def __init__(self, labels: tuple[str, str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self.labels = labels
        self.active = True
        self.declared = False
        self._clock = clock
        self._since = clock()
        self._lock = threading.Lock()
        self._window = ErrorWindow()
        self._unscored = 0
        self._added, self._latest = _Added(), _Added()
        self._rescale(DEFAULT_SCALE)

    def configure(self, *, window: int, scale: ErrorScale) -> None:
        """Change the length of the window and how errors are counted; another scale counts anew."""
        with self._lock:
            self._window.resize(window)
            if scale != self._scale:
                self._rescale(scale)

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

    def observe(self, y_true: float, y_pred: float) -> None:
        """Take in one labelled prediction; one that is no number, or beyond :data:`LARGEST`, is counted as unscored."""
        # Python's own: numpy's would be added twice as slowly, and shown as numpy's.
        y_true, y_pred = float(y_true), float(y_pred)
        if not (abs(y_true) <= LARGEST and abs(y_pred) <= LARGEST):
            with self._lock:
                self.declared = True
                self._unscored += 1
            return
        error = y_pred - y_true
        centered = y_true - self._scale.center
        with self._lock:
            self.declared = True
            self._window.add(y_true, y_pred)
            latest = self._latest
            self._counts[bisect_left(self._scale.buckets, abs(error))] += 1
            latest.absolute += abs(error)
            latest.squared += error * error
            latest.signed[error < 0] += abs(error)
            latest.true[centered < 0] += abs(centered)
            latest.true_squared += centered * centered

    def scores(self) -> dict[str, float]:
        """Scores of the window by name; empty before the first label."""
        with self._lock:
            return self._window.scores()

    def sums(self) -> _Sums:
        """Everything counted so far, sums perhaps less than that: see :meth:`_exported`."""
        with self._lock:
            added = self._exported()
            edges = [*map(_edge, self._scale.buckets), "+Inf"]
            signs = [("positive",), ("negative",)]
            return _Sums(
                list(zip(edges, map(float, accumulate(self._counts)), strict=True)),
                added.absolute,
                {
                    "model_squared_error": {(): added.squared},
                    "model_signed_error": dict(zip(signs, added.signed, strict=True)),
                    "model_true_value": dict(zip(signs, added.true, strict=True)),
                    "model_true_value_squared": {(): added.true_squared},
                    "model_unscored_labels": {(): float(self._unscored)},
                },
            )

    def _exported(self) -> _Added:
        """Sums, begun anew where they became so large that what comes now would be lost in them; the lock is held.

        One true value of 1e20, as a client may send it, would hide all errors after it: the next ones change no digit
        of a sum of 1e40, and the rate of that is 0, as if the model were perfect. Such sums are exported as they are
        for a minute, and then what has come since, which for ``rate()`` is a restart; all at once, since one is
        compared with the other.
        """
        drowned, now = self._latest.drowns_in(self._added), self._clock()
        if not drowned or now - self._since >= KEPT_SECONDS:
            self._added = self._latest if drowned else self._added + self._latest
            self._latest = _Added()
            self._since = now
        return self._added

    def _rescale(self, scale: ErrorScale) -> None:
        self._scale = scale
        self._counts = [0] * (len(scale.buckets) + 1)
        self._added, self._latest = _Added(), _Added()


def _edge(edge: float) -> str:
    return str(floatToGoString(edge))  # type: ignore[no-untyped-call]
