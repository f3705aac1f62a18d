"""Predictions remembered until their true labels come, which may be much later."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from monitorkit.durations import seconds
from monitorkit.serving.models.outputs import Outputs
from monitorkit.serving.models.scoring import Judge, check_label, count_label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitorkit.metrics import Reference, Task, VersionMetrics
    from monitorkit.metrics.quality.predictions import FeedbackResult
    from monitorkit.serving.limits import Limits
    from monitorkit.serving.models.model import Model
    from monitorkit.serving.values import Label, Matrix, TrueLabel

__all__ = ["FeedbackStore", "Served"]


@dataclass(frozen=True)
class Served:
    """A model together with the name and version that it is served as, and their series."""

    model: Model
    name: str
    version: str
    metrics: VersionMetrics

    @property
    def reference(self) -> Reference | None:
        """What drift of its input is measured from; None where there is nothing."""
        return self.metrics.drift.reference

    @cached_property
    def judge(self) -> Judge:
        """What true labels are judged by."""
        return Judge.of(self.model)


# The time, the number of its source, the prediction, its probabilities. A plain tuple of plain values: the garbage
# collector leaves such a one alone, and else stops the server for 50 ms now and then to walk through all that wait.
_Remembered = tuple[float, int, Any, "Matrix | None"]

_LABELLED = -1
"""In place of a source where the label has come: the prediction stays so that a second label is seen to be one."""


@dataclass(slots=True)
class _Source:
    """What predictions have in common; kept as long as one of them waits, and so not the model itself."""

    judge: Judge
    metrics: VersionMetrics
    task: Task
    columns: tuple[Label, ...] | None
    count: int = 0

    @property
    def key(self) -> tuple[int, Task, tuple[Label, ...] | None]:
        return id(self.judge), self.task, self.columns


class FeedbackStore:
    """The predictions that still wait for a true label, bounded in number and in age.

    Ids are a prefix of this store's own and a running number, so that an id that was given out and forgotten can be
    told from one that never was, without remembering either.

    Parameters
    ----------
    limits
        How many predictions are remembered, and how long.
    clock
        Returns the time in seconds.

    Examples
    --------
    >>> from monitorkit.metrics import ModelMetrics, Registry
    >>> from monitorkit.serving.limits import Limits
    >>> from monitorkit.serving.models.model import Model, Outputs
    >>> served = Served(Model(len), "m", "1", ModelMetrics(Registry(), "m").activate("1"))
    >>> store = FeedbackStore(Limits())
    >>> ids = store.remember(Outputs(["cat", "dog"], "classification"), served)
    >>> store.join([ids[0], ids[0], "never-given"], ["cat", "cat", "dog"], served)
    ['joined', 'duplicate', 'unknown']
    """

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._prefix = f"{secrets.token_hex(4)}-"
        self._lock = threading.Lock()
        self._remembered: dict[int, _Remembered] = {}
        self._sources: dict[int, _Source] = {}
        self._source_numbers: dict[tuple[int, Task, tuple[Label, ...] | None], int] = {}
        self._n_sources = 0
        self._oldest = 0
        self._next = 0
        self.limit(limits)

    def __len__(self) -> int:
        return len(self._remembered)

    def limit(self, limits: Limits) -> None:
        """Change how many predictions are remembered, and how long."""
        self._count_limit = limits.feedback_count
        self._age_seconds = seconds(limits.feedback_age)

    def remember(self, outputs: Outputs, served: Served) -> list[str]:
        """Keep predictions and give each an id."""
        now = self._clock()
        predictions, probabilities = outputs.predictions, outputs.probabilities
        if not predictions:
            return []
        with self._lock:
            first = self._next
            source = self._source(outputs, served)
            for row, prediction in enumerate(predictions):
                its = None if probabilities is None else probabilities[row]
                self._remembered[first + row] = (now, source, prediction, its)
            self._next = first + len(predictions)
            self._forget(now)
        return [f"{self._prefix}{number:x}" for number in range(first, first + len(predictions))]

    def join(self, ids: Sequence[str], y_true: Sequence[TrueLabel], served: Served) -> list[FeedbackResult]:
        """Join true labels to their predictions and count them, all or, if one cannot be, none.

        Parameters
        ----------
        ids
            As :meth:`remember` gave them.
        y_true
            A true label for each.
        served
            The version under which labels are counted that belong to no prediction.

        Returns
        -------
        list of str
            What became of each label: ``joined``, ``unknown``, ``expired`` or ``duplicate``.

        Raises
        ------
        Refusal
            If a label cannot be one of the model's; nothing is counted then.
        """
        now = self._clock()
        numbers = [self._number(name) for name in ids]
        results: list[FeedbackResult] = []
        joined: list[tuple[_Remembered, _Source, TrueLabel]] = []
        with self._lock:
            self._forget(now)
            for row, (number, label) in enumerate(zip(numbers, y_true, strict=True)):
                found = None if number is None else self._remembered.get(number)
                if found is not None and found[1] != _LABELLED:
                    source = self._sources[found[1]]
                    check_label(label, _outputs(found, source), 0, source.judge, where=f"y_true[{row}]")
            for number, label in zip(numbers, y_true, strict=True):
                result = self._result(number)
                results.append(result)
                if number is not None and result == "joined":
                    found = self._remembered[number]
                    joined.append((found, self._sources[found[1]], label))
                    self._remembered[number] = (found[0], _LABELLED, None, None)
                    self._let_go(found[1])
        self._count(results, joined, served, now)
        return results

    def _result(self, number: int | None) -> FeedbackResult:
        if number is None or not 0 <= number < self._next:
            return "unknown"
        if number not in self._remembered:
            return "expired"
        return "duplicate" if self._remembered[number][1] == _LABELLED else "joined"

    def _source(self, outputs: Outputs, served: Served) -> int:
        """The number of where these predictions come from, which they now hold on to."""
        key = (id(served.judge), outputs.task, outputs.columns)
        number = self._source_numbers.get(key)
        if number is None:
            number = self._source_numbers[key] = self._n_sources
            self._sources[number] = _Source(served.judge, served.metrics, outputs.task, outputs.columns)
            self._n_sources += 1
        self._sources[number].count += len(outputs.predictions)
        return number

    def _let_go(self, number: int) -> None:
        """Drop a source when the last of its predictions no longer waits."""
        source = self._sources[number]
        source.count -= 1
        if not source.count:
            del self._sources[number], self._source_numbers[source.key]

    def _number(self, name: str) -> int | None:
        digits = name.removeprefix(self._prefix)
        try:
            number = int(digits, 16)
        except ValueError:
            return None
        return number if name == f"{self._prefix}{number:x}" else None

    def _forget(self, now: float) -> None:
        """Drop what is over the limits, oldest first."""
        while self._oldest < self._next:
            time, source, *_ = self._remembered[self._oldest]
            if time >= now - self._age_seconds and len(self._remembered) <= self._count_limit:
                break
            del self._remembered[self._oldest]
            self._oldest += 1
            if source != _LABELLED:
                self._let_go(source)

    @staticmethod
    def _count(
        results: Sequence[FeedbackResult],
        joined: Sequence[tuple[_Remembered, _Source, TrueLabel]],
        served: Served,
        now: float,
    ) -> None:
        for result, count in Counter(results).items():
            if result != "joined":
                served.metrics.quality.count_feedback(result, count)
        for found, source, label in joined:
            metrics = source.metrics
            metrics.quality.count_feedback("joined")
            metrics.quality.time_feedback(now - found[0])
            count_label(label, _outputs(found, source), 0, source.judge, metrics)


def _outputs(found: _Remembered, source: _Source) -> Outputs:
    """One prediction as the model returned it."""
    _, _, prediction, probabilities = found
    row = None if probabilities is None else probabilities[None]
    return Outputs([prediction], source.task, row, source.columns)
