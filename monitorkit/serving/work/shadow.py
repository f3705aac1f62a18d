"""A model in the shadow of another: it sees the same requests, and nobody sees its answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from monitorkit.serving.models.scoring import check_label, count_label, count_predictions
from monitorkit.serving.refusals import Refusal
from monitorkit.serving.work.worker import PredictionWorker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.metrics import ShadowMetrics
    from monitorkit.metrics.quality.predictions import FeedbackResult
    from monitorkit.serving.models.outputs import Outputs
    from monitorkit.serving.reading.features import Features
    from monitorkit.serving.values import Matrix, TrueLabel
    from monitorkit.serving.work.batching import Batching
    from monitorkit.serving.work.feedback import Served

__all__ = ["Shadow"]


class Shadow:
    """A model that predicts copies of requests in a thread of its own, after their answers have left.

    All methods but :meth:`start` and :meth:`stop` are for the event loop that answers.

    Parameters
    ----------
    served
        The model, and its series.
    metrics
        What became of the copies.
    queue_length
        How many copies may wait; further ones are dropped, and counted.
    kept
        How many predictions are remembered for their true labels.
    batching
        As for the model that is served.
    """

    def __init__(
        self,
        served: Served,
        metrics: ShadowMetrics,
        *,
        queue_length: int,
        kept: int,
        batching: Batching | Literal[False],
    ) -> None:
        self.served = served
        self._metrics = metrics
        self._kept = kept
        self._worker = PredictionWorker(f"{served.name}: shadow", queue_length=queue_length, batching=batching)
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[str] = set()
        self._predicted: dict[str, tuple[Outputs, int]] = {}
        self._early: dict[str, TrueLabel] = {}

    def start(self) -> None:
        """Start the thread."""
        self._worker.start()

    def stop(self, timeout_seconds: float) -> None:
        """Take no more copies, and end the thread after those that wait."""
        self._worker.stop(timeout_seconds)

    @property
    def batching(self) -> Batching | Literal[False]:
        """How copies that wait leave together; may be set at any time."""
        return self._worker.batching

    @batching.setter
    def batching(self, batching: Batching | Literal[False]) -> None:
        self._worker.batching = batching

    def waiting(self) -> int:
        """How many copies wait."""
        return self._worker.waiting()

    def copy(self, X: Matrix, ids: Sequence[str], outputs: Outputs, features: Features) -> None:
        """Predict a copy once the answer has been handed over.

        Parameters
        ----------
        X
            The rows, which nobody else may write to.
        ids
            Ids of the predictions in the answer, under which true labels come.
        outputs
            The predictions in the answer.
        features
            What the columns of the rows are.
        """
        self._under_way.update(ids)
        copied = features.reordered(X, self.served.model.features)
        asyncio.get_running_loop().call_soon(self._begin, copied, ids, outputs)

    def join(self, ids: Sequence[str], y_true: Sequence[TrueLabel], results: Sequence[FeedbackResult]) -> None:
        """Count true labels that were joined to a prediction of which there is a copy.

        Labels may come before the copy is predicted; they then wait for it.
        """
        for name, label, result in zip(ids, y_true, results, strict=True):
            if result != "joined":
                continue
            found = self._predicted.pop(name, None)
            if found is not None:
                self._count(label, *found)
            elif name in self._under_way:
                self._early[name] = label

    def _begin(self, X: Matrix, ids: Sequence[str], outputs: Outputs) -> None:
        task = asyncio.get_running_loop().create_task(self._predict(X, ids, outputs))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _predict(self, X: Matrix, ids: Sequence[str], answered: Outputs) -> None:
        # This model, too, may write to what it gets.
        seen = X if self.served.reference is None else X.copy()
        try:
            outputs, job = await self._worker.predict(self.served, X)
        except Refusal as refusal:
            self._metrics.count("dropped" if refusal.error in {"queue_full", "stopping"} else "server_error")
        else:
            self._metrics.count("ok")
            self.served.metrics.requests.time_copy(queue=job.started - job.queued, predict=job.ended - job.started)
            count_predictions(outputs, self.served.metrics, seen)
            if answered.task == outputs.task in {"classification", "multilabel"}:
                same = sum(map(_same, answered.predictions, outputs.predictions))
                self._metrics.compare(same=same, different=len(outputs.predictions) - same)
            self._remember(ids, outputs)
        finally:
            self._under_way.difference_update(ids)
            for name in ids:
                self._early.pop(name, None)

    def _remember(self, ids: Sequence[str], outputs: Outputs) -> None:
        for row, name in enumerate(ids):
            if name in self._early:
                self._count(self._early.pop(name), outputs, row)
            else:
                self._predicted[name] = outputs, row
        while len(self._predicted) > self._kept:
            del self._predicted[next(iter(self._predicted))]

    def _count(self, label: TrueLabel, outputs: Outputs, row: int) -> None:
        try:
            check_label(label, outputs, row, self.served.judge, where="y_true")
        except Refusal:
            # The served model's classes may be others than the shadow's.
            return
        count_label(label, outputs, row, self.served.judge, self.served.metrics)


def _same(one: object, other: object) -> bool:
    return one == other
