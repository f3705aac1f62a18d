"""A page: title, rows and panels of a dashboard in their places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.dashboards.colors import BORDER, INK, MUTED, PAGE, hex_color, text_color
from monitorkit.dashboards.drawing.card import draw_card, draw_empty, draw_error
from monitorkit.dashboards.drawing.cells import draw_cells
from monitorkit.dashboards.drawing.clock import span_text
from monitorkit.dashboards.drawing.lines import draw_lines
from monitorkit.dashboards.drawing.numbers import draw_gauges, draw_stats
from monitorkit.dashboards.drawing.picture import Picture
from monitorkit.dashboards.drawing.sheet import Sheet, elide, text_width
from monitorkit.dashboards.panels import Gauge, Heatmap, Stat
from monitorkit.dashboards.rows import Row

if TYPE_CHECKING:
    from monitorkit.dashboards.board import Dashboard
    from monitorkit.dashboards.drawing.sheet import Box
    from monitorkit.dashboards.reading import BoardReading, Reading
    from monitorkit.dashboards.rows import Placed

__all__ = ["draw_page"]

COLUMN, UNIT, GAP, MARGIN = 41.0, 28.0, 8.0, 12.0
WIDTH = 24 * COLUMN - GAP + 2 * MARGIN
BANNER_HEIGHT = 30.0


def draw_page(
    board: Dashboard,
    reading: BoardReading,
    *,
    status: str = "",
    live: bool = False,
    warning: str = "",
    scale: float = 2.0,
) -> Picture:
    """Draw a dashboard.

    Parameters
    ----------
    reading
        What its queries gave.
    status
        Stands in the upper right corner.
    live
        Whether to put a green dot before it.
    warning
        Stands over the panels, in red.
    scale
        Dots per pixel.
    """
    places, shown = reading.shown(board)
    described = bool(board.description)
    top = MARGIN + (52 if described else 36)
    banner = BANNER_HEIGHT + GAP if warning else 0.0
    n_units = max((place.y + place.height for place in places), default=4)
    height = round(top + banner + n_units * UNIT - GAP + MARGIN)
    sheet = Sheet(WIDTH, height, scale=scale, ground=PAGE)
    _draw_head(sheet, board, reading, status, live=live)
    if warning:
        _draw_warning(sheet, top, warning)
    readings = iter(shown)
    for place in places:
        box = (
            MARGIN + place.x * COLUMN,
            top + banner + place.y * UNIT,
            place.width * COLUMN - GAP,
            place.height * UNIT - GAP,
        )
        if isinstance(place.item, Row):
            _draw_heading(sheet, box, place)
        else:
            _draw_panel(sheet, box, next(readings))
    return Picture(sheet.figure, title=board.title, width=round(WIDTH), height=height, errors=reading.errors)


def _draw_head(sheet: Sheet, board: Dashboard, reading: BoardReading, status: str, *, live: bool) -> None:
    span = span_text(reading.start, reading.end)
    right = WIDTH - MARGIN
    sheet.text(right, MARGIN + 22, span, size=10.5, color=MUTED, ha="right")
    if status:
        sheet.text(right, MARGIN + 6, status, size=10.5, color=INK, ha="right")
    if live:
        sheet.text(
            right - text_width(status, 10.5) - 6, MARGIN + 6, "●", size=10.5, color=hex_color("green"), ha="right"
        )
    room = WIDTH - 2 * MARGIN - text_width(span, 10.5) - 20
    sheet.text(MARGIN, MARGIN + 20, elide(board.title, room, 19, "bold"), size=19, weight="bold")
    if board.description:
        sheet.text(MARGIN, MARGIN + 40, elide(board.description, WIDTH - 2 * MARGIN, 11), size=11, color=MUTED)


def _draw_warning(sheet: Sheet, top: float, warning: str) -> None:
    box = (MARGIN, top, WIDTH - 2 * MARGIN, BANNER_HEIGHT)
    sheet.box(box, face="#FDECEE", edge=hex_color("red"), radius=4)
    text = elide(warning, WIDTH - 2 * MARGIN - 24, 11)
    sheet.text(MARGIN + 12, top + 19, text, size=11, color=text_color("red"))


def _draw_heading(sheet: Sheet, box: Box, place: Placed) -> None:
    x, y, width, height = box
    title = elide(place.item.title, width, 13, "bold")
    base = y + height - 3
    sheet.text(x + 2, base, title, size=13, weight="bold")
    start = x + text_width(title, 13, "bold") + 14
    if start < x + width:
        sheet.line([start, x + width], [base - 4, base - 4], color=BORDER)


def _draw_panel(sheet: Sheet, box: Box, reading: Reading) -> None:
    if reading.error is not None:
        draw_error(sheet, draw_card(sheet, box, reading.panel), reading)
    elif isinstance(reading.panel, Stat):
        draw_stats(sheet, box, reading)
    elif isinstance(reading.panel, Gauge):
        draw_gauges(sheet, box, reading)
    elif isinstance(reading.panel, Heatmap):
        _draw_heatmap(sheet, box, reading.panel, reading)
    else:
        draw_lines(sheet, box, reading)


def _draw_heatmap(sheet: Sheet, box: Box, panel: Heatmap, reading: Reading) -> None:
    if reading.cells is None:
        draw_empty(sheet, draw_card(sheet, box, panel), reading)
        return
    span = reading.window.start, reading.window.end
    note = " · ".join(reading.cells.remarks)
    draw_cells(sheet, box, panel, reading.cells, scale=panel.scale, note=note, span=span)
