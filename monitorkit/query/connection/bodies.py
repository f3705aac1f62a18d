"""Bodies of responses, read while they arrive, within the time and the memory that they may take."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from monitorkit.query.decoding.envelope import MAX_BODY_BYTES, Malformed, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from monitorkit.query.decoding.envelope import Answer, Decoder

__all__ = ["Reply", "read"]

CHUNK_BYTES = 1 << 18
ERROR_BYTES = 1 << 20
"""What is kept of the body of an answer that is no success; errors of the API are far shorter."""
EXCERPT_BYTES = 1 << 10
"""What is kept of a body that was decoded while it came: enough to tell what it is."""


@dataclass(frozen=True)
class Reply:
    """What a server sent back.

    Parameters
    ----------
    status, content_type
        As in HTTP.
    body
        The whole body, or only its beginning where `decoder` took the rest.
    decoder
        What took the body.
    failure
        Why the decoder refused it.
    headers
        As in HTTP; their names are read without regard to case.
    note
        What a person should know of how it was asked for.
    """

    status: int
    content_type: str
    body: bytes
    decoder: Decoder[Any] | None = None
    failure: Malformed | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return _success(self.status)

    def answer(self) -> Answer[Any]:
        """Return what the API answered.

        Raises
        ------
        Refused
            If it is an error of the API.
        Malformed
            If it is no answer of the API.
        """
        if self.failure is not None:
            raise self.failure
        return self.decoder.finish() if self.decoder else plain(self.body)


def read(response: requests.Response, deadline: float, decoder: Callable[[], Decoder[Any]] | None = None) -> Reply:
    """Read a response; a body of success goes to a new decoder, if there is any, while it arrives.

    Raises
    ------
    TimeoutError
        If it is not complete at the deadline (of the monotonic clock), however busily the server sends.
    """
    if not _success(response.status_code):
        return _reply(response, _whole(response, deadline, ERROR_BYTES))
    if decoder is None:
        return _reply(response, _whole(response, deadline, MAX_BODY_BYTES))
    return _decoded(response, deadline, decoder())


def _reply(
    response: requests.Response,
    body: bytearray,
    decoder: Decoder[Any] | None = None,
    failure: Malformed | None = None,
) -> Reply:
    content_type = response.headers.get("Content-Type", "")
    return Reply(response.status_code, content_type, bytes(body), decoder, failure, response.headers)


def _success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 - the class of success


def _whole(response: requests.Response, deadline: float, max_bytes: int) -> bytearray:
    body = bytearray()
    while len(body) < max_bytes and (chunk := _next(response, deadline)):
        body += chunk
    return body


def _decoded(response: requests.Response, deadline: float, decoder: Decoder[Any]) -> Reply:
    """Feed a decoder; a body that turns out to be no answer is read only as far as it is shown."""
    start = bytearray()
    failure: Malformed | None = None
    while (failure is None or len(start) < EXCERPT_BYTES) and (chunk := _next(response, deadline)):
        start += chunk[: EXCERPT_BYTES - len(start)]
        if failure is None:
            try:
                decoder.feed(chunk)
            except Malformed as error:
                # Where it was found holds on to what was read, and an error may be kept for long.
                failure = error.with_traceback(None)
    return _reply(response, start, None if failure else decoder, failure)


def _next(response: requests.Response, deadline: float) -> bytes:
    """Bytes that have come, none at the end of the body."""
    # read1 returns what has come; read would wait until a whole chunk is there.
    read = getattr(response.raw, "read1", response.raw.read)
    chunk: bytes = read(CHUNK_BYTES, decode_content=True)
    if chunk and time.monotonic() > deadline:
        raise TimeoutError
    return chunk
