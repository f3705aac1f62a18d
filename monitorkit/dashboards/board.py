"""A dashboard as a value: rows of panels, and where each stands on Grafana's grid."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from monitorkit.dashboards.panels import COLUMNS, Panel
from monitorkit.durations import seconds
from monitorkit.errors import InvalidType, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Dashboard", "Placed", "Row"]

NARROWEST = 4
"""Columns under which panels go to the next line instead of sharing this one."""

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Row:
    """Panels side by side under a heading; an empty title shows no heading.

    Examples
    --------
    >>> from monitorkit.dashboards.panels import Stat
    >>> Row("Effect", [Stat("Accuracy", "model_accuracy")]).title
    'Effect'
    """

    title: str
    panels: Sequence[Panel] = ()

    def __post_init__(self) -> None:
        panels = (self.panels,) if isinstance(self.panels, Panel) else tuple(self.panels)
        for panel in panels:
            if not isinstance(panel, Panel):
                raise InvalidType(f"row {self.title!r}: {panel!r} is no panel; use panels.TimeSeries, .Stat or .Gauge")
        if not isinstance(self.title, str):
            raise InvalidType(f"a row's title must be text, not {self.title!r}")
        object.__setattr__(self, "panels", panels)


@dataclass(frozen=True)
class Placed:
    """A panel, or the heading of a row, on the grid: 24 columns wide, y downwards."""

    item: Panel | Row
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Dashboard:
    """Rows of panels under one title.

    Parameters
    ----------
    title
        Heading.
    rows
        Rows; a panel or a list of panels stands for a row without a heading.
    uid
        Under which Grafana finds it again; made from the title when empty.
    description
        What it is for.
    tags
        Words to find it by in Grafana.
    refresh
        How often a live view asks again, as a Prometheus duration.
    last
        How far back it looks, as a Prometheus duration.

    Examples
    --------
    >>> from monitorkit.dashboards import panels
    >>> board = Dashboard("My model", [panels.TimeSeries("Requests", "rate(inference_requests_total[5m])")])
    >>> board.uid, len(board.panels)
    ('my-model', 1)
    """

    title: str
    rows: Sequence[Row | Panel | Sequence[Panel]] = ()
    uid: str = field(default="", kw_only=True)
    description: str = field(default="", kw_only=True)
    tags: Sequence[str] = field(default=(), kw_only=True)
    refresh: str = field(default="5s", kw_only=True)
    last: str = field(default="15m", kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.title, str) or not self.title.strip():
            raise InvalidValue(f"a dashboard needs a title, not {self.title!r}")
        rows = [self.rows] if isinstance(self.rows, Row | Panel) else self.rows
        object.__setattr__(self, "rows", tuple(_row(item) for item in rows))
        object.__setattr__(self, "tags", (self.tags,) if isinstance(self.tags, str) else tuple(self.tags))
        object.__setattr__(self, "uid", self.uid or _slug(self.title))
        if not _UID.fullmatch(self.uid):
            raise InvalidValue(f"uid {self.uid!r} must be 1 to 40 letters, digits, '-' or '_'")
        for name in ("refresh", "last"):
            if seconds(getattr(self, name), name=name) <= 0:
                raise InvalidValue(f"{name} must be longer than 0 s")

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, row by row."""
        return tuple(panel for row in self._rows() for panel in row.panels)

    def _rows(self) -> Iterator[Row]:
        """The rows, as what they are after __post_init__."""
        for row in self.rows:
            if isinstance(row, Row):
                yield row

    def placed(self) -> tuple[Placed, ...]:
        """Headings and panels with their places on the grid, from top to bottom, left to right.

        Panels without a width share what is left of their line evenly; where less than 4 columns would be left for
        each, the line breaks. Panels without a height are as tall as their line.
        """
        places: list[Placed] = []
        y = 0
        for row in self._rows():
            if row.title:
                places.append(Placed(row, 0, y, COLUMNS, 1))
                y += 1
            for line in _lines(row.panels):
                height = max(panel.height or panel.natural_height for panel in line)
                x = 0
                for panel, width in zip(line, _widths(line), strict=True):
                    places.append(Placed(panel, x, y, width, panel.height or height))
                    x += width
                y += height
        return tuple(places)

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 - as dataclasses.replace
        """Return a copy with some fields changed."""
        return replace(self, **changes)


def _row(item: Row | Panel | Sequence[Panel]) -> Row:
    if isinstance(item, Row):
        return item
    if isinstance(item, Panel):
        return Row("", (item,))
    if not isinstance(item, Iterable):
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


def _slug(title: str) -> str:
    """Make a uid of a title, the same each time; what plain letters cannot say goes in as a hash."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    letters = [char for char in unicodedata.normalize("NFKD", title) if char.isalnum()]
    if len(slug) <= 40 and all(char.isascii() for char in letters) and slug:  # noqa: PLR2004 - Grafana's limit for a uid
        return slug
    digest = hashlib.sha256(title.encode()).hexdigest()[:8]
    return f"{slug[:31].strip('-')}-{digest}".strip("-")
