"""The legend under a plot: a colour, a name and the last value for each line, in rows as wide as the panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitorkit.dashboards.colors import INK, LINE_COLORS, MUTED
from monitorkit.dashboards.drawing.sheet import elide, elide_apart, text_width
from monitorkit.dashboards.reading import reduce
from monitorkit.dashboards.units import format_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.dashboards.drawing.sheet import Sheet
    from monitorkit.dashboards.panels import Panel
    from monitorkit.dashboards.reading import Line

__all__ = ["Entry", "draw_legend", "legend_rows"]

SIZE = 10.5
ROW_HEIGHT = 16.0
SWATCH = 16.0
GAP = 18.0
_NAME_WIDTHS = (420.0, 240.0, 150.0, 90.0)


@dataclass(frozen=True)
class Entry:
    """One line's place in the legend."""

    name: str
    value: str
    color: str

    @property
    def width(self) -> float:
        """Pixels, the gap to the next included."""
        return SWATCH + text_width(self.name, SIZE) + 6 + text_width(self.value, SIZE, "bold") + GAP


def legend_rows(lines: Sequence[Line], panel: Panel, width: float, *, n_rows: int) -> list[list[Entry]]:
    """Break the legend into rows; names are shortened until they fit, and what still does not fit is counted."""
    rows: list[list[Entry]] = []
    if n_rows < 1:
        return rows
    values = [
        elide(format_value(reduce(line.values, "lastNotNull"), panel.unit, panel.decimals), 160, SIZE, "bold")
        for line in lines
    ]
    for name_width in _NAME_WIDTHS:
        names = elide_apart([line.name for line in lines], min(name_width, width - 120), SIZE)
        entries = [Entry(*each) for each in zip(names, values, LINE_COLORS, strict=False)]
        rows = _rows(entries, width)
        if len(rows) <= n_rows:
            return rows
    kept = rows[:n_rows]
    n_left = sum(map(len, rows[n_rows:]))
    more = Entry(f"+{n_left} more", "", "none")
    while kept[-1] and sum(entry.width for entry in kept[-1]) + more.width > width:
        kept[-1].pop()
        n_left += 1
        more = Entry(f"+{n_left} more", "", "none")
    kept[-1].append(more)
    return kept


def _rows(entries: Sequence[Entry], width: float) -> list[list[Entry]]:
    rows: list[list[Entry]] = [[]]
    used = 0.0
    for entry in entries:
        if rows[-1] and used + entry.width - GAP > width:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += entry.width
    return rows


def draw_legend(sheet: Sheet, rows: Sequence[Sequence[Entry]], x: float, y: float) -> None:
    """Write the rows; `y` is the base of the first."""
    for index, row in enumerate(rows):
        left, base = x, y + index * ROW_HEIGHT
        for entry in row:
            if entry.color != "none":
                sheet.line([left + 1, left + 11], [base - 4, base - 4], color=entry.color, width=3)
            sheet.text(left + SWATCH, base, entry.name, size=SIZE, color=INK if entry.value else MUTED)
            end = left + entry.width - GAP
            sheet.text(end, base, entry.value, size=SIZE, weight="bold", ha="right")
            left += entry.width
