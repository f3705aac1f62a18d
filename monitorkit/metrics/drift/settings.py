"""How drift is watched: bins, features, bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitorkit.errors import InvalidType, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DEFAULT_DRIFT", "EMPTY_SHARE", "Drift"]

EMPTY_SHARE = 1e-4
"""Share that an empty bin is taken to have where a logarithm is taken of it: a tenth of one row in a thousand."""

_BOUNDS = {"bins": (2, 100), "categories": (1, 1000), "window": (10, 1_000_000), "max_series": (1, 1_000_000)}


@dataclass(frozen=True)
class Drift:
    """How drift from reference data is watched.

    Parameters
    ----------
    bins
        Into how many bins of equal share the reference's numbers are divided. A feature with at most as many different
        numbers gets a bin for each of them.
    categories
        How many of a categorical feature's values get a bin of their own, the most frequent ones; further values are
        counted as ``other``.
    features
        Names of the features that are watched, or their positions; None for all, as far as `max_series` goes.
    categorical
        Features, by name or position, whose numbers are names, such as a code of a country.
    window
        Over how many of the latest rows ``model_feature_drift`` is computed.
    max_series
        How many series a version may export for drift. What does not fit is left out, last features first, and named
        in a warning.

    Raises
    ------
    InvalidType, InvalidValue
        If a number is out of range, or features are no list.

    Notes
    -----
    Bins of equal share (deciles) are what the rules of thumb for the population stability index were made for. Source:
    Siddiqi, "Credit Risk Scorecards", Wiley 2006.

    Examples
    --------
    >>> Drift(bins=20, features=["age", "income"]).bins
    20
    """

    bins: int = 10
    categories: int = 20
    features: Sequence[str | int] | None = None
    categorical: Sequence[str | int] = ()
    window: int = 1000
    max_series: int = 5000

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise InvalidType(f"{name}: {value!r} is no whole number")
            if not least <= value <= most:
                raise InvalidValue(f"{name}: {value!r} must be from {least} to {most}")
        if self.features is not None:
            object.__setattr__(self, "features", _names("features", self.features))
            if not self.features:
                raise InvalidValue("features: the list is empty; leave it out to watch all features")
        object.__setattr__(self, "categorical", _names("categorical", self.categorical))


def _names(what: str, names: object) -> tuple[str | int, ...]:
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise InvalidType(f"{what}: {names!r} is no list of features, as in ['age', 'income'] or [0, 3]")
    found = tuple(names)
    for name in found:
        if isinstance(name, bool) or not isinstance(name, str | int):
            raise InvalidType(f"{what}: {name!r} is neither the name nor the position of a feature")
    return found


DEFAULT_DRIFT = Drift()
