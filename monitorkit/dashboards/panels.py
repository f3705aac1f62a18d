"""Panels: what a dashboard shows, as values.

A panel holds PromQL and how to show its result; it knows neither matplotlib nor Grafana. Drawing and the Grafana file
are made from the same panel, so they cannot disagree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args

from monitorkit.dashboards.thresholds import Limit, Step, Threshold, above, below, steps, threshold_tuple
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.lazy import lazy_module

if TYPE_CHECKING:
    from monitorkit.dashboards import quantities
else:
    # It reads PromQL, which only this kind of panel has to.
    quantities = lazy_module("monitorkit.dashboards.quantities")

__all__ = [
    "COLUMNS",
    "Calc",
    "Gauge",
    "Heatmap",
    "Panel",
    "Queries",
    "Query",
    "Scale",
    "Stat",
    "Threshold",
    "TimeSeries",
    "above",
    "below",
]

COLUMNS = 24
"""Columns of Grafana's grid."""

Calc = Literal["lastNotNull", "last", "mean", "max", "min", "sum", "first", "range", "count"]
"""How a panel makes one number of a series, in Grafana's names."""

Scale = Literal["linear", "log"]
"""How the bounds of buckets are laid out along an axis."""


@dataclass(frozen=True)
class Query:
    """One PromQL expression of a panel.

    Parameters
    ----------
    expr
        PromQL. ``$__rate_interval``, ``$__interval`` and ``$__range`` stand for durations as in Grafana.
    legend
        Name of each series, with ``{{label}}`` filled in; empty for the labels in which the series differ.
    """

    expr: str
    legend: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.expr, str) or not isinstance(self.legend, str):
            raise InvalidType(f"Query({self.expr!r}, {self.legend!r}): expr and legend must be text")
        if not self.expr.strip():
            raise InvalidValue("a query is empty; write PromQL, for example 'up'")


Queries = str | Query | Sequence[str | Query]
"""One query or several, as PromQL or with a legend of its own."""


@dataclass(frozen=True)
class Panel:
    """What all panels have in common.

    Parameters
    ----------
    title
        Heading.
    queries
        PromQL, a :class:`Query`, or several of them. `targets` holds them as a tuple of queries.
    unit
        Unit of the values by Grafana's id: ``s``, ``percentunit``, ``reqps`` ...; an unknown one is a suffix.
    description
        What the panel shows and how to read it. Grafana shows it behind the panel's ``i``.
    legend
        Legend of the queries that have none of their own.
    thresholds
        :func:`above` and :func:`below`, or an alert rule for its own threshold; one or several.
    min, max
        Ends of the value axis, in the unit of the values; None to follow the data.
    decimals
        Decimals to show; None for as many as the value needs.
    width, height
        In units of Grafana's grid, 24 columns wide; None to share the row.
    no_data
        What stands there while there is nothing to show, such as what to do about it; "No data" unless given.
    """

    title: str
    queries: Queries
    unit: str = field(default="short", kw_only=True)
    description: str = field(default="", kw_only=True)
    legend: str = field(default="", kw_only=True)
    thresholds: Threshold | Limit | Sequence[Threshold | Limit] = field(default=(), kw_only=True)
    min: float | None = field(default=None, kw_only=True)
    max: float | None = field(default=None, kw_only=True)
    decimals: int | None = field(default=None, kw_only=True)
    width: int | None = field(default=None, kw_only=True)
    height: int | None = field(default=None, kw_only=True)
    no_data: str = field(default="", kw_only=True)
    targets: tuple[Query, ...] = field(init=False, repr=False, compare=False)

    kind: ClassVar[str] = ""
    """The panel's type in Grafana."""

    natural_height: ClassVar[int] = 8
    """Height in grid units where none is given."""

    def __post_init__(self) -> None:
        for name in ("title", "unit", "description", "legend", "no_data"):
            if not isinstance(getattr(self, name), str):
                raise InvalidType(f"panel {self.title!r}: {name} must be text, not {getattr(self, name)!r}")
        # Given as a list, kept as a tuple: a frozen value must not change under its owner, and must have a hash.
        queries = self.queries
        if not isinstance(queries, str | Query):
            queries = tuple(queries) if isinstance(queries, Iterable) else (queries,)
        object.__setattr__(self, "queries", queries)
        object.__setattr__(self, "targets", _targets(self))
        object.__setattr__(self, "thresholds", threshold_tuple(self.thresholds))
        _check_numbers(self)

    @property
    def limits(self) -> tuple[Threshold, ...]:
        """The thresholds, as a tuple."""
        return threshold_tuple(self.thresholds)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The thresholds as Grafana's steps, ascending, the first from minus infinity."""
        return steps(self.limits)

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 - as dataclasses.replace
        """Return a copy with some fields changed."""
        return replace(self, **changes)


def _targets(panel: Panel) -> tuple[Query, ...]:
    """The queries of a panel, each with its legend."""
    items = [panel.queries] if isinstance(panel.queries, str | Query) else list(panel.queries)
    if not items:
        raise InvalidValue(f"panel {panel.title!r} has no query; give it PromQL")
    queries = []
    for item in items:
        if not isinstance(item, str | Query):
            raise InvalidType(f"panel {panel.title!r}: {item!r} is no query; write PromQL or Query(expr, legend)")
        query = Query(item) if isinstance(item, str) else item
        queries.append(query if query.legend else replace(query, legend=panel.legend))
    return tuple(queries)


def _check_numbers(panel: Panel) -> None:
    """Refuse numbers that no grid and no axis can have."""
    for name, low, high in (("width", 1, COLUMNS), ("height", 1, 100), ("decimals", 0, 15)):
        value = getattr(panel, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high):
            raise InvalidValue(
                f"panel {panel.title!r}: {name} is {value!r}, must be a whole number from {low} to {high}"
            )
    for name in ("min", "max"):
        value = getattr(panel, name)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value)
        ):
            raise InvalidValue(f"panel {panel.title!r}: {name} is {value!r}, must be a finite number")
    if panel.min is not None and panel.max is not None and panel.min >= panel.max:
        raise InvalidValue(f"panel {panel.title!r}: min {panel.min:g} must be less than max {panel.max:g}")


@dataclass(frozen=True)
class TimeSeries(Panel):
    """Lines over time, with thresholds as lines and bands.

    Examples
    --------
    >>> panel = TimeSeries("Latency", "avg(inference_latency_seconds)", unit="s", thresholds=above(1.0, "red"))
    >>> panel.targets
    (Query(expr='avg(inference_latency_seconds)', legend=''),)
    """

    kind: ClassVar[str] = "timeseries"


@dataclass(frozen=True)
class _Number(Panel):
    calc: Calc = field(default="lastNotNull", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.calc not in get_args(Calc):
            raise InvalidValue(f"panel {self.title!r}: no calc {self.calc!r}; use one of {', '.join(get_args(Calc))}")


@dataclass(frozen=True)
class Stat(_Number):
    """One big number per series, coloured by the thresholds, over a small line of its course.

    Parameters
    ----------
    calc
        How a series becomes the number.
    sparkline
        Whether to draw its course.

    Examples
    --------
    >>> Stat("Accuracy", "model_accuracy", unit="percentunit", thresholds=below(0.90, "red")).steps
    (Step(value=-inf, color='red'), Step(value=0.9, color='green'))
    """

    sparkline: bool = field(default=True, kw_only=True)

    kind: ClassVar[str] = "stat"
    natural_height: ClassVar[int] = 4


@dataclass(frozen=True)
class Gauge(_Number):
    """One arc per series, from `min` to `max`, coloured by the thresholds.

    Without `min` it starts at 0; without `max` it ends at 1 for ``percentunit`` and at 100 otherwise, as Grafana's.

    Examples
    --------
    >>> Gauge("CPU", "cpu_usage", unit="percent", thresholds=above(80, "orange")).bounds
    (0.0, 100.0)
    """

    kind: ClassVar[str] = "gauge"
    natural_height: ClassVar[int] = 6

    @property
    def bounds(self) -> tuple[float, float]:
        """Value at the start and at the end of the arc."""
        low = 0.0 if self.min is None else float(self.min)
        full = 1.0 if self.unit == "percentunit" else 100.0
        return low, max(full, low + full) if self.max is None else float(self.max)


@dataclass(frozen=True)
class Heatmap(Panel):
    """A histogram over time: a column for each step, a row for each bucket, the darker the more is in it.

    Shows what an average hides: two groups of requests, a few that take very long.

    Parameters
    ----------
    queries
        One query for the buckets of one histogram over time: ``sum by (le) (rate(x_bucket[$__rate_interval]))``, or
        ``sum(rate(x[$__rate_interval]))`` for a native one.
    unit
        Unit of what was observed, so of the bounds; told from the names in the query unless given.
    min, max
        Buckets beyond them are not shown.
    scale
        ``"log"`` or ``"linear"``; the one on which the buckets are more nearly of one height, unless given. Grafana
        lays classic buckets out evenly, whatever this says.

    Raises
    ------
    InvalidValue
        If there are several queries, or thresholds, which a heatmap cannot show.

    Examples
    --------
    >>> panel = Heatmap("Latency", "sum by (le) (rate(inference_request_duration_seconds_bucket[$__rate_interval]))")
    >>> panel.unit, panel.cell_unit
    ('s', 'reqps')
    """

    unit: str = field(default="", kw_only=True)
    scale: Scale | None = field(default=None, kw_only=True)

    kind: ClassVar[str] = "heatmap"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.targets) > 1:
            raise InvalidValue(
                f"panel {self.title!r}: a heatmap shows one histogram, and here are {len(self.targets)} queries; "
                "make a panel of each"
            )
        if self.limits:
            raise InvalidValue(f"panel {self.title!r}: a heatmap has no place for thresholds; leave them out")
        if self.scale is not None and self.scale not in get_args(Scale):
            raise InvalidValue(
                f"panel {self.title!r}: no scale {self.scale!r}; use one of {', '.join(get_args(Scale))}"
            )
        object.__setattr__(self, "unit", self.unit or self._units[0])

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 - as dataclasses.replace
        """Return a copy with some fields changed; a unit that was told from the query is told from the new one."""
        if self.unit == self._units[0]:
            changes.setdefault("unit", "")
        return super().replace(**changes)

    @property
    def cell_unit(self) -> str:
        """Unit of the counts in the cells, by Grafana's id, as the names in the query tell it."""
        return self._units[1]

    @property
    def _units(self) -> tuple[str, str]:
        # What stands for a duration is none of PromQL's.
        return quantities.histogram_units(re.sub(r"\$(?:__\w+|\{__\w+\})", "1m", self.targets[0].expr))
