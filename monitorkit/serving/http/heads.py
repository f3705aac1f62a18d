"""Heads of requests that were read before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitorkit.serving.http.asgi import Scope

__all__ = ["KnownHeads"]

MOST_KNOWN = 16
LONGEST_BYTES = 4096

_END = b"\r\n\r\n"


class KnownHeads:
    r"""What the heads of earlier requests on a connection mean.

    A client sends the same head with each request on a connection, but for the length of its body: what it means is
    read once, and looked up from then on. To read it header by header costs more than to count the whole request.

    Examples
    --------
    >>> heads = KnownHeads()
    >>> head = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n"
    >>> heads.learn(head + b"{}", {"path": "/", "headers": [(b"content-length", b"2")]})
    >>> heads.find(head + b"[]")
    ({'path': '/', 'headers': [(b'content-length', b'2')]}, b'[]')
    >>> heads.find(head + b"[") is None
    True
    """

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Scope, int]] = {}

    def find(self, data: bytes) -> tuple[Scope, bytes] | None:
        """Return the head and the body of a whole request whose head is known; None for anything else."""
        if not self._known:
            return None
        end = data.find(_END, 0, LONGEST_BYTES) + len(_END)
        scope, whole = self._known.get(data[:end], (None, 0))
        return None if scope is None or end + whole != len(data) else (scope, data[end:])

    def learn(self, data: bytes, scope: Scope) -> None:
        """Remember the head of a request.

        Parameters
        ----------
        data
            One request, whole, and nothing else.
        scope
            What its head means.
        """
        end = data.find(_END, 0, LONGEST_BYTES)
        if end < 0 or len(self._known) >= MOST_KNOWN:
            return
        headers = dict(scope["headers"])
        length = int(headers.get(b"content-length", 0))
        # In chunks, the same head can be followed by a body of any length.
        if b"transfer-encoding" not in headers and end + len(_END) + length == len(data):
            self._known[data[: end + len(_END)]] = scope, length
