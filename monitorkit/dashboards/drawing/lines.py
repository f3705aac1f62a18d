"""Time series: lines with gaps, thresholds, both axes and a legend with the last values."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from monitorkit.dashboards.colors import LINE_COLORS, PAPER, hex_color, text_color
from monitorkit.dashboards.drawing.axis import Axis, plottable, value_axis
from monitorkit.dashboards.drawing.card import draw_card, draw_empty
from monitorkit.dashboards.drawing.grid import TICK_SIZE, draw_levels, draw_times
from monitorkit.dashboards.drawing.legend import ROW_HEIGHT, draw_legend, legend_rows
from monitorkit.dashboards.drawing.sheet import POINTS_PER_PIXEL, elide, text_width
from monitorkit.dashboards.thresholds import GOOD
from monitorkit.dashboards.units import format_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from monitorkit.dashboards.drawing.sheet import Box, Sheet
    from monitorkit.dashboards.panels import Panel
    from monitorkit.dashboards.reading import Line, Reading
    from monitorkit.dashboards.window import Window

__all__ = ["MOST_LINES", "draw_lines", "shown_lines"]

MOST_LINES = 12
"""Lines in one panel; more cannot be told apart."""

PIXELS_PER_VALUE_TICK = 24.0
LEGEND_SHARE = 62.0
"""Pixels of height that each row of the legend asks for."""
MOST_ROWS = 2


def shown_lines(lines: Sequence[Line]) -> tuple[list[Line], str]:
    """Lines that are drawn, and a note about those that are not.

    Of too many lines those with the greatest mean size stay, in their order.
    """
    present = [line for line in lines if not np.isnan(plottable(line.values)).all()]
    if len(present) <= MOST_LINES:
        return present, ""
    sizes = [float(np.nanmean(np.abs(plottable(line.values)))) for line in present]
    kept = sorted(sorted(range(len(present)), key=lambda index: -sizes[index])[:MOST_LINES])
    return [present[index] for index in kept], f"{MOST_LINES} of {len(present)} series, the largest"


def draw_lines(sheet: Sheet, box: Box, reading: Reading, *, note: str = "", most_rows: int | None = None) -> None:
    """Draw a time series panel.

    Parameters
    ----------
    note
        Tells of lines that were left out before.
    most_rows
        Rows that the legend may take; as the height allows, and two at most, unless given.
    """
    lines, left_out = shown_lines(reading.lines)
    inner = draw_card(sheet, box, reading.panel, note or left_out)
    if not lines:
        draw_empty(sheet, inner, reading)
        return
    x, y, width, height = inner
    n_rows = min(MOST_ROWS, int(height // LEGEND_SHARE)) if most_rows is None else most_rows
    rows = legend_rows(lines, reading.panel, width, n_rows=n_rows)
    plot_height = max(height - ROW_HEIGHT * len(rows) - 20, 4)
    values = np.concatenate([plottable(line.values) for line in lines])
    axis = value_axis(reading.panel, values[~np.isnan(values)], max(2, int(plot_height // PIXELS_PER_VALUE_TICK)))
    axis = replace(axis, labels=tuple(elide(label, width / 3, TICK_SIZE) for label in axis.labels))
    margin = min(max(text_width(label, TICK_SIZE) for label in (*axis.labels, "")) + 8, width / 2)
    plot = (x + margin, y + 4, width - margin, plot_height)
    axes = sheet.axes(plot)
    _draw_grid(sheet, axes, axis, reading.window, plot)
    _draw_thresholds(sheet, axes, axis, reading.panel, plot)
    for index, line in enumerate(lines):
        _draw_line(axes, line, LINE_COLORS[index], axis, filled=len(lines) == 1)
    draw_legend(sheet, rows, x, y + plot_height + 34)


def _draw_grid(sheet: Sheet, axes: Axes, axis: Axis, window: Window, box: Box) -> None:
    """Set limits; draw grid lines and labels."""
    air = (axis.high - axis.low) * 0.015
    # Some pixels more at the end, so that the latest sample is seen as a whole.
    until = window.end + (window.end - window.start) * 4 / box[2]
    axes.set_xlim(window.start, until)
    axes.set_ylim(axis.low - air, axis.high + air)
    draw_levels(sheet, box, axis, low=axis.low - air, high=axis.high + air)
    draw_times(sheet, box, window.start, window.end, until=until)


def _draw_thresholds(sheet: Sheet, axes: Axes, axis: Axis, panel: Panel, box: Box) -> None:
    """Draw thresholds as dashed lines with their values, and tint what lies beyond; note those out of sight."""
    x, y, width, height = box
    low, high = axes.get_ylim()
    ladder = panel.steps
    ends = [step.value for step in ladder[1:]] + [math.inf]
    for step, end in zip(ladder, ends, strict=True):
        if len(ladder) > 1 and step.color != GOOD and step.value < high and end > low:
            axes.axhspan(
                max(step.value, low), min(end, high), color=hex_color(step.color), alpha=0.07, linewidth=0, zorder=0.5
            )
    for threshold in panel.limits:
        text, color = format_value(threshold.value, panel.unit), text_color(threshold.color)
        text = elide(text, width / 2, TICK_SIZE)
        if axis.low <= threshold.value <= axis.high:
            axes.axhline(
                threshold.value,
                color=hex_color(threshold.color),
                linewidth=POINTS_PER_PIXEL * 1.2,
                linestyle=(0, (4, 3)),
                zorder=1.5,
            )
            place = y + height * (high - threshold.value) / (high - low)
            inside = place - 4 if place - y > 16 else place + 12  # noqa: PLR2004 - pixels for a line of text
            _write_threshold(sheet, x + width - 4, inside, text, color)
        elif threshold.value > axis.high:
            _write_threshold(sheet, x + width - 4, y + 11, f"▲ {text}", color)
        else:
            _write_threshold(sheet, x + width - 4, y + height - 5, f"▼ {text}", color)


def _write_threshold(sheet: Sheet, right: float, base: float, text: str, color: str) -> None:
    """Write a threshold's value so that it can be read over a line."""
    width = text_width(text, TICK_SIZE)
    sheet.box((right - width - 3, base - 10, width + 6, 13), face=PAPER, alpha=0.75, radius=2, zorder=2)
    sheet.text(right, base, text, size=TICK_SIZE, color=color, ha="right")


def _draw_line(axes: Axes, line: Line, color: str, axis: Axis, *, filled: bool) -> None:
    """Draw one series; a sample without neighbours is a dot, since no line leads to it."""
    values = plottable(line.values)
    axes.plot(
        line.times, values, color=color, linewidth=POINTS_PER_PIXEL * 1.7, linestyle="-", marker="",
        solid_joinstyle="round", solid_capstyle="round", label=line.name, zorder=3,
    )  # fmt: skip
    alone = _alone(values)
    if alone.any():
        axes.plot(
            line.times[alone],
            values[alone],
            color=color,
            linestyle="",
            marker="o",
            markersize=POINTS_PER_PIXEL * 4,
            zorder=3,
        )
    if filled:
        base = min(max(0.0, axis.low), axis.high)
        axes.fill_between(line.times, values, base, color=color, alpha=0.08, linewidth=0, zorder=2)


def _alone(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values have NaN, or nothing, on both sides."""
    present: NDArray[np.bool_] = np.pad(~np.isnan(values), 1)
    neighbours: NDArray[np.bool_] = present[:-2] | present[2:]
    return np.logical_and(present[1:-1], ~neighbours)
