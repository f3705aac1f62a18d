"""The queue in front of a model: bounded, in order of arrival, given out in batches."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import numpy as np

from monitorkit.durations import seconds

if TYPE_CHECKING:
    import asyncio

    from monitorkit.serving.models.model import Model, Outputs
    from monitorkit.serving.refusals import Refusal
    from monitorkit.serving.values import Matrix
    from monitorkit.serving.work.batching import Batching
    from monitorkit.serving.work.feedback import Served

__all__ = ["Closed", "Full", "Job", "JobQueue"]


class Full(Exception):
    """As many jobs wait as may."""


class Closed(Exception):
    """No more jobs are taken."""


class Job:
    """Rows to predict, and what became of them; times in seconds on the performance counter."""

    __slots__ = ("X", "ended", "future", "outcome", "queued", "served", "started")

    def __init__(self, served: Served, X: Matrix, future: asyncio.Future[Outputs]) -> None:
        self.served = served
        self.X = X
        self.future = future
        self.outcome: Outputs | Refusal | None = None
        self.queued = time.perf_counter()
        self.started = self.ended = 0.0

    def fits(self, other: Job) -> bool:
        """Whether the rows of both can stand in one array without changing either."""
        own, its = self.X, other.X
        return type(own) is type(its) is np.ndarray and own.shape[1:] == its.shape[1:] and own.dtype == its.dtype


class JobQueue:
    """Jobs that wait, one line for each model; the model whose line has waited longest is next.

    Any number of threads put, one takes.

    Parameters
    ----------
    length
        How many jobs may wait.
    batching
        How many rows leave together, and how long they may wait for others; False for each job alone.
    """

    def __init__(self, length: int, batching: Batching | Literal[False]) -> None:
        self.length = length
        self._lock = threading.Lock()
        self._lines: dict[Model, deque[Job]] = {}
        self._count = 0
        self._closed = False
        # Whoever takes sleeps on this lock, and who puts releases it: a condition variable costs several times as much.
        self._bell = threading.Lock()
        self._bell.acquire()
        self._asleep = False
        self.batching = batching

    def __len__(self) -> int:
        return self._count

    def waiting(self, model: Model) -> int:
        """How many jobs of one model wait."""
        return len(self._lines.get(model, ()))

    @property
    def batching(self) -> Batching | Literal[False]:
        """How many rows leave together; may be set at any time."""
        return self._batching

    @batching.setter
    def batching(self, batching: Batching | Literal[False]) -> None:
        with self._lock:
            self._batching = batching
            self._max_rows = batching.max_size if batching else 1
            self._max_wait = seconds(batching.max_wait) if batching else 0.0
            self._ring()

    def put(self, job: Job) -> None:
        """Add a job to the line of its model; who waits in :meth:`take` is woken by :meth:`ring`.

        Raises
        ------
        Full
            If as many wait as may.
        Closed
            After :meth:`close`.
        """
        with self._lock:
            if self._closed:
                raise Closed
            if self._count >= self.length:
                raise Full
            line = self._lines.get(job.served.model)
            if line is None:
                line = self._lines[job.served.model] = deque()
            line.append(job)
            self._count += 1

    def ring(self) -> None:
        """Wake who waits for jobs."""
        with self._lock:
            self._ring()

    def withdraw(self, job: Job) -> None:
        """Take a job out, if it still waits: nobody wants it any more."""
        with self._lock, suppress(KeyError, ValueError):
            line = self._lines[job.served.model]
            line.remove(job)
            self._left(line, job, 1)

    def take(self, *, wait: bool) -> list[Job] | None:
        """Take the jobs that leave together next, of one model and one width; None once it is closed and empty.

        Parameters
        ----------
        wait
            Whether to wait for them; else the list is empty where none are ready.
        """
        while True:
            with self._lock:
                line, seconds_left = self._next_line()
                if line is not None:
                    return self._batch(line)
                if self._closed:
                    return None
                if not wait:
                    return []
                self._asleep = True
            self._bell.acquire(timeout=-1 if seconds_left is None else seconds_left)
            with self._lock:
                if self._asleep:
                    self._asleep = False
                else:
                    # Also rung when the time ran out at the same moment: the next sleep must not end at once.
                    self._bell.acquire(blocking=False)

    def close(self) -> None:
        """Take no more jobs; what waits is still given out, at once."""
        with self._lock:
            self._closed = True
            self._ring()

    def _ring(self) -> None:
        if self._asleep:
            self._asleep = False
            self._bell.release()

    def _next_line(self) -> tuple[deque[Job] | None, float | None]:
        """The line whose first job has waited longest, of those that are ready; else the seconds until one is."""
        if not self._lines:
            return None, None
        lines = self._lines.values() if len(self._lines) == 1 else sorted(self._lines.values(), key=_arrival)
        if not self._max_wait or self._closed:
            return next(iter(lines)), None
        now = time.perf_counter()
        for line in lines:
            if now - line[0].queued >= self._max_wait or self._is_full(line):
                return line, None
        return None, min(line[0].queued for line in lines) + self._max_wait - now

    def _is_full(self, line: deque[Job]) -> bool:
        """Whether waiting cannot make the batch larger."""
        rows = 0
        for job in line:
            rows += len(job.X)
            if rows >= self._max_rows or not job.fits(line[0]):
                return True
        return False

    def _batch(self, line: deque[Job]) -> list[Job]:
        first = line.popleft()
        batch = [first]
        rows = len(first.X)
        while line and rows < self._max_rows:
            job = line[0]
            rows += len(job.X)
            if rows > self._max_rows or not job.fits(first):
                break
            batch.append(line.popleft())
        self._left(line, first, len(batch))
        return batch

    def _left(self, line: deque[Job], job: Job, count: int) -> None:
        self._count -= count
        if not line:
            del self._lines[job.served.model]


def _arrival(line: deque[Job]) -> float:
    return line[0].queued
