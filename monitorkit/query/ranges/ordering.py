"""The order of series where a result is put together from parts: as it would be, had it been asked for as a whole.

Prometheus sorts the series of a range by their labels (promql/engine.go of 2.42 and 3.5, ``sort.Sort(mat)``). So parts
that are sorted make a sorted whole; where a server has another order, series stay in the order of first sight.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.query.decoding.wire import Histograms, Result, Samples
from monitorkit.query.ranges import pieces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from monitorkit.query.decoding.envelope import Answer
    from monitorkit.query.times import Window

__all__ = ["as_cut", "together"]

Key = tuple[tuple[str, str], ...]


def together(answers: Sequence[Answer[Result]]) -> Answer[Result]:
    """Put the answers to disjoint parts, in the order of time, together; sorted where each of them is."""
    whole = pieces.together(answers)
    if len(answers) == 1 or not all(_is_sorted(answer.data) for answer in answers):
        return whole
    keys = _keys(whole.data)
    return replace(whole, data=_arranged(whole.data, sorted(range(len(keys)), key=keys.__getitem__)))


def as_cut(result: Result, cuts: Sequence[Window]) -> Result:
    """Order the series of a result as if it had been asked for in these windows, one after the other.

    Series that are seen in an earlier window come first; where the server does not sort, nothing changes.
    """
    if len(cuts) == 1 or not _is_sorted(result):
        return result
    first = np.full(len(result.labels), np.iinfo(np.int64).max)
    for part in (result.floats, result.histograms):
        np.minimum.at(first, part.series, part.times)
    cut = np.searchsorted([window.end_ms for window in cuts], first)
    return _arranged(result, np.argsort(cut, kind="stable").tolist())


def _keys(result: Result) -> list[Key]:
    return [_key(labels) for labels in result.labels]


def _key(labels: Mapping[str, str]) -> Key:
    """What Prometheus compares (model/labels, ``Compare``): the labels by name; of each its name, then its value."""
    return tuple(sorted(labels.items()))


def _is_sorted(result: Result) -> bool:
    return all(before <= after for before, after in pairwise(_keys(result)))


def _arranged(result: Result, order: Sequence[int]) -> Result:
    """The result with its series in another order, given by their present positions."""
    if all(before < after for before, after in pairwise(order)):
        return result
    place = np.empty(len(order), dtype=np.int64)
    place[list(order)] = np.arange(len(order))
    return replace(
        result,
        labels=[result.labels[position] for position in order],
        floats=Samples(**_moved(result.floats, place)),
        histograms=Histograms(**_moved(result.histograms, place)),
    )


def _moved(part: Samples | Histograms, place: NDArray[np.int64]) -> dict[str, Any]:
    series = place[part.series]
    order = np.argsort(series, kind="stable")
    return {**{name: column[order] for name, column in vars(part).items()}, "series": series[order]}
