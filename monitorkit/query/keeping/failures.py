"""Failed requests by name: written down when they are recorded, raised again when they are replayed."""

from __future__ import annotations

import socket

import requests
import urllib3

from monitorkit.query.connection.retries import innermost

__all__ = ["CAUSES", "FAILURES", "kind", "reason"]

FAILURES: dict[str, type[requests.RequestException]] = {
    each.__name__: each
    for each in (
        requests.ConnectTimeout,
        requests.Timeout,
        requests.exceptions.SSLError,
        requests.exceptions.ProxyError,
        requests.exceptions.ChunkedEncodingError,
        requests.ConnectionError,
    )
}
"""Failures by name, the special before the general."""
CAUSES: dict[str, type[OSError]] = {each.__name__: each for each in (ConnectionRefusedError, socket.gaierror)}
"""What the system says of a connection that failed, where it makes a difference."""


def kind(error: BaseException) -> str:
    """Name of a failure.

    Examples
    --------
    >>> kind(requests.ConnectionError(ConnectionRefusedError(111, "Connection refused")))
    'ConnectionRefusedError'
    """
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
        return requests.Timeout.__name__
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return requests.exceptions.ChunkedEncodingError.__name__
    cause = type(innermost(error)).__name__
    if cause in CAUSES:
        return cause
    return next((name for name, each in FAILURES.items() if isinstance(error, each)), requests.ConnectionError.__name__)


def reason(error: BaseException) -> str:
    """What the system said, without the address that libraries repeat."""
    cause = innermost(error)
    return str(getattr(cause, "strerror", None) or cause)
