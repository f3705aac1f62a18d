"""Bars: one value per series, its name at the left, the value at the end of the bar."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from monitorkit.dashboards.colors import GRID, INK, LINE_COLORS, MUTED, hex_color, text_color
from monitorkit.dashboards.drawing.axis import FULL, plottable
from monitorkit.dashboards.drawing.card import draw_card, draw_empty
from monitorkit.dashboards.drawing.sheet import elide, elide_apart, text_width
from monitorkit.dashboards.thresholds import GOOD, color_at
from monitorkit.dashboards.units import format_value

if TYPE_CHECKING:
    from monitorkit.dashboards.drawing.sheet import Box, Sheet
    from monitorkit.dashboards.panels import Panel
    from monitorkit.dashboards.reading import Reading

__all__ = ["ROW_HEIGHT", "draw_bars"]

ROW_HEIGHT = 22.0
THICKNESS = 13.0
SIZE = 11.0
NAME_SHARE, VALUE_SHARE = 0.45, 0.3
"""The longest parts of the width that names and values may take."""


def draw_bars(sheet: Sheet, box: Box, reading: Reading, *, note: str = "") -> None:
    """Draw the last value of each line as a bar from zero; thresholds colour the bars."""
    inner = draw_card(sheet, box, reading.panel, note)
    if not reading.lines:
        draw_empty(sheet, inner, reading)
        return
    x, y, width, height = inner
    panel = reading.panel
    values = [float(line.values[-1]) for line in reading.lines]
    lengths = plottable(np.array(values))
    texts = [
        elide(format_value(value, panel.unit, panel.decimals), width * VALUE_SHARE, SIZE, "bold") for value in values
    ]
    names = elide_apart([line.name for line in reading.lines], width * NAME_SHARE, SIZE)
    left = x + max(text_width(name, SIZE) for name in names) + 10
    room = max(x + width - left - max(text_width(text, SIZE, "bold") for text in texts) - 8, 20)
    low, high = min(0.0, np.nanmin([0.0, *lengths])), max(0.0, np.nanmax([0.0, *lengths]))
    if high > FULL.get(panel.unit, math.inf) / 2:
        high = max(high, FULL[panel.unit])
    span = (high - low) or 1.0
    zero = left - room * (low / span)
    sheet.line([zero, zero], [y, y + min(height, ROW_HEIGHT * len(values))], color=GRID, width=2)
    for index, (name, value, text) in enumerate(zip(names, lengths, texts, strict=True)):
        middle = y + ROW_HEIGHT * (index + 0.5)
        base = middle + SIZE * 0.36
        sheet.text(x, base, name, size=SIZE, color=INK)
        end = zero
        if math.isfinite(value):
            end = zero + room * (value / span)
            bar = (min(zero, end), middle - THICKNESS / 2, max(abs(end - zero), 1), THICKNESS)
            sheet.box(bar, face=_fill(panel, value), radius=1.5 if abs(end - zero) > 4 else 0, zorder=2)  # noqa: PLR2004 - pixels
        sheet.text(max(end, zero) + 6, base, text, size=SIZE, weight="bold", color=_ink(panel, value))


def _fill(panel: Panel, value: float) -> str:
    return hex_color(color_at(value, panel.steps)) if panel.limits else LINE_COLORS[0]


def _ink(panel: Panel, value: float) -> str:
    """Colour of a value: that of the threshold it has passed."""
    if not math.isfinite(value):
        return MUTED
    color = color_at(value, panel.steps) if panel.limits else GOOD
    return INK if color == GOOD else text_color(color)
