"""Metric families in which each version of a model has series of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from prometheus_client.core import GaugeMetricFamily

from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prometheus_client import CollectorRegistry, Metric

__all__ = ["ScoredSeries", "Series", "VersionFamilies", "score_gauges"]


class Series(Protocol):
    """The series of one version."""

    @property
    def declared(self) -> bool:
        """Whether they are exported."""


class ScoredSeries(Protocol):
    """Series of one version among which are scores over a sliding window."""

    labels: tuple[str, str]
    active: bool

    def scores(self) -> Mapping[str, float]:
        """Scores by name, as far as they are known."""


V = TypeVar("V", bound=Series)


class VersionFamilies(ABC, Generic[V]):
    """Metric families in one registry; a version's series come from :meth:`of`.

    Parameters
    ----------
    registry
        Where they are exported.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._versions: dict[tuple[str, str], V] = {}
        registry.register(self)

    def of(self, model_name: str, model_version: str) -> V:
        """Return the series of one version, made on the first call and exported once they are declared."""
        key = (model_name, model_version)
        return self._versions.setdefault(key, self._made(key))

    def forget(self, model_name: str, model_version: str) -> None:
        """Export the series of a version no longer."""
        del self._versions[model_name, model_version]

    def describe(self) -> Iterable[Metric]:
        """The families that :meth:`collect` yields, without samples."""
        return list(self._families([]))

    def collect(self) -> Iterable[Metric]:
        """Read the versions that are declared; without any there are no families either."""
        versions = [version for version in list(self._versions.values()) if version.declared]
        return self._families(versions) if versions else ()

    @abstractmethod
    def _made(self, labels: tuple[str, str]) -> V:
        """New series, under name and version of the model."""

    @abstractmethod
    def _families(self, versions: Sequence[V]) -> Iterable[Metric]:
        """The families with the samples of these versions."""


def score_gauges(texts: Mapping[str, str], versions: Iterable[ScoredSeries]) -> Iterator[GaugeMetricFamily]:
    """Gauges of scores, each with the samples of the versions in use that know it.

    Parameters
    ----------
    texts
        What each score is, by its name.
    """
    scores = [(version.labels, version.scores()) for version in versions if version.active]
    for score, text in texts.items():
        family = GaugeMetricFamily(f"model_{score}", text, labels=MODEL_LABELS)
        for labels, values in scores:
            if score in values:
                family.add_metric(labels, values[score])
        yield family
