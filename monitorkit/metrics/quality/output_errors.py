"""Errors of one output of a regressor: what its labels add up to."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from monitorkit.metrics.quality.error_scale import ErrorScale

__all__ = ["OutputErrors", "Sums"]

KEPT = 4
"""How often a sum is exported that others drown in, so that more scrapers than one see what made it so large."""

_DROWNED = 2.0**-30
"""Of the 53 binary digits of a sum 23 are left for what is added to it: that is told to one part in ten million."""


@dataclass(frozen=True)
class Sums:
    """What was counted, as the families need it: of counters with a sign the sum of either, else one sum."""

    buckets: list[tuple[str, float]]
    absolute: float
    counters: dict[str, dict[tuple[str, ...], float]]


class _Sum:
    """A sum, begun anew where it became so large that what comes now would be lost in it.

    One true value of 1e20, as a client may send it, would hide all errors after it: the next ones change no digit of a
    sum of 1e40, and the rate of that is 0, as if the model were perfect. Such a sum is exported some times as it is,
    and then what has come since, which for ``rate()`` is a restart. Only over windows that begin in between is the rate
    0: PromQL itself subtracts what it then adds.
    """

    __slots__ = ("_added", "_kept", "latest")

    def __init__(self) -> None:
        self.latest = 0.0
        """What has been added since it was exported."""
        self._added = 0.0
        self._kept = 0

    def exported(self) -> float:
        """The sum, perhaps without the latest."""
        drowned = 0 < self.latest < self._added * _DROWNED
        self._kept = self._kept + 1 if drowned else 0
        if not drowned or self._kept >= KEPT:
            self._added = self.latest if drowned else self._added + self.latest
            self.latest = 0.0
        return self._added


class OutputErrors:
    """The errors of one output; who uses it holds a lock.

    Parameters
    ----------
    scale
        How errors are counted.
    """

    def __init__(self, scale: ErrorScale) -> None:
        self.rescale(scale)

    def add(self, y_true: float, y_pred: float) -> None:
        """Take in one labelled prediction."""
        error = y_pred - y_true
        centered = y_true - self._scale.center
        self._counts[bisect_left(self._scale.buckets, abs(error))] += 1
        self._absolute.latest += abs(error)
        self._squared.latest += error * error
        self._signed[error < 0].latest += abs(error)
        self._true[centered < 0].latest += abs(centered)
        self._true_squared.latest += centered * centered

    def sums(self) -> Sums:
        """Everything counted so far, as it is exported."""
        edges = [*map(_edge, self._scale.buckets), "+Inf"]
        signs = [("positive",), ("negative",)]
        return Sums(
            list(zip(edges, map(float, accumulate(self._counts)), strict=True)),
            self._absolute.exported(),
            {
                "model_squared_error": {(): self._squared.exported()},
                "model_signed_error": {sign: one.exported() for sign, one in zip(signs, self._signed, strict=True)},
                "model_true_value": {sign: one.exported() for sign, one in zip(signs, self._true, strict=True)},
                "model_true_value_squared": {(): self._true_squared.exported()},
            },
        )

    def rescale(self, scale: ErrorScale) -> None:
        """Count in another way, and anew."""
        self._scale = scale
        self._counts = [0] * (len(scale.buckets) + 1)
        self._absolute, self._squared, self._true_squared = _Sum(), _Sum(), _Sum()
        self._signed = (_Sum(), _Sum())
        self._true = (_Sum(), _Sum())


def _edge(edge: float) -> str:
    return str(floatToGoString(edge))  # type: ignore[no-untyped-call]
