"""The registry of one server: its own, never the global one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from monitorkit.metrics.series.cardinality import has_labels, limit_series

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric
    from prometheus_client.registry import Collector

__all__ = ["MODEL_LABELS", "Registry", "without_creation_times"]

MODEL_LABELS = ("model_name", "model_version")
"""The labels that all of a model's series carry; version labels make two versions comparable."""


class Registry(CollectorRegistry):
    """A registry that also exports ``process_*`` and ``python_*``, and leaves ``*_created`` out.

    Attributes
    ----------
    budget
        How many series a metric that is added from now on may have, see :func:`monitorkit.limit_series`; None for any
        number.

    Notes
    -----
    prometheus_client adds a ``_created`` series to each counter and histogram. In the text format Prometheus stores it
    as one more series that no query here uses; the only switch for it is global and belongs to the user.

    Examples
    --------
    >>> from prometheus_client import Counter
    >>> registry = Registry()
    >>> Counter("answers", "Answers given.", registry=registry).inc()
    >>> registry.get_sample_value("answers_total"), registry.get_sample_value("answers_created")
    (1.0, None)
    """

    def __init__(self) -> None:
        super().__init__(auto_describe=True)
        self.budget: int | None = None
        ProcessCollector(registry=self)
        PlatformCollector(registry=self)
        GCCollector(registry=self)

    def register(self, collector: Collector) -> None:
        """Add a metric, and keep it within the budget where there is one."""
        super().register(collector)
        if self.budget is not None and has_labels(collector):
            limit_series(collector, self.budget, registry=self)

    def collect(self) -> Iterable[Metric]:
        """Collect every family, without the samples of creation times."""
        yield from map(without_creation_times, super().collect())


def without_creation_times(family: Metric) -> Metric:
    """Take the samples of creation times out of a family that was just collected."""
    if family.type in {"counter", "histogram", "summary"}:
        family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
    return family
