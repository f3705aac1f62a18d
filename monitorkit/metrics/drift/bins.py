"""The bins of one feature, made from reference data: what each is called, and which one a value falls into."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from monitorkit.metrics.series.classes import OTHER, class_name, sorted_labels

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

__all__ = ["MISSING", "Bins", "CategoryBins", "Column", "Indices", "NumberBins", "bins_of"]

MISSING = "missing"
"""The bin of NaN and None."""

Column = np.ndarray[Any, np.dtype[Any]]
"""Values of one feature: float64 with NaN, or objects with None."""

Indices = np.ndarray[Any, np.dtype[np.intp]]

_LEAST_DIGITS, _ALL_DIGITS = 3, 17
_ROWS_A_VALUE = 2


class Bins(Protocol):
    """What both kinds of bins have."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the bins are called; each different from the others."""

    def index(self, column: Column) -> Indices:
        """The bin of each value, as its position in :attr:`names`."""


class NumberBins:
    """Bins of numbers: intervals of equal share, below and above the reference's range, missing.

    Each holds its lower edge and not its upper one; only the last inside the range holds both, being the reference's
    greatest number. Names sort in the order of the numbers, and show edges with as many digits as tell them apart.

    Parameters
    ----------
    edges
        Rising, from the least to the greatest number of the reference.

    Examples
    --------
    >>> bins = NumberBins([0.0, 1.5, 4.0])
    >>> bins.names
    ('00 (-inf, 0)', '01 [0, 1.5)', '02 [1.5, 4]', '03 (4, inf)', '04 missing')
    >>> bins.index(np.array([-1.0, 0.0, 1.5, 4.0, 4.1, np.nan])).tolist()
    [0, 1, 2, 2, 3, 4]
    """

    def __init__(self, edges: Sequence[float]) -> None:
        inner, last = list(edges[:-1]) or [edges[0]], edges[-1]
        # For numpy NaN is greater than any number: one search finds what is missing, too.
        self._edges = np.array([*inner, math.nextafter(last, math.inf), math.nan])
        self.names = _interval_names([*inner, last])

    def index(self, column: Column) -> Indices:
        """The bin of each value; what is no number, such as a text, is missing."""
        return np.searchsorted(self._edges, numbers(column), side="right")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NumberBins) and np.array_equal(self._edges, other._edges, equal_nan=True)

    __hash__ = None  # type: ignore[assignment]


class CategoryBins:
    """Bins of values that are names: one for each known value, then ``other`` and ``missing``.

    Values of the same text share a bin, as ``1`` and ``"1"`` do.

    Parameters
    ----------
    known
        The values that get a bin of their own.

    Examples
    --------
    >>> bins = CategoryBins(["blue", "red"])
    >>> bins.names
    ('blue', 'red', 'other', 'missing')
    >>> bins.index(np.array(["red", "green", None], dtype=object)).tolist()
    [1, 2, 3]
    """

    def __init__(self, known: Iterable[Hashable]) -> None:
        values = sorted_labels(known)
        names = dict.fromkeys([*(class_name(value) for value in values), OTHER, MISSING])
        self.names = tuple(names)
        place = {name: position for position, name in enumerate(self.names)}
        self._other, self._missing = place[OTHER], place[MISSING]
        self._place = {value: place[class_name(value)] for value in values}

    def index(self, column: Column) -> Indices:
        """The bin of each value."""
        return np.fromiter(map(self._of, column.tolist()), dtype=np.intp, count=len(column))

    def _of(self, value: Any) -> int:  # noqa: ANN401 - whatever a column holds
        if is_missing(value):
            return self._missing
        try:
            return self._place.get(value, self._other)
        except TypeError:  # a list, which no known value is
            return self._other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CategoryBins) and self._place == other._place and self.names == other.names

    __hash__ = None  # type: ignore[assignment]


def bins_of(column: Column, *, n_bins: int, categories: int) -> Bins:
    """Make the bins of a feature.

    Parameters
    ----------
    column
        The reference's values: float64, or objects, which are names even where they are numbers.
    n_bins
        How many bins of equal share numbers are divided into; fewer where many are equal.
    categories
        How many values that are names get bins of their own, the most frequent.

    Notes
    -----
    Edges are the quantiles that ``numpy.quantile`` gives, interpolated linearly.

    Examples
    --------
    >>> bins_of(np.arange(9.0), n_bins=2, categories=10).names[1:3]
    ('01 [0, 4)', '02 [4, 8]')
    >>> bins_of(np.array([0.0, 1.0] * 4), n_bins=10, categories=10).names
    ('0', '1', 'other', 'missing')
    """
    if column.dtype == object:
        tally = Counter(value for value in column.tolist() if not is_missing(value))
        return CategoryBins(value for value, _ in tally.most_common(categories))
    finite = column[np.isfinite(column)]
    different = np.unique(finite)
    # Not a handful of measurements, which are all different only because they are few.
    if 1 < len(different) <= n_bins and len(finite) >= _ROWS_A_VALUE * len(different):
        return CategoryBins(different.tolist())
    if not len(finite):
        return CategoryBins([])
    with np.errstate(over="ignore", invalid="ignore"):
        edges = np.quantile(finite, np.linspace(0, 1, n_bins + 1)) + 0.0  # no -0.0 in names
    inner = edges[np.isfinite(edges)]
    return NumberBins(np.unique(np.clip([finite.min(), *inner, finite.max()], finite.min(), finite.max())).tolist())


def numbers(column: Column) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Values as float64; what is no number becomes NaN."""
    if column.dtype != object:
        return column.astype(np.float64, copy=False)
    return np.fromiter(map(_number, column.tolist()), dtype=np.float64, count=len(column))


def is_missing(value: Any) -> bool:  # noqa: ANN401 - whatever a column holds
    """Whether a value is None, NaN, or pandas' NA or NaT."""
    if value is None:
        return True
    try:
        return bool(value != value)  # noqa: PLR0124 - NaN alone is not equal to itself
    except (TypeError, ValueError):  # NA says neither yes nor no; an array says several things
        return type(value).__name__ == "NAType"


def _number(value: Any) -> float:  # noqa: ANN401 - whatever a column holds
    if isinstance(value, str | bytes):
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def _interval_names(edges: Sequence[float]) -> tuple[str, ...]:
    texts = [""]
    for digits in range(_LEAST_DIGITS, _ALL_DIGITS + 1):
        texts = [f"{edge:.{digits}g}" for edge in edges]
        if len(set(texts)) == len(set(edges)):
            break
    inside = [f"[{low}, {high})" for low, high in pairwise(texts)]
    inside[-1] = f"{inside[-1][:-1]}]"
    names = [f"(-inf, {texts[0]})", *inside, f"({texts[-1]}, inf)", MISSING]
    width = max(2, len(str(len(names) - 1)))
    return tuple(f"{place:0{width}} {name}" for place, name in enumerate(names))
