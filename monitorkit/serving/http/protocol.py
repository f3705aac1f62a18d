"""HTTP on a connection: requests parsed, answered one after the other, and an end to slow ones.

uvicorn accepts connections and ends them. Its own protocol serves any ASGI application, at three times the cost of this
one, which knows the application: an answer is one value, written at once, and no task is needed to make it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from http import HTTPStatus
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import httptools

from monitorkit.serving.http.asgi import refuse
from monitorkit.serving.http.deadline import Deadline
from monitorkit.serving.http.exchange import Exchange
from monitorkit.serving.http.heads import KnownHeads
from monitorkit.serving.refusals import Refusal

if TYPE_CHECKING:
    from uvicorn import Config
    from uvicorn.server import ServerState

    from monitorkit.serving.http.asgi import Answer, Application, Scope

__all__ = ["HttpProtocol"]

MAX_HEAD_BYTES = 64 * 1024
"""Longest request line and headers together; the parser itself has no limit."""

JOIN_BYTES = 16 * 1024
"""A shorter body is copied behind its headers: one thing to send."""

LINGER_SECONDS = 2.0

_BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})

_log = logging.getLogger("monitorkit.serving.http")
_log.setLevel(logging.WARNING)

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class HttpProtocol(asyncio.Protocol):
    """One connection.

    The application's ``read_seconds`` is how long one request may take to arrive whole: without an end to that, clients
    that send a byte now and then hold connections for ever.

    Parameters
    ----------
    config, server_state, app_state, _loop
        As uvicorn passes them.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002 - uvicorn's
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.loop = _loop or asyncio.get_running_loop()
        self._application = cast("Application", config.app)
        # Of any type: uvicorn declares what its own protocols and tasks are, and only calls their methods.
        self._server_state: Any = server_state
        self._default_headers: list[tuple[bytes, bytes]] = []
        self._default_lines = b""
        self._keep_alive_seconds = config.timeout_keep_alive
        self._parser = httptools.HttpRequestParser(self)
        # So that a request is answered even when more follows the one that was announced as the last.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._heads = KnownHeads()
        self._exchanges: deque[Exchange] = deque()
        """Requests without an answer, oldest first; only the first has been given to the application."""
        self._reading: Exchange | None = None
        """The request whose body is still coming."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._expects = False
        self._in_head = False
        self._head_bytes = 0
        self._beginning = False
        self._last = False
        self._deaf = False
        self._farewell: Refusal | None = None
        self._paused = False
        self._writable = True
        self._unsent = 0
        self._deadline = Deadline(self.loop, self._too_late)
        self._deadline_is_for_reading = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock: the first byte, too, may never come."""
        self._transport = cast("asyncio.Transport", transport)
        self._server_state.connections.add(self)
        self._deadline.set(self._application.limits.read_seconds)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Let go of what the client waited for."""
        self._server_state.connections.discard(self)
        self._deadline.stop()
        exchanges, self._exchanges = self._exchanges, deque()
        for exchange in exchanges:
            exchange.leave()

    def data_received(self, data: bytes) -> None:
        """Parse, begin what can begin, and give a request that has not come whole a deadline."""
        if self._deaf:
            return
        if not self._take_known(data) and not self._take(data):
            return
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            detail = f"the request line and headers are longer than {MAX_HEAD_BYTES} bytes: send fewer or shorter ones"
            self._refuse(Refusal(431, "too_large", detail))
        elif len(self._exchanges) > 1:
            self.hold_on()
        self._set_clock()

    def pause_writing(self) -> None:
        """Begin no further request until the client has taken its answers."""
        self._writable = False

    def resume_writing(self) -> None:
        """Begin what waited for the client to take its answers."""
        self._writable = True
        self._begin_next()

    def shutdown(self) -> None:
        """End when the request in flight, if there is one, is answered; uvicorn calls it."""
        if self._exchanges:
            self._last = True
        else:
            self._transport.close()

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        self._in_head = True
        self._expects = False
        self._url = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        """Take in a part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header; what comes behind a body is none."""
        if self._in_head:
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self._expects = True
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Put the request in line."""
        self._in_head = False
        self._head_bytes = 0
        parser = self._parser
        version = parser.get_http_version()
        path, query = _target(self._url)
        scope: Scope = {
            "type": "http",
            "http_version": version,
            "method": parser.get_method().decode("ascii"),
            "path": path,
            "raw_path": self._url,
            "query_string": query,
            "headers": self._headers,
        }
        keep_alive = version != "1.0" and parser.should_keep_alive()
        self._reading = exchange = Exchange(self, scope, expects=self._expects, keep_alive=keep_alive)
        self._exchanges.append(exchange)

    def on_body(self, body: bytes) -> None:
        """Take in a part of the body."""
        if self._reading is not None:
            self._reading.feed(body)

    def on_message_complete(self) -> None:
        """Note that a request has come whole."""
        self._head_bytes = 0
        if self._reading is not None:
            self._reading.finish()
            self._reading = None

    def answered(self, exchange: Exchange, answer: Answer | None) -> None:
        """Send the answer of the first in line, and begin the next."""
        self._server_state.tasks.discard(exchange)
        if exchange.gone:
            return
        self._exchanges.popleft()
        keep_alive = exchange.keep_alive and not self._last
        if answer is not None:
            self._write(answer, keep_alive=keep_alive, head_only=exchange.scope["method"] == "HEAD")
        if answer is None or not keep_alive:
            self._close()
        elif self._farewell is not None and not self._exchanges:
            self._part(self._farewell)
        else:
            if len(self._exchanges) <= 1:
                self.go_on()
            if not self._beginning:
                self._set_clock()
                self._begin_next()

    def ask_for_body(self, exchange: Exchange) -> None:
        """Ask the client for the body, or for more of it."""
        if exchange.expects:
            exchange.expects = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.go_on()

    def hold_on(self) -> None:
        """Let the client wait until what it has sent is taken."""
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Let the client send on."""
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _take_known(self, data: bytes) -> bool:
        """Begin a request that has come whole, by itself and with a head that is known; return whether it is one."""
        found = None if self._in_head or self._reading is not None else self._heads.find(data)
        if found is None:
            return False
        scope, body = found
        exchange = Exchange(self, scope, expects=False, keep_alive=True)
        self._exchanges.append(exchange)
        if body:
            exchange.feed(body)
        exchange.finish()
        self._begin_next()
        return True

    def _take(self, data: bytes) -> bool:
        """Parse, and begin what can begin; return whether it can be understood."""
        fresh = not self._in_head and self._reading is None and not self._exchanges
        self._head_bytes += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError:
            detail = "this is not HTTP/1.1 as RFC 9112 has it: check what sends the request"
            self._refuse(Refusal(400, "malformed", detail))
            self._begin_next()
            return False
        if fresh and len(self._exchanges) == 1 and self._reading is None and not self._in_head:
            self._heads.learn(data, self._exchanges[0].scope)
        self._begin_next()
        return True

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            # Who offers to go on in another protocol may be answered in this one (RFC 9110, section 7.8). The parser
            # takes what follows for the other protocol, and it is the body: Java's own client offers HTTP/2 like that.
            self._last = True
            exchange = self._exchanges[-1]
            announced = [field for field in exchange.scope["headers"] if field[0] in _BODY_HEADERS]
            if announced and exchange.scope["method"] != "CONNECT":
                exchange.complete = False
                self._reading = exchange
                self._parser = _body_parser(self, announced)
                with suppress(httptools.HttpParserUpgrade):
                    self._parser.feed_data(data[offer.args[0] :])
            else:
                self.hear_no_more()

    def hear_no_more(self) -> None:
        """Take what comes from now on for nothing: the answer to what came before is the last."""
        self._deaf = True
        self._deadline.clear()

    def _begin_next(self) -> None:
        if self._beginning:
            # Many requests may have come at once and be answered at once: one after the other, not one in the other.
            return
        self._beginning = True
        while self._exchanges and not self._exchanges[0].begun and self._writable and not self._transport.is_closing():
            exchange = self._exchanges[0]
            self._server_state.tasks.add(exchange)
            exchange.begin(self._application)
        self._beginning = False

    def _write(self, answer: Answer, *, keep_alive: bool, head_only: bool) -> None:
        code, body, headers = answer
        if self._server_state.default_headers is not self._default_headers:
            # uvicorn makes the date anew each second.
            self._default_headers = self._server_state.default_headers
            self._default_lines = b"".join([b"%b: %b\r\n" % field for field in self._default_headers])
        lines = b"".join([b"%b: %b\r\n" % field for field in headers])
        if lines.count(b"\n") != len(headers):
            _log.error("a header of the answer has more than one line: %r", lines)
            self._transport.close()
            return
        last = b"" if keep_alive else b"connection: close\r\n"
        head = b"%bcontent-length: %d\r\n%b%b%b\r\n" % (
            _STATUS_LINES[code],
            len(body),
            self._default_lines,
            lines,
            last,
        )
        if head_only:
            self._transport.write(head)
        elif len(body) <= JOIN_BYTES:
            self._transport.write(head + body)
        else:
            self._transport.writelines((head, body))

    def _set_clock(self) -> None:
        """Give the client a time: for the rest of a request, or for the next; none while it waits for its answer."""
        if self._deaf:
            return
        if self._in_head or self._reading is not None:
            if self._paused:
                self._deadline.clear()
            elif not self._deadline or not self._deadline_is_for_reading:
                self._deadline_is_for_reading = True
                self._deadline.set(self._application.limits.read_seconds)
        elif self._exchanges:
            self._deadline.clear()
        else:
            self._deadline_is_for_reading = False
            self._deadline.set(self._keep_alive_seconds)

    def _too_late(self) -> None:
        if self._in_head or (self._reading is not None and not self._reading.done):
            seconds = self._application.limits.read_seconds
            detail = f"the request did not come whole within {seconds:g} s: send it faster, or in smaller parts"
            self._refuse(Refusal(408, "too_slow", detail))
        else:
            self._close()

    def _close(self) -> None:
        """Close once the client has taken its answer; if it takes nothing of it, drop what would wait for ever."""
        unsent = self._transport.get_write_buffer_size()
        if unsent and unsent == self._unsent:
            self._transport.abort()
            return
        self._unsent = unsent
        self._transport.close()
        if unsent:
            self._deadline.set(self._application.limits.read_seconds)

    def _refuse(self, refusal: Refusal) -> None:
        """Answer here and take nothing more: the rest of the connection cannot be understood."""
        if self._deaf or self._transport.is_closing():
            return
        self.hear_no_more()
        reading, self._reading = self._reading, None
        if reading is not None and reading.done:
            # It has its answer already, and what is wrong came after that.
            self._transport.close()
            return
        if reading is not None:
            self._exchanges.remove(reading)
        if reading is not None and reading.begun:
            # The application has it, and counts it when it finds the client gone.
            reading.leave()
        else:
            self._application.refused(refusal)
        if self._exchanges:
            self._farewell = refusal
        else:
            self._part(refusal)

    def _part(self, refusal: Refusal) -> None:
        """Send the last answer and close in two steps, so that it arrives: closing with bytes unread resets.

        Source: RFC 9112, section 9.6.
        """
        self._write(refuse(refusal), keep_alive=False, head_only=False)
        self._transport.write_eof()
        self.go_on()
        self.loop.call_later(LINGER_SECONDS, self._transport.close)


def _body_parser(protocol: HttpProtocol, announced: list[tuple[bytes, bytes]]) -> httptools.HttpRequestParser:
    """A parser that is past the head of a request whose body was announced like this."""

    def complete() -> None:
        protocol.on_message_complete()
        protocol.hear_no_more()

    told = SimpleNamespace(on_body=protocol.on_body, on_message_complete=complete)
    parser = httptools.HttpRequestParser(told)
    parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join([b"%b: %b\r\n" % field for field in announced]))
    return parser


def _target(url: bytes) -> tuple[str, bytes]:
    """Path and query of a request's target, which may be absolute (RFC 9112, section 3.2)."""
    path, _, query = url.partition(b"?")
    if not path.startswith(b"/") or b"#" in url:
        parsed = httptools.parse_url(url)
        path, query = parsed.path or b"/", parsed.query or b""
    text = path.decode("ascii")
    return unquote(text) if "%" in text else text, query
