"""How the errors of a regressor are counted: the edges of their histogram."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from monitorkit.errors import InvalidType, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DEFAULT_SCALE", "ErrorScale"]

MAX_BUCKETS = 100

# Three to a decade, from a probability's error to that of a price in the millions.
_BUCKETS = tuple(float(f"{digit}e{power}") for power in range(-3, 7) for digit in (1, 2, 5))


@dataclass(frozen=True)
class ErrorScale:
    """How the errors of a regressor are counted.

    Parameters
    ----------
    buckets
        Upper edges of the histogram ``model_absolute_error``, rising, in the unit of what is predicted; by default 1,
        2 and 5 of each power of ten from 0.001 to 5,000,000. They must be the same for all replicas of a model.
    center
        About what the true values are. It changes no result, but R2 in PromQL loses digits where they are much further
        from the centre than from each other, as temperatures in kelvin or years are from 0: with `d` the distance over
        the standard deviation, errors are of the order of ``1e-16 * d ** 2 * n`` with `n` the labels that were ever
        counted over those in the window. The same for all replicas.

    Raises
    ------
    InvalidType, InvalidValue
        If the edges do not rise, there are none or more than 100, or something is no finite number.

    Notes
    -----
    Fixed edges, and not those learnt from the first labels: a histogram can be summed over replicas and restarts only
    while its edges stay.

    Examples
    --------
    >>> ErrorScale(buckets=(1, 2, 5)).buckets
    (1.0, 2.0, 5.0)
    """

    buckets: Sequence[float] = _BUCKETS
    center: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.buckets, Iterable):
            raise InvalidType(f"buckets: {self.buckets!r} is no list of numbers, as in (1, 2, 5)")
        edges = tuple(_number("buckets", edge) for edge in self.buckets)
        if not 0 < len(edges) <= MAX_BUCKETS or edges[0] < 0 or any(low >= high for low, high in pairwise(edges)):
            raise InvalidValue(f"buckets: {edges} must be 1 to {MAX_BUCKETS} edges, not negative, each above the last")
        object.__setattr__(self, "buckets", edges)
        object.__setattr__(self, "center", _number("center", self.center))


def _number(what: str, value: object) -> float:
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise InvalidType(f"{what}: {value!r} is no number")
    number = float(value)
    if not math.isfinite(number):
        raise InvalidValue(f"{what}: {value!r} is not finite")
    return number


DEFAULT_SCALE = ErrorScale()
