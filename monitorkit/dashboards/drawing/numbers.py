"""Stats and gauges: one number per series, large, coloured by the thresholds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Wedge

from monitorkit.dashboards.colors import INK, MUTED, RAIL, hex_color, text_color
from monitorkit.dashboards.drawing.axis import plottable
from monitorkit.dashboards.drawing.card import draw_card, draw_empty
from monitorkit.dashboards.drawing.sheet import POINTS_PER_PIXEL, elide, text_width
from monitorkit.dashboards.panels import Gauge, Stat
from monitorkit.dashboards.reading import reduce
from monitorkit.dashboards.thresholds import color_at
from monitorkit.dashboards.units import format_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitorkit.dashboards.drawing.sheet import Box, Sheet
    from monitorkit.dashboards.reading import Line, Reading

__all__ = ["draw_gauges", "draw_stats"]

NARROWEST = 92.0
"""Pixels that a number needs beside others."""

NAME_SIZE = 10.5
SMALLEST = 9.0
_NUMBER = re.compile(r"(-?[^\d\s∞N-]?(?:[\d.,]+(?:e-?\d+)?|∞|NaN))(.*)", re.DOTALL)


def draw_stats(sheet: Sheet, box: Box, reading: Reading) -> None:
    """Draw a stat panel."""
    _draw_each(sheet, box, reading, _draw_stat)


def draw_gauges(sheet: Sheet, box: Box, reading: Reading) -> None:
    """Draw a gauge panel."""
    _draw_each(sheet, box, reading, _draw_gauge)


def _draw_each(
    sheet: Sheet, box: Box, reading: Reading, draw: Callable[[Sheet, Box, Reading, Line, str], None]
) -> None:
    """Draw each series in a column of its own; columns that find no room are counted in a note."""
    lines = [line for line in reading.lines if not np.isnan(line.values).all()]
    n_columns = max(1, min(len(lines), int(box[2] // NARROWEST)))
    note = f"{n_columns} of {len(lines)} series" if len(lines) > n_columns else ""
    x, y, width, height = draw_card(sheet, box, reading.panel, note)
    if not lines:
        draw_empty(sheet, (x, y, width, height), reading)
        return
    column = width / n_columns
    named = len(lines) > 1 or bool(reading.panel.legend)
    for index, line in enumerate(lines[:n_columns]):
        name = elide(line.name, column - 8, NAME_SIZE) if named else ""
        draw(sheet, (x + index * column, y, column, height), reading, line, name)


def _number(reading: Reading, line: Line) -> tuple[float, str, str]:
    """A series' number, its text, and the colour that the thresholds give it."""
    panel = reading.panel
    assert isinstance(panel, Stat | Gauge)  # noqa: S101 - only these are drawn here
    value = reduce(line.values, panel.calc)
    return value, format_value(value, panel.unit, panel.decimals), color_at(value, panel.steps) if panel.limits else ""


def _draw_stat(sheet: Sheet, box: Box, reading: Reading, line: Line, name: str) -> None:
    x, y, width, height = box
    _, text, color = _number(reading, line)
    sparkline = (
        isinstance(reading.panel, Stat) and reading.panel.sparkline and (~np.isnan(plottable(line.values))).sum() > 1
    )
    top = 14.0 if name else 0.0
    if name:
        sheet.text(x, y + 8, name, size=NAME_SIZE, color=MUTED)
    room = height - top - (24 if sparkline else 0)
    numeral = _fitting(text, width - 8, min(34.0, max(12.0, room * 0.8)))
    numeral.write(sheet, x, y + top + room / 2, text_color(color) if color else INK)
    if sparkline:
        curve = hex_color(color) if color else hex_color("blue")
        _draw_sparkline(sheet, (x, y + height - 20, width - 8, 22), line, reading, curve)


@dataclass(frozen=True)
class Numeral:
    """A number as large as fits, its unit in smaller letters behind it."""

    number: str
    unit: str
    size: float
    gap: float

    @property
    def small(self) -> float:
        """Size of the unit."""
        return max(SMALLEST, self.size * 0.55)

    @property
    def width(self) -> float:
        """Pixels of number and unit."""
        return text_width(self.number, self.size, "bold") + self.gap + text_width(self.unit, self.small)

    def write(self, sheet: Sheet, x: float, middle: float, color: str) -> None:
        """Write it with its left edge at `x`."""
        base = middle + self.size * 0.36
        sheet.text(x, base, self.number, size=self.size, color=color, weight="bold")
        sheet.text(x + self.width, base, self.unit, size=self.small, color=color, ha="right")


def _fitting(text: str, width: float, size: float) -> Numeral:
    """Set a value in a size that fits; a unit that never fits is cut."""
    match = _NUMBER.fullmatch(text)
    number, unit = (match[1], match[2]) if match else (text, "")
    found = Numeral(number, unit.strip(), size, 4 if unit.startswith(" ") else 1)
    while found.size > SMALLEST and found.width > width:
        found = replace(found, size=found.size - 1)
    if found.width <= width:
        return found
    room = width - text_width(number, found.size, "bold") - found.gap
    return replace(found, unit=elide(found.unit, max(room, 0), found.small))


def _draw_sparkline(sheet: Sheet, box: Box, line: Line, reading: Reading, color: str) -> None:
    values = plottable(line.values)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    air = (high - low) * 0.1 or abs(high) * 0.1 or 1.0
    axes = sheet.axes(box)
    axes.set_xlim(reading.window.start, reading.window.end)
    axes.set_ylim(low - air, high + air)
    axes.plot(line.times, values, color=color, linewidth=POINTS_PER_PIXEL * 1.4, linestyle="-", marker="")
    axes.fill_between(line.times, values, low - air, color=color, alpha=0.12, linewidth=0)


def _draw_gauge(sheet: Sheet, box: Box, reading: Reading, line: Line, name: str) -> None:
    x, y, width, height = box
    assert isinstance(reading.panel, Gauge)  # noqa: S101 - only these are drawn here
    low, high = reading.panel.bounds
    value, text, color = _number(reading, line)
    # Three quarters of a circle are 1.71 radii high and 2 wide; a name goes under it.
    foot = 16.0 if name else 0.0
    radius = max(10.0, min((height - foot) / 1.75, width / 2) - 3)
    center = (x + width / 2, y + (height - foot - 1.71 * radius) / 2 + radius)
    part = min(max((value - low) / (high - low), 0.0), 1.0) if not math.isnan(value) else 0.0
    thick = radius * 0.2
    _arc(sheet, center, radius - 4, thick, 0, 1, RAIL)
    if part > 0:
        _arc(sheet, center, radius - 4, thick, 0, part, hex_color(color) if color else hex_color("blue"))
    if reading.panel.limits:
        starts = [min(max((step.value - low) / (high - low), 0), 1) for step in reading.panel.steps]
        for step, start, end in zip(reading.panel.steps, starts, [*starts[1:], 1], strict=True):
            _arc(sheet, center, radius, 2.5, start, end, hex_color(step.color))
    numeral = _fitting(text, (radius - thick - 4) * 1.8, min(30.0, radius * 0.8))
    numeral.write(sheet, center[0] - numeral.width / 2, center[1], text_color(color) if color else INK)
    if name:
        sheet.text(center[0], center[1] + 0.71 * radius + 14, name, size=NAME_SIZE, color=MUTED, ha="center")


def _arc(
    sheet: Sheet, center: tuple[float, float], radius: float, width: float, start: float, end: float, color: str
) -> None:
    """Draw a part of three quarters of a circle that begin at the lower left and go over the top."""
    if end <= start:
        return
    patch = Wedge(
        center,
        radius,
        135 + 270 * start,
        135 + 270 * end,
        width=width,
        facecolor=color,
        edgecolor="none",
        transform=sheet.pixels,
    )
    sheet.figure.add_artist(patch)
