"""Plots: a picture of any frame that a query gave."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monitorkit.dashboards.drawing.chart import draw_chart
from monitorkit.dashboards.drawing.clock import moment_text, span_text
from monitorkit.dashboards.drawing.lines import MOST_LINES
from monitorkit.dashboards.names import line_names
from monitorkit.dashboards.panels import TimeSeries
from monitorkit.dashboards.quantities import metric_quantity, query_unit
from monitorkit.dashboards.reading import Line, Reading
from monitorkit.dashboards.traces import traces
from monitorkit.dashboards.window import Window
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.labels import NAME_LABEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.dashboards.drawing import Picture
    from monitorkit.dashboards.thresholds import Limit, Threshold
    from monitorkit.dashboards.traces import Trace

__all__ = ["plot"]

MOST_BARS = 20
"""Bars in one plot."""

LONE_SECONDS = 30.0
"""Time to show on both sides of a single value."""


def plot(
    frame: pd.DataFrame | pd.Series[float],
    *,
    title: str | None = None,
    unit: str | None = None,
    max_lines: int | None = None,
    thresholds: Threshold | Limit | Sequence[Threshold | Limit] = (),
) -> Picture:
    """Draw what a query gave: lines over time, or bars for one moment.

    Parameters
    ----------
    frame
        What ``query``, ``query_range`` or ``samples`` returned, also after filtering and arithmetic; wide or tidy. Of
        native histograms the buckets of the latest one are drawn.
    title
        Heading; the query unless given.
    unit
        Unit of the values by Grafana's id: ``s``, ``bytes``, ``percentunit``, ``reqps`` ...; an unknown one is a
        suffix. Told from the names in the query unless given: give it where the frame was multiplied since.
    max_lines
        At most so many series, those with the greatest mean size; a note says how many were left out. Never more than
        12 lines or 20 bars: they could not be told apart.
    thresholds
        ``panels.above`` and ``panels.below``, or an alert rule for its own threshold.

    Returns
    -------
    Picture
        Shown by a notebook; ``.save("plot.png")`` writes it, ``.figure`` is the matplotlib figure. An empty frame gives
        a picture that says "No data".

    Raises
    ------
    InvalidType
        If it is no frame.
    InvalidValue
        If the frame has no form that a query gives, or a parameter cannot be used.

    Examples
    --------
    >>> frame = pd.DataFrame({"value": [3.0, 1.0]}, index=pd.Index(["a", "b"], name="job"))
    >>> plot(frame, title="Targets")
    <Picture 'Targets', 860 x 92>
    """
    frame = _frame(frame)
    most = _most(max_lines)
    found = traces(frame, most_lines=min(most, MOST_LINES), most_bars=min(most, MOST_BARS))
    metric = _metric(frame)
    asked = frame.attrs.get("query")
    expr = " ".join(asked.split()) if isinstance(asked, str) else ""
    panel = TimeSeries(
        title=expr or metric or "Values" if title is None else title,
        queries=expr or metric or "values",
        unit=(query_unit(str(asked)) if expr else metric_quantity(metric).unit) if unit is None else unit,
        description=_time_text(frame, found.shown),
        thresholds=thresholds,
    )
    n_shown = len(found.shown)
    note = f"{n_shown} of {found.n_all} series, the largest" if n_shown < found.n_all else ""
    return draw_chart(_reading(panel, found.shown), over_time=found.over_time, note=note)


def _frame(frame: object) -> pd.DataFrame:
    if isinstance(frame, pd.Series):
        named = frame.to_frame("value" if frame.name is None or not _is_range(frame) else frame.name)
        named.attrs = dict(frame.attrs)
        return named
    if not isinstance(frame, pd.DataFrame):
        raise InvalidType(f"plot: {type(frame).__name__} is no frame; pass what prom.query_range() returned")
    return frame


def _is_range(frame: pd.Series[float]) -> bool:
    return isinstance(frame.index, pd.DatetimeIndex)


def _most(max_lines: int | None) -> int:
    if max_lines is None:
        return MOST_BARS
    if isinstance(max_lines, bool) or not isinstance(max_lines, int) or max_lines < 1:
        raise InvalidValue(f"plot: max_lines is {max_lines!r}, must be a whole number from 1")
    return max_lines


def _metric(frame: pd.DataFrame) -> str:
    """Name of the metric, where the frame is of a single one."""
    names: set[str] = set()
    for index in (frame.index, frame.columns):
        if NAME_LABEL in index.names:
            names = set(index.get_level_values(NAME_LABEL))
    if NAME_LABEL in frame.columns:
        names = set(frame[NAME_LABEL])
    return str(names.pop()) if len(names) == 1 else ""


def _time_text(frame: pd.DataFrame, shown: Sequence[Trace]) -> str:
    """From when to when; of an instant result its moment."""
    times = [trace.times for trace in shown if trace.times.size]
    if times:
        return span_text(min(each[0] for each in times), max(each[-1] for each in times))
    try:
        return moment_text(datetime.fromisoformat(frame.attrs["start"]).timestamp())
    except (KeyError, TypeError, ValueError):
        return ""


def _reading(panel: TimeSeries, shown: Sequence[Trace]) -> Reading:
    """What is drawn: lines with names by the labels that differ, and the time from the first to the last value."""
    names = line_names([(panel.targets[0], trace.labels) for trace in shown])
    lines = tuple(Line(name, trace.times, trace.values) for name, trace in zip(names, shown, strict=True))
    times = np.concatenate([np.zeros(0), *(trace.times for trace in shown)])
    start, end = (float(times.min()), float(times.max())) if times.size else (0.0, 1.0)
    if start == end:
        start, end = start - LONE_SECONDS, end + LONE_SECONDS
    return Reading(panel, Window(start, end, 1.0), lines)
