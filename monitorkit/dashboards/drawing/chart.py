"""A chart: one panel as a picture of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.dashboards.colors import PAPER
from monitorkit.dashboards.drawing import legend
from monitorkit.dashboards.drawing.bars import ROW_HEIGHT, draw_bars
from monitorkit.dashboards.drawing.card import DESCRIBED_HEIGHT, PADDING
from monitorkit.dashboards.drawing.lines import draw_lines, shown_lines
from monitorkit.dashboards.drawing.picture import Picture
from monitorkit.dashboards.drawing.sheet import Sheet
from monitorkit.dashboards.summary import panel_lines

if TYPE_CHECKING:
    from monitorkit.dashboards.reading import Reading

__all__ = ["draw_chart"]

WIDTH, HEIGHT = 860, 300
LEGEND_ROWS, ROWS_WITHIN = 6, 3
"""Rows of the legend at most, and how many of them the height above has room for; others make the picture higher."""
BARE_HEAD, DESCRIBED_HEAD, FOOT = 34, 48, 14
"""Pixels over the bars, without and with a line under the title, and under them."""

EMPTY_HEIGHT = 180


def draw_chart(reading: Reading, *, over_time: bool, note: str = "", scale: float = 2.0) -> Picture:
    """Draw lines, or bars where there is one value per series.

    Parameters
    ----------
    reading
        The panel, its time, and what it shows.
    over_time
        Whether to draw lines.
    note
        Stands in the upper right corner.
    scale
        Dots per pixel.
    """
    height = _height(reading, over_time=over_time)
    sheet = Sheet(WIDTH, height, scale=scale, ground=PAPER)
    box = (0.5, 0.5, WIDTH - 1.0, height - 1.0)
    if over_time:
        draw_lines(sheet, box, reading, note=note, most_rows=LEGEND_ROWS)
    else:
        draw_bars(sheet, box, reading, note=note)
    text = "\n".join(line.removeprefix("  ") for line in panel_lines(reading))
    return Picture(sheet.figure, title=reading.panel.title, width=WIDTH, height=height, text=text)


def _height(reading: Reading, *, over_time: bool) -> int:
    if not reading.lines:
        return EMPTY_HEIGHT
    if over_time:
        lines, _ = shown_lines(reading.lines)
        rows = legend.legend_rows(lines, reading.panel, WIDTH - 1 - 2 * PADDING, n_rows=LEGEND_ROWS)
        return HEIGHT + round(legend.ROW_HEIGHT * max(len(rows) - ROWS_WITHIN, 0))
    bars = round(ROW_HEIGHT * len(reading.lines)) + FOOT
    described = reading.panel.description and bars + DESCRIBED_HEAD >= DESCRIBED_HEIGHT
    return bars + (DESCRIBED_HEAD if described else BARE_HEAD)
