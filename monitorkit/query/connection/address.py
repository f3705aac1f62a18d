"""Addresses of servers: their one form, and what may be sent from one to another."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote, urlsplit, urlunsplit

from monitorkit.errors import InvalidType, InvalidValue

__all__ = ["is_loopback", "root", "same_server"]


def root(url: str) -> tuple[str, tuple[str, str] | None]:
    """Root of a server from what a user wrote: without user, password and last slash; and the two, if they were there.

    Raises
    ------
    InvalidValue
        If it is no address over http or https, or has parameters.
    InvalidType
        If it is no text.

    Examples
    --------
    >>> root("localhost:9090/"), root("https://me:secret@prometheus.example/a")
    (('http://localhost:9090', None), ('https://prometheus.example/a', ('me', 'secret')))
    """
    if not isinstance(url, str):
        raise InvalidType(f"url: {type(url).__name__} is no text; write 'http://127.0.0.1:9090'")
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname or "", parts.port
        usable = parts.scheme in {"http", "https"} and host
    except ValueError:
        usable = ""
    if not usable:
        # The URL is not repeated here: it may hold a password.
        raise InvalidValue("url: no address of a server; write 'http://127.0.0.1:9090'")
    if parts.query or parts.fragment:
        raise InvalidValue(f"url: {host}: write the server's root only, without ?... and #...")
    shown = f"[{host}]" if ":" in host else host
    clean = urlunsplit((parts.scheme, f"{shown}:{port}" if port else shown, parts.path.rstrip("/"), "", ""))
    if parts.username is None:
        return clean, None
    return clean, (unquote(parts.username), unquote(parts.password or ""))


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine itself.

    Examples
    --------
    >>> is_loopback("http://127.0.0.1:9090"), is_loopback("http://prometheus:9090")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def same_server(old: str, new: str) -> bool:
    """Whether what was meant for the one URL may go to the other: same host and port, or from http up to https.

    Examples
    --------
    >>> same_server("http://a/x", "https://a/x"), same_server("http://a:9090", "http://a:9091")
    (True, False)
    """
    (old_parts, old_port), (new_parts, new_port) = (
        (parts, parts.port or {"http": 80, "https": 443}.get(parts.scheme)) for parts in map(urlsplit, (old, new))
    )
    if old_parts.hostname != new_parts.hostname:
        return False
    change = (old_parts.scheme, old_port, new_parts.scheme, new_port)
    return change[:2] == change[2:] or change == ("http", 80, "https", 443)
