"""Connections after a fork: a child that used those of its parent would read what another process asked for."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

__all__ = ["keep_apart"]

_adapters: weakref.WeakSet[HTTPAdapter] = weakref.WeakSet()


def keep_apart(adapter: HTTPAdapter) -> None:
    """Let an adapter begin with connections of its own in each process that is forked from this one.

    Notes
    -----
    Processes that share a connection send their requests through each other, and each takes whichever answer comes
    next: ``multiprocessing`` forks by default on Linux up to Python 3.13.
    """
    _adapters.add(adapter)


def _begin_anew() -> None:
    adapter: Any
    for adapter in list(_adapters):
        # What requests does when an adapter comes out of a pickle: everything but the connections stays. Closing
        # the old ones would need locks that threads held which are not in this process.
        adapter.__setstate__(adapter.__getstate__())


os.register_at_fork(after_in_child=_begin_anew)
