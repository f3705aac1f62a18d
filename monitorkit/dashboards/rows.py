"""Rows of panels, and where each panel stands on Grafana's grid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitorkit.dashboards.panels import COLUMNS, Panel
from monitorkit.errors import InvalidType

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Placed", "Row", "as_row", "place"]

NARROWEST = 4
"""Columns under which panels go to the next line instead of sharing this one."""


@dataclass(frozen=True)
class Row:
    """Panels side by side under a heading; an empty title shows no heading.

    Parameters
    ----------
    title
        Heading.
    panels
        The panels, from left to right.
    optional
        Whether a picture leaves the row out while none of its panels has anything to show: for what not every model
        has. Grafana cannot, and shows it empty.

    Examples
    --------
    >>> from monitorkit.dashboards.panels import Stat
    >>> Row("Effect", [Stat("Accuracy", "model_accuracy")]).title
    'Effect'
    """

    title: str
    panels: Sequence[Panel] = ()
    optional: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        panels = tuple(self.panels) if isinstance(self.panels, Iterable) else (self.panels,)
        for panel in panels:
            if not isinstance(panel, Panel):
                raise InvalidType(
                    f"row {self.title!r}: {panel!r} is no panel; use panels.TimeSeries, .Stat, .Gauge or .Heatmap"
                )
        if not isinstance(self.title, str):
            raise InvalidType(f"a row's title must be text, not {self.title!r}")
        if not isinstance(self.optional, bool):
            raise InvalidType(f"row {self.title!r}: optional must be True or False, not {self.optional!r}")
        object.__setattr__(self, "panels", panels)


@dataclass(frozen=True)
class Placed:
    """A panel, or the heading of a row, on the grid: 24 columns wide, y downwards."""

    item: Panel | Row
    x: int
    y: int
    width: int
    height: int


def place(rows: Iterable[Row]) -> Iterator[Placed]:
    """Put headings and panels on the grid, from top to bottom, left to right.

    Panels without a width share what is left of their line evenly; where less than 4 columns would be left for each,
    the line breaks. Panels without a height are as tall as their line.
    """
    y = 0
    for row in rows:
        if row.title:
            yield Placed(row, 0, y, COLUMNS, 1)
            y += 1
        for line in _lines(row.panels):
            height = max(panel.height or panel.natural_height for panel in line)
            x = 0
            for panel, width in zip(line, _widths(line), strict=True):
                yield Placed(panel, x, y, width, panel.height or height)
                x += width
            y += height


def as_row(item: object) -> Row:
    """Row that an entry of ``Dashboard.rows`` stands for."""
    if isinstance(item, Row):
        return item
    if isinstance(item, Panel):
        return Row("", (item,))
    if isinstance(item, str) or not isinstance(item, Iterable):
        raise InvalidType(f"{item!r} is no row; write Row(title, [panels]), a panel, or a list of panels")
    return Row("", tuple(item))


def _lines(panels: Sequence[Panel]) -> Iterator[list[Panel]]:
    """Break the panels of a row into lines of at most 24 columns."""
    if all(panel.width is None for panel in panels):
        n_lines = math.ceil(len(panels) * NARROWEST / COLUMNS)
        for index in range(n_lines):
            yield list(panels[index * len(panels) // n_lines : (index + 1) * len(panels) // n_lines])
        return
    line: list[Panel] = []
    used = 0
    for panel in panels:
        width = panel.width or NARROWEST
        if used + width > COLUMNS:
            yield line
            line, used = [], 0
        line.append(panel)
        used += width
    yield line


def _widths(line: Sequence[Panel]) -> list[int]:
    """Columns of each panel of one line."""
    free = COLUMNS - sum(panel.width or 0 for panel in line)
    n_open = sum(panel.width is None for panel in line)
    widths = []
    for panel in line:
        if panel.width is not None:
            widths.append(panel.width)
            continue
        widths.append(free // n_open)
        free -= widths[-1]
        n_open -= 1
    return widths
