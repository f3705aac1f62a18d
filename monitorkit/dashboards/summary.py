"""A dashboard as plain text, for where no picture can be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.dashboards.panels import Gauge, Panel, Stat
from monitorkit.dashboards.reading import reduce
from monitorkit.dashboards.rows import Row
from monitorkit.dashboards.units import format_value

if TYPE_CHECKING:
    from monitorkit.dashboards.board import Dashboard
    from monitorkit.dashboards.panels import Calc
    from monitorkit.dashboards.reading import BoardReading, Reading

__all__ = ["panel_lines", "summary_text"]

NAME_WIDTH = 44
MOST_LINES = 6


def summary_text(board: Dashboard, reading: BoardReading) -> str:
    """Write headings, panels, and the last value of each series."""
    lines = [board.title, "=" * len(board.title)]
    if reading.unavailable is not None:
        lines.append(f"no answer: {reading.unavailable}")
    places, shown = reading.shown(board)
    readings = iter(shown)
    for place in places:
        if isinstance(place.item, Row):
            lines += ["", place.item.title]
        else:
            lines += panel_lines(next(readings))
    return "\n".join(lines)


def panel_lines(reading: Reading) -> list[str]:
    """Write one panel: its title and the last value of each series."""
    panel = reading.panel
    if reading.error is not None:
        return [f"  {panel.title}: failed, {reading.message.splitlines()[0]}"]
    if reading.cells is not None:
        return [f"  {panel.title}: {reading.cells.text(panel.unit)}"]
    values = [(line.name, reduce(line.values, _calc(panel))) for line in reading.lines]
    if not values:
        return [f"  {panel.title}: {panel.no_data or 'no data'}"]
    texts = [(name, format_value(value, panel.unit, panel.decimals)) for name, value in values]
    if len(texts) == 1:
        return [f"  {panel.title}: {texts[0][1]}"]
    rows = [f"    {name:<{NAME_WIDTH}} {text}" for name, text in texts[:MOST_LINES]]
    more = [f"    and {len(texts) - MOST_LINES} more"] if len(texts) > MOST_LINES else []
    return [f"  {panel.title}", *rows, *more]


def _calc(panel: Panel) -> Calc:
    return panel.calc if isinstance(panel, Stat | Gauge) else "lastNotNull"
