"""How many rows a call of the model may take, so that one sees how full its batches are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily

from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client import CollectorRegistry, Metric

__all__ = ["BatchLimitFamily"]

_TEXT = (
    "Rows that a call of the model may take, as server.batching says now; 1 without batching. A request of more rows "
    "is not split. How full batches are: inference_batch_size's mean / this."
)


class BatchLimitFamily:
    """``inference_batch_size_limit``, under the labels of the versions that are served.

    Parameters
    ----------
    registry
        Where it is exported.
    labels
        Returns name and version of each model that is served now.
    limit
        Returns the limit now; None where nothing is batched by us.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        labels: Callable[[], Iterable[tuple[str, str]]],
        limit: Callable[[], int | None],
    ) -> None:
        self._labels = labels
        self._limit = limit
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """The family that :meth:`collect` yields, without samples."""
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        """Read the limit."""
        limit = self._limit()
        if limit is None:
            return []
        family = self._family()
        for labels in self._labels():
            family.add_metric(labels, limit)
        return [family]

    @staticmethod
    def _family() -> GaugeMetricFamily:
        return GaugeMetricFamily("inference_batch_size_limit", _TEXT, labels=MODEL_LABELS)
