"""A listening socket served by an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import uvicorn
import uvloop

from monitorkit.errors import ServiceError
from monitorkit.processes import wait_until
from monitorkit.serving.http.protocol import HttpProtocol
from monitorkit.serving.http.turns import ShortTurns

if TYPE_CHECKING:
    import socket

    from monitorkit.serving.http.asgi import Application

__all__ = ["Listener"]

START_SECONDS = 10.0
DRAIN_SECONDS = 5
KEEP_ALIVE_SECONDS = 5

_listeners: weakref.WeakSet[Listener] = weakref.WeakSet()


def _forget_in_child() -> None:
    for listener in list(_listeners):
        listener.forget()


os.register_at_fork(after_in_child=_forget_in_child)


class Listener:
    """uvicorn on a socket that is bound already, in a daemon thread.

    Parameters
    ----------
    application
        What answers.
    bound
        The socket; it belongs to the listener from now on.
    name
        Name of the thread.

    Raises
    ------
    ServiceError
        If the thread does not come up.
    """

    def __init__(self, application: Application, bound: socket.socket, *, name: str) -> None:
        self.socket = bound
        self.host, self.port = bound.getsockname()[:2]
        self._name = name
        self._turns = ShortTurns()
        # No log configuration and no global event loop policy: the process is the user's kernel.
        self._server = uvicorn.Server(
            uvicorn.Config(
                cast("Any", application),
                http=HttpProtocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        _listeners.add(self)

    def start(self) -> None:
        """Start the thread and wait until it answers."""
        self._turns.hold()
        self._thread.start()
        wait_until(
            lambda: self._server.started or not self._thread.is_alive(),
            timeout_seconds=START_SECONDS,
            interval_seconds=0.002,
        )
        if not self._server.started:
            raise ServiceError("its event loop did not start; look for an error above", service=self._name)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Begin to end: take no more connections, let requests in flight be answered."""
        self._server.should_exit = True

    def join(self) -> bool:
        """Await the end that :meth:`close` began, free the port, and return whether the thread has ended."""
        if self._thread.ident is not None:
            self._thread.join(DRAIN_SECONDS + 2)
        self._turns.let_go()
        self.socket.close()
        return not self._thread.is_alive()

    def forget(self) -> None:
        """Let go of the port in a forked child, where it would stay taken after the parent has freed it."""
        with suppress(OSError):
            # Not closed but replaced: objects that the child inherited still hold the number and may close it.
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, self.socket.fileno())
            os.close(null)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._server.serve(sockets=[self.socket]))
