"""A budget of series for each metric: whatever comes, no label makes more of them.

One careless label, such as a user's id or a raw path, makes a series for each of its values, in this process, on each
scrape and in Prometheus. Here a metric that has used up its budget goes on counting: the label that has most values
gets the value ``other`` for all that come from then on. That is told once in the log, and counted in
``monitorkit_folded_series_total``.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics import MetricWrapperBase

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics.series.classes import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prometheus_client import CollectorRegistry, Metric

__all__ = ["DEFAULT_BUDGET", "FoldedSeries", "has_labels", "limit_series"]

DEFAULT_BUDGET = 1000
"""Series that a metric may have: ten such metrics are what a scrape and a notebook still bear easily."""

_KEPT_BACK = 10
"""The last tenth of a budget is for what has been folded, so that its other labels still tell something."""

_FOLDED = (
    "Times that a value of a label found no room within its metric's budget of series and was counted as other, by "
    "metric and label. Anything but 0 means that the label has more values than it should: choose one with few."
)
_ATTRIBUTE = "_monitorkit_folded_series"
_BUDGETED = "_monitorkit_budget"

_log = logging.getLogger("monitorkit.metrics")

AnyMetric = TypeVar("AnyMetric", bound=MetricWrapperBase)


class FoldedSeries:
    """``monitorkit_folded_series_total`` of one registry, absent while nothing was folded.

    Examples
    --------
    >>> from prometheus_client import CollectorRegistry
    >>> registry = CollectorRegistry()
    >>> FoldedSeries.of(registry).count("answers_total", "path", "/users/4711")
    >>> labels = {"metric": "answers_total", "label": "path"}
    >>> registry.get_sample_value("monitorkit_folded_series_total", labels)
    1
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], int] = {}

    @classmethod
    def of(cls, registry: CollectorRegistry) -> FoldedSeries:
        """Return the one of a registry, made on the first call."""
        # Kept by the registry itself: a module that is loaded again must find it.
        found: FoldedSeries | None = vars(registry).get(_ATTRIBUTE)
        if found is None:
            found = vars(registry)[_ATTRIBUTE] = cls()
            registry.register(found)
        return found

    def count(self, metric: str, label: str, value: object) -> None:
        """Count a value that found no room; the first one of a label is told in the log."""
        with self._lock:
            before = self._counts.get((metric, label), 0)
            self._counts[metric, label] = before + 1
        if not before:
            # Not a warning of Python's: where these are errors, a client could make requests fail.
            _log.warning(
                "%s: no room for more series, so that further values of the label %r are counted as %r, %.80r first; "
                "choose a label with few values, or raise the budget",
                metric,
                label,
                OTHER,
                value,
            )

    def describe(self) -> Iterable[Metric]:
        """The family that :meth:`collect` yields, without samples."""
        return [CounterMetricFamily("monitorkit_folded_series", _FOLDED, labels=["metric", "label"])]

    def collect(self) -> Iterable[Metric]:
        """What was counted."""
        with self._lock:
            counts = dict(self._counts)
        family = CounterMetricFamily("monitorkit_folded_series", _FOLDED, labels=["metric", "label"])
        for labels, count in counts.items():
            family.add_metric(labels, count)
        return [family] if counts else []


def limit_series(
    metric: AnyMetric, budget: int = DEFAULT_BUDGET, *, registry: CollectorRegistry | None = REGISTRY
) -> AnyMetric:
    """Keep a metric of prometheus_client within a budget of series.

    Parameters
    ----------
    metric
        A Counter, Gauge, Histogram, Summary, Info or Enum with labels.
    budget
        How many series it may have; each bucket of a histogram is one. At least two sets of labels fit in.
    registry
        Where what finds no room is counted, as ``monitorkit_folded_series_total``; None to tell it in the log only.

    Returns
    -------
    Counter, Gauge, Histogram, Summary, Info or Enum
        The same metric. From now on ``labels()`` gives ``other`` for the label that has most values where a new series
        finds no room, and for further labels where that is not enough. Series that exist go on as before. Once more
        with another budget changes it.

    Raises
    ------
    InvalidType, InvalidValue
        If it is no metric with labels, or the budget is no whole number of series.

    Notes
    -----
    Metrics that are added to a server's :attr:`~monitorkit.ModelServer.registry` have this budget from the start.
    Source: Prometheus documentation, "Instrumentation", "Do not overuse labels".

    Examples
    --------
    >>> from prometheus_client import CollectorRegistry, Counter
    >>> registry = CollectorRegistry()
    >>> visits = limit_series(Counter("visits", "Visits.", ["path"], registry=registry), budget=10, registry=registry)
    >>> for number in range(1000):
    ...     visits.labels(f"/users/{number}").inc()
    >>> registry.get_sample_value("visits_total", {"path": "other"})
    991.0
    """
    if not has_labels(metric):
        raise InvalidType(
            f"metric: {metric!r} is no metric of prometheus_client with labels: there is nothing to bound"
        )
    if isinstance(budget, bool) or not isinstance(budget, int):
        raise InvalidType(f"budget: {budget!r} is no whole number of series")
    each = _series_each(metric)
    if budget < 2 * each:
        raise InvalidValue(f"budget: {budget} is less than two sets of labels take, {2 * each} series")
    folded = None if registry is None else FoldedSeries.of(registry)
    present = vars(metric).get(_BUDGETED)
    if present is None:
        present = vars(metric)[_BUDGETED] = _Budgeted(metric)
        metric.labels = present.labels  # type: ignore[method-assign]
    present.children, present.folded = budget // each, folded
    return metric


class _Budgeted:
    """Stands between a metric and those who ask for its children."""

    def __init__(self, metric: MetricWrapperBase) -> None:
        self._labels = metric.labels
        self._metric = metric
        self._name = _exported_name(metric)
        self._names = tuple(metric._labelnames)  # noqa: SLF001 - as above
        self._lock = threading.RLock()
        self._ranked: tuple[int, list[int]] = (-1, [])
        self.children = 0
        self.folded: FoldedSeries | None = None

    @property
    def _known(self) -> Mapping[Sequence[str], MetricWrapperBase]:
        """The children that there are, by their labels; another dictionary after a clear()."""
        return self._metric._metrics  # noqa: SLF001 - prometheus_client does not tell otherwise

    def labels(self, *values: object, **named: object) -> Any:  # noqa: ANN401 - a child of the metric's own type
        """Return the child for these labels, or for as many of them as there is room."""
        if named and not values and named.keys() == set(self._names):
            values = tuple(named[name] for name in self._names)
        elif named or len(values) != len(self._names):
            return self._labels(*values, **named)  # which says what is wrong
        key = tuple(map(str, values))
        if key in self._known:
            return self._labels(*key)
        with self._lock:
            return self._labels(*self._fold(key))

    def _fold(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """Put ``other`` for one label after the other, until there is room."""
        room = self.children - len(self._known)
        # The very last room is for the child of which all labels are folded, so that nothing is lost.
        spare = (OTHER,) * len(key) not in self._known
        kept_back = self.children // _KEPT_BACK if len(key) > 1 else 0
        if room > max(spare, kept_back) or key in self._known:
            return key
        for place in self._most_values_first():
            if self.folded is not None:
                self.folded.count(self._name, self._names[place], key[place])
            key = (*key[:place], OTHER, *key[place + 1 :])
            if room > spare or key in self._known:
                break
        return key

    def _most_values_first(self) -> list[int]:
        """Places of the labels, the one with most values first."""
        size, ranked = self._ranked
        if size != len(self._known):
            values = [len(set(column)) for column in zip(*self._known, strict=True)] or [0] * len(self._names)
            ranked = sorted(range(len(self._names)), key=lambda place: -values[place])
            self._ranked = len(self._known), ranked
        return ranked


def has_labels(collector: object) -> TypeGuard[MetricWrapperBase]:
    """Whether something is a metric of prometheus_client that makes children."""
    if not isinstance(collector, MetricWrapperBase):
        return False
    return bool(collector._labelnames) and not collector._labelvalues  # noqa: SLF001 - it does not tell otherwise


def _exported_name(metric: MetricWrapperBase) -> str:
    family = next(iter(metric.describe()))
    return f"{family.name}_total" if family.type == "counter" else str(family.name)


def _series_each(metric: MetricWrapperBase) -> int:
    """How many series one set of labels takes."""
    kind = next(iter(metric.describe())).type
    if kind == "histogram":
        return len(getattr(metric, "_upper_bounds", ())) + 2
    if kind == "stateset":
        return len(getattr(metric, "_states", ()))
    return 2 if kind == "summary" else 1
