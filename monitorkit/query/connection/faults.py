"""What went wrong between asking and answering, said so that a person knows what to do."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

import requests
import urllib3

from monitorkit.errors import QueryError, ServerUnavailable
from monitorkit.query.connection import dialects
from monitorkit.query.connection.retries import innermost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitorkit.query.connection.bodies import Reply
    from monitorkit.query.decoding.envelope import Malformed, Refused

__all__ = ["advised", "asked", "no_answer", "no_use", "noted", "position", "refused", "timed_out"]

_PARSE_ERROR = re.compile(r'(?:invalid parameter "[^"]+": )?(?:(\d+):(\d+)|\w+ position): parse error: (.*)', re.DOTALL)
_PARAMETER = re.compile(r'^invalid parameter "(?:query|match\[\])": ')
_EXCERPT = 200
_BAD_REQUEST, _GATEWAY_TIMEOUT = 400, 504
# Go's net/http and nginx.
_WANTS_TLS = re.compile(rb"HTTP request (?:to an HTTPS server|was sent to HTTPS port)")
_TIMED_OUT = re.compile(r"timed? ?out|deadline exceeded", re.IGNORECASE)

_TIMEOUTS = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
_REASONS: list[tuple[tuple[type[BaseException], ...], str]] = [
    (
        (requests.ConnectTimeout,),
        "the server cannot be reached (no connection in time); check the address and the network",
    ),
    (
        _TIMEOUTS,
        "no complete answer within {seconds:g} s; ask for less, or pass a larger timeout_seconds",
    ),
    (
        (requests.exceptions.SSLError,),
        "no secure connection ({cause}); check the address, verify= (an authority of your own) and cert= (yours)",
    ),
    (
        (requests.exceptions.ProxyError,),
        "the proxy does not help ({cause}); check proxies=, or the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
    ),
    (
        (requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError),
        "the connection broke off before the answer was complete; try again",
    ),
    (
        (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError),
        "the body is not compressed as it says ({cause}); something on the way changes it",
    ),
    (
        (ConnectionRefusedError,),
        "nothing listens there ({cause}); start a server with mk.start_prometheus(), or check the address",
    ),
    (
        (socket.gaierror,),
        "no such host ({cause}); check the address",
    ),
]
_OTHER_REASON = "the connection failed ({cause}); try again, or check the address"
_HTTPS_ONLY = "the server speaks HTTPS only; write https:// in the address"
_STATUS = {
    401: "credentials are missing or wrong; pass auth=(user, password), token= or headers=",
    403: "these credentials do not allow it; pass others with auth=, token= or headers=",
    404: "nothing at this path; the URL should be the server's root (with its prefix, without /graph or /api/v1)",
    407: "the proxy wants credentials; pass proxies='http://user:password@proxy:3128'",
    429: "too many requests; try again a little later",
}


def no_answer(error: Exception, *, timeout_seconds: float) -> str:
    """Say why no answer came."""
    cause = innermost(error)
    fitting = (reason for kinds, reason in _REASONS if isinstance(error, kinds) or isinstance(cause, kinds))
    told = getattr(cause, "strerror", None) or str(cause)
    return next(fitting, _OTHER_REASON).format(seconds=timeout_seconds, cause=told)


def timed_out(error: QueryError | ServerUnavailable) -> bool:
    """Whether a question was not answered for the time that it takes: by this end, the server, or one on the way."""
    if isinstance(error, QueryError):
        return error.error_type == "timeout" or (
            error.error_type != "bad_data" and _TIMED_OUT.search(error.message) is not None
        )
    cause = error.__cause__
    if cause is None or isinstance(cause, requests.ConnectTimeout):
        return error.status == _GATEWAY_TIMEOUT
    return isinstance(cause, _TIMEOUTS) or isinstance(innermost(cause), _TIMEOUTS)


def advised(error: QueryError | ServerUnavailable, advice: str) -> QueryError | ServerUnavailable:
    """Return the same error with one more thing that a person can do."""
    if isinstance(error, ServerUnavailable):
        return ServerUnavailable(error.url, f"{error.reason}; {advice}", status=error.status)
    return QueryError(
        f"{error.message}; {advice}",
        query=error.query,
        error_type=error.error_type,
        position=error.position,
        server=error.server,
    )


def noted(reason: str, note: str) -> str:
    """Add to a reason what a person should know besides."""
    return f"{reason}; {note}" if note else reason


def no_use(reply: Reply, why: Malformed | None = None) -> str:
    """Say why an answer that came is of no use."""
    return noted(f"HTTP {reply.status}{_trouble(reply, why)}", reply.note)


def _trouble(reply: Reply, why: Malformed | None) -> str:
    wants_tls = reply.status == _BAD_REQUEST and _WANTS_TLS.search(reply.body)
    if known := _HTTPS_ONLY if wants_tls else _STATUS.get(reply.status):
        return f": {known}"
    if not reply.body.strip():
        return " with an empty body; the server may be starting or overloaded: try again a little later"
    if "html" in reply.content_type or reply.body.lstrip()[:1] == b"<":
        return " with a web page instead of data; is this a login page, or the address of another program?"
    if reply.content_type.startswith("text/plain"):
        return f": {_excerpt(reply.body)}"
    if why is not None:
        return f", but the body is {why}; cut short on its way, or not Prometheus' API"
    return f": {_excerpt(reply.body)}"


def _excerpt(body: bytes) -> str:
    lines = body.decode(errors="replace").strip().splitlines()
    return lines[0][:_EXCERPT] if lines else ""


def refused(refusal: Refused, *, query: str, server: str, note: str = "") -> QueryError:
    """Turn an error of the API into ours, with the place in the query where the server tells it."""
    message = refusal.message
    if match := _PARSE_ERROR.match(message):
        line, column, message = match.groups()
        place = position(query, int(line), int(column)) if line else None
        return QueryError(
            noted(message, note), query=query, error_type=refusal.error_type, position=place, server=server
        )
    message, kind, place = dialects.reworded(_PARAMETER.sub("", message), refusal.error_type, query)
    return QueryError(noted(message, note), query=query, error_type=kind, position=place, server=server)


def asked(params: Mapping[str, Any]) -> str:
    """The PromQL in the parameters of a call: its query, or its one selector; empty where there is none."""
    matches = params.get("match[]", ())
    return str(params.get("query") or (matches[0] if len(matches) == 1 else ""))


def position(query: str, line: int, column: int) -> int | None:
    """Offset in characters of Prometheus' line and column, which count from 1 and in bytes.

    Notes
    -----
    Source: ``ParseErr.Error`` in Prometheus' promql/parser/parse.go (2.42 and 3.5 alike).

    Examples
    --------
    >>> position('"ü" + sum(up', 1, 14)
    12
    """
    lines = query.encode(errors="replace").split(b"\n")
    if not (1 <= line <= len(lines) and 1 <= column <= len(lines[line - 1]) + 1):
        return None
    before = b"\n".join([*lines[: line - 1], lines[line - 1][: column - 1]])
    return len(before.decode(errors="replace"))
