"""A histogram over time: a cell for each bucket and step, the darker the more observations, and a bar of colours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, PowerNorm

from monitorkit.dashboards.colors import MUTED
from monitorkit.dashboards.drawing.bounds import BoundScale, bound_axis
from monitorkit.dashboards.drawing.card import draw_card
from monitorkit.dashboards.drawing.grid import TICK_SIZE, draw_levels, draw_times
from monitorkit.dashboards.drawing.sheet import elide, text_width
from monitorkit.dashboards.units import format_value, tick_step

if TYPE_CHECKING:
    from monitorkit.dashboards.cells import Cells
    from monitorkit.dashboards.drawing.sheet import Box, Sheet
    from monitorkit.dashboards.panels import Panel, Scale

__all__ = ["draw_cells"]

SHADES = ("#F1F5FB", "#C9DCF9", "#8AB8FF", "#3274D9", "#1250B0", "#0A2C66")
"""From nothing to most; nothing is a shade as well, since white is where nothing is known."""

GAMMA = 0.5
"""Colours go with the square root: a few slow requests beside many fast ones are what such a picture is for."""

BAR_WIDTH, BAR_GAP = 10.0, 16.0
PIXELS_PER_COLOUR_TICK = 40.0
BARRED_WIDTH = 100.0
"""Cells in less room than this need it for themselves."""


def draw_cells(
    sheet: Sheet,
    box: Box,
    panel: Panel,
    cells: Cells,
    *,
    scale: Scale | None = None,
    note: str = "",
    span: tuple[float, float] | None = None,
) -> None:
    """Draw a card with the cells; the panel's unit is that of the bounds.

    Parameters
    ----------
    scale
        Of the bounds; the one that fits unless given.
    note
        Stands in the upper right corner.
    span
        Time at the left and at the right, in seconds since 1970; those of the cells unless given.
    """
    x, y, width, height = draw_card(sheet, box, panel, note)
    plot_height = max(height - 20, 4)
    places = BoundScale.of(cells.bounds, scale)
    axis = bound_axis(cells.bounds, places, panel.unit, plot_height)
    axis = replace(axis, labels=tuple(elide(label, width / 3, TICK_SIZE) for label in axis.labels))
    left = min(max(text_width(label, TICK_SIZE) for label in axis.labels) + 8, width / 2)
    ticks = _colour_ticks(cells, plot_height)
    right = max(text_width(label, TICK_SIZE) for _, label in ticks) + BAR_GAP + BAR_WIDTH + 6
    barred = width - left - right >= BARRED_WIDTH
    right = right if barred else 0.0
    plot = (x + left, y + 4, width - left - right, plot_height)
    start, end = span or (float(cells.times[0]), float(cells.times[-1]))
    draw_levels(sheet, plot, axis, low=axis.low, high=axis.high)
    draw_times(sheet, plot, start, end, until=end)
    axes = sheet.axes(plot)
    axes.set_xlim(start, end)
    axes.set_ylim(axis.low, axis.high)
    colours, norm = _colours(cells)
    axes.pcolormesh(
        cells.times,
        places.place(cells.bounds),
        np.ma.masked_invalid(cells.counts),
        cmap=colours,
        norm=norm,
        shading="flat",
        edgecolors="none",
        linewidth=0,
        antialiased=False,
        zorder=2,
    )
    if barred:
        _draw_bar(sheet, (x + width - right + BAR_GAP, y + 4, BAR_WIDTH, plot_height), cells, ticks)


def _draw_bar(sheet: Sheet, bar: Box, cells: Cells, ticks: list[tuple[float, str]]) -> None:
    """Draw which colour stands for which count."""
    colours, norm = _colours(cells)
    shades = np.linspace(0, cells.most**GAMMA, 128) ** (1 / GAMMA)
    sheet.axes(bar).imshow(shades[::-1, None], cmap=colours, norm=norm, aspect="auto", interpolation="bilinear")
    for value, label in ticks:
        base = bar[1] + bar[3] * (1 - (value / cells.most) ** GAMMA) + TICK_SIZE * 0.36
        sheet.text(bar[0] + BAR_WIDTH + 6, base, label, size=TICK_SIZE, color=MUTED)


def _colours(cells: Cells) -> tuple[LinearSegmentedColormap, PowerNorm]:
    return LinearSegmentedColormap.from_list("counts", SHADES), PowerNorm(GAMMA, vmin=0, vmax=cells.most)


def _colour_ticks(cells: Cells, height: float) -> list[tuple[float, str]]:
    """Round counts that are written beside the bar of colours, at least as far apart as can be read."""
    n_ticks = max(1, int(height // PIXELS_PER_COLOUR_TICK))
    step = tick_step(cells.most, cells.unit, n_ticks)
    # The root moves low counts far up the bar, where there is then room for parts of a step.
    candidates = sorted({0.0, step / 10, step / 4, *(step * np.arange(1, int(cells.most / step + 1e-9) + 1)).tolist()})
    kept: list[float] = []
    for value in candidates:
        if not kept or ((value / cells.most) ** GAMMA - (kept[-1] / cells.most) ** GAMMA) * height >= 2 * TICK_SIZE:
            kept.append(value)
    return [(value, format_value(value, cells.unit)) for value in kept]
