"""Measuring a WSGI application (PEP 3333): Flask, or any callable of ``environ`` and ``start_response``."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from monitorkit.serving.instrumentation.routes import django_route, is_django

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from monitorkit.serving.instrumentation.exchange import Exchange, Meter
    from monitorkit.serving.instrumentation.page import MetricsPage

__all__ = ["WsgiInstrument"]

Environ = dict[str, Any]

_WITHOUT_BODY = frozenset({204, 304})
_WRONG_METHOD = 405


class WsgiInstrument:
    """A WSGI application with a meter around it.

    Parameters
    ----------
    app
        What answers.
    meter
        What counts.
    page
        The page of metrics.
    url_map
        The routes of a Flask application (werkzeug's ``Map``); None where there are none to ask.
    """

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        meter: Meter,
        page: MetricsPage,
        *,
        url_map: Any = None,  # noqa: ANN401 - werkzeug's
    ) -> None:
        self.meter = meter
        self.page = page
        self._app = app
        self._url_map = url_map

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if self.page.wanted(method, path) and not self._has_route(path):
            return self._scrape(environ, start_response)
        exchange = self.meter.begin(method, path)
        mount = environ.get("SCRIPT_NAME", "")
        length: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:  # noqa: ANN401 - as PEP 3333 has it
            told = {name.lower(): value for name, value in headers}
            code = int(status[:3])
            if _is_websocket(getattr(environ.get("werkzeug.request"), "url_rule", None)):
                exchange.drop()
            exchange.answer(code, self._template(environ, mount, code), retry_later="retry-after" in told)
            empty = method == "HEAD" or code in _WITHOUT_BODY
            length[:] = [0] if empty else [int(told["content-length"])] if "content-length" in told else []
            return start_response(status, headers, *exc_info)

        try:
            body = self._app(environ, start)
        except BaseException:
            if _is_websocket(self._rule(environ)):
                exchange.drop()
            exchange.fail(self._searched(environ))
            raise
        return self._counted(body, environ, exchange, length)

    @staticmethod
    def _counted(body: Iterable[bytes], environ: Environ, exchange: Exchange, length: list[int]) -> Iterable[bytes]:
        """Count when the last byte is handed over; what is whole already, or is sent by the server as a file, now."""
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(body, list | tuple) or (isinstance(wrapper, type) and isinstance(body, wrapper)):
            exchange.end()
            return body
        if length == [0]:
            exchange.end()
        return _Body(body, exchange, length)

    def _template(self, environ: Environ, mount: str, code: int) -> str | None:
        """The route that takes the request, as far as it is known when the answer begins."""
        request = environ.get("werkzeug.request")
        if request is None or code == _WRONG_METHOD:
            return self._searched(environ)
        rule = getattr(getattr(request, "url_rule", None), "rule", None)
        # An application mounted in this one sees its own part of the path only.
        return None if rule is None else environ.get("SCRIPT_NAME", "").removeprefix(mount) + rule

    def _searched(self, environ: Environ) -> str | None:
        """The route of a request that Flask does not tell: of another method, or never answered."""
        if self._url_map is None:
            path = environ.get("PATH_INFO", "")
            return django_route(path) if is_django(self._app) else self.meter.paths.template(path)
        rule = self._rule(environ)
        return None if rule is None else str(rule.rule)

    def _rule(self, environ: Environ) -> Any:  # noqa: ANN401 - werkzeug's, or none
        with suppress(Exception):
            routes = self._url_map.bind_to_environ(environ)
            allowed = routes.allowed_methods()
            method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in allowed else next(iter(allowed))
            return routes.match(method=method, return_rule=True)[0]
        return None

    def _has_route(self, path: str) -> bool:
        """Whether the application has a page of its own there."""
        if is_django(self._app):
            return django_route(path) is not None
        return self._url_map is not None and any(rule.rule == path for rule in self._url_map.iter_rules())

    def _scrape(self, environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        if environ.get("wsgi.multiprocess"):
            self.page.tell_of_other_processes()
        headers, body = self.page.answer(
            accept=environ.get("HTTP_ACCEPT", ""),
            accept_encoding=environ.get("HTTP_ACCEPT_ENCODING", ""),
            query=environ.get("QUERY_STRING", ""),
        )
        start_response("200 OK", list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _is_websocket(rule: Any) -> bool:  # noqa: ANN401 - werkzeug's, or none
    """Whether a route of Flask's is for websockets, as Flask-Sock makes them: the request lasts as long as they do."""
    return bool(getattr(rule, "websocket", False))


class _Body:
    """The rest of an answer: passed on piece by piece as it comes, and counted at its end."""

    def __init__(self, body: Iterable[bytes], exchange: Exchange, length: list[int]) -> None:
        self._body = body
        self._pieces = iter(body)
        self._exchange = exchange
        self._length = length
        self._sent = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
        except StopIteration:
            self._exchange.end()
            raise
        except BaseException:
            self._exchange.fail()
            raise
        self._sent += len(piece)
        if self._length and self._sent >= self._length[0]:
            # Counted before the last piece leaves: who has the answer in hand finds it counted.
            self._exchange.end()
        return piece

    def close(self) -> None:
        """End the answer, also one that its client left, and let the application tidy up."""
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            self._exchange.end()
