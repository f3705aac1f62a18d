"""Calibration: whether a model that is 90 percent sure is right nine times in ten."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from prometheus_client.core import CounterMetricFamily

from monitorkit.metrics.quality.scores import DEFAULT_WINDOW
from monitorkit.metrics.series.families import VersionFamilies, score_gauges
from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import Metric

__all__ = ["N_BINS", "CalibrationFamilies", "CalibrationMetrics", "bin_names"]

N_BINS = 10
"""Bins of equal width from 0 to 1, each with its upper edge and without its lower one."""

_EDGES = [edge / N_BINS for edge in range(1, N_BINS + 1)]
_BINARY = 2
_ROUNDING = 1e-5
"""By how much what a model summed up may leave 0 to 1, as scikit-learn's ``CalibratedClassifierCV`` allows. To leave
such predictions out would leave out those that the model is surest of."""

_OVER = (
    " over a sliding window of labelled predictions of this version, the last 1000 unless set otherwise; 0 is best. "
    "Absent before the first label, and where the model tells no probabilities. Not to be averaged over replicas: use "
    "the counters for that."
)
_SCORES = {
    "brier_score": f"Brier score, the mean squared error of the probabilities,{_OVER}",
    "calibration_error": f"Expected calibration error, how far confidence and accuracy are apart,{_OVER}",
}
_BINNED = {
    "model_confidence_labels": "Labelled predictions, by confidence: the probability given to what was predicted.",
    "model_confidence_hits": "Labelled predictions that were right, by confidence.",
    "model_confidence": (
        "Sum of the confidence of labelled predictions, by confidence. Expected calibration error: "
        "sum(abs(sum by (bin) (rate(model_confidence_total[5m])) - "
        "sum by (bin) (rate(model_confidence_hits_total[5m])))) / "
        "sum(rate(model_confidence_labels_total[5m]))."
    ),
}
_LOSS = (
    "Sum of the Brier scores of labelled predictions: squared error of the probabilities, summed over the classes, "
    "half of that where there are two. Mean: sum(rate(model_brier_loss_total[5m])) / "
    "sum(rate(model_confidence_labels_total[5m]))."
)


def bin_names() -> list[str]:
    """Label values of the bins, each its upper edge.

    Examples
    --------
    >>> bin_names()[0], bin_names()[-1]
    ('0.1', '1.0')
    """
    return [str(edge) for edge in _EDGES]


class CalibrationFamilies(VersionFamilies["CalibrationMetrics"]):
    """The metric families of calibration: scores of the versions in use, counts of all."""

    def _made(self, labels: tuple[str, str]) -> CalibrationMetrics:
        return CalibrationMetrics(labels)

    def _families(self, versions: Sequence[CalibrationMetrics]) -> Iterator[Metric]:
        yield from score_gauges(_SCORES, versions)
        counts = [(version.labels, *version.counts()) for version in versions]
        for row, (name, text) in enumerate(_BINNED.items()):
            counter = CounterMetricFamily(name, text, labels=[*MODEL_LABELS, "bin"])
            for labels, binned, _ in counts:
                for bin_name, count in zip(bin_names(), binned[row], strict=True):
                    counter.add_metric([*labels, bin_name], count)
            yield counter
        loss = CounterMetricFamily("model_brier_loss", _LOSS, labels=MODEL_LABELS)
        for labels, _, total in counts:
            loss.add_metric(labels, total)
        yield loss


class CalibrationMetrics:
    """The calibration series of one version; safe to use from any number of threads.

    Examples
    --------
    >>> calibration = CalibrationMetrics(("spam", "1"))
    >>> calibration.observe([0.2, 0.8], true=1, predicted=1)
    >>> calibration.observe([0.2, 0.8], true=0, predicted=1)
    >>> {name: round(score, 2) for name, score in calibration.scores().items()}
    {'brier_score': 0.34, 'calibration_error': 0.3}
    """

    def __init__(self, labels: tuple[str, str]) -> None:
        self.labels = labels
        self.active = True
        self.declared = False
        self._lock = threading.Lock()
        self._window: deque[tuple[float, bool, float]] = deque(maxlen=DEFAULT_WINDOW)
        self._labels, self._hits, self._confidence = ([0.0] * N_BINS for _ in range(3))
        self._loss = 0.0

    def configure(self, *, window: int) -> None:
        """Change the length of the window."""
        with self._lock:
            if window != self._window.maxlen:
                self._window = deque(self._window, maxlen=window)

    def clear(self) -> None:
        """Empty the window: there are no scores until the next label."""
        with self._lock:
            self._window.clear()

    def declare(self) -> None:
        """Export the counters from now on, at 0, so that ``rate()`` sees their first step."""
        self.declared = True

    def observe(self, probabilities: Sequence[float], *, true: int | None, predicted: int) -> None:
        """Take in one labelled prediction.

        Parameters
        ----------
        probabilities
            Of each class; a prediction with one that is none from 0 to 1 is left out.
        true, predicted
            Positions of the true and of the predicted class; None for a true class that has no probability.
        """
        # Python's numbers: for as few as there are classes they are faster than an array.
        row = list(map(float, probabilities))
        if not all(0 <= probability <= 1 for probability in row):
            if not all(-_ROUNDING <= probability <= 1 + _ROUNDING for probability in row):
                return
            row = [min(max(probability, 0.0), 1.0) for probability in row]
        confidence, loss = row[predicted], _brier_score(row, true)
        index = bisect_left(_EDGES, confidence)
        with self._lock:
            self.declared = True
            self._window.append((confidence, true == predicted, loss))
            self._labels[index] += 1
            self._hits[index] += true == predicted
            self._confidence[index] += confidence
            self._loss += loss

    def scores(self) -> dict[str, float]:
        """Scores of the window by name; empty before the first label.

        Notes
        -----
        Expected calibration error: the difference between mean confidence and accuracy in each bin, weighted by how
        many predictions are in it. Sources: Brier, "Verification of forecasts expressed in terms of probability",
        Monthly Weather Review 78 (1950), as scikit-learn's ``brier_score_loss``; Guo et al., "On calibration of modern
        neural networks", ICML 2017, section 2.
        """
        with self._lock:
            rows = list(self._window)
        if not rows:
            return {}
        confidence, right, loss = np.array(rows, dtype=np.float64).T
        index = np.searchsorted(_EDGES, confidence)
        gaps = np.bincount(index, weights=confidence - right, minlength=N_BINS)
        return {"brier_score": float(np.average(loss)), "calibration_error": float(np.abs(gaps).sum() / len(rows))}

    def counts(self) -> tuple[tuple[list[float], list[float], list[float]], float]:
        """Labels, hits and sums of confidence by bin, and the sum of the Brier scores."""
        with self._lock:
            return (list(self._labels), list(self._hits), list(self._confidence)), self._loss


def _brier_score(row: list[float], true: int | None) -> float:
    if len(row) == _BINARY and true is not None:
        return (true - row[1]) ** 2
    total = sum(((column == true) - probability) ** 2 for column, probability in enumerate(row))
    return total / 2 if len(row) == _BINARY else total
