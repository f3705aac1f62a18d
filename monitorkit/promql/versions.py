"""Which Prometheus understands what: language features, the version that brought each, and the flag it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitorkit.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Dialect", "Feature", "Version"]

Version = tuple[int, int]
"""Major and minor number: all that the language depends on."""

EXPERIMENTAL_FUNCTIONS = "promql-experimental-functions"

_VERSION = re.compile(r"v?(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Feature:
    """A part of the language that not each Prometheus has.

    Parameters
    ----------
    what
        What it is, as the subject of a sentence.
    since
        First version that knows it.
    flag
        Value of ``--enable-feature`` that turns it on while it is experimental.
    stable
        First version that has it without the flag.
    """

    what: str
    since: Version = (2, 0)
    flag: str | None = None
    stable: Version | None = None


FEATURES = {
    feature.what: feature
    for feature in (
        Feature("the @ modifier", (2, 25), "promql-at-modifier", (2, 33)),
        Feature("a negative offset", (2, 26), "promql-negative-offset", (2, 33)),
        Feature("a number with underscores", (2, 54)),
        Feature("a duration in place of a number", (2, 54)),
        Feature("a number in place of a duration", (2, 54)),
        Feature("a plus sign before an offset", (2, 54)),
        Feature("an offset of zero", (2, 54)),
        Feature("a quoted name", (3, 0)),
        Feature("a colon in a label name", (3, 0)),
        Feature("arithmetic in a duration", (3, 4), "promql-duration-expr", (3, 14)),
        Feature("step() in a duration", (3, 6), "promql-duration-expr", (3, 14)),
        Feature("range() in a duration", (3, 9), "promql-duration-expr", (3, 14)),
        Feature("min_of() or max_of() in a duration", (3, 13), "promql-duration-expr", (3, 14)),
        Feature("the anchored or smoothed modifier", (3, 7), "promql-extended-range-selectors", (3, 16)),
        Feature("fill(), fill_left() or fill_right()", (3, 10), "promql-binop-fill-modifiers"),
        Feature("a histogram trim operator", (3, 11)),
        Feature("the operator atan2", (2, 31)),
    )
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """The language of one Prometheus server.

    Parameters
    ----------
    version
        Major and minor version.
    features
        Values of its ``--enable-feature``.

    Examples
    --------
    >>> Dialect.of("v2.42.0+ds").lacks(FEATURES["a quoted name"])
    'a quoted name needs Prometheus 3.0 or newer; this is for 2.42'
    """

    version: Version
    features: frozenset[str] = frozenset()

    @classmethod
    def of(cls, version: str, features: Iterable[str] = ()) -> Dialect:
        """Read a version as servers and people write it: ``3.5``, ``v3.5.3``, ``2.42.0+ds``.

        Raises
        ------
        InvalidValue
            If the text does not begin with two numbers.
        """
        match = _VERSION.match(version)
        if match is None:
            raise InvalidValue(f"version: {version!r} is no version of Prometheus; write it as in '3.5'")
        return cls((int(match[1]), int(match[2])), frozenset(features))

    @property
    def lacks_bare_numbers(self) -> bool:
        """Whether durations must have a unit."""
        return not self.has(FEATURES["a number in place of a duration"])

    def has(self, feature: Feature) -> bool:
        """Whether the server takes the feature as it is configured."""
        if self.version < feature.since:
            return False
        stable = feature.stable is not None and self.version >= feature.stable
        return feature.flag is None or stable or feature.flag in self.features

    def lacks(self, feature: Feature) -> str | None:
        """Why the server refuses the feature; None where it takes it."""
        if self.has(feature):
            return None
        here = _written(self.version)
        first = _written(feature.since)
        if self.version < feature.since:
            flag = f" with --enable-feature={feature.flag}" if feature.flag else ""
            if feature.stable is not None and feature.stable != feature.since:
                first, flag = _written(feature.stable), f", or {first}{flag}"
                return f"{feature.what} needs Prometheus {first} or newer{flag}; this is for {here}"
            return f"{feature.what} needs Prometheus {first} or newer{flag}; this is for {here}"
        later = f", or Prometheus {_written(feature.stable)} or newer" if feature.stable else ""
        return f"{feature.what} needs --enable-feature={feature.flag} on Prometheus {here}{later}"


def _written(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
