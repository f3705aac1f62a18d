"""Python's garbage collector, told to wait."""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["collector_paused"]

_lock = threading.Lock()
_state = {"holders": 0, "enabled": False}


@contextmanager
def collector_paused() -> Iterator[None]:
    """Make many small objects that soon go again, without the collector walking through all there are meanwhile.

    What is not in a circle goes at once all the same. It belongs to the whole process: with several holders the
    collector goes on after the last, and not at all where it was off before.

    Notes
    -----
    Source: Python documentation, ``gc``.

    Examples
    --------
    >>> with collector_paused():
    ...     gc.isenabled()
    False
    """
    with _lock:
        if not _state["holders"]:
            _state["enabled"] = gc.isenabled()
            gc.disable()
        _state["holders"] += 1
    try:
        yield
    finally:
        with _lock:
            _state["holders"] -= 1
            if not _state["holders"] and _state["enabled"]:
                gc.enable()
