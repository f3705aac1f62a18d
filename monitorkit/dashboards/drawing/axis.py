"""The value axis of a time series: from where to where, and its ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitorkit.dashboards.units import tick_labels, tick_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitorkit.dashboards.panels import Panel

__all__ = ["FULL", "Axis", "plottable", "value_axis"]

LARGEST = 1e300

FURTHEST_THRESHOLD = 4.0
"""A threshold is on the axis where it makes it at most so many times longer, or is at most so many times the greatest
value; further away it is a note."""

LEAST_SPAN = 0.02
"""The axis is at least so long for the size of its values: what changes by less than that is flat."""

ZERO_BELOW = 0.5
"""The axis starts at zero where the least value is under this part of the greatest."""

FULL = {"percentunit": 1.0, "percent": 100.0}
"""What all of something is, by unit."""


@dataclass(frozen=True)
class Axis:
    """Ends of an axis, its ticks, and their labels."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]


def plottable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values with NaN in place of what has no place on an axis: infinities, and sizes whose difference is one."""
    placed: NDArray[np.float64] = np.where(np.abs(values) < LARGEST, values, np.nan)
    return placed


def value_axis(panel: Panel, values: NDArray[np.float64], n_ticks: int) -> Axis:
    """Axis on which all values can be seen, and the thresholds if they are near.

    Parameters
    ----------
    values
        All values of the panel, finite, at least one.
    n_ticks
        About how many steps.
    """
    low, high = float(values.min()), float(values.max())
    low, high = _with_thresholds(low, high, [item.value for item in panel.limits])
    low, high = _with_air(low, high, full=FULL.get(panel.unit, math.inf))
    low = low if panel.min is None else float(panel.min)
    high = high if panel.max is None else float(panel.max)
    if high <= low:
        low, high = (low, low + 1) if panel.max is None else (high - 1, high)
    step = tick_step(high - low, panel.unit, n_ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    low = first * step if panel.min is None else low
    high = last * step if panel.max is None else high
    slack = (high - low) * 1e-6
    ticks = [index * step for index in range(first, last + 1) if low - slack <= index * step <= high + slack]
    return Axis(low, high, tuple(ticks), tuple(tick_labels(ticks, panel.unit)))


def _with_thresholds(low: float, high: float, thresholds: Sequence[float]) -> tuple[float, float]:
    """Reach out to thresholds that are near enough, the nearest first."""
    least, greatest = low, high
    natural = max(high - low, max(abs(low), abs(high)) / 10)
    for threshold in sorted(thresholds, key=lambda value: abs(value - (least + greatest) / 2)):
        new_low, new_high = min(low, threshold), max(high, threshold)
        beside = 0 <= least <= threshold * 2 and threshold <= greatest * FURTHEST_THRESHOLD
        if beside or new_high - new_low <= FURTHEST_THRESHOLD * natural:
            low, high = new_low, new_high
    return low, high


def _with_air(low: float, high: float, *, full: float) -> tuple[float, float]:
    """Air around what is to be seen, but zero for a base where it is near, and not over `full` without need."""
    missing = (LEAST_SPAN * max(abs(low), abs(high)) or 1.0) - (high - low)
    air = max((high - low) * 0.04, missing / 2)
    new_low, new_high = low - air, high + air
    if low >= 0 and (low <= ZERO_BELOW * high or new_low < 0):
        new_low = 0.0
    if high <= full < new_high:
        new_high = full
    return new_low, new_high
