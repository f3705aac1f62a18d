"""What a served model exports: performance, quality, drift, resources, and what runs.

Everything lands in a registry of its own (:class:`~monitorkit.metrics.series.registry.Registry`), so a cell that is run
twice never meets "Duplicated timeseries". Names, types and labels are those of the table in
:mod:`monitorkit.metrics.model`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.lazy import lazy_names
from monitorkit.metrics.series.exposition import exposition

if TYPE_CHECKING:
    from monitorkit.metrics import queries
    from monitorkit.metrics.drift.reference import Reference
    from monitorkit.metrics.drift.settings import Drift
    from monitorkit.metrics.model import ModelMetrics
    from monitorkit.metrics.quality.error_scale import ErrorScale
    from monitorkit.metrics.quality.predictions import Task
    from monitorkit.metrics.quality.scores import ScoreWindow
    from monitorkit.metrics.requests.performance import RequestStatus
    from monitorkit.metrics.series.cardinality import limit_series
    from monitorkit.metrics.series.registry import Registry
    from monitorkit.metrics.shadow import ShadowMetrics
    from monitorkit.metrics.versions import ModelDescription, VersionMetrics

__all__ = [
    "Drift",
    "ErrorScale",
    "ModelDescription",
    "ModelMetrics",
    "Reference",
    "Registry",
    "RequestStatus",
    "ScoreWindow",
    "ShadowMetrics",
    "Task",
    "VersionMetrics",
    "exposition",
    "limit_series",
    "queries",
]

# Queries are written without what counts, and a server counts without the language of queries.
__getattr__ = lazy_names(
    __name__,
    {
        "series.cardinality": ("limit_series",),
        "drift.settings": ("Drift",),
        "quality.error_scale": ("ErrorScale",),
        "model": ("ModelMetrics",),
        "requests.performance": ("RequestStatus",),
        "quality.predictions": ("Task",),
        "queries": (),
        "drift.reference": ("Reference",),
        "series.registry": ("Registry",),
        "quality.scores": ("ScoreWindow",),
        "shadow": ("ShadowMetrics",),
        "versions": ("ModelDescription", "VersionMetrics"),
    },
)
