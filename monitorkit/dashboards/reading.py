"""Reading a dashboard: its queries asked, their answers as lines with names."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from monitorkit import running
from monitorkit.dashboards.cells import Cells, cells
from monitorkit.dashboards.names import line_names
from monitorkit.dashboards.panels import Heatmap, Panel
from monitorkit.dashboards.rows import place
from monitorkit.dashboards.scraping import scrape_seconds
from monitorkit.dashboards.window import DEFAULT_SCRAPE_SECONDS, Window, moment
from monitorkit.errors import DashboardError, InvalidType, InvalidValue, ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from monitorkit.dashboards.board import Dashboard
    from monitorkit.dashboards.panels import Calc, Query
    from monitorkit.dashboards.rows import Placed, Row
    from monitorkit.durations import Duration

__all__ = ["BoardReading", "Line", "Reading", "Source", "default_source", "read_board", "read_panel", "reduce"]

POINTS_PER_COLUMN = 33
"""Steps per column of the grid: about one for each pixel of a line's picture."""


class Source(Protocol):
    """What panels are read from: a query client, or anything with this one method."""

    def query_range(self, expr: str, *, start: datetime, end: datetime, step: float) -> pd.DataFrame:
        """One float column per series, labels in the columns, timestamps in the index."""


@dataclass(frozen=True, eq=False)
class Line:
    """One series: its name in the panel, timestamps in seconds since 1970, and values with NaN where none is."""

    name: str
    times: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reading:
    """What a panel's queries gave: lines, the cells of a heatmap, or the error."""

    panel: Panel
    window: Window
    lines: tuple[Line, ...] = ()
    cells: Cells | None = None
    error: DashboardError | None = None

    @property
    def message(self) -> str:
        """What went wrong, without the panel's name; empty where nothing did."""
        return "" if self.error is None else str(self.error.__cause__ or self.error)


@dataclass(frozen=True, eq=False)
class BoardReading:
    """What all panels gave at one moment, in the order of ``board.panels``."""

    readings: tuple[Reading, ...]
    start: float
    end: float
    unavailable: ServerUnavailable | None = None
    """Set where the server did not answer."""

    @property
    def errors(self) -> tuple[DashboardError, ...]:
        """Errors of single panels."""
        return tuple(reading.error for reading in self.readings if reading.error is not None)

    def shown(self, board: Dashboard) -> tuple[tuple[Placed, ...], tuple[Reading, ...]]:
        """Places and readings of what is to be seen: all but optional rows that have nothing to show.

        Parameters
        ----------
        board
            What was read.
        """
        readings = iter(self.readings)
        rows: list[Row] = []
        kept: list[Reading] = []
        for row in board.rows_of_panels():
            of_row = list(islice(readings, len(row.panels)))
            if not row.optional or any(one.lines or one.cells or one.error for one in of_row):
                rows.append(row)
                kept += of_row
        return tuple(place(rows)), tuple(kept)


def default_source() -> Source:
    """Prometheus that was started or connected last.

    Raises
    ------
    InvalidValue
        If there is none.
    """
    source: Source | None = running.latest("prometheus")
    if source is None:
        raise InvalidValue(
            "no Prometheus to ask: start one with monitorkit.start_prometheus(), connect to one with "
            "monitorkit.connect(url), or pass a client"
        )
    return source


def read_board(
    board: Dashboard,
    source: Source,
    *,
    last: Duration | None = None,
    at: float | datetime | None = None,
    budget_seconds: float = math.inf,
    stopped: Callable[[], bool] = lambda: False,
) -> BoardReading:
    """Ask all queries of a dashboard, panel by panel.

    Parameters
    ----------
    source
        What to ask.
    last, at
        Length and end of the time to look at; None for the board's own length and for now.
    budget_seconds
        When so much time is over, the panels that are left are not asked, and say so.
    stopped
        Looked at before each panel; once it is true the rest is left out.

    Returns
    -------
    BoardReading
        Of one reading per panel. After a panel whose server did not answer the others are not asked, so that a dead
        server costs one timeout, not one for each panel.
    """
    if not callable(getattr(source, "query_range", None)):
        raise InvalidType(f"cannot ask {source!r}: pass what start_prometheus() or connect() returned")
    length = board.last if last is None else last
    until = moment(at)
    deadline = time.monotonic() + budget_seconds
    readings: list[Reading] = []
    unavailable: ServerUnavailable | None = None
    scrape = DEFAULT_SCRAPE_SECONDS
    try:
        scrape = scrape_seconds(source, until)
    except ServerUnavailable as error:
        unavailable = error
    for placed in board.placed():
        if not isinstance(placed.item, Panel) or stopped():
            continue
        window = Window.ending(until, length, n_points=POINTS_PER_COLUMN * placed.width, scrape_seconds=scrape)
        if unavailable is not None:
            reading = _unasked(placed.item, window, "no answer from the server")
        elif time.monotonic() > deadline:
            reading = _unasked(placed.item, window, f"not asked: the panels before took over {budget_seconds:g} s")
        else:
            reading = read_panel(placed.item, source, window)
            if reading.error is not None and isinstance(reading.error.__cause__, ServerUnavailable):
                unavailable = reading.error.__cause__
        readings.append(reading)
    whole = Window.ending(until, length, n_points=sys.maxsize, scrape_seconds=1)
    return BoardReading(tuple(readings), whole.start, whole.end, unavailable)


def _unasked(panel: Panel, window: Window, reason: str) -> Reading:
    return Reading(panel, window, error=DashboardError(reason, panel=panel.title))


def read_panel(panel: Panel, source: Source, window: Window) -> Reading:
    """Ask the queries of one panel; an error becomes part of the reading."""
    start, end = (datetime.fromtimestamp(moment, UTC) for moment in (window.start, window.end))
    try:
        answers = [
            (query, source.query_range(window.expand(query.expr), start=start, end=end, step=window.step))
            for query in panel.targets
        ]
        if isinstance(panel, Heatmap):
            return Reading(panel, window, cells=_cells(panel, answers[0][1]))
        return Reading(panel, window, _lines(answers))
    except Exception as cause:  # noqa: BLE001 - whatever a client raises belongs to this panel, not to the others
        error = DashboardError(str(cause) or type(cause).__name__, panel=panel.title)
        error.__cause__ = cause
        return Reading(panel, window, error=error)


def _lines(answers: Sequence[tuple[Query, pd.DataFrame]]) -> tuple[Line, ...]:
    """Lines of what the queries of a panel gave, with names that tell them apart."""
    found = [(query, *series) for query, frame in answers for series in _series(frame)]
    names = line_names([(query, labels) for query, labels, _, _ in found])
    return tuple(Line(name, times, values) for name, (_, _, times, values) in zip(names, found, strict=True))


def _cells(panel: Heatmap, frame: pd.DataFrame) -> Cells | None:
    if frame.empty:
        return None
    found = cells(frame, unit=panel.cell_unit)
    return None if found is None else found.between(panel.min, panel.max)


def _series(frame: pd.DataFrame) -> Iterator[tuple[dict[str, str], NDArray[np.float64], NDArray[np.float64]]]:
    """Labels, timestamps and values of each column of a range query's frame."""
    if frame.empty:
        return
    times = pd.DatetimeIndex(frame.index).as_unit("ms").asi8 / 1000
    keys = frame.columns.to_frame(index=False).to_dict("records")
    for position, key in enumerate(keys):
        labels = {str(name): str(value) for name, value in key.items() if value != ""}
        yield labels, times, frame.iloc[:, position].to_numpy(dtype=float)


def reduce(values: NDArray[np.float64], calc: Calc) -> float:
    """Make one number of a series, as Grafana's calculation of the same name does.

    Parameters
    ----------
    values
        NaN where there is no sample.
    calc
        ``lastNotNull``, ``last``, ``first``, ``mean``, ``max``, ``min``, ``sum``, ``range`` or ``count``.

    Returns
    -------
    float
        NaN where there is no value.

    Examples
    --------
    >>> reduce(np.array([1.0, 3.0, np.nan]), "lastNotNull"), reduce(np.array([1.0, 3.0, np.nan]), "mean")
    (3.0, 2.0)
    """
    present = values[~np.isnan(values)]
    if calc == "count":
        return float(present.size)
    if present.size == 0 or (calc == "last" and np.isnan(values[-1])):
        return math.nan
    calculations: dict[str, Callable[[NDArray[np.float64]], Any]] = {
        "lastNotNull": lambda numbers: numbers[-1],
        "last": lambda numbers: numbers[-1],
        "first": lambda numbers: numbers[0],
        "mean": np.mean,
        "max": np.max,
        "min": np.min,
        "sum": np.sum,
        "range": np.ptp,
    }
    return float(calculations[calc](present))
