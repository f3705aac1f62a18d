"""Heatmaps: a picture of a histogram over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd

from monitorkit.arguments import checked
from monitorkit.dashboards.colors import PAPER
from monitorkit.dashboards.drawing.bounds import Kind
from monitorkit.dashboards.drawing.card import draw_card, draw_empty
from monitorkit.dashboards.drawing.cells import Cells, draw_cells
from monitorkit.dashboards.drawing.chart import EMPTY_HEIGHT, HEIGHT, WIDTH
from monitorkit.dashboards.drawing.clock import span_text
from monitorkit.dashboards.drawing.picture import Picture
from monitorkit.dashboards.drawing.sheet import Sheet
from monitorkit.dashboards.panels import TimeSeries
from monitorkit.dashboards.quantities import histogram_units
from monitorkit.dashboards.reading import Reading
from monitorkit.dashboards.units import format_value
from monitorkit.dashboards.window import Window
from monitorkit.errors import InvalidValue
from monitorkit.labels import format_series
from monitorkit.query.analysis.buckets import Buckets, read

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["heatmap"]

MOST_COLUMNS = 700
"""Columns in one picture, about one a pixel."""

LONE_SECONDS = 60.0
"""Width of the only column, where no step tells it."""


@checked
def heatmap(
    frame: pd.DataFrame, *, title: str | None = None, unit: str | None = None, scale: Kind | None = None
) -> Picture:
    """Draw a histogram over time: a column for each step, a row for each bucket, the darker the more is in it.

    Parameters
    ----------
    frame
        Buckets over time, such as ``prom.query_range("sum by (le) (rate(x_bucket[5m]))", last="1h")`` gives them, or
        native histograms, of ``sum(rate(x[5m]))``; also after filtering, and in the long form.
    title
        Heading; the query unless given.
    unit
        Unit of what was observed, by Grafana's id: ``s``, ``bytes`` ...; told from the names in the query unless given.
    scale
        ``"log"`` or ``"linear"``; the one on which the buckets are more nearly of one height, unless given.

    Returns
    -------
    Picture
        Shown by a notebook; ``.save("heatmap.png")`` writes it. An empty frame gives a picture that says "No data".

    Raises
    ------
    InvalidValue
        If the frame holds no buckets over time, or those of histograms that cannot be added up.
    InvalidType
        If it is no frame.

    Notes
    -----
    Classic buckets count all below their bound; what is drawn is what lies between two bounds. A cell is white where
    nothing is known, and faintly blue where nothing was observed. Colours go with the square root of the count, so that
    a few observations far out can be seen; the bar beside the picture tells the counts. More than 700 steps are
    drawn as means of several. Counters as they are grow darker for ever: take their ``rate``, as the note then says.

    Examples
    --------
    >>> times = pd.date_range("2026-01-31 12:00", periods=3, freq="1min", tz="UTC", name="timestamp")
    >>> buckets = pd.DataFrame(
    ...     [[1.0, 3, 4], [2, 2, 2], [0, 5, 6]], index=times, columns=pd.Index(["0.1", "1", "+Inf"], name="le")
    ... )
    >>> heatmap(buckets, title="Latency", unit="s")
    <Picture 'Latency', 860 x 300>
    """
    if scale is not None and scale not in get_args(Kind):
        raise InvalidValue(f"heatmap: scale: {scale!r}: use one of {', '.join(get_args(Kind))}")
    buckets, frame, _ = read(frame, caller="heatmap")
    if buckets.moments is None:
        raise InvalidValue(
            "heatmap: these buckets are of one moment; ask with prom.query_range(), or draw them with mk.plot()"
        )
    asked = frame.attrs.get("query")
    query = " ".join(asked.split()) if isinstance(asked, str) else ""
    observed, counted = histogram_units(query)
    panel = TimeSeries(
        title=query or "Histogram" if title is None else title,
        queries=query or "buckets",
        unit=observed if unit is None else unit,
    )
    if np.isnan(buckets.lower).all():
        return _empty(panel)
    cells, remarks = _cells(buckets, buckets.moments, frame.attrs.get("step"), counted)
    if counted == "short" and query.endswith("_bucket"):
        remarks.append("counts since the start; rate() shows when they came")
    panel = panel.replace(description=span_text(cells.times[0], cells.times[-1]))
    sheet = Sheet(WIDTH, HEIGHT, scale=2.0, ground=PAPER)
    draw_cells(sheet, (0.5, 0.5, WIDTH - 1.0, HEIGHT - 1.0), panel, cells, kind=scale, note=" · ".join(remarks))
    return Picture(sheet.figure, title=panel.title, width=WIDTH, height=HEIGHT, text=_text(panel, cells))


def _empty(panel: TimeSeries) -> Picture:
    sheet = Sheet(WIDTH, EMPTY_HEIGHT, scale=2.0, ground=PAPER)
    inner = draw_card(sheet, (0.5, 0.5, WIDTH - 1.0, EMPTY_HEIGHT - 1.0), panel)
    draw_empty(sheet, inner, Reading(panel, Window(0.0, 1.0, 1.0)))
    text = f"{panel.title}: no data"
    return Picture(sheet.figure, title=panel.title, width=WIDTH, height=EMPTY_HEIGHT, text=text)


def _text(panel: TimeSeries, cells: Cells) -> str:
    """The picture in words: where most of the observations are."""
    row = int(np.nansum(cells.counts, axis=1).argmax())
    low, high = (format_value(bound, panel.unit) for bound in cells.bounds[row : row + 2])
    n_rows, n_columns = cells.counts.shape
    return f"{panel.title}: most between {low} and {high} ({n_rows} buckets, {n_columns} steps; {panel.description})"


def _cells(buckets: Buckets, moments: pd.DatetimeIndex, step: object, unit: str) -> tuple[Cells, list[str]]:
    """Cells of the buckets of one histogram, or of several that are added up, and remarks about them."""
    lower, upper, count = _apart(buckets)
    # A histogram without observations has no bucket; it still has its column.
    listed = ~np.isnan(lower)
    lower, upper, count, owners = lower[listed], upper[listed], count[listed], buckets.owners()[listed]
    # Hashed before they are sorted: there are millions, and few that differ.
    bounds = np.sort(pd.unique(np.concatenate([lower, upper])))
    columns, milliseconds = pd.factorize(moments.as_unit("ms").asi8, sort=True)
    times = milliseconds / 1000
    counts = np.zeros((len(bounds) - 1, len(times)))
    known = np.zeros(counts.shape, dtype=np.bool_)
    if buckets.native:
        # Buckets without observations are not listed.
        known[:] = True
    # A bucket of one step may span several of another, where those are finer.
    first, last = np.searchsorted(bounds, lower), np.searchsorted(bounds, upper)
    remarks = _added_up(buckets, buckets.series[owners], first * len(bounds) + last)
    spans = last - first
    rows = np.repeat(first - np.cumsum(spans) + spans, spans) + np.arange(spans.sum())
    where = (rows, np.repeat(columns[owners], spans))
    np.add.at(counts, where, np.repeat(count, spans))
    known[where] = True
    counts[~known] = np.nan
    times, counts, n_together = _together(times, counts, step)
    if n_together > 1:
        remarks.append(f"each column the mean of {n_together} steps")
    return Cells(times, bounds, counts, unit), remarks


def _apart(buckets: Buckets) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of all buckets, and how many observations lie between them."""
    lower, upper, count = buckets.lower.copy(), buckets.upper.copy(), buckets.count.copy()
    if not buckets.native:
        starts = np.cumsum(buckets.sizes) - buckets.sizes
        below = np.concatenate([[0.0], count[:-1]])
        below[starts] = 0.0
        with np.errstate(invalid="ignore"):
            # Between two infinite counts nobody knows what is: NaN.
            return lower, upper, count - below
    # The bucket around zero is some 1e-128 wide; it is drawn as far as those beside it.
    around = (lower <= 0) & (upper >= 0)
    sizes = np.abs(np.concatenate([lower[~around], upper[~around]]))
    near = float(sizes[np.isfinite(sizes)].min(initial=np.inf))
    zero = around & np.isfinite(lower) & np.isfinite(upper) & ~buckets.custom[buckets.owners()]
    if np.isfinite(near) or (lower[zero] == upper[zero]).any():
        near = near if np.isfinite(near) else 1.0
        one_sided = not (upper[~around] <= 0).any()
        lower[zero], upper[zero] = 0.0 if one_sided else -near, near
    return lower, upper, count


def _added_up(buckets: Buckets, series: NDArray[np.int64], place: NDArray[np.int64]) -> list[str]:
    """A remark where there are several histograms at one time.

    Raises
    ------
    InvalidValue
        If they do not have the same buckets.
    """
    n_series = len(buckets.labels)
    if n_series <= 1:
        return []
    place, kinds = pd.factorize(place)
    alike = len(pd.unique(series * len(kinds) + place)) == n_series * len(kinds)
    if buckets.native or not alike:
        one, other = (
            format_series({str(key): str(value) for key, value in row.items()})
            for row in buckets.labels.head(2).to_dict("records")
        )
        way = "sum(rate(x[5m]))" if buckets.native else "sum by (le) (rate(x_bucket[5m]))"
        raise InvalidValue(
            f"heatmap: {n_series} histograms with buckets of their own, {one} and {other} among them; "
            f"choose one, or add them up in the query: {way}"
        )
    return [f"{n_series} histograms, added up"]


def _together(
    times: NDArray[np.float64], counts: NDArray[np.float64], step: object
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Ends of the columns and their counts, with empty columns where steps are missing; many steps as means of several.

    A column ends at its step's time: what a rate tells is about the time before.
    """
    distances = np.diff(times)
    width = float(np.median(distances)) if len(distances) else LONE_SECONDS
    if isinstance(step, int | float) and step > 0:
        # The frame may have been made coarser since.
        width = max(float(step), float(distances.min())) if len(distances) else float(step)
    place = np.round((times - times[0]) / width).astype(np.int64)
    n_together = int(-(-(place[-1] + 1) // MOST_COLUMNS))
    column = place // n_together
    shown, position = np.unique(column, return_inverse=True)
    known = ~np.isnan(counts)
    totals, n_known = np.zeros((2, len(counts), len(shown)))
    np.add.at(totals.T, position, np.where(known, counts, 0).T)
    np.add.at(n_known.T, position, known.T)
    with np.errstate(invalid="ignore"):
        means = totals / n_known
    full = np.full((len(counts), int(shown[-1]) + 1), np.nan)
    full[:, shown] = means
    ends = times[0] + width * (n_together * np.arange(full.shape[1] + 1) - 1.0)
    return ends, full, n_together
