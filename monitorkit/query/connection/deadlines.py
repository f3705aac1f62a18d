"""Answers that end in time: a socket's timeout is for one packet, and a server may send them one by one for ever."""

from __future__ import annotations

import io
import time
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

__all__ = ["PunctualResponse", "answered_by"]

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def answered_by(deadline: float) -> Iterator[None]:
    """Let what is asked for in this block be answered to the last byte by a deadline, of the monotonic clock.

    What comes later is a :class:`TimeoutError`, in the head of an answer as in its body.

    Notes
    -----
    Only for requests through :class:`monitorkit.query.connection.cancellation.Adapter`; for others each packet has a
    time limit.
    """
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


class PunctualResponse(HTTPResponse):
    """A response that is read from its socket only until the deadline under which it was asked for."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - http.client's own
        super().__init__(sock, *args, **kwargs)
        deadline = _deadline.get()
        if deadline is not None:
            self.fp.close()
            self.fp = io.BufferedReader(_Until(deadline, sock))


class _Until(io.RawIOBase):
    """What a socket receives until a deadline."""

    def __init__(self, deadline: float, sock: socket.socket) -> None:
        self._deadline = deadline
        self._socket = sock
        # A file of the socket keeps it open, where http.client closes it before the body is read.
        self._file: Any = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any writable buffer
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._socket.settimeout(remaining)
        received: int | None = self._file.readinto(buffer)
        return received

    def close(self) -> None:
        self._file.close()
        super().close()
