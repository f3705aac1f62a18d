"""The thread that predicts, so that the event loop stays free to answer health checks and scrapes.

One thread, because few models promise that two may call them at once, and because under the interpreter's lock a second
one would make none of them faster.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from typing import TYPE_CHECKING, Literal

from monitorkit.serving.refusals import Refusal, stopping
from monitorkit.serving.work.batching import DEFAULT_BATCHING
from monitorkit.serving.work.handover import HandOver
from monitorkit.serving.work.queue import Closed, Full, Job, JobQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitorkit.serving.models.model import Model, Outputs
    from monitorkit.serving.values import Matrix
    from monitorkit.serving.work.batching import Batching
    from monitorkit.serving.work.feedback import Served

__all__ = ["PredictionWorker", "at_once"]

ANSWER_TOGETHER_SECONDS = 0.0005
"""Answers of a fast model leave together, those of a slow one at once: waking the event loop costs more than a fast
model's prediction."""

LONGEST_RETRY_SECONDS = 300
RECENT = 0.1
"""Weight of the latest call in the mean time of a job."""


class PredictionWorker:
    """One thread with a bounded queue in front of it.

    Parameters
    ----------
    name
        Name of the thread.
    queue_length
        How many jobs may wait.
    batching
        How jobs that wait leave together; False for each alone.

    Attributes
    ----------
    stall
        Called before each call of the model, as part of it.
    """

    def __init__(self, name: str, *, queue_length: int, batching: Batching | Literal[False] = DEFAULT_BATCHING) -> None:
        self._queue = JobQueue(queue_length, batching)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.stall: Callable[[], object] = at_once
        self._hand_over = HandOver(self._queue.__len__)
        self._ringing = False
        self._call: tuple[float, int] | None = None
        self._seconds_per_job = 0.0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def queue_length(self) -> int:
        """How many jobs may wait; may be set at any time."""
        return self._queue.length

    @queue_length.setter
    def queue_length(self, length: int) -> None:
        self._queue.length = length

    @property
    def batching(self) -> Batching | Literal[False]:
        """How jobs that wait leave together; may be set at any time."""
        return self._queue.batching

    @batching.setter
    def batching(self, batching: Batching | Literal[False]) -> None:
        self._queue.batching = batching

    def waiting(self, model: Model | None = None) -> int:
        """How many jobs wait, of one model or of all."""
        return len(self._queue) if model is None else self._queue.waiting(model)

    async def predict(self, served: Served, X: Matrix) -> tuple[Outputs, Job]:
        """Predict rows in turn with the others, and return the predictions and their times.

        Raises
        ------
        Refusal
            If the queue is full, the model fails, or the server stops.
        """
        loop = asyncio.get_running_loop()
        job = Job(served, X, loop.create_future())
        try:
            self._queue.put(job)
        except Full:
            raise self._shed() from None
        except Closed:
            raise stopping() from None
        if not self._ringing:
            # Requests that come in one turn of the loop leave together, and wake the thread once.
            self._ringing = True
            loop.call_soon(self._ring)
        try:
            return await job.future, job
        finally:
            if not job.started:
                self._queue.withdraw(job)

    def stop(self, timeout_seconds: float) -> bool:
        """End the thread after what is queued; return whether it has ended."""
        self._queue.close()
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _ring(self) -> None:
        self._ringing = False
        self._queue.ring()

    def _shed(self) -> Refusal:
        waiting = self._queue.length
        seconds = min(LONGEST_RETRY_SECONDS, max(1, math.ceil(waiting * self._pace())))
        detail = f"{waiting} requests are waiting for the model: try again in {seconds} s, or send fewer at a time"
        return Refusal(503, "queue_full", detail, headers={"retry-after": str(seconds)})

    def _pace(self) -> float:
        """Seconds a job, as measured; a call that lasts longer than those before it counts already."""
        call = self._call
        return max(self._seconds_per_job, (time.perf_counter() - call[0]) / call[1] if call else 0.0)

    def _run(self) -> None:
        done: list[Job] = []
        while True:
            jobs = self._queue.take(wait=not done)
            if jobs:
                wanted = [job for job in jobs if not job.future.done()]
                if wanted:
                    self._predict(wanted)
                    done += wanted
                    if done[-1].ended - done[0].started <= ANSWER_TOGETHER_SECONDS:
                        continue
            if done:
                self._answer(done)
            done = []
            if jobs is None:
                return

    def _answer(self, done: list[Job]) -> None:
        """Hand the outcomes to the event loop, and where others wait already the interpreter, too."""
        loop = done[0].future.get_loop()
        # It is closed when the server was stopped without waiting for its model.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, done)
            if len(self._queue):
                self._hand_over.give(loop)

    def _predict(self, jobs: list[Job]) -> None:
        started = time.perf_counter()
        self._call = started, len(jobs)
        for job in jobs:
            job.started = started
        self.stall()
        if len(jobs) == 1 or not _predict_together(jobs):
            for job in jobs:
                _predict_alone(job)
        self._call = None
        seconds = (jobs[-1].ended - started) / len(jobs)
        self._seconds_per_job += RECENT * (seconds - self._seconds_per_job)


def at_once() -> None:
    """Wait for nothing."""


def _predict_together(jobs: list[Job]) -> bool:
    """Predict several jobs in one call; return whether that went well."""
    served = jobs[0].served
    served.metrics.requests.observe_batch(sum(len(job.X) for job in jobs))
    try:
        outcomes = served.model.predict_together([job.X for job in jobs])
    except BaseException:  # noqa: BLE001 - whose fault it is shows when each is predicted alone
        return False
    ended = time.perf_counter()
    for job, outcome in zip(jobs, outcomes, strict=True):
        job.outcome = outcome
        job.ended = ended
    return True


def _predict_alone(job: Job) -> None:
    job.served.metrics.requests.observe_batch(len(job.X))
    try:
        job.outcome = job.served.model.predict(job.X)
    except Refusal as refusal:
        job.outcome = refusal
    except BaseException as error:  # noqa: BLE001 - the thread must outlive whatever a model's result does when it is read
        job.outcome = Refusal(
            500, "wrong_output", f"the model's result cannot be read: {type(error).__name__}: {error}"
        )
    job.ended = time.perf_counter()


def _resolve(done: list[Job]) -> None:
    for job in done:
        if job.future.done():
            continue
        if isinstance(job.outcome, Refusal):
            job.future.set_exception(job.outcome)
        elif job.outcome is not None:
            job.future.set_result(job.outcome)
