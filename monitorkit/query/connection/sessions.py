"""HTTP sessions, as every part of this package uses them."""

from __future__ import annotations

from typing import Any

import requests

import monitorkit
from monitorkit.query.connection.address import is_loopback, same_server
from monitorkit.query.connection.cancellation import Adapter

__all__ = ["DEFAULT_TIMEOUT_SECONDS", "Session", "session"]

DEFAULT_TIMEOUT_SECONDS = 30.0

_HARMLESS_HEADERS = {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"}


class Session(requests.Session):
    """A requests session with a timeout on every request, and headers that stay with the host they were meant for."""

    def __init__(self) -> None:
        super().__init__()
        self.headers["User-Agent"] = f"monitorkit/{monitorkit.__version__}"
        for scheme in ("http://", "https://"):
            self.mount(scheme, Adapter())

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - requests' own options
        """Send a request, with a timeout."""
        kwargs["timeout"] = kwargs.get("timeout") or DEFAULT_TIMEOUT_SECONDS
        return super().send(request, **kwargs)

    def merge_environment_settings(self, url: str, proxies: Any, *options: Any) -> dict[str, Any]:  # type: ignore[override]  # noqa: ANN401 - requests' own options
        """Add what the environment says; a server on this machine is asked past any proxy that only it names."""
        asked = dict(proxies or {})
        settings: dict[str, Any] = {**super().merge_environment_settings(url, dict(asked), *options)}
        if is_loopback(url):
            settings["proxies"] = {**self.proxies, **asked}
        return settings

    def rebuild_proxies(self, prepared_request: requests.PreparedRequest, proxies: Any) -> Any:  # noqa: ANN401 - requests' own types
        """Proxies after a redirect; none for this machine."""
        if is_loopback(prepared_request.url or ""):
            return {}
        return super().rebuild_proxies(prepared_request, proxies)  # type: ignore[no-untyped-call]

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Drop every header that may hold a secret when a redirect leads to another host, not only Authorization."""
        if not same_server(response.request.url or "", prepared_request.url or ""):
            for name in set(prepared_request.headers) - _HARMLESS_HEADERS:
                if name.lower() not in _HARMLESS_HEADERS:
                    del prepared_request.headers[name]
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]  # no types are published for it


def session() -> Session:
    """Make a session for HTTP: the one door through which this package talks to servers.

    Returns
    -------
    Session
        A requests session; close it, or use it as a context manager.

    Examples
    --------
    >>> with session() as http:
    ...     "monitorkit" in http.headers["User-Agent"]
    True
    """
    return Session()
