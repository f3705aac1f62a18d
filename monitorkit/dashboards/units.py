"""Units: how a value is written, character for character as Grafana writes it.

Each unit is a ladder: from which size on a value is divided by what and gets which suffix. Grafana's ids name the
units; an unknown id is a suffix, as in Grafana (``tokens/s`` gives ``5.50 tokens/s``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["UNITS", "Unit", "format_value", "tick_labels", "tick_step", "unit_of"]

_JS_INTEGER_DIGITS = 21
_JS_SMALLEST_PLAIN = 1e-6
_EXTRA_DECIMAL_ABOVE = 2.25
_MOST_DECIMALS = 300


@dataclass(frozen=True)
class Rung:
    """From `start` on (in size) a value is divided by `divisor`; `suffix` follows it, `plural` unless it is 1."""

    start: float
    divisor: float
    suffix: str
    plural: str | None = None


@dataclass(frozen=True)
class Unit:
    """A way to write values.

    Parameters
    ----------
    rungs
        Ascending.
    zero
        Index of the rung for 0.
    prefix
        Stands before the number, after its sign.
    times
        The value is multiplied by this first.
    base
        What the steps of an axis are round in: 10, 1024 for binary prefixes, 60 for time.
    """

    rungs: tuple[Rung, ...]
    zero: int = 0
    prefix: str = ""
    times: float = 1
    base: int = 10

    def rung(self, value: float) -> Rung:
        """Where on the ladder a value stands."""
        size = abs(value * self.times)
        if size == 0 or not math.isfinite(size):
            return self.rungs[self.zero]
        return next((rung for rung in reversed(self.rungs) if size >= rung.start), self.rungs[0])

    def write(self, value: float, rung: Rung, decimals: int | None) -> str:
        """Write a value on one rung."""
        number = value * self.times / rung.divisor
        text = _fixed(number, decimals)
        sign, text = ("-", text[1:]) if self.prefix and text.startswith("-") else ("", text)
        suffix = rung.suffix if rung.plural is None or number == 1 else rung.plural
        return f"{sign}{self.prefix}{text}{suffix}"


def _plain(suffix: str, *, prefix: str = "", times: float = 1) -> Unit:
    return Unit((Rung(0, 1, suffix),), prefix=prefix, times=times)


def _thousands(names: Sequence[str], *, after: str = "", prefix: str = "") -> Unit:
    rungs = tuple(
        Rung(float(f"1e{3 * power}"), float(f"1e{3 * power}"), f"{name}{after}") for power, name in enumerate(names)
    )
    return Unit(rungs, prefix=prefix)


def _si(symbol: str, offset: int = 0) -> Unit:
    """Metric prefixes; the value comes in the unit of the prefix 1000 ** `offset`."""
    powers = [float(f"1e{3 * (power - offset)}") for power in range(-5, 9)]
    letters = ("f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y")
    rungs = tuple(Rung(power, power, f" {letter}{symbol}") for power, letter in zip(powers, letters, strict=True))
    return Unit(rungs, zero=5 + offset)


def _binary(symbol: str, offset: int = 0) -> Unit:
    """Binary prefixes; the value comes in the unit of the prefix 1024 ** `offset`."""
    powers = [1024.0 ** (power - offset) for power in range(9)]
    letters = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
    rungs = tuple(Rung(power, power, f" {letter}{symbol}") for power, letter in zip(powers, letters, strict=True))
    return Unit(rungs, zero=offset, base=1024)


# Seconds in each, and where Grafana divides by something else: a year is 365 days to get there, 365.24 in the result.
_LONG = (
    Rung(60, 60, " min", " mins"),
    Rung(3600, 3600, " hour", " hours"),
    Rung(86400, 86400, " day", " days"),
    Rung(604800, 604800, " week", " weeks"),
    Rung(31536000, 31556900, " year", " years"),
)
_YEAR = Rung(31536000, 31536000, " year", " years")
_SHORT = (Rung(1e-9, 1e-9, " ns"), Rung(1e-6, 1e-6, " µs"), Rung(1e-3, 1e-3, " ms"), Rung(1, 1, " s"))


def _times(per_second: float, rungs: Sequence[Rung]) -> Unit:
    """Time that comes in units of which `per_second` make a second; the first rung is that unit itself."""
    scaled = tuple(Rung(rung.start * per_second, rung.divisor * per_second, rung.suffix, rung.plural) for rung in rungs)
    return Unit(scaled, base=60)


_COUNT = ("", "K", "M", "B", "T")
_RATES = {
    "cps": "c/s", "ops": "ops/s", "reqps": "req/s", "rps": "rd/s", "wps": "wr/s", "iops": "io/s", "eps": "evt/s",
    "mps": "msg/s", "rowsps": "rows/s", "cpm": "c/m", "opm": "ops/m", "reqpm": "req/m", "rpm": "rd/m", "wpm": "wr/m",
    "epm": "evts/m", "mpm": "msgs/m", "rowspm": "rows/m",
}  # fmt: skip

UNITS: dict[str, Unit] = {
    "none": _plain(""),
    "short": _thousands(("", " K", " Mil", " Bil", " Tri", " Quadr", " Quint", " Sext", " Sept")),
    "sishort": _si(""),
    "percent": _plain("%"),
    "percentunit": _plain("%", times=100),
    "s": Unit((*_SHORT, *_LONG), zero=3, base=60),
    # Weeks are missing in Grafana's milliseconds and nanoseconds, and microseconds end at seconds.
    "ms": _times(1e3, (*_SHORT[2:], *_LONG[:3], _YEAR)),
    "µs": _times(1e6, _SHORT[1:]),
    "ns": _times(1e9, (*_SHORT, *_LONG[:3])),
    "bytes": _binary("B"),
    "kbytes": _binary("B", 1),
    "mbytes": _binary("B", 2),
    "gbytes": _binary("B", 3),
    "decbytes": _si("B"),
    "deckbytes": _si("B", 1),
    "decmbytes": _si("B", 2),
    "decgbytes": _si("B", 3),
    "bits": _binary("b"),
    "decbits": _si("b"),
    "Bps": _si("B/s"),
    "binBps": _binary("B/s"),
    "bps": _si("b/s"),
    "binbps": _binary("b/s"),
    "pps": _si("p/s"),
    "hertz": _si("Hz"),
    "watt": _si("W"),
    "joule": _si("J"),
    "celsius": _plain(" °C"),
    "currencyUSD": _thousands(_COUNT, prefix="$"),
    "currencyEUR": _thousands(_COUNT, prefix="€"),
    "currencyGBP": _thousands(_COUNT, prefix="£"),
    "currencyJPY": _thousands(_COUNT, prefix="¥"),
    **{name: _thousands(_COUNT, after=f" {text}") for name, text in _RATES.items()},
}
"""Units by Grafana's id."""


@cache
def unit_of(name: str) -> Unit:
    """Look up a unit by Grafana's id; ``suffix:``, ``prefix:``, ``si:``, ``count:`` and unknown ids make one."""
    if name in UNITS:
        return UNITS[name]
    kind, _, text = name.partition(":")
    if text and kind == "prefix":
        return _plain("", prefix=text)
    if text and kind == "suffix":
        return _plain(f" {text}")
    if text and kind == "si":
        return _si(text)
    if text and kind == "count":
        return _thousands(_COUNT, after=f" {text}")
    return _plain(f" {name}" if name else "")


def format_value(value: float | None, unit: str = "short", decimals: int | None = None) -> str:
    """Write a value with its unit.

    Parameters
    ----------
    value
        In the unit; None gives an empty text.
    unit
        Grafana's id.
    decimals
        Decimals to show; None for three significant digits, as Grafana does.

    Examples
    --------
    >>> format_value(0.0123, "s"), format_value(0.9733, "percentunit"), format_value(1536, "bytes")
    ('12.3 ms', '97.3%', '1.50 KiB')
    """
    if value is None:
        return ""
    value = float(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else _js_text(value)
    if unit == "s" and value == 0:
        return "0 s"  # Grafana writes no decimals here, whatever is asked for
    scale = unit_of(unit)
    return scale.write(value, scale.rung(value), decimals)


def tick_step(span: float, unit: str, n_ticks: int) -> float:
    """Round distance of the ticks of an axis.

    Parameters
    ----------
    span
        Length of the axis, greater than 0.
    unit
        Grafana's id: bytes are round in powers of two, times in minutes and hours.
    n_ticks
        At most this many steps.

    Examples
    --------
    >>> tick_step(0.9, "s", 5), tick_step(3000, "bytes", 5), tick_step(600, "s", 5)
    (0.2, 1024.0, 120.0)
    """
    scale = unit_of(unit)
    rough = span / max(n_ticks, 1)
    if scale.base == 60:  # noqa: PLR2004 - sexagesimal
        second = next(rung.divisor for rung in scale.rungs if rung.suffix == " s")
        for step in (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400):
            if 10 * second < rough <= step * second:
                return float(step * second)
    if scale.base == 1024 and rough >= scale.rungs[1].divisor / 4:  # noqa: PLR2004 - binary prefixes
        return 2.0 ** math.ceil(math.log2(rough))
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))


def tick_labels(values: Sequence[float], unit: str) -> list[str]:
    """Write the ticks of an axis: all on one rung, with as few decimals as keep them apart.

    Examples
    --------
    >>> tick_labels([0.0, 0.5, 1.0], "s")
    ['0 s', '0.5 s', '1.0 s']
    """
    if not values:
        return []
    scale = unit_of(unit)
    rung = scale.rung(max(values, key=abs))
    numbers = [value * scale.times / rung.divisor for value in values]
    size = max(map(abs, numbers)) or 1.0
    decimals = next(
        (n for n in range(10) if all(abs(number - round(number, n)) <= size * 1e-9 for number in numbers)), None
    )
    return [scale.write(value, rung, 0 if value == 0 else decimals) for value in values]


def _fixed(number: float, decimals: int | None) -> str:
    """Write a number as Grafana's ``toFixed`` does, JavaScript's rounding included."""
    if math.isinf(number):
        return _js_text(number)
    if decimals is None:
        decimals = _decimals(number)
    if number == 0:
        return f"{0:.{decimals}f}"
    factor = 10.0**decimals
    if not math.isfinite(number * factor):
        return _js_text(number)
    text = _js_text(math.floor(number * factor + 0.5) / factor)
    if "e" in text:
        return text
    _, point, fraction = text.partition(".")
    missing = decimals - len(fraction)
    return text if missing <= 0 else text + ("" if point else ".") + "0" * missing


def _decimals(number: float) -> int:
    """Decimals that leave about three significant digits."""
    if number == 0 or number % 1 == 0:
        return 0
    decimals = min(1 - math.floor(math.log10(abs(number))), _MOST_DECIMALS)
    if abs(number) * 10.0**decimals > _EXTRA_DECIMAL_ABOVE:
        decimals += 1
    return max(0, decimals)


def _js_text(number: float) -> str:
    """Write a number as JavaScript's ``String`` does: plain from 1e-6 up to 1e21, else with an exponent."""
    if number == 0:
        return "0"
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    if _JS_SMALLEST_PLAIN <= abs(number) < 10.0**_JS_INTEGER_DIGITS:
        return format(Decimal(repr(number)), "f").removesuffix(".0")
    mantissa, _, exponent = f"{Decimal(repr(number)).normalize():e}".partition("e")
    return f"{mantissa}e{int(exponent):+d}".replace("e+-", "e-").replace("e-0", "e-")
