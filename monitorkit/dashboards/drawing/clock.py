"""The time axis: round local times, and labels as short as they can be."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

__all__ = ["clock_text", "moment_text", "span_text", "time_ticks", "zone_text"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, _DAY)


def _local(moment: float) -> datetime:
    return datetime.fromtimestamp(moment).astimezone()


def time_ticks(start: float, end: float, width: float) -> list[tuple[float, str]]:
    """Round local times between two moments, and their labels.

    Parameters
    ----------
    start, end
        Seconds since 1970.
    width
        Of the axis in pixels.

    Returns
    -------
    list of (float, str)
        Seconds since 1970, and ``14:05``, ``14:05:30`` or ``11-02`` as the distance asks for.

    Examples
    --------
    >>> [label[-2:] for _, label in time_ticks(1_700_000_003, 1_700_000_063, 300)]
    ['30', '45', '00', '15']
    """
    pixels_per_second = width / max(end - start, 1e-3)
    step = next((step for step in _STEPS if step * pixels_per_second >= _room(step)), 0)
    step = step or _DAY * math.ceil(_room(_DAY) / pixels_per_second / _DAY)
    moments = _round_days(start, end, step // _DAY) if step >= _DAY else _round_times(start, end, step)
    return [(moment, _label(moment, step)) for moment in moments]


def _room(step: int) -> float:
    """Pixels that a label needs, with some air."""
    return 70.0 if step < _MINUTE else 50.0


def _round_times(start: float, end: float, step: int) -> list[float]:
    # Offsets are whole quarters of an hour, so that one offset puts all steps up to 15 minutes right; longer ones are
    # counted from the local midnight of the first, which a change of summer time within the window may shift.
    offset = (_local(start).utcoffset() or timedelta()).total_seconds()
    first = math.ceil((start + offset) / step) * step - offset
    return [first + index * step for index in range(int((end - first) // step) + 1)]


def _round_days(start: float, end: float, n_days: int) -> list[float]:
    day = _local(start).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    days = [day + timedelta(days=index) for index in range(int((end - start) // _DAY) + 2)]
    return [one.timestamp() for one in days if one.toordinal() % n_days == 0 and start <= one.timestamp() <= end]


def _label(moment: float, step: int) -> str:
    local = _local(moment)
    if step >= _DAY or (step >= _HOUR and local.hour == local.minute == 0):
        return f"{local:%m-%d}"
    return f"{local:%H:%M:%S}" if step < _MINUTE else f"{local:%H:%M}"


def clock_text(moment: float) -> str:
    """Local time to the second."""
    return f"{_local(moment):%H:%M:%S}"


def zone_text(moment: float) -> str:
    """Local time zone: its abbreviation and its distance from UTC."""
    local = _local(moment)
    offset = f"{local:%z}"
    distance = "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:5]}"
    name = local.tzname() or ""
    return distance if name in {"", "UTC"} or name[0] in "+-" else f"{name} ({distance})"


def moment_text(moment: float) -> str:
    """Local date and time to the second, with the zone."""
    return f"{_local(moment):%Y-%m-%d %H:%M:%S} {zone_text(moment)}"


def span_text(start: float, end: float) -> str:
    """From when to when, with the zone; the date where it is not one day.

    Examples
    --------
    >>> span_text(1_700_000_000, 1_700_000_900).count(":") >= 4
    True
    """
    first, last = _local(start), _local(end)
    same_day = first.date() == last.date()
    head = f"{first:%Y-%m-%d %H:%M:%S}"
    tail = f"{last:%H:%M:%S}" if same_day else f"{last:%m-%d %H:%M:%S}"
    return f"{head} \N{EN DASH} {tail} {zone_text(end)}"
