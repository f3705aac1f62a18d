"""The axis of a histogram's buckets: where each bound is, and which of them are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitorkit.dashboards.drawing.axis import Axis
from monitorkit.dashboards.units import format_value, tick_labels, tick_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitorkit.dashboards.panels import Scale

__all__ = ["BoundScale", "bound_axis"]


LONGEST_LABEL = 10
LABEL_PIXELS = 14.0
"""Height that the label of a bound needs."""

MOST_PER_LABEL = 2
"""Where more bounds than this share the room of a label, round values are written instead."""

FEWEST_FOR_LOG = 3


@dataclass(frozen=True)
class BoundScale:
    """Where values are on the axis.

    On a logarithmic one zero, which has no place there, is one row below the smallest bound above it, and what is below
    zero mirrors what is above. A bucket without end is one row high.

    Parameters
    ----------
    kind
        ``linear`` or ``log``.
    near
        The smallest size of a bound that is not 0.
    row
        Height of a row that has no height of its own.
    ends
        Places of minus and plus infinity.
    """

    kind: Scale
    near: float
    row: float
    ends: tuple[float, float]

    @classmethod
    def of(cls, bounds: NDArray[np.float64], kind: Scale | None = None) -> BoundScale:
        """Scale for these bounds, by default the one on which the buckets are more nearly of one height.

        Examples
        --------
        >>> BoundScale.of(np.array([0.005, 0.01, 0.025, 0.05, 0.1])).kind, BoundScale.of(np.arange(9.0)).kind
        ('log', 'linear')
        """
        finite = np.unique(bounds[np.isfinite(bounds)])
        sizes = np.unique(np.abs(finite[finite != 0]))
        kind = kind or _fitting(sizes)
        near = float(sizes[0]) if len(sizes) else 1.0
        row = _step(np.log10(sizes)) if kind == "log" else _step(finite, alone=near)
        bare = cls(kind, near, row, (0.0, 0.0))
        inner = bare.place(finite) if len(finite) else np.zeros(1)
        return cls(kind, near, row, (float(inner[0]) - row, float(inner[-1]) + row))

    def place(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places of values, ascending as they are."""
        found = values
        if self.kind == "log":
            with np.errstate(divide="ignore", invalid="ignore"):
                found = np.where(values == 0, 0.0, np.sign(values) * (np.log10(np.abs(values) / self.near) + self.row))
        found = np.where(np.isneginf(values), self.ends[0], found)
        return np.where(np.isposinf(values), self.ends[1], found)


def _fitting(sizes: NDArray[np.float64]) -> Scale:
    if len(sizes) < FEWEST_FOR_LOG:
        return "linear"
    even, log = (float(np.std(steps) / np.mean(steps)) for steps in (np.diff(sizes), np.diff(np.log(sizes))))
    return "log" if log < even else "linear"


def _step(ascending: NDArray[np.float64], *, alone: float = 1.0) -> float:
    steps = np.diff(ascending)
    return float(np.median(steps)) if len(steps) else alone


def bound_axis(bounds: NDArray[np.float64], scale: BoundScale, unit: str, height: float) -> Axis:
    """Axis from the first bound to the last, with the bounds for ticks as far as there is room.

    Parameters
    ----------
    bounds
        Ascending.
    height
        Of the axis in pixels.
    """
    low, high = scale.place(bounds[[0, -1]]).tolist()
    room = LABEL_PIXELS * (high - low) / height
    values = bounds
    if len(bounds) * room > MOST_PER_LABEL * (high - low):
        values = _round_values(bounds, scale, unit, max(2, int(height // (2 * LABEL_PIXELS))))
    ticks = dict(zip(values.tolist(), scale.place(values).tolist(), strict=True))
    # That the last bucket is endless must be seen, and where values change their sign; the others yield to these.
    kept = {value: ticks[value] for value in (0.0,) if value in ticks}
    if math.isinf(bounds[-1]):
        kept[math.inf] = high
    for value, place in ticks.items():
        if all(abs(place - other) >= room for other in kept.values()):
            kept[value] = place
    ordered = sorted(kept)
    return Axis(low, high, tuple(kept[value] for value in ordered), tuple(_label(value, unit) for value in ordered))


def _round_values(bounds: NDArray[np.float64], scale: BoundScale, unit: str, n_ticks: int) -> NDArray[np.float64]:
    """Round values between the finite bounds."""
    finite = bounds[np.isfinite(bounds)]
    if scale.kind == "linear":
        step = tick_step(float(finite[-1] - finite[0]), unit, n_ticks)
        return np.arange(math.ceil(finite[0] / step), math.floor(finite[-1] / step) + 1) * step
    powers = range(math.floor(math.log10(scale.near)), math.ceil(math.log10(np.abs(finite).max())) + 1)
    for factors in ((1, 2, 5), (1,)):
        above = np.array([factor * 10.0**power for power in powers for factor in factors])
        values = np.concatenate([-above[::-1], [0.0], above])
        values = values[(values >= finite[0]) & (values <= finite[-1])]
        if len(values) <= n_ticks:
            break
    return values


def _label(value: float, unit: str) -> str:
    label = format_value(value, unit) if math.isinf(value) else tick_labels([value], unit)[0]
    # 1e8 bytes are 95.3674316 MiB; nobody reads so many digits, and there is no room for them.
    return label if len(label) <= LONGEST_LABEL else format_value(value, unit)
