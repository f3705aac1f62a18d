"""Decoded results as arrays: float64 values bit for bit, timestamps as whole milliseconds.

The forms of results: Prometheus documentation, "HTTP API", section "Expression query result formats".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["CLOSED", "Histograms", "Result", "Samples", "join"]

CLOSED = ("right", "left", "neither", "both")
"""pandas' word for which bounds belong to a bucket, by Prometheus' boundary rule 0 to 3."""


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
        One label set per series, in the server's order; a scalar and a string have one empty set. A list, or
        :class:`~monitorkit.query.decoding.labelsets.LabelSets`, which are columns.
    floats, histograms
        The samples, ordered by series, then by time.
    text
        The value of a string result.
    """

    kind: str
    labels: Sequence[dict[str, str]]
    floats: Samples = field(default_factory=Samples)
    histograms: Histograms = field(default_factory=Histograms)
    text: str | None = None


def join(results: list[Result]) -> Result:
    """Put range results over disjoint pieces of time together; series keep the order in which they were first seen.

    Parameters
    ----------
    results
        The pieces, in the order of time. The list is emptied: where it was the last to hold them, each column goes as
        soon as it is copied, and both are never there as a whole.
    """
    labels, places = _places([piece.labels for piece in results])
    floats = _columns([piece.floats for piece in results])
    histograms = _columns([piece.histograms for piece in results])
    results.clear()
    return Result(
        "matrix",
        labels,
        Samples(**_interleaved(floats, places, len(labels))),
        Histograms(**_interleaved(histograms, places, len(labels))),
    )


def _places(pieces: Sequence[Sequence[dict[str, str]]]) -> tuple[list[dict[str, str]], list[NDArray[np.int64]]]:
    """All label sets, and for each piece the positions of its own among them."""
    positions: dict[tuple[frozenset[tuple[str, str]], int], int] = {}
    labels: list[dict[str, str]] = []
    places: list[NDArray[np.int64]] = []
    for number, piece in enumerate(pieces):
        if number and piece == pieces[number - 1]:
            places.append(places[-1])
            continue
        own: dict[tuple[frozenset[tuple[str, str]], int], int] = {}
        for label_set in piece:
            key = frozenset(label_set.items()), 0
            while key in own:
                # No server should send a label set twice; if one does, they stay apart as in a single result.
                key = key[0], key[1] + 1
            own[key] = positions.setdefault(key, len(labels))
            if own[key] == len(labels):
                labels.append(label_set)
        places.append(np.fromiter(own.values(), dtype=np.int64, count=len(own)))
    return labels, places


def _columns(parts: Sequence[Samples | Histograms]) -> dict[str, list[NDArray[Any]]]:
    return {name: [getattr(part, name) for part in parts] for name in vars(parts[0])}


def _interleaved(
    columns: dict[str, list[NDArray[Any]]], places: Sequence[NDArray[np.int64]], n_series: int
) -> dict[str, NDArray[Any]]:
    """Columns of all parts, by series, then by time: the parts come in the order of time, each ordered by series."""
    counts = [
        np.bincount(series, minlength=len(place)) for series, place in zip(columns.pop("series"), places, strict=True)
    ]
    totals = np.zeros(n_series, dtype=np.int64)
    for place, count in zip(places, counts, strict=True):
        totals[place] += count
    whole: dict[str, NDArray[Any]] = {}
    for name in list(columns):
        parts = columns.pop(name)
        whole[name] = np.empty(totals.sum(), dtype=parts[0].dtype)
        for rows, part in zip(_rows(places, counts, totals), parts, strict=True):
            whole[name][rows] = part
    return {"series": np.repeat(np.arange(n_series), totals), **whole}


def _rows(
    places: Sequence[NDArray[np.int64]], counts: Sequence[NDArray[np.int64]], totals: NDArray[np.int64]
) -> Iterator[NDArray[np.int64]]:
    """Where the rows of each part come to lie: those of a series are a run in the part, and a run in the whole."""
    filled = np.cumsum(totals) - totals
    for place, count in zip(places, counts, strict=True):
        rows = np.repeat(filled[place] - (np.cumsum(count) - count), count)
        rows += np.arange(len(rows))
        filled[place] += count
        yield rows
