"""Requests that another thread can end: an interrupt reaches the main thread only, while others wait for a server."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from monitorkit.query.connection.deadlines import PunctualResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import PoolManager, ProxyManager

__all__ = ["Adapter", "Cancellation", "Cancelled", "pause"]

_current: ContextVar[Cancellation | None] = ContextVar("cancellation", default=None)
_lock = threading.Lock()


class Cancelled(Exception):
    """A request was ended from outside; nobody waits for its answer."""


class Cancellation:
    """What ends the requests of some threads.

    Notes
    -----
    Only requests through an :class:`Adapter` can be ended in the middle; others end before their next connection.

    Examples
    --------
    >>> cancellation = Cancellation()
    >>> cancellation.cancel()
    >>> with cancellation.watched():
    ...     pause(60)
    Traceback (most recent call last):
    monitorkit.query.connection.cancellation.Cancelled
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._connections: set[_Watched] = set()

    @property
    def cancelled(self) -> bool:
        """Whether all is over."""
        return self._event.is_set()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Let :meth:`cancel` end what the present thread asks for within this block."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def cancel(self) -> None:
        """End all requests under way, and let none begin."""
        self._event.set()
        with _lock:
            for connection in self._connections:
                if connection.watch is self and connection.sock is not None:
                    # Past any TLS layer: its own state is used by the thread that reads.
                    with suppress(OSError, TypeError):
                        socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def wait(self, seconds: float) -> None:
        """Wait; raise :class:`Cancelled` as soon as this is cancelled."""
        if self._event.wait(seconds):
            raise Cancelled

    def add(self, connection: _Watched) -> None:
        """Take charge of a connection; raise :class:`Cancelled` where this is cancelled."""
        with _lock:
            self._connections.add(connection)
        self.wait(0)


def pause(seconds: float) -> None:
    """Sleep; in a thread whose requests can be cancelled, no longer than until then."""
    cancellation = _current.get()
    if cancellation is None:
        time.sleep(seconds)
    else:
        cancellation.wait(seconds)


class _Watched(HTTPConnection):
    """A connection that belongs to the cancellation of the thread that uses it, if it has one."""

    response_class = PunctualResponse
    watch: Cancellation | None = None

    def connect(self) -> None:
        self._watch()
        super().connect()
        self._watch()

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - urllib3's own arguments
        self._watch()
        super().request(*args, **kwargs)

    def _watch(self) -> None:
        cancellation = _current.get()
        with _lock:
            self.watch = cancellation
        if cancellation is not None:
            cancellation.add(self)


class _WatchedTLS(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _WatchedTLS


class Adapter(HTTPAdapter):
    """An adapter for sessions whose requests can be cancelled."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own arguments
        """Make the pool of connections."""
        super().init_poolmanager(*args, **kwargs)
        _watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:  # noqa: ANN401 - requests' own arguments
        """Return the pool of connections through one proxy."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        _watch(manager)
        return manager


def _watch(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}
