"""Errors of one output of a regressor: what its labels add up to."""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Self

from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitorkit.metrics.error_scale import ErrorScale

__all__ = ["KEPT_SECONDS", "OutputErrors", "Sums"]

KEPT_SECONDS = 60.0
"""How long sums are exported that others drown in, so that every scraper has seen what made them so large."""

_DROWNED = 2.0**-40
"""Of the 53 binary digits of a sum 13 are left for what is added to it: that is told to one part in ten thousand."""


@dataclass(frozen=True)
class Sums:
    """What was counted, as the families need it: of counters with a sign the sum of either, else one sum."""

    buckets: list[tuple[str, float]]
    absolute: float
    counters: dict[str, dict[tuple[str, ...], float]]


@dataclass
class _Added:
    """Sums of what labels tell; of those with a sign first the positive, then the negative."""

    absolute: float = 0.0
    squared: float = 0.0
    signed: list[float] = field(default_factory=lambda: [0.0, 0.0])
    true: list[float] = field(default_factory=lambda: [0.0, 0.0])
    true_squared: float = 0.0

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.absolute + other.absolute,
            self.squared + other.squared,
            [one + another for one, another in zip(self.signed, other.signed, strict=True)],
            [one + another for one, another in zip(self.true, other.true, strict=True)],
            self.true_squared + other.true_squared,
        )

    def drowns_in(self, other: Self) -> bool:
        """Whether one of the sums would be lost if it were added to another."""
        return any(0 < own < another * _DROWNED for own, another in zip(self._all(), other._all(), strict=True))

    def _all(self) -> tuple[float, ...]:
        return (self.absolute, self.squared, *self.signed, *self.true, self.true_squared)


class OutputErrors:
    """The errors of one output; who uses it holds a lock.

    Parameters
    ----------
    scale
        How errors are counted.
    clock
        Returns the time in seconds.
    """

    def __init__(self, scale: ErrorScale, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._added, self._latest = _Added(), _Added()
        self.rescale(scale)

    def add(self, y_true: float, y_pred: float) -> None:
        """Take in one labelled prediction."""
        error = y_pred - y_true
        centered = y_true - self._scale.center
        latest = self._latest
        self._counts[bisect_left(self._scale.buckets, abs(error))] += 1
        latest.absolute += abs(error)
        latest.squared += error * error
        latest.signed[error < 0] += abs(error)
        latest.true[centered < 0] += abs(centered)
        latest.true_squared += centered * centered

    def sums(self) -> Sums:
        """Everything counted so far, sums perhaps less than that: see :meth:`_exported`."""
        added = self._exported()
        edges = [*map(_edge, self._scale.buckets), "+Inf"]
        signs = [("positive",), ("negative",)]
        return Sums(
            list(zip(edges, map(float, accumulate(self._counts)), strict=True)),
            added.absolute,
            {
                "model_squared_error": {(): added.squared},
                "model_signed_error": dict(zip(signs, added.signed, strict=True)),
                "model_true_value": dict(zip(signs, added.true, strict=True)),
                "model_true_value_squared": {(): added.true_squared},
            },
        )

    def rescale(self, scale: ErrorScale) -> None:
        """Count in another way, and anew."""
        self._scale = scale
        self._counts = [0] * (len(scale.buckets) + 1)
        self._added, self._latest = _Added(), _Added()

    def _exported(self) -> _Added:
        """Sums, begun anew where they became so large that what comes now would be lost in them.

        One true value of 1e20, as a client may send it, would hide all errors after it: the next ones change no digit
        of a sum of 1e40, and the rate of that is 0, as if the model were perfect. Such sums are exported as they are
        for a minute, and then what has come since, which for ``rate()`` is a restart; all at once, since one is
        compared with the other.
        """
        drowned, now = self._latest.drowns_in(self._added), self._clock()
        if not drowned or now - self._since >= KEPT_SECONDS:
            self._added = self._latest if drowned else self._added + self._latest
            self._latest = _Added()
            self._since = now
        return self._added


def _edge(edge: float) -> str:
    return str(floatToGoString(edge))  # type: ignore[no-untyped-call]
