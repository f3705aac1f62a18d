"""Bytes of the Prometheus API to arrays: float64 values bit for bit, timestamps as whole milliseconds.

The form of the answers: Prometheus documentation, "HTTP API", sections "Format overview" and "Expression query result
formats".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
import orjson

from monitorkit.query.statistics import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "MAX_BODY_BYTES",
    "Answer",
    "Decoder",
    "Histograms",
    "Malformed",
    "PlainDecoder",
    "Refused",
    "Result",
    "Samples",
    "begin",
    "join",
    "plain",
]

T = TypeVar("T")

MAX_BODY_BYTES = 1 << 28
"""Longest body that is kept as a whole."""

CLOSED = ("right", "left", "neither", "both")
"""pandas' word for which bounds belong to a bucket, by Prometheus' boundary rule 0 to 3."""


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


def _no_floats() -> NDArray[np.float64]:
    return np.empty(0, dtype=np.float64)


def _no_integers() -> NDArray[np.int64]:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Samples:
    """Float samples of many series, as three arrays of shape (n_samples,).

    `series` is the position of the sample's label set, `times` are ms since 1970.
    """

    series: NDArray[np.int64] = field(default_factory=_no_integers)
    times: NDArray[np.int64] = field(default_factory=_no_integers)
    numbers: NDArray[np.float64] = field(default_factory=_no_floats)


@dataclass(frozen=True)
class Histograms:
    """Native histograms of many series, one row per bucket, as arrays of shape (n_buckets,).

    A histogram without buckets has one row with NaN bounds and a bucket count of 0, so that its count and sum stay.
    """

    series: NDArray[np.int64] = field(default_factory=_no_integers)
    times: NDArray[np.int64] = field(default_factory=_no_integers)
    lower: NDArray[np.float64] = field(default_factory=_no_floats)
    upper: NDArray[np.float64] = field(default_factory=_no_floats)
    closed: NDArray[np.int64] = field(default_factory=_no_integers)
    bucket_count: NDArray[np.float64] = field(default_factory=_no_floats)
    count: NDArray[np.float64] = field(default_factory=_no_floats)
    sum: NDArray[np.float64] = field(default_factory=_no_floats)


@dataclass(frozen=True)
class Result:
    """A decoded query result.

    Parameters
    ----------
    kind
        ``vector``, ``matrix``, ``scalar`` or ``string``.
    labels
        One label set per series, in the server's order; a scalar and a string have one empty set.
    floats, histograms
        The samples, ordered by series, then by time.
    text
        The value of a string result.
    """

    kind: str
    labels: list[dict[str, str]]
    floats: Samples = field(default_factory=Samples)
    histograms: Histograms = field(default_factory=Histograms)
    text: str | None = None


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


def join(results: Sequence[Result]) -> Result:
    """Put range results over disjoint pieces of time together; series keep the order in which they were first seen."""
    positions: dict[frozenset[tuple[str, str]], int] = {}
    labels: list[dict[str, str]] = []
    places = []
    for piece in results:
        place = np.empty(len(piece.labels), dtype=np.int64)
        for position, label_set in enumerate(piece.labels):
            key = frozenset(label_set.items())
            if key not in positions:
                positions[key] = len(labels)
                labels.append(label_set)
            place[position] = positions[key]
        places.append(place)
    return Result(
        "matrix",
        labels,
        Samples(**_stack([piece.floats for piece in results], places)),
        Histograms(**_stack([piece.histograms for piece in results], places)),
    )


def _stack(parts: Sequence[Samples | Histograms], places: Sequence[NDArray[np.int64]]) -> dict[str, Any]:
    """Columns of all parts one after another, by series, then by time (the parts come in the order of time)."""
    series = np.concatenate([place[part.series] for part, place in zip(parts, places, strict=True)])
    order = np.argsort(series, kind="stable")
    columns = {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in vars(parts[0])}
    return {**columns, "series": series[order]}
