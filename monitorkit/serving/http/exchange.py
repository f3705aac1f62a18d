"""One request and its answer on a connection."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from monitorkit.serving.refusals import Refusal

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine
    from typing import Any

    from monitorkit.serving.http.asgi import Answer, Application, Message, Scope

__all__ = ["Connection", "Exchange"]

HIGH_WATER_BYTES = 64 * 1024
"""So much of a body is held before it is asked for; then the client has to wait."""

_log = logging.getLogger("monitorkit.serving.http")


class Connection(Protocol):
    """What an exchange needs of the connection that it happens on."""

    loop: asyncio.AbstractEventLoop

    def answered(self, exchange: Exchange, answer: Answer | None) -> None:
        """Send the answer; none where the application has failed to give one."""

    def ask_for_body(self, exchange: Exchange) -> None:
        """Ask the client for its body, or for more of it."""

    def hold_on(self) -> None:
        """Let the client wait."""


class Exchange:
    """One request and its answer.

    The application's coroutine is run from here, without an :class:`asyncio.Task`: for most requests it waits once, for
    the model, and a task would cost more than all the rest. What it awaits must end in a future, as all of asyncio's
    own operations do, and must not ask for the current task, as :func:`asyncio.timeout` does.
    """

    __slots__ = (
        *("_awaited", "_body", "_coroutine", "_size", "_wanted"),
        *("complete", "connection", "done", "expects", "gone", "keep_alive", "scope"),
    )

    def __init__(self, connection: Connection, scope: Scope, *, expects: bool, keep_alive: bool) -> None:
        self.connection = connection
        self.scope = scope
        self.expects = expects
        self.keep_alive = keep_alive
        self.complete = False
        self.done = False
        self.gone = False
        self._body: list[bytes] = []
        self._size = 0
        self._wanted: asyncio.Future[None] | None = None
        self._awaited: asyncio.Future[Any] | None = None
        self._coroutine: Coroutine[Any, Any, Answer] | None = None

    @property
    def begun(self) -> bool:
        """Whether the application has it."""
        return self._coroutine is not None

    def begin(self, application: Application) -> None:
        """Give it to the application."""
        self._coroutine = application.answer(self.scope, self.receive)
        self._step()

    def feed(self, data: bytes) -> None:
        """Take in a part of the body; what comes after the answer is dropped."""
        if self.done:
            return
        self._body.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER_BYTES:
            self.connection.hold_on()
        self._wake()

    def finish(self) -> None:
        """Take note that the body is complete."""
        self.complete = True
        self._wake()

    def leave(self) -> None:
        """Take note that the client has gone: what it waited for need not be done."""
        self.gone = True
        awaited = self._awaited
        if self._wanted is not None:
            self._wake()
        elif awaited is not None and not awaited.done():
            awaited.set_exception(Refusal(400, "disconnected", "the client left before its answer was ready"))

    def cancel(self, msg: str = "") -> None:
        """End it, because the server ends; the name and argument are those of an :class:`asyncio.Task`."""
        if self._awaited is not None:
            self._awaited.cancel(msg)

    async def receive(self) -> Message:
        """Return the body as far as it has come, as ASGI has it; wait for some where there is none."""
        if not self._body and not self.complete and not self.gone:
            self.connection.ask_for_body(self)
            self._wanted = self.connection.loop.create_future()
            await self._wanted
            self._wanted = None
        if self.gone:
            return {"type": "http.disconnect"}
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        self._size = 0
        return {"type": "http.request", "body": body, "more_body": not self.complete}

    def _wake(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)

    def _step(self, _future: object = None) -> None:
        """Run the application until it waits for something, or is done."""
        self._awaited = None
        assert self._coroutine is not None  # noqa: S101 - tells the type checker that it has begun
        try:
            awaited = self._coroutine.send(None)
        except StopIteration as end:
            self._end(end.value)
        except BaseException:  # noqa: BLE001 - the loop must go on whatever it is
            _log.exception("%s %s failed", self.scope["method"], self.scope["path"])
            self._end(None)
        else:
            if awaited is None:  # what asyncio.sleep(0) waits for: the next turn
                self.connection.loop.call_soon(self._step)
                return
            # As a task does it: this tells the future that who awaits it has taken note.
            awaited._asyncio_future_blocking = False  # noqa: SLF001 - the protocol between futures and who runs them
            self._awaited = awaited
            awaited.add_done_callback(self._step)

    def _end(self, answer: Answer | None) -> None:
        self.done = True
        self._body = []
        self.connection.answered(self, answer)
