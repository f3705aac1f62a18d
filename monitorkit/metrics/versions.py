"""The versions of one model: their series, and which of them are at work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from prometheus_client import Gauge

from monitorkit.metrics.drift.counts import DriftFamilies
from monitorkit.metrics.quality.calibration import CalibrationFamilies
from monitorkit.metrics.quality.error_scale import DEFAULT_SCALE
from monitorkit.metrics.quality.predictions import QualityFamilies
from monitorkit.metrics.quality.regression import RegressionFamilies
from monitorkit.metrics.quality.scored import ScoredFamily
from monitorkit.metrics.quality.scores import DEFAULT_WINDOW
from monitorkit.metrics.requests.performance import PerformanceFamilies
from monitorkit.metrics.series.cardinality import FoldedSeries
from monitorkit.metrics.series.classes import MAX_CLASSES, ClassNames
from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable

    from prometheus_client import CollectorRegistry

    from monitorkit.metrics.drift.counts import DriftMetrics
    from monitorkit.metrics.drift.reference import Reference
    from monitorkit.metrics.quality.calibration import CalibrationMetrics
    from monitorkit.metrics.quality.error_scale import ErrorScale
    from monitorkit.metrics.quality.predictions import QualityMetrics, Task
    from monitorkit.metrics.quality.regression import RegressionMetrics
    from monitorkit.metrics.requests.performance import RequestMetrics

__all__ = ["MAX_VERSIONS", "ModelDescription", "VersionMetrics", "Versions"]

MAX_VERSIONS = 20
"""How many versions of a model are exported: those at work, and the latest of those that were."""


@dataclass(frozen=True)
class ModelDescription:
    """What ``model_info`` tells about a model; an empty text where it is not known."""

    framework: str = ""
    framework_version: str = ""
    model_class: str = ""
    task: Task = ""
    n_features: str = ""
    n_classes: str = ""


@dataclass(frozen=True)
class VersionMetrics:
    """The series of one version of a model."""

    requests: RequestMetrics
    quality: QualityMetrics
    regression: RegressionMetrics
    calibration: CalibrationMetrics
    drift: DriftMetrics

    def declare(self, task: Task, classes: Collection[Hashable] = ()) -> None:
        """Export what a task counts from now on, at 0, so that ``rate()`` sees the first step."""
        if task == "regression":
            self.regression.declare()
        elif task == "multilabel":
            self.quality.declare_label_sets(classes)
        else:
            self.quality.declare(classes)


class Families(Protocol):
    """Families in which each version has series."""

    def forget(self, model_name: str, model_version: str) -> None:
        """Export the series of a version no longer."""


class Versions:
    """The series of one model's versions, each under its label.

    Parameters
    ----------
    registry
        Where they are exported; one model a registry.
    model_name
        Value of the label ``model_name``.
    folded
        Where classes are counted that find no room; by default in the registry.
    also
        Further families that have series of these versions.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        model_name: str,
        *,
        folded: FoldedSeries | None = None,
        also: Iterable[Families] = (),
    ) -> None:
        self.model_name = model_name
        self._folded = partial((folded or FoldedSeries.of(registry)).count, "model_predictions_total", "class_name")
        self._performance = PerformanceFamilies(registry)
        self._quality = QualityFamilies(registry)
        self._regression = RegressionFamilies(registry)
        self._calibration = CalibrationFamilies(registry)
        self._drift = DriftFamilies(registry)
        self._info = Gauge(
            "model_info",
            "What runs, as labels; always 1. Join it to any of the model's series to see its class beside its numbers.",
            [*MODEL_LABELS, *ModelDescription.__dataclass_fields__],
            registry=registry,
        )
        ScoredFamily(registry, self._scored)
        self._families: tuple[Families, ...] = (
            *(self._performance, self._quality, self._regression, self._calibration, self._drift),
            *also,
        )
        self._versions: dict[str, VersionMetrics] = {}
        self._infos: dict[str, tuple[str, ...]] = {}

    @property
    def at_work(self) -> list[tuple[str, str]]:
        """Name and version of each that is at work, first of the one that is served."""
        return [(self.model_name, version) for version in self._infos]

    def activate(
        self,
        model_version: str,
        *,
        description: ModelDescription | None = None,
        classes: Collection[Hashable] = (),
        positive_class: Hashable | None = None,
        window: int = DEFAULT_WINDOW,
        max_classes: int = MAX_CLASSES,
        error_scale: ErrorScale = DEFAULT_SCALE,
        probabilities: bool = False,
        reference: Reference | None = None,
        beside: Collection[str] = (),
    ) -> VersionMetrics:
        """Put a version to work, and return its series.

        Counters of versions before stay as they are, of the latest :data:`MAX_VERSIONS`; their last values, which would
        be taken for values of now, go.

        Parameters
        ----------
        model_version
            Value of the label ``model_version``. A version that was served before goes on counting.
        description
            What ``model_info`` tells.
        classes
            The classes that the model declares.
        positive_class
            The class that scores are about; None for the greater label where there are two, else none.
        window
            Length of the window of the scores, in labelled predictions.
        max_classes
            How many classes get series of their own; further ones are counted as ``other``.
        error_scale
            How the errors of a regressor are counted.
        probabilities
            Whether the model tells probabilities.
        reference
            What drift is measured from; None to measure none.
        beside
            Versions that stay at work; none of the others does.
        """
        version = self._versions.get(model_version)
        if version is None:
            names = ClassNames(limit=max_classes, folded=self._folded)
            version = self._versions[model_version] = VersionMetrics(
                self._performance.of(self.model_name, model_version),
                self._quality.of(self.model_name, model_version, names, window=window),
                self._regression.of(self.model_name, model_version),
                self._calibration.of(self.model_name, model_version),
                self._drift.of(self.model_name, model_version),
            )
        version.quality.configure(window=window, positive_class=positive_class)
        version.regression.configure(window=window, scale=error_scale)
        version.calibration.configure(window=window)
        version.drift.compare_with(reference)
        task = description.task if description else ""
        version.declare(task, classes)
        if probabilities:
            version.calibration.declare()
        # Under the same version another kind of model may have been at work, whose scores are none of this one's.
        if task == "regression":
            version.quality.clear()
        elif task:
            version.regression.clear()
        if task and not probabilities:
            version.calibration.clear()
        self._infos[model_version] = tuple(asdict(description or ModelDescription()).values())
        self.keep((*beside, model_version))
        return version

    def keep(self, versions: Collection[str]) -> None:
        """Leave only these versions at work, of those that are: what the others counted stays, their last values go.

        The first of them is the one that is served.

        Of the others only the latest stay, so that at most :data:`MAX_VERSIONS` are exported: a model that is retrained
        each hour would make each scrape longer than the one before. What older ones have counted is in Prometheus.
        """
        self._infos = {name: self._infos[name] for name in versions if name in self._infos}
        self._info.clear()
        for name, info in self._infos.items():
            self._info.labels(self.model_name, name, *info).set(1)
        for name, version in self._versions.items():
            active = name in versions
            version.quality.active = version.regression.active = active
            version.calibration.active = version.drift.active = active
            if active:
                version.requests.activate()
            else:
                version.requests.retire()
        self._forget_oldest(versions)

    def _forget_oldest(self, at_work: Collection[str]) -> None:
        for name in [name for name in self._versions if name in at_work]:
            self._versions[name] = self._versions.pop(name)  # the latest of all
        while len(self._versions) > max(MAX_VERSIONS, len(at_work)):
            oldest = next(iter(self._versions))
            del self._versions[oldest]
            for families in self._families:
                families.forget(self.model_name, oldest)

    def _scored(self) -> list[tuple[tuple[str, str], int]]:
        return [
            (labels, max(version.quality.n_scored, version.regression.n_scored))
            for labels in self.at_work
            if (version := self._versions.get(labels[1])) is not None
        ]
