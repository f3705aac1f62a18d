"""The time a dashboard looks at, and Grafana's macros that depend on it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from monitorkit.durations import Duration, format_duration, seconds
from monitorkit.errors import InvalidType, InvalidValue

__all__ = ["DEFAULT_SCRAPE_SECONDS", "Window", "moment", "round_interval"]

DEFAULT_SCRAPE_SECONDS = 15.0
"""Scrape interval that Grafana takes where nobody tells it another."""

_MACRO = re.compile(r"\$(?:\{__(\w+)(?::\w+)?\}|__(\w+))")

# Milliseconds: an interval under the first number becomes the second (rangeUtil.roundInterval in @grafana/data 13).
_ROUND = (
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1500, 1000), (3500, 2000), (7500, 5000),
    (12500, 10000), (17500, 15000), (25000, 20000), (45000, 30000), (90000, 60000), (210000, 120000), (450000, 300000),
    (750000, 600000), (1050000, 900000), (1500000, 1200000), (2700000, 1800000), (5400000, 3600000), (9000000, 7200000),
    (16200000, 10800000), (32400000, 21600000), (86400000, 43200000), (604800000, 86400000),
    (1814400000, 604800000), (3628800000, 2592000000),
)  # fmt: skip
_LONGEST_SECONDS = 31536000.0


def round_interval(interval_seconds: float) -> float:
    """Round an interval as Grafana does, in seconds.

    Examples
    --------
    >>> round_interval(2.25), round_interval(27)
    (2.0, 30.0)
    """
    return next((rounded / 1000 for limit, rounded in _ROUND if interval_seconds * 1000 < limit), _LONGEST_SECONDS)


@dataclass(frozen=True)
class Window:
    """From when to when, and in which steps, in seconds since 1970.

    Examples
    --------
    >>> window = Window.ending(1_700_000_000, "15m", n_points=400, scrape_seconds=1)
    >>> window.step, window.expand("rate(x_total[$__rate_interval])")
    (2.0, 'rate(x_total[4s])')
    """

    start: float
    end: float
    step: float
    scrape_seconds: float = DEFAULT_SCRAPE_SECONDS

    @classmethod
    def ending(
        cls,
        at: float,
        last: Duration,
        *,
        n_points: int,
        scrape_seconds: float = DEFAULT_SCRAPE_SECONDS,
    ) -> Window:
        """Window of the length `last` that ends at `at`.

        Both ends are put on multiples of the step, as Grafana does it: the same samples are asked for again at the next
        refresh, so that lines move but do not tremble.

        Parameters
        ----------
        at
            Seconds since 1970.
        last
            Length.
        n_points
            About how many steps.
        scrape_seconds
            Distance of the samples; a step is not shorter.
        """
        length = seconds(last, name="last")
        if length <= 0:
            raise InvalidValue("last must be longer than 0 s")
        step = max(round_interval(length / max(n_points, 1)), scrape_seconds)
        end = math.floor(at / step) * step
        return cls(end - math.ceil(length / step) * step, end, step, scrape_seconds)

    @property
    def rate_interval(self) -> float:
        """``$__rate_interval`` in seconds: long enough that a rate has samples at each step (grafana#84063)."""
        return max(self.step + self.scrape_seconds, 4 * self.scrape_seconds)

    def expand(self, expr: str) -> str:
        """Put the durations of this window in the place of Grafana's macros."""
        length = self.end - self.start
        values = {
            "rate_interval": format_duration(self.rate_interval),
            "interval": format_duration(self.step),
            "interval_ms": str(round(self.step * 1000)),
            "range": format_duration(length),
            "range_s": str(round(length)),
            "range_ms": str(round(length * 1000)),
        }
        return _MACRO.sub(lambda match: values.get(match[1] or match[2], match[0]), expr)


def moment(at: float | datetime | None) -> float:
    """Seconds since 1970 of a moment as users give it.

    Parameters
    ----------
    at
        Seconds since 1970 or a datetime with a time zone; None for now.

    Raises
    ------
    InvalidValue
        If a datetime has no time zone, or a number is not finite.
    InvalidType
        If it is nothing of that.
    """
    if at is None:
        return datetime.now(UTC).timestamp()
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise InvalidValue(f"at: {at.isoformat()} has no time zone; add one, for example at.astimezone()")
        return at.timestamp()
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise InvalidType(f"at: {at!r} is no moment; give seconds since 1970 or a datetime with a time zone")
    if not math.isfinite(at):
        raise InvalidValue(f"at: {at!r} must be finite")
    return float(at)
