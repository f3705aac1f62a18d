"""Numbers that single precision has moved, brought back to the values of the reference that they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.metrics.drift.bins import numbers

if TYPE_CHECKING:
    from monitorkit.metrics.drift.bins import Column

__all__ = ["Steps"]

SINGLE = 2.0**-23
"""By how much of itself single precision moves a number, at most, and a factor of two."""

MOST = 1000
"""Of more values none is frequent enough to matter."""

_ROWS_A_VALUE = 2
_CLEAR = 8
"""How many times as far apart two values must be, so that it is certain which one a number was."""


class Steps:
    """The values of a feature that takes only some, such as tenths.

    Edges of bins lie on such values, and many rows do. A client that sends single precision, as most tensors are, sends
    0.699999988 for 0.7, and a reference in single precision has 0.100000001 where clients send 0.1: each second value
    on an edge would fall into the bin beside its own, and the same data would look like a large change.

    Parameters
    ----------
    column
        The reference's values. There are no steps in whole numbers, which single precision keeps, in numbers that are
        hardly ever equal, and in those that are too close together to be told apart.

    Examples
    --------
    >>> steps = Steps(np.array([0.1, 0.7, 2.0] * 5))
    >>> steps.restored(np.array([0.1, 0.7, 0.8], dtype=np.float32).astype(float)).tolist()
    [0.1, 0.7, 0.800000011920929]
    """

    def __init__(self, column: Column) -> None:
        self._values = self._middles = np.empty(0)
        if column.dtype == object:
            return
        finite = column[np.isfinite(column)]
        different = np.unique(finite)
        if _ROWS_A_VALUE * len(different) > len(finite) or len(different) > MOST:
            return
        gaps = np.diff(different, prepend=-np.inf, append=np.inf)
        clear = np.minimum(gaps[:-1], gaps[1:]) > _CLEAR * SINGLE * np.abs(different)
        self._values = different[clear & (different % 1 != 0)]
        self._middles = self._values[:-1] / 2 + self._values[1:] / 2

    def restored(self, column: Column) -> Column:
        """Values with those that are a step in single precision put back on it."""
        if not len(self._values):
            return column
        plain = numbers(column)
        nearest = self._values[np.searchsorted(self._middles, plain)]
        moved = np.abs(plain - nearest) <= SINGLE * np.abs(nearest)
        if column.dtype != object:
            return np.where(moved, nearest, plain)
        found: np.ndarray[Any, np.dtype[Any]] = column.copy()
        found[moved] = nearest[moved]
        return found
