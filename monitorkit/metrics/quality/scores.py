"""Scores over a sliding window of labelled predictions, equal to scikit-learn's on the same window."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from monitorkit.metrics.series.classes import sorted_labels

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

__all__ = ["DEFAULT_WINDOW", "ErrorWindow", "LabelSetWindow", "Numbers", "ScoreWindow", "Scores"]

DEFAULT_WINDOW = 1000
"""Labelled predictions in the window: enough that an accuracy of 0.9 is known to about two percent, few enough that a
change shows within the next thousand labels."""


Numbers = float | list[float]
"""What a regressor predicts for a row: a number, or one for each of its outputs."""


@dataclass(frozen=True)
class Scores:
    """Scores of one window, each between 0 and 1; NaN for means over the labels where there was none."""

    accuracy: float
    recall: float
    precision: float
    f1: float


@dataclass
class _Counts:
    """What the classes of a window got: how often each is the true one, is predicted, and is both."""

    right: int = 0
    true: Counter[Hashable] = field(default_factory=Counter)
    predicted: Counter[Hashable] = field(default_factory=Counter)
    hits: Counter[Hashable] = field(default_factory=Counter)


class ScoreWindow:
    """The last labelled predictions and their scores; a label costs the same however long the window is.

    Parameters
    ----------
    size
        Length of the window, in labelled predictions.

    Notes
    -----
    Over more than two classes recall, precision and F1 are means over the classes that occur in the window, as label or
    as prediction (macro average); over two classes they are those of the positive class. A ratio over nothing is 0.
    Source: scikit-learn's user guide, "Classification metrics", with ``average="macro"`` or ``"binary"`` and
    ``zero_division=0``.

    Examples
    --------
    >>> window = ScoreWindow(size=4)
    >>> for y_true, y_pred in [(0, 0), (0, 1), (1, 1), (1, 1)]:
    ...     window.add(y_true, y_pred)
    >>> window.scores(positive_class=1)
    Scores(accuracy=0.75, recall=1.0, precision=0.6666666666666666, f1=0.8)
    """

    def __init__(self, size: int = DEFAULT_WINDOW) -> None:
        self.size = size
        self._pairs: deque[tuple[Hashable, Hashable]] = deque()
        # One step a label here; what each class got is added up where scores are read, which is far less often.
        self._tally: dict[tuple[Hashable, Hashable], int] = {}

    def __len__(self) -> int:
        return len(self._pairs)

    def add(self, y_true: Hashable, y_pred: Hashable) -> None:
        """Take in one labelled prediction; the oldest leaves a full window."""
        pair = (y_true, y_pred)
        self._pairs.append(pair)
        self._tally[pair] = self._tally.get(pair, 0) + 1
        if len(self._pairs) > self.size:
            self._trim()

    def resize(self, size: int) -> None:
        """Change the length of the window; a shorter one keeps the newest."""
        self.size = size
        self._trim()

    def clear(self) -> None:
        """Forget what is in the window."""
        self._pairs.clear()
        self._tally.clear()

    def scores(self, positive_class: Hashable | None = None) -> Scores | None:
        """Score the window.

        Parameters
        ----------
        positive_class
            The class to score where there are two; None for the mean over all classes.

        Returns
        -------
        Scores or None
            None while the window is empty.
        """
        if not self._pairs:
            return None
        counts = _Counts()
        for (y_true, y_pred), count in self._tally.items():
            counts.right += count * (y_true == y_pred)
            self._count(counts, y_true, y_pred, count)
        classes = self._classes(counts) if positive_class is None else [positive_class]
        hits, true, predicted = (
            np.array([counter[label] for label in classes], dtype=np.float64)
            for counter in (counts.hits, counts.true, counts.predicted)
        )
        return Scores(
            accuracy=counts.right / len(self._pairs),
            recall=_mean_ratio(hits, true),
            precision=_mean_ratio(hits, predicted),
            f1=_mean_ratio(2 * hits, true + predicted),
        )

    def _classes(self, counts: _Counts) -> list[Hashable]:
        return sorted_labels(dict.fromkeys((*counts.true, *counts.predicted)))

    def _trim(self) -> None:
        while len(self._pairs) > self.size:
            pair = self._pairs.popleft()
            self._tally[pair] -= 1
            if not self._tally[pair]:
                # A label that has left the window must not take memory for ever: labels come from clients.
                del self._tally[pair]

    @staticmethod
    def _count(counts: _Counts, y_true: Hashable, y_pred: Hashable, count: int) -> None:
        counts.true[y_true] += count
        counts.predicted[y_pred] += count
        if y_true == y_pred:
            counts.hits[y_true] += count


class LabelSetWindow(ScoreWindow):
    """The same where each prediction is a set of labels: y_true and y_pred are frozensets.

    Parameters
    ----------
    size
        Length of the window, in labelled predictions.
    labels
        The labels there are, such as the columns of an indicator matrix; empty for those that occur in the window.

    Notes
    -----
    Accuracy is that of whole sets (subset accuracy); recall, precision and F1 are means over the labels, a label that
    does not occur counting 0. Source: as for :class:`ScoreWindow`, with indicator matrices.

    Examples
    --------
    >>> window = LabelSetWindow(labels=["cat", "dog"])
    >>> window.add(frozenset({"cat", "dog"}), frozenset({"cat"}))
    >>> window.scores()
    Scores(accuracy=0.0, recall=0.5, precision=0.5, f1=0.5)
    """

    def __init__(self, size: int = DEFAULT_WINDOW, labels: Iterable[Hashable] = ()) -> None:
        super().__init__(size)
        self._labels = list(labels)

    def _classes(self, counts: _Counts) -> list[Hashable]:
        return self._labels or super()._classes(counts)

    @staticmethod
    def _count(counts: _Counts, y_true: Hashable, y_pred: Hashable, count: int) -> None:
        assert isinstance(y_true, frozenset)  # noqa: S101 - for the type checker
        assert isinstance(y_pred, frozenset)  # noqa: S101 - as above
        for counter, labels in ((counts.true, y_true), (counts.predicted, y_pred), (counts.hits, y_true & y_pred)):
            for label in labels:
                counter[label] += count


class ErrorWindow:
    """The last labelled predictions of a regressor and their scores.

    Parameters
    ----------
    size
        Length of the window, in labelled predictions.

    Examples
    --------
    >>> window = ErrorWindow(size=3)
    >>> for y_true, y_pred in [(9.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 6.0)]:
    ...     window.add(y_true, y_pred)
    >>> window.scores()["mae"], window.scores()["r2"]
    (1.0, -3.5)
    """

    def __init__(self, size: int = DEFAULT_WINDOW) -> None:
        self._pairs: deque[tuple[Numbers, Numbers]] = deque(maxlen=size)

    def __len__(self) -> int:
        return len(self._pairs)

    def add(self, y_true: Numbers, y_pred: Numbers) -> None:
        """Take in one labelled prediction, a number or one for each output; the oldest leaves a full window."""
        self._pairs.append((y_true, y_pred))

    def resize(self, size: int) -> None:
        """Change the length of the window; a shorter one keeps the newest."""
        if size != self._pairs.maxlen:
            self._pairs = deque(self._pairs, maxlen=size)

    def clear(self) -> None:
        """Forget what is in the window."""
        self._pairs.clear()

    def scores(self) -> dict[str, float]:
        """Score the window.

        Returns
        -------
        dict
            ``mae``, ``rmse`` and ``r2``, means over the outputs; nothing while the window is empty, and no ``r2`` of an
            output while all its true values are the same, since there is no variance then to compare errors with.

        Notes
        -----
        Source: scikit-learn's user guide, "Regression metrics"; in the order in which scikit-learn adds, to the last
        bit.
        """
        if not self._pairs:
            return {}
        y_true, y_pred = np.array(self._pairs, dtype=np.float64).reshape(len(self._pairs), 2, -1).swapaxes(0, 1)
        squares = (y_true - y_pred) ** 2
        scores = {
            "mae": float(np.average(np.average(np.abs(y_pred - y_true), axis=0))),
            "rmse": float(np.average(np.sqrt(np.average(squares, axis=0)))),
        }
        variance = ((y_true - np.average(y_true, axis=0)) ** 2).sum(axis=0)
        # The mean of equal values can be a last bit away from them, and the variance then not quite 0.
        varied = (variance != 0) & (y_true.min(axis=0) != y_true.max(axis=0))
        if varied.any():
            with np.errstate(over="ignore"):  # a variance of next to nothing
                scores["r2"] = float(np.average(1 - squares.sum(axis=0)[varied] / variance[varied]))
        return scores


def _mean_ratio(
    parts: np.ndarray[tuple[int], np.dtype[np.float64]], wholes: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> float:
    """Mean of the ratios, a ratio over nothing being 0; NaN where there is none."""
    if not len(parts):
        return math.nan
    ratios = np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes != 0)
    # numpy's mean and not a sum of floats: it adds in the order that scikit-learn adds in, to the last bit.
    return float(ratios.mean())
