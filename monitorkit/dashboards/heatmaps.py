"""Heatmaps: a picture of a histogram over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from monitorkit.arguments import checked
from monitorkit.dashboards.cells import cells
from monitorkit.dashboards.colors import PAPER
from monitorkit.dashboards.drawing.card import draw_card, draw_empty
from monitorkit.dashboards.drawing.cells import draw_cells
from monitorkit.dashboards.drawing.chart import EMPTY_HEIGHT, HEIGHT, WIDTH
from monitorkit.dashboards.drawing.clock import span_text
from monitorkit.dashboards.drawing.picture import Picture
from monitorkit.dashboards.drawing.sheet import Sheet
from monitorkit.dashboards.panels import Scale, TimeSeries
from monitorkit.dashboards.quantities import histogram_units
from monitorkit.dashboards.reading import Reading
from monitorkit.dashboards.window import Window
from monitorkit.errors import InvalidValue

if TYPE_CHECKING:
    import pandas as pd

    from monitorkit.dashboards.cells import Cells

__all__ = ["heatmap"]


@checked
def heatmap(
    frame: pd.DataFrame, *, title: str | None = None, unit: str | None = None, scale: Scale | None = None
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
    >>> import pandas as pd
    >>> times = pd.date_range("2026-01-31 12:00", periods=3, freq="1min", tz="UTC", name="timestamp")
    >>> buckets = pd.DataFrame(
    ...     [[1.0, 3, 4], [2, 2, 2], [0, 5, 6]], index=times, columns=pd.Index(["0.1", "1", "+Inf"], name="le")
    ... )
    >>> heatmap(buckets, title="Latency", unit="s")
    <Picture 'Latency', 860 x 300>
    """
    if scale is not None and scale not in get_args(Scale):
        raise InvalidValue(f"heatmap: scale: {scale!r}: use one of {', '.join(get_args(Scale))}")
    asked = getattr(frame, "attrs", {}).get("query")
    query = " ".join(asked.split()) if isinstance(asked, str) else ""
    observed, counted = histogram_units(query)
    panel = TimeSeries(
        title=query or "Histogram" if title is None else title,
        queries=query or "buckets",
        unit=observed if unit is None else unit,
    )
    found = cells(frame, unit=counted)
    if found is None:
        return _empty(panel)
    remarks = list(found.remarks)
    if counted == "short" and query.endswith("_bucket"):
        remarks.append("counts since the start; rate() shows when they came")
    panel = panel.replace(description=span_text(found.times[0], found.times[-1]))
    sheet = Sheet(WIDTH, HEIGHT, scale=2.0, ground=PAPER)
    draw_cells(sheet, (0.5, 0.5, WIDTH - 1.0, HEIGHT - 1.0), panel, found, scale=scale, note=" · ".join(remarks))
    return Picture(sheet.figure, title=panel.title, width=WIDTH, height=HEIGHT, text=_text(panel, found))


def _empty(panel: TimeSeries) -> Picture:
    sheet = Sheet(WIDTH, EMPTY_HEIGHT, scale=2.0, ground=PAPER)
    inner = draw_card(sheet, (0.5, 0.5, WIDTH - 1.0, EMPTY_HEIGHT - 1.0), panel)
    draw_empty(sheet, inner, Reading(panel, Window(0.0, 1.0, 1.0)))
    text = f"{panel.title}: no data"
    return Picture(sheet.figure, title=panel.title, width=WIDTH, height=EMPTY_HEIGHT, text=text)


def _text(panel: TimeSeries, found: Cells) -> str:
    """The picture in words: where most of the observations are."""
    n_rows, n_columns = found.counts.shape
    size = f"{n_rows} buckets, {n_columns} steps; {panel.description}"
    return f"{panel.title}: {found.text(panel.unit)} ({size})"
