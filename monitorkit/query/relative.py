"""Times counted from the present: ``now``, ``now-1h30m``, and by the calendar as in Grafana, ``now-1d/d``.

Without a calendar unit or a rounding, a distance is a Prometheus duration: a day has 24 hours. With one of them it is a
place in the calendar of this machine's time zone: ``now-1d/d`` is the midnight at which yesterday began, also where the
clocks were changed in between.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

from monitorkit.durations import seconds
from monitorkit.errors import InvalidValue

__all__ = ["milliseconds", "relative"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NOW = re.compile(r"now\b(.*)", re.DOTALL)
_TERM = re.compile(r"\s*(?:(?P<sign>[+-])\s*(?P<distance>\w+(?:\.\w+)?)|/\s*(?P<unit>\w+))\s*")
_PART = re.compile(r"(\d+)(ms|[smhdwMQy])")
_CALENDAR = re.compile(r"\d[MQ]")
_EXACT = {"s": 1_000, "m": 60_000, "h": 3_600_000}
_DAYS = {"d": 1, "w": 7}
_MONTHS = {"M": 1, "Q": 3, "y": 12}


def relative(text: str, *, now: int, name: str, round_up: bool = False) -> int | None:
    """Milliseconds since 1970 of a time that is counted from the present.

    Parameters
    ----------
    text
        ``now``, followed by any number of distances and roundings: ``now-1h30m``, ``now-7d/d``, ``now-1M/M+8h``.
    now
        The present, in ms.
    name
        What the time is called in an error message.
    round_up
        Whether ``/d`` means the last millisecond of the day instead of its first, as it does for the end of a range.

    Returns
    -------
    int or None
        None where the text does not begin with ``now``.

    Raises
    ------
    InvalidValue
        If what follows ``now`` cannot be read.

    Notes
    -----
    Roundings: ``/s /m /h /d /w /M /Q /y``; weeks begin on Monday (ISO 8601). Source: Grafana documentation, "Use
    dashboards", section "Time units and relative ranges".

    Examples
    --------
    >>> relative("now-1h30m", now=1_700_000_000_000, name="at")
    1699994600000
    >>> relative("now/h", now=1_700_000_000_000, name="at") % 60_000
    0
    """
    match = _NOW.fullmatch(text)
    if match is None:
        return None
    rest = match[1]
    calendar = "/" in rest or _CALENDAR.search(rest) is not None
    at, place = now, 0
    while place < len(rest):
        term = _TERM.match(rest, place)
        if term is None:
            raise InvalidValue(f"{name}: {text!r} is no time; write 'now-1h30m', or 'now-1d/d' for a whole day")
        place = term.end()
        try:
            if term["unit"]:
                at = _rounded(at, term["unit"], name, round_up=round_up)
            elif calendar:
                at = _moved(at, term["distance"], -1 if term["sign"] == "-" else 1, name)
            else:
                at += round(seconds(term["distance"], name=name) * 1000) * (-1 if term["sign"] == "-" else 1)
        except (OverflowError, OSError, ValueError) as error:
            if isinstance(error, InvalidValue):
                raise
            raise InvalidValue(f"{name}: {text!r} is out of range") from error
    return at


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970 of a datetime, a naive one in local time.

    Examples
    --------
    >>> milliseconds(datetime(2023, 11, 14, 22, 13, 20, 191_000, tzinfo=UTC))
    1700000000191
    """
    if at.tzinfo is None:
        # timestamp() reads it as PEP 495 says; astimezone() differs where a change of the clocks skips the time.
        return int(at.replace(microsecond=0).timestamp()) * 1000 + round(at.microsecond / 1000)
    return round((at - _EPOCH) / _MILLISECOND)


def _local(at: int) -> datetime:
    """A time on this machine's clock, without its zone: what the calendar is counted in."""
    return (_EPOCH + at * _MILLISECOND).astimezone().replace(tzinfo=None)


def _moved(at: int, distance: str, sign: int, name: str) -> int:
    """A time so much later or earlier, days and more by the calendar."""
    if not re.fullmatch(rf"(?:{_PART.pattern})+", distance):
        raise InvalidValue(
            f"{name}: {distance!r} is no distance in the calendar; write numbers with units y Q M w d h m s, as in '1d'"
        )
    for count, unit in _PART.findall(distance):
        n = sign * int(count)
        if unit in _DAYS:
            at = milliseconds(_local(at) + timedelta(days=n * _DAYS[unit]))
        elif unit in _MONTHS:
            at = milliseconds(_months_later(_local(at), n * _MONTHS[unit]))
        else:
            at += n * _EXACT.get(unit, 1)
    return at


def _months_later(local: datetime, n: int) -> datetime:
    """The same day of another month, or that month's last."""
    year, month = divmod(local.year * 12 + local.month - 1 + n, 12)
    month += 1
    if not 1 <= year <= 9999:  # noqa: PLR2004 - what a datetime can hold
        raise OverflowError
    return local.replace(year=year, month=month, day=min(local.day, monthrange(year, month)[1]), fold=0)


def _rounded(at: int, unit: str, name: str, *, round_up: bool) -> int:
    """First millisecond of the unit that a time is in, or its last."""
    if unit in _EXACT:
        offset = round(((_EPOCH + at * _MILLISECOND).astimezone().utcoffset() or timedelta()) / _MILLISECOND)
        first = at - (at + offset) % _EXACT[unit]
        return first + _EXACT[unit] - 1 if round_up else first
    day = _local(at).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit in _DAYS:
        begin = day - timedelta(days=day.weekday() if unit == "w" else 0)
        after = begin + timedelta(days=_DAYS[unit])
    elif unit in _MONTHS:
        n = _MONTHS[unit]
        begin = day.replace(day=1, month=(day.month - 1) // n * n + 1)
        after = _months_later(begin, n)
    else:
        raise InvalidValue(f"{name}: '/{unit}' is no unit to round to; write one of /s /m /h /d /w /M /Q /y")
    return milliseconds(after) - 1 if round_up else milliseconds(begin)
