"""A small ASGI application: routes, answers, bodies of bounded length, and a JSON answer to whatever goes wrong.

ASGI is the interface between Python's asynchronous servers and applications (its specification: "ASGI", version 3.0).
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from monitorkit.serving.refusals import Refusal, stopping

if TYPE_CHECKING:
    from monitorkit.serving.limits import Limits

__all__ = [
    "Answer",
    "Application",
    "Handler",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "header",
    "json_answer",
    "read_body",
    "refuse",
]

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_ECHO = 100

_log = logging.getLogger("monitorkit.serving")
_log.addHandler(logging.NullHandler())

_PACKINGS = frozenset({b"gzip", b"x-gzip", b"deflate"})
_EITHER = zlib.MAX_WBITS | 32

_JSON = (b"content-type", b"application/json")


class Answer(NamedTuple):
    """An HTTP response: status code, body, headers beside its length."""

    code: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


Handler = Callable[[Scope, Receive], Awaitable[Answer]]


def json_answer(document: object, code: int = 200) -> Answer:
    """Answer with a JSON document; numpy's scalars are written as numbers, NaN as null.

    Examples
    --------
    >>> json_answer({"status": "ok"}).body
    b'{"status":"ok"}'
    """
    return Answer(code, orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY), (_JSON,))


def refuse(refusal: Refusal) -> Answer:
    """Answer with what is wrong."""
    headers = tuple((name.encode(), value.encode()) for name, value in refusal.headers.items())
    return Answer(refusal.code, orjson.dumps(refusal.body()), (_JSON, *headers))


def header(scope: Scope, name: bytes) -> str:
    """A request header, its several lines joined; empty where there is none."""
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Read a request's body.

    Raises
    ------
    Refusal
        If it is longer than `limit` bytes, also once it is unpacked, or the client leaves. A body announced as too long
        is not read; the server discards what the client sends of it, so that the client gets to read its answer.
    """
    packed = False
    for key, value in scope["headers"]:
        if key == b"content-length" and int(value) > limit:
            raise _too_large(limit)
        if key == b"content-encoding" and value.lower() != b"identity":
            if value.lower() not in _PACKINGS:
                encoding = value.decode("latin-1")[:MAX_ECHO]
                detail = f"content-encoding is {encoding}: send JSON as it is, or with gzip or deflate"
                raise Refusal(415, "compressed", detail, which="content-encoding")
            packed = True
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
    else:
        body = await _read_rest(message, receive, limit)
    return _unpacked(body, limit) if packed else body


async def _read_rest(message: Message, receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        if message["type"] != "http.request":
            raise Refusal(400, "disconnected", "the connection ended before the whole body had come")
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()


def _unpacked(body: bytes, limit: int) -> bytes:
    """Unpack gzip or zlib, whichever it is, up to the limit: a few bytes may stand for a thousand times as many."""
    unpacking = zlib.decompressobj(_EITHER)
    try:
        unpacked = unpacking.decompress(body, limit + 1)
    except zlib.error as error:
        raise Refusal(400, "compressed", f"the body cannot be unpacked: {error}", which="content-encoding") from None
    if len(unpacked) > limit:
        raise _too_large(limit)
    if not unpacking.eof or unpacking.unused_data:
        detail = "the body cannot be unpacked: it ends early, or something follows it"
        raise Refusal(400, "compressed", detail, which="content-encoding")
    return unpacked


def _too_large(limit: int) -> Refusal:
    return Refusal(413, "too_large", f"the body is longer than {limit} bytes: send fewer instances at a time")


class Application:
    """An ASGI application whose answers to mistakes are JSON too.

    Its handlers may run without a task (see :class:`monitorkit.serving.http.exchange.Exchange`): they await what they
    like, but must not ask for the current task, as :func:`asyncio.timeout` does.

    Parameters
    ----------
    routes
        Handlers by path and method. ``HEAD`` goes where ``GET`` goes.
    unlisted
        Further ones, which who asks for an unknown path is not told of.
    limits
        Bounds on what clients send.
    """

    def __init__(
        self,
        routes: dict[str, dict[str, Handler]],
        limits: Limits,
        unlisted: Mapping[str, dict[str, Handler]] | None = None,
    ) -> None:
        self._routes = {**routes, **(unlisted or {})}
        self._listed = ", ".join(routes)
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"this application speaks HTTP, not {scope['type']}")
        code, body, headers = await self.answer(scope, receive)
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": code, "headers": [length, *headers]})
        await send({"type": "http.response.body", "body": body})

    def refused(self, refusal: Refusal) -> None:
        """Take note of a request that is refused."""

    def further_handlers(self, path: str) -> dict[str, Handler] | None:  # noqa: ARG002 - for those that have some
        """Handlers by method of a path that is not among the fixed ones; None where there is nothing."""
        return None

    def refusal_answer(self, scope: Scope, refusal: Refusal) -> Answer:  # noqa: ARG002 - for those that have several forms
        """The answer to a request that is refused."""
        return refuse(refusal)

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        """Return the answer to a request, whatever goes wrong."""
        try:
            return await self._handler(scope)(scope, receive)
        except Refusal as error:
            refusal = error
        except asyncio.CancelledError:
            # Only the end of the server cancels a request; its client is told so.
            refusal = stopping()
        except Exception as error:  # noqa: BLE001 - the client gets an answer whatever happens here
            _log.exception("%s %s failed", scope["method"], scope["path"])
            refusal = Refusal(500, "internal", f"the server failed: {type(error).__name__}: {error}")
        self.refused(refusal)
        return self.refusal_answer(scope, refusal)

    def _handler(self, scope: Scope) -> Handler:
        path, method = scope["path"], scope["method"]
        methods = self._routes.get(path)
        if methods is None:
            methods = self.further_handlers(path)
        if methods is None:
            detail = f"there is no {path[:MAX_ECHO]}: the paths are {self._listed}"
            raise Refusal(404, "unknown_path", detail, which="path")
        handler = methods.get("GET" if method == "HEAD" else method)
        if handler is None:
            allowed = ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])])
            detail = f"{path} does not take {method}: use {allowed}"
            raise Refusal(405, "wrong_method", detail, which="method", headers={"allow": allowed})
        return handler
