"""What every answer of the Prometheus API is wrapped in: success or error, data, remarks.

The form of the answers: Prometheus documentation, "HTTP API", section "Format overview". What the data of a query are
is :mod:`monitorkit.query.decoding.wire`'s; nothing here loads numpy, which takes longer than connecting.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import orjson

from monitorkit.query.statistics import told

__all__ = [
    "MAX_BODY_BYTES",
    "Answer",
    "BareDecoder",
    "Decoder",
    "Malformed",
    "PlainDecoder",
    "Refused",
    "begin",
    "plain",
]

T = TypeVar("T")

MAX_BODY_BYTES = 1 << 28
"""Longest body that is kept as a whole."""


class Malformed(ValueError):
    """The bytes are no answer of the Prometheus API."""


class Refused(Exception):
    """The answer of the API is an error."""

    def __init__(self, error_type: str, message: str) -> None:
        self.error_type = error_type
        self.message = message
        super().__init__(f"{error_type}: {message}")


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What the API returned, and what the server remarked about it."""

    data: T
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    stats: dict[str, Any] = field(default_factory=dict, repr=False)


class Decoder(Protocol[T]):
    """What turns the bytes of one body into an answer, while they arrive."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; raise :class:`Malformed` once it is sure that they are no answer."""

    def finish(self) -> Answer[T]:
        """Return the answer; raise :class:`Refused` or :class:`Malformed` where there is none."""


class PlainDecoder:
    """Decoder of any answer into plain Python values, as :func:`plain`; it keeps the body until its end."""

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes, as long as they may still become an answer."""
        if not self._body:
            begin(chunk)
        self._body += chunk
        if len(self._body) > MAX_BODY_BYTES:
            raise Malformed(f"longer than {MAX_BODY_BYTES >> 20} MiB")

    def finish(self) -> Answer[Any]:
        """Return the answer, as :func:`plain`."""
        return plain(bytes(self._body))


class BareDecoder(PlainDecoder):
    """Decoder of an answer without the API's envelope, such as Mimir's about cardinality."""

    def finish(self) -> Answer[Any]:
        """Return the answer, as :func:`plain`, or the whole document where it has no status."""
        body = bytes(self._body)
        try:
            return plain(body)
        except Malformed:
            with suppress(orjson.JSONDecodeError):
                document = orjson.loads(body)
                if isinstance(document, dict) and "status" not in document:
                    return Answer(document)
            raise


def begin(body: bytes) -> None:
    """Raise :class:`Malformed` if a body does not begin as every answer does."""
    if not (body.lstrip() or b"{").startswith(b"{"):
        raise Malformed("not JSON of an API (it does not begin with '{')")


def plain(body: bytes) -> Answer[Any]:
    """Decode an answer of any end point into plain Python values.

    Raises
    ------
    Refused
        If the answer is an error of the API.
    Malformed
        If it is no answer of the API.

    Examples
    --------
    >>> plain(b'{"status":"success","data":["up"],"warnings":["partial"]}')
    Answer(data=['up'], warnings=('partial',), infos=())
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON ({error})") from None
    status = document.get("status") if isinstance(document, dict) else None
    if status == "error":
        raise Refused(str(document.get("errorType", "error")), str(document.get("error", "no reason given")))
    if status != "success" or "data" not in document:
        raise Malformed('JSON, but without "status" and "data"')
    return Answer(document["data"], _texts(document, "warnings"), _texts(document, "infos"), told(document))


def _texts(document: dict[str, Any], key: str) -> tuple[str, ...]:
    return tuple(str(text) for text in document.get(key) or ())
