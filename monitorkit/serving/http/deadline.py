"""A deadline that is moved with every request and seldom met."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["Deadline"]


class Deadline:
    """Calls back when a time has passed, unless it is moved or cleared before.

    There is one timer, which looks again when it comes too early: to move the deadline back is an assignment, where a
    timer for each request would cost as much as reading its headers.

    Parameters
    ----------
    loop
        Where the callback is made.
    missed
        What to call.
    """

    __slots__ = ("_at", "_due", "_loop", "_missed", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, missed: Callable[[], None]) -> None:
        self._loop = loop
        self._missed = missed
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._at: float | None = None

    def __bool__(self) -> bool:
        return self._at is not None

    def set(self, seconds: float) -> None:
        """Call back so many seconds from now, and not when it was set to before."""
        self._at = at = self._loop.time() + seconds
        if self._timer is None or at < self._due:
            if self._timer is not None:
                self._timer.cancel()
            self._due = at
            self._timer = self._loop.call_at(at, self._look)

    def clear(self) -> None:
        """Do not call back."""
        self._at = None

    def stop(self) -> None:
        """Never call back, and leave no timer behind."""
        self._at = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._at is None:
            return
        left = self._at - self._loop.time()
        if left > 0:
            self.set(left)
        else:
            self._at = None
            self._missed()
