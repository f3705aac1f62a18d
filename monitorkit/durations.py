"""Durations as Prometheus writes them, to and from seconds: ``1h30m`` <-> 5400.0.

The grammar is that of the Prometheus documentation, "Querying basics", section "Float literals and time durations":
units ``ms s m h d w y`` in descending order, each at most once, a day of 24 hours and a year of 365 days.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Any

from monitorkit.errors import InvalidType, InvalidValue, told

__all__ = ["Duration", "format_duration", "seconds"]

Duration = str | float | timedelta
"""A Prometheus duration such as ``"1h30m"``, a number of seconds, or a timedelta."""

LONGEST_SECONDS = 2**63 / 1e9
"""Prometheus, being written in Go, counts nanoseconds in 64 bits."""

_UNITS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>\d+){unit}{'(?!s)' if unit == 'm' else ''})?" for unit in _UNITS))
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NO_LENGTH = re.compile(r"\[\d*[MY]\]$|m8$")
_NOT_A_TIME = -(2**63)


def seconds(duration: Duration, *, name: str = "duration") -> float:
    """Length of a duration in seconds.

    Parameters
    ----------
    duration
        ``"5m"``, ``"1h30m"``, ``"500ms"``; a number or a digit string, taken as seconds; or a timedelta,
        pandas' and numpy's included.
    name
        What the duration is called in an error message.

    Raises
    ------
    InvalidValue
        If the text is no duration, or the length is negative or not finite.
    InvalidType
        If it is neither text, number nor timedelta.

    Examples
    --------
    >>> seconds("1h30m")
    5400.0
    """
    if isinstance(duration, timedelta):
        value = duration.total_seconds()
    elif (dtype := getattr(duration, "dtype", None)) is not None:
        value = _of_numpy(duration, dtype, name)
    elif isinstance(duration, str):
        value = _parse(duration.strip(), name)
    elif isinstance(duration, bool) or not hasattr(duration, "__float__"):
        raise InvalidType(f"{name}: {told(duration)} is no duration; write '5m', a number of seconds or a timedelta")
    else:
        value = float(duration)
    if not math.isfinite(value) or value < 0:
        raise InvalidValue(f"{name}: {duration!r} must be finite and not negative")
    if value > LONGEST_SECONDS:
        raise InvalidValue(f"{name}: {duration!r} is longer than Prometheus can count, 292 years")
    return value


def _of_numpy(value: Any, dtype: Any, name: str) -> float:  # noqa: ANN401 - numpy is not loaded for its sake
    """Seconds of a number or a timedelta64 of numpy, NaN where it is not a time."""
    if getattr(value, "shape", None) == () and dtype.kind in "iuf":
        return float(value)
    # A timedelta64's float() is a count of whatever unit it has; months have no length.
    if getattr(value, "shape", None) != () or dtype.kind != "m" or _NO_LENGTH.search(dtype.str):
        raise InvalidType(f"{name}: {told(value)} is no duration; write '5m', a number of seconds or a timedelta")
    in_ns = int(value.astype("timedelta64[ns]").astype("int64"))
    return math.nan if in_ns == _NOT_A_TIME else in_ns / 1e9


def _parse(text: str, name: str) -> float:
    if _NUMBER.fullmatch(text):
        return float(text)
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise InvalidValue(
            f"{name}: {told(text)} is no duration; "
            "write numbers with units y w d h m s ms, largest first, as in '1h30m'"
        )
    return sum(int(count) * _UNITS[unit] for unit, count in match.groupdict(default="0").items()) / 1000


def format_duration(duration: Duration) -> str:
    """Write a duration as Prometheus does, to the millisecond.

    Examples
    --------
    >>> format_duration(5400), format_duration(0.5), format_duration(0)
    ('1h30m', '500ms', '0s')
    """
    rest = round(seconds(duration) * 1000)
    if rest == 0:
        return "0s"
    parts = []
    for unit, length in _UNITS.items():
        # Years and weeks only where nothing is left over, as Prometheus' own formatting does (model.Duration.String).
        if unit in {"y", "w"} and rest % length:
            continue
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
