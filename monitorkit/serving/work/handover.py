"""Time for the event loop between two calls of a model."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["HandOver"]

LONGEST_SECONDS = 0.005
"""So long at most the model waits for the event loop."""

QUIET_TURNS = 4
"""After so many turns in which nothing came, what is there is taken to be all: a new connection needs three."""


class HandOver:
    """The interpreter left to the event loop until it has sent what is ready and read what has come.

    A model that computes in short steps of C lets go of the interpreter's lock at each, and has it back before the
    event loop, on another core, is awake: answers that are ready, and clients that want to connect, then wait for many
    calls of the model. So the thread that predicts steps aside between two calls, and the next one finds more requests.

    Parameters
    ----------
    waiting
        How many requests wait for the model.

    Notes
    -----
    Source: CPython's ``Python/ceval_gil.c``: who waits for the lock asks for it only after a whole interval in which
    nobody let go of it. David Beazley, "Understanding the Python GIL", PyCon 2010, calls it the convoy effect.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._waiting = waiting
        self._over = threading.Lock()
        self._over.acquire()

    def give(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait, in the thread that predicts, until the event loop has done what there is to do.

        Raises
        ------
        RuntimeError
            If it is closed.
        """
        # It may have come to an end after the last wait for it had.
        self._over.acquire(blocking=False)
        loop.call_soon_threadsafe(self._begin, loop)
        self._over.acquire(timeout=2 * LONGEST_SECONDS)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turn(loop, loop.time() + LONGEST_SECONDS, self._waiting(), 0)

    def _turn(self, loop: asyncio.AbstractEventLoop, end: float, before: int, quiet: int) -> None:
        waiting = self._waiting()
        quiet = quiet + 1 if waiting == before else 0
        if quiet <= QUIET_TURNS and loop.time() < end:
            loop.call_soon(self._turn, loop, end, waiting, quiet)
        elif self._over.locked():
            self._over.release()
