"""Measuring an ASGI application: FastAPI, Starlette, or any callable of ``scope``, ``receive`` and ``send``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from monitorkit.serving.http.asgi import header
from monitorkit.serving.instrumentation.exchange import CLIENT_CLOSED
from monitorkit.serving.instrumentation.routes import django_route, has_route, is_django, routes_of, template

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from monitorkit.serving.http.asgi import Message, Receive, Scope, Send
    from monitorkit.serving.instrumentation.exchange import Exchange, Meter
    from monitorkit.serving.instrumentation.page import MetricsPage

__all__ = ["AsgiInstrument"]

_BODY = frozenset({"http.response.body", "http.response.pathsend", "http.response.zerocopysend"})


class AsgiInstrument:
    """An ASGI application with a meter around it; websockets and the lifespan pass untouched.

    Parameters
    ----------
    app
        What answers.
    meter
        What counts.
    page
        The page of metrics.
    routed
        Where the routes are; by default `app` itself.
    """

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        meter: Meter,
        page: MetricsPage,
        *,
        routed: Any = None,  # noqa: ANN401 - any application
    ) -> None:
        self.meter = meter
        self.page = page
        self._app = app
        self._routed = app if routed is None else routed

    def wrap(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        """Measure another application from now on: the same, built anew."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = _below_root(scope)
        if self.page.wanted(scope["method"], path) and not self._has_route(path):
            await self._scrape(scope, send)
            return
        exchange = self.meter.begin(scope["method"], path)
        asked = dict(scope)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                retry_later = any(name.lower() == b"retry-after" for name, _ in message.get("headers", ()))
                exchange.answer(message["status"], self._template(asked, scope), retry_later=retry_later)
            elif message["type"] in _BODY and not message.get("more_body"):
                # Counted before the answer leaves, and before what the application does in the background.
                exchange.end()
            await send(message)

        await self._measured(exchange, asked, scope, self._app(scope, receive, sending))

    async def _measured(self, exchange: Exchange, asked: Scope, scope: Scope, answering: Awaitable[None]) -> None:
        try:
            await answering
        except asyncio.CancelledError:
            if exchange.path is None:
                exchange.answer(CLIENT_CLOSED, self._template(asked, scope))
            exchange.end()
            raise
        except BaseException:
            exchange.fail(exchange.path or self._template(asked, scope))
            raise
        if exchange.path is None:
            exchange.fail(self._template(asked, scope))
        exchange.end()

    def _has_route(self, path: str) -> bool:
        if is_django(self._routed):
            return django_route(path) is not None
        return has_route(routes_of(self._routed) or (), path)

    def _template(self, asked: Scope, answered: Scope) -> str | None:
        if is_django(self._routed):
            return django_route(_below_root(asked))
        routes = routes_of(self._routed)
        if routes is None:
            return self.meter.paths.template(_below_root(asked))
        return template(routes, asked, answered)

    async def _scrape(self, scope: Scope, send: Send) -> None:
        headers, body = self.page.answer(
            accept=header(scope, b"accept"),
            accept_encoding=header(scope, b"accept-encoding"),
            query=scope["query_string"].decode("latin-1"),
        )
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": pairs})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _below_root(scope: Scope) -> str:
    """The path without that of the place where the application is mounted, if the server left it in."""
    path: str = scope["path"]
    root = scope.get("root_path", "")
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path
