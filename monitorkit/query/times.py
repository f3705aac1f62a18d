"""Time as people write it, and as Prometheus takes it: whole milliseconds since 1970.

Everything inside :mod:`monitorkit.query` counts in integer milliseconds, which is what Prometheus stores. Seconds as
floats appear only on the wire, so that no timestamp is ever off by a fraction.
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING

from monitorkit.durations import Duration, format_duration, seconds
from monitorkit.errors import InvalidType, InvalidValue, told
from monitorkit.lazy import lazy_module
from monitorkit.query.relative import milliseconds, relative

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = lazy_module("numpy")

__all__ = ["Moment", "Window", "default_step", "iso", "moment", "now_ms", "window", "wire_text"]

Moment = str | float | date | datetime
"""A point in time: a datetime, a unix time in seconds, or text: ``"now-1h"``, ``"now-1d/d"``, ``"1h30m"`` (ago), ISO
8601."""

MAX_STEPS = 50_000_000
DEFAULT_LAST = "1h"
DEFAULT_POINTS = 1000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR = re.compile(r"[12]\d{3}")
_BASIC_DATE = re.compile(r"[12]\d{3}[01]\d[0-3]\d")
_FORMS = "write 'now', 'now-1h', 'now-1d/d', '1h30m' (ago), '2026-01-31T12:00' (local time), a unix time or a datetime"
_LATEST_UNIX = 1e11

# What an interval is rounded to, by its upper limit, in ms: Grafana's roundInterval (packages/grafana-data
# rangeutil.ts), from the second upwards.
_ROUNDED = [
    (1_500, 1_000),
    (3_500, 2_000),
    (7_500, 5_000),
    (12_500, 10_000),
    (17_500, 15_000),
    (25_000, 20_000),
    (45_000, 30_000),
    (90_000, 60_000),
    (210_000, 120_000),
    (450_000, 300_000),
    (750_000, 600_000),
    (1_050_000, 900_000),
    (1_500_000, 1_200_000),
    (2_700_000, 1_800_000),
    (5_400_000, 3_600_000),
    (9_000_000, 7_200_000),
    (16_200_000, 10_800_000),
    (32_400_000, 21_600_000),
    (86_400_000, 43_200_000),
    (604_800_000, 86_400_000),
    (1_814_400_000, 604_800_000),
    (3_628_800_000, 2_592_000_000),
]
_LONGEST = 31_536_000_000


@dataclass(frozen=True)
class Window:
    """A range of time and the steps in it, in milliseconds since 1970.

    Examples
    --------
    >>> Window(0, 2_500, 1_000).grid().tolist()
    [0, 1000, 2000]
    """

    start_ms: int
    end_ms: int
    step_ms: int

    @property
    def n_steps(self) -> int:
        """Number of steps from start to end, both included."""
        return (self.end_ms - self.start_ms) // self.step_ms + 1

    def grid(self) -> NDArray[np.int64]:
        """Every step, as an array of shape (n_steps,), in ms."""
        return self.start_ms + self.step_ms * np.arange(self.n_steps, dtype=np.int64)

    def positions(self, times: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """At which step each of these times is, counted from 0; None if any is at none."""
        offset = times - self.start_ms
        found: NDArray[np.int64] = offset // self.step_ms
        inside = not len(found) or (found.min() >= 0 and found.max() < self.n_steps)
        return found if inside and bool((found * self.step_ms == offset).all()) else None

    def holds(self, times: NDArray[np.int64]) -> bool:
        """Whether each of these times is one of the steps."""
        return self.positions(times) is not None


def now_ms() -> int:
    """Return this machine's clock, in ms."""
    return time.time_ns() // 1_000_000


def window(
    *,
    last: Duration | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    step: Duration | None = None,
    now: int,
) -> Window:
    """Range and step from what the user gave.

    Parameters
    ----------
    last
        Length of the range, up to `end`. One hour when neither this nor `start` is given.
    start, end
        First and last moment; `end` is now unless given.
    step
        Distance between two steps; by default what Grafana would take for a graph of some 1000 pixels.
    now
        The present, in ms.

    Raises
    ------
    InvalidValue
        If both `last` and `start` are given, the end is before the start, the step is not positive, or there would be
        more steps than any machine can hold.

    Examples
    --------
    >>> window(last="15m", now=1_700_000_000_000)
    Window(start_ms=1699999100000, end_ms=1700000000000, step_ms=1000)
    """
    if last is not None and start is not None:
        raise InvalidValue(f"last={told(last)} and start={told(start)}: give one of them, not both")
    end_ms = now if end is None else moment(end, now=now, name="end", round_up=True)
    if start is None:
        start_ms = end_ms - _milliseconds(DEFAULT_LAST if last is None else last, name="last")
    else:
        start_ms = moment(start, now=now, name="start")
    if end_ms < start_ms:
        raise InvalidValue(f"end: {iso(end_ms)} is before the start, {iso(start_ms)}")
    step_ms = default_step(end_ms - start_ms) if step is None else _milliseconds(step, name="step")
    if step_ms < 1:
        raise InvalidValue(f"step: {step!r} must be at least 1 ms; write '15s', or leave it out")
    asked = Window(start_ms, end_ms, step_ms)
    if asked.n_steps > MAX_STEPS:
        least = format_duration(math.ceil((end_ms - start_ms) / MAX_STEPS / 1000))
        raise InvalidValue(f"step: {asked.n_steps:,} steps are too many; take a step of {least} or more")
    return asked


def default_step(range_ms: int, *, points: int = DEFAULT_POINTS) -> int:
    """Step that Grafana would take for a graph `points` pixels wide, in ms, at least one second.

    Examples
    --------
    >>> [format_duration(default_step(hours * 3_600_000) / 1000) for hours in (1, 6, 24, 168)]
    ['5s', '20s', '1m', '10m']
    """
    interval = range_ms / points
    return next((rounded for limit, rounded in _ROUNDED if interval < limit), _LONGEST)


def moment(value: Moment, *, now: int, name: str = "time", round_up: bool = False) -> int:
    """Milliseconds since 1970 of a point in time.

    Parameters
    ----------
    value
        A datetime or pandas Timestamp (a naive one means local time), a date (its first moment, local time), a unix
        time in seconds, or text: ``"now"``, ``"now-1h"``, ``"now-1d/d"`` (Grafana's rounding, here to the beginning of
        yesterday), a duration such as ``"1h30m"`` (that long ago), a unix time, or ISO 8601 such as
        ``"2026-01-31T12:00Z"`` (without an offset: local time).
    now
        The present, in ms.
    name
        What the value is called in an error message.
    round_up
        Whether ``/d`` means the end of the day instead of its beginning.

    Raises
    ------
    InvalidValue
        If it cannot be read, or is out of range (a unix time in milliseconds, for example).
    InvalidType
        If it is of another type, such as ``numpy.datetime64``, which does not say whether it means UTC or local time.

    Notes
    -----
    A local time that a change of the clocks skips is read with the offset before the change; one that there is twice is
    the first of the two, unless the datetime's ``fold`` is 1 (PEP 495).

    Examples
    --------
    >>> moment("now-1h30m", now=1_700_000_000_000)
    1699994600000
    >>> moment(1_700_000_000.191, now=0)
    1700000000191
    """
    if isinstance(value, str):
        return _of_text(value.strip(), now, name, round_up=round_up)
    if isinstance(value, date):
        return _of_date(value, name)
    other: object = value
    if isinstance(other, np.datetime64):
        # frame.index.values are such, in UTC; what people type means local time: either reading would be wrong for one.
        raise InvalidType(
            f"{name}: {value!r} does not say its time zone; write pd.Timestamp(..., tz='UTC'), "
            "or pd.Timestamp(...) for local time"
        )
    if isinstance(other, bool) or not isinstance(other, Real | Decimal):
        raise InvalidType(f"{name}: {told(other)} is no time; {_FORMS}")
    return _of_unix(float(other), name)


def _of_unix(value: float, name: str) -> int:
    if not 0 <= value < _LATEST_UNIX:
        raise InvalidValue(f"{name}: {value!r} must be a unix time in seconds (not in ms, not negative)")
    return round(value * 1000)


def _of_date(value: date, name: str) -> int:
    if value != value:  # noqa: PLR0124 - pandas' NaT is a datetime, the only one that is not itself
        raise InvalidValue(f"{name}: {value!r} is no time; {_FORMS}")
    at = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a date means this one in local time
    if hasattr(at, "to_pydatetime"):
        # Pandas' own is a datetime with nanoseconds.
        at = at.to_pydatetime(warn=False)
    try:
        return milliseconds(at)
    except (OverflowError, OSError, ValueError) as error:
        raise InvalidValue(f"{name}: {value!r} is out of range") from error


def _of_text(text: str, now: int, name: str, *, round_up: bool) -> int:
    counted = relative(text, now=now, name=name, round_up=round_up)
    if counted is not None:
        return counted
    if _YEAR.fullmatch(text):
        raise InvalidValue(f"{name}: {text!r} may be a year or a unix time; write '{text}-01-01', or the number {text}")
    try:
        if not _BASIC_DATE.fullmatch(text):
            return _of_unix(float(text), name)
    except InvalidValue:
        raise
    except ValueError:
        pass
    try:
        return _of_date(datetime.fromisoformat(text), name)
    except InvalidValue:
        raise
    except ValueError:
        pass
    try:
        return now - _milliseconds(text, name=name)
    except InvalidValue:
        raise InvalidValue(f"{name}: {told(text)} is no time; {_FORMS}") from None


def _milliseconds(duration: Duration, *, name: str) -> int:
    return round(seconds(duration, name=name) * 1000)


def wire_text(milliseconds: int) -> str:
    """Write a time or a duration as Prometheus' API takes it: seconds, exact to the ms.

    Examples
    --------
    >>> wire_text(1_700_000_000_191)
    '1700000000.191'
    """
    return f"{milliseconds / 1000:.3f}"


def iso(milliseconds: int) -> str:
    """Write a time for people, in UTC.

    Examples
    --------
    >>> iso(1_700_000_000_191)
    '2023-11-14T22:13:20.191Z'
    """
    try:
        at = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return wire_text(milliseconds)
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
