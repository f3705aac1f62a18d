"""A dashboard as a value: what it is called, what it shows, and what can be made of it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from monitorkit.dashboards.rows import Placed, Row, as_row, place
from monitorkit.documents import json_text, write_file
from monitorkit.durations import seconds
from monitorkit.errors import InvalidType, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from monitorkit.dashboards.drawing import Picture
    from monitorkit.dashboards.panels import Panel
    from monitorkit.dashboards.reading import BoardReading, Source
    from monitorkit.dashboards.view import View
    from monitorkit.durations import Duration

__all__ = ["Dashboard", "Placed", "Row"]

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")


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
        for name in ("uid", "description"):
            if not isinstance(getattr(self, name), str):
                raise InvalidType(f"dashboard {self.title!r}: {name} must be text, not {getattr(self, name)!r}")
        rows = self.rows if isinstance(self.rows, Iterable) else [self.rows]
        object.__setattr__(self, "rows", tuple(as_row(item) for item in rows))
        object.__setattr__(self, "tags", _tags(self.tags))
        object.__setattr__(self, "uid", self.uid or _slug(self.title))
        if not _UID.fullmatch(self.uid):
            raise InvalidValue(f"uid {self.uid!r} must be 1 to 40 letters, digits, '-' or '_'")
        for name in ("refresh", "last"):
            if seconds(getattr(self, name), name=name) <= 0:
                raise InvalidValue(f"{name} must be longer than 0 s")

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, row by row."""
        return tuple(panel for row in self.rows_of_panels() for panel in row.panels)

    def rows_of_panels(self) -> Iterator[Row]:
        """The rows, as what they are after all short ways to write them."""
        for row in self.rows:
            if isinstance(row, Row):
                yield row

    def placed(self) -> tuple[Placed, ...]:
        """Headings and panels with their places on the grid, from top to bottom, left to right."""
        return tuple(place(self.rows_of_panels()))

    def read(
        self, prom: Source | None = None, *, last: Duration | None = None, at: float | datetime | None = None
    ) -> BoardReading:
        """Ask all queries; see :meth:`draw` for the parameters."""
        from monitorkit.dashboards.reading import default_source, read_board  # noqa: PLC0415 - a spec loads no pandas

        return read_board(self, default_source() if prom is None else prom, last=last, at=at)

    def draw(
        self, prom: Source | None = None, *, last: Duration | None = None, at: float | datetime | None = None
    ) -> Picture:
        """Draw the dashboard as it is at one moment.

        Parameters
        ----------
        prom
            Client to ask; None for the Prometheus that was started or connected last.
        last
            How far to look back; None for the dashboard's own length.
        at
            Until when, in seconds since 1970 or as a datetime with a time zone; None for now.

        Returns
        -------
        Picture
            Shown by a notebook; ``.figure`` is the matplotlib figure, ``.save("board.png")`` writes it, ``.errors``
            holds what went wrong in single panels, which the picture shows in their place.

        Raises
        ------
        InvalidValue
            If there is no Prometheus to ask, or a parameter cannot be used.
        """
        from monitorkit.dashboards.drawing import draw_page  # noqa: PLC0415 - a spec loads no matplotlib

        reading = self.read(prom, last=last, at=at)
        return draw_page(self, reading, warning=str(reading.unavailable or ""))

    def show(
        self,
        prom: Source | None = None,
        *,
        last: Duration | None = None,
        refresh: Duration | None = None,
        live: bool = True,
    ) -> View:
        """Show the dashboard: a picture that renews itself in a notebook, text in a terminal.

        The picture is drawn by a thread, also while another cell runs. When the cell is run again, or the same
        dashboard is shown in another cell, the earlier view stops. What is saved with the notebook is a plain picture.

        Parameters
        ----------
        prom
            Client to ask; None for the Prometheus that was started or connected last.
        last, refresh
            How far to look back, and how often to look; None for the dashboard's own values.
        live
            False shows one picture that stays as it is.

        Returns
        -------
        View
            ``stop()`` ends it and leaves the last picture; also a context manager.

        Notes
        -----
        Watching costs: drawing takes some 20 ms of the kernel's time for each panel, in which a model that the same
        kernel serves has to wait. Every 5 s that is hardly seen; every second it is the slowest requests that show it.
        """
        from monitorkit.dashboards.reading import default_source  # noqa: PLC0415 - a spec loads no pandas

        # By name, when it is called: nothing up here may import the notebook's layer.
        notebook = import_module("monitorkit.notebook.live")
        source = default_source() if prom is None else prom
        view: View = notebook.show(self, source, last=last, refresh=refresh, live=live)
        return view

    def summary(
        self, prom: Source | None = None, *, last: Duration | None = None, at: float | datetime | None = None
    ) -> str:
        """Write the dashboard as text: the last value of each series; see :meth:`draw` for the parameters."""
        from monitorkit.dashboards.summary import summary_text  # noqa: PLC0415 - a spec loads no pandas

        return summary_text(self, self.read(prom, last=last, at=at))

    def to_grafana(self) -> dict[str, Any]:
        """Return the dashboard as Grafana's JSON; see :func:`monitorkit.dashboards.grafana.to_grafana`."""
        from monitorkit.dashboards.grafana import to_grafana  # noqa: PLC0415 - it is made from this module's class

        return to_grafana(self)

    def save(self, path: str | Path) -> Path:
        """Write the dashboard into a file that Grafana imports or finds in a provisioned folder.

        Returns
        -------
        Path
            The file, absolute.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> Dashboard("My model").save(mkdtemp() + "/my-model.json").name
        'my-model.json'
        """
        return write_file(path, json_text(self.to_grafana()))

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 - as dataclasses.replace
        """Return a copy with some fields changed."""
        return replace(self, **changes)


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    several = [tags] if isinstance(tags, str) or not isinstance(tags, Iterable) else list(tags)
    for tag in several:
        if not isinstance(tag, str):
            raise InvalidType(f"tags: {tag!r} is no text")
    return tuple(several)


def _slug(title: str) -> str:
    """Make a uid of a title, the same each time; what plain letters cannot say goes in as a hash."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    letters = [char for char in unicodedata.normalize("NFKD", title) if char.isalnum()]
    if len(slug) <= 40 and all(char.isascii() for char in letters) and slug:  # noqa: PLR2004 - Grafana's limit for a uid
        return slug
    digest = hashlib.sha256(title.encode()).hexdigest()[:8]
    return f"{slug[:31].strip('-')}-{digest}".strip("-")
