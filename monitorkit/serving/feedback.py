"""Predictions remembered until their true labels come, which may be much later."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from monitorkit.durations import seconds
from monitorkit.serving.scoring import check_label, count_label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitorkit.metrics import Reference, VersionMetrics
    from monitorkit.metrics.quality import FeedbackResult
    from monitorkit.serving.limits import Limits
    from monitorkit.serving.model import Model
    from monitorkit.serving.outputs import Outputs
    from monitorkit.serving.payload import TrueLabel

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


class _Remembered(NamedTuple):
    outputs: Outputs | None
    """None once it has its label: it then stays only so that a second label is seen to be one."""
    row: int
    time: float
    served: Served


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
    >>> from monitorkit.serving.model import Model, Outputs
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
        with self._lock:
            first = self._next
            for row in range(len(outputs.predictions)):
                self._remembered[first + row] = _Remembered(outputs, row, now, served)
            self._next = first + len(outputs.predictions)
            self._forget(now)
        return [f"{self._prefix}{number:x}" for number in range(first, first + len(outputs.predictions))]

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
        joined: list[tuple[_Remembered, TrueLabel]] = []
        with self._lock:
            self._forget(now)
            for row, (number, label) in enumerate(zip(numbers, y_true, strict=True)):
                found = None if number is None else self._remembered.get(number)
                if found is not None and found.outputs is not None:
                    check_label(label, found.outputs, found.row, found.served.model, where=f"y_true[{row}]")
            for number, label in zip(numbers, y_true, strict=True):
                result = self._result(number)
                results.append(result)
                if number is not None and result == "joined":
                    found = self._remembered[number]
                    joined.append((found, label))
                    self._remembered[number] = found._replace(outputs=None)
        self._count(results, joined, served, now)
        return results

    def _result(self, number: int | None) -> FeedbackResult:
        if number is None or not 0 <= number < self._next:
            return "unknown"
        if number not in self._remembered:
            return "expired"
        return "duplicate" if self._remembered[number].outputs is None else "joined"

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
            expired = self._remembered[self._oldest].time < now - self._age_seconds
            if not expired and len(self._remembered) <= self._count_limit:
                break
            del self._remembered[self._oldest]
            self._oldest += 1

    @staticmethod
    def _count(
        results: Sequence[FeedbackResult], joined: Sequence[tuple[_Remembered, TrueLabel]], served: Served, now: float
    ) -> None:
        for result, count in Counter(results).items():
            if result != "joined":
                served.metrics.quality.count_feedback(result, count)
        for found, label in joined:
            quality = found.served.metrics.quality
            quality.count_feedback("joined")
            quality.time_feedback(now - found.time)
            if found.outputs is not None:
                count_label(label, found.outputs, found.row, found.served.model, found.served.metrics)
