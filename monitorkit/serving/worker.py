"""The thread that predicts, so that the event loop stays free to answer health checks and scrapes.

One thread, because few models promise that two may call them at once, and because under the interpreter's lock a second
one would make none of them faster.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from monitorkit.serving.refusals import Refusal, stopping

if TYPE_CHECKING:
    from monitorkit.serving.model import Model, Outputs
    from monitorkit.serving.payload import Matrix

__all__ = ["Job", "PredictionWorker"]

ANSWER_TOGETHER_SECONDS = 0.0005
"""Answers of a fast model leave together, those of a slow one at once: waking the event loop costs more than a fast
model's prediction."""


class Job:
    """Rows to predict, and what became of them; times in seconds on the performance counter."""

    __slots__ = ("X", "ended", "future", "model", "outcome", "queued", "started")

    def __init__(self, model: Model, X: Matrix, future: asyncio.Future[Outputs]) -> None:
        self.model = model
        self.X = X
        self.future = future
        self.outcome: Outputs | Refusal | None = None
        self.queued = time.perf_counter()
        self.started = self.ended = 0.0


class PredictionWorker:
    """One thread with a bounded queue in front of it.

    Parameters
    ----------
    name
        Name of the thread.
    queue_length
        How many jobs may wait.
    """

    def __init__(self, name: str, *, queue_length: int) -> None:
        self.queue_length = queue_length
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._stopped = False

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def waiting(self) -> int:
        """How many jobs wait."""
        return self._queue.qsize()

    async def predict(self, model: Model, X: Matrix) -> tuple[Outputs, Job]:
        """Predict rows in turn with the others, and return the predictions and their times.

        Raises
        ------
        Refusal
            If the queue is full, the model fails, or the server stops.
        """
        if self._queue.qsize() >= self.queue_length:
            detail = f"{self.queue_length} requests are waiting for the model: try again later, or send fewer at a time"
            raise Refusal(503, "queue_full", detail, headers={"retry-after": "1"})
        if self._stopped:
            raise stopping()
        job = Job(model, X, asyncio.get_running_loop().create_future())
        self._queue.put(job)
        return await job.future, job

    def stop(self, timeout_seconds: float) -> bool:
        """End the thread after what is queued; return whether it has ended."""
        self._stopped = True
        self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        done: list[Job] = []
        while True:
            try:
                job = self._queue.get_nowait() if done else self._queue.get()
            except Empty:
                _answer(done)
                done = []
                continue
            if job is None:
                _answer(done)
                return
            if not job.future.cancelled():
                _predict(job)
                done.append(job)
                if job.ended - done[0].started > ANSWER_TOGETHER_SECONDS:
                    _answer(done)
                    done = []


def _predict(job: Job) -> None:
    job.started = time.perf_counter()
    try:
        job.outcome = job.model.predict(job.X)
    except Refusal as refusal:
        job.outcome = refusal
    except BaseException as error:  # noqa: BLE001 - the thread must outlive whatever a model's result does when it is read
        job.outcome = Refusal(
            500, "wrong_output", f"the model's result cannot be read: {type(error).__name__}: {error}"
        )
    job.ended = time.perf_counter()


def _answer(done: list[Job]) -> None:
    if done:
        # The loop is closed when the server was stopped without waiting for its model.
        with contextlib.suppress(RuntimeError):
            done[0].future.get_loop().call_soon_threadsafe(_resolve, done)


def _resolve(done: list[Job]) -> None:
    for job in done:
        if job.future.done():
            continue
        if isinstance(job.outcome, Refusal):
            job.future.set_exception(job.outcome)
        elif job.outcome is not None:
            job.future.set_result(job.outcome)
