"""HTTP on a connection: uvicorn's, with JSON for malformed requests and an end to slow ones."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from monitorkit.serving.asgi import Application, refuse
from monitorkit.serving.refusals import Refusal

if TYPE_CHECKING:
    import asyncio

__all__ = ["HttpProtocol"]

MAX_HEAD_BYTES = 64 * 1024
"""Longest request line and headers together; the parser itself has no limit."""


LINGER_SECONDS = 2.0

_log = logging.getLogger("monitorkit.serving.http")
_log.setLevel(logging.WARNING)


class HttpProtocol(HttpToolsProtocol):
    """One connection.

    The application's ``read_seconds`` is how long one request may take to arrive whole: without an end to that, clients
    that send a byte now and then hold connections for ever.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - whatever uvicorn passes
        super().__init__(*args, **kwargs)
        # The application itself, so that a request which never reaches it can be counted all the same.
        self._application = cast("Application", self.config.app)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_message = False
        self._in_head = False
        self._head_bytes = 0
        self._refused = False
        # uvicorn's loggers belong to the user, who may run a server of their own in the same process.
        self.logger = _log
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: the first byte, too, may never come."""
        super().connection_made(transport)
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and give a request that has not come whole a deadline."""
        if self._refused:
            return
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            detail = f"the request line and headers are longer than {MAX_HEAD_BYTES} bytes: send fewer or shorter ones"
            self._refuse(Refusal(431, "too_large", detail))
        elif self._in_message and not self._refused:
            self._start_clock()
        else:
            self._stop_clock()

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        self._in_message = self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that a request has all its headers."""
        super().on_headers_complete()
        self._in_head = False
        self._head_bytes = 0

    def on_message_complete(self) -> None:
        """Note that a request has come whole."""
        self._in_message = False
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are for a log
        """Answer what is not HTTP."""
        self._refuse(Refusal(400, "malformed", "this is not HTTP/1.1 as RFC 9112 has it: check what sends the request"))

    def _start_clock(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._application.limits.read_seconds, self._too_slow)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self._in_message and (self._in_head or not self.cycle.response_complete):
            seconds = self._application.limits.read_seconds
            detail = f"the request did not come whole within {seconds:g} s: send it faster, or in smaller parts"
            self._refuse(Refusal(408, "too_slow", detail))
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer here and take nothing more: the rest of the connection cannot be understood."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._stop_clock()
        in_body = self._in_message and not self._in_head
        if in_body and self.cycle.response_complete:
            # It has its answer already, and what is wrong came after that.
            self.transport.close()
            return
        if in_body:
            # Past its head the request has reached the application, which counts it when it finds the client gone.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        else:
            self._application.refused(refusal)
        code, body, headers = refuse(refusal)
        fields = [*headers, (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
        lines = [f"HTTP/1.1 {code} {HTTPStatus(code).phrase}".encode(), *(b": ".join(field) for field in fields)]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self._linger()

    def _linger(self) -> None:
        """Close in two steps, so that the answer arrives: closing with bytes unread resets the connection.

        Source: RFC 9112, section 9.6.
        """
        self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
