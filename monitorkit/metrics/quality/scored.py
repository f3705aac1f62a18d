"""How many labels the scores are of, which says how sure they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily

from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client import CollectorRegistry, Metric

__all__ = ["ScoredFamily"]

_TEXT = (
    "Labelled predictions in the window that model_accuracy, model_mae and the other scores are of. Few of them tell "
    "little: with n of them an accuracy of a is known to about 2 * sqrt(a * (1 - a) / n), and to nothing better than "
    "3 / n where all were right. Absent before the first label."
)


class ScoredFamily:
    """``model_scored_labels``, of the versions at work that have labels.

    Parameters
    ----------
    registry
        Where it is exported.
    counts
        Returns name and version of each model at work, and how many labels its scores are of.

    Examples
    --------
    >>> from prometheus_client import CollectorRegistry
    >>> registry = CollectorRegistry()
    >>> family = ScoredFamily(registry, lambda: [(("digits", "1"), 7), (("digits", "2"), 0)])
    >>> [(sample.labels["model_version"], sample.value) for sample in next(iter(registry.collect())).samples]
    [('1', 7)]
    """

    def __init__(
        self, registry: CollectorRegistry, counts: Callable[[], Iterable[tuple[tuple[str, str], int]]]
    ) -> None:
        self._counts = counts
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """The family that :meth:`collect` yields, without samples."""
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        """Read how many labels there are now."""
        family = self._family()
        for labels, count in self._counts():
            if count:
                family.add_metric(labels, count)
        return [family] if family.samples else []

    @staticmethod
    def _family() -> GaugeMetricFamily:
        return GaugeMetricFamily("model_scored_labels", _TEXT, labels=MODEL_LABELS)
