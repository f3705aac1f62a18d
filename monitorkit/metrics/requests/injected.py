"""What is injected on purpose, so that nobody takes a demonstration for an incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily

from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prometheus_client import CollectorRegistry, Metric

__all__ = ["InjectedFamily"]

_TEXT = (
    "Faults injected on purpose with server.inject(), by kind: latency, seconds added to each call of the model; "
    "errors, share of the requests that fail; drift, by how many spreads each feature is shifted. 0 for none."
)


class InjectedFamily:
    """``model_injected_faults``, under the labels of the versions that are served.

    Parameters
    ----------
    registry
        Where it is exported.
    labels
        Returns name and version of each model that is served now.
    values
        Returns the strength of each kind now.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        labels: Callable[[], Iterable[tuple[str, str]]],
        values: Callable[[], Mapping[str, float]],
    ) -> None:
        self._labels = labels
        self._values = values
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """The family that :meth:`collect` yields, without samples."""
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        """Read what is injected now."""
        family = self._family()
        for labels in self._labels():
            for kind, value in self._values().items():
                family.add_metric([*labels, kind], value)
        return [family]

    @staticmethod
    def _family() -> GaugeMetricFamily:
        return GaugeMetricFamily("model_injected_faults", _TEXT, labels=[*MODEL_LABELS, "kind"])
