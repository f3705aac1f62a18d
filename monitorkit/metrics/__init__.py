"""What a served model exports: performance, quality, drift, resources, and what runs.

Everything lands in a registry of its own (:class:`~monitorkit.metrics.registry.Registry`), so a cell that is run twice
never meets "Duplicated timeseries". Names, types and labels are those of the table in :mod:`monitorkit.metrics.model`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.lazy import lazy_names
from monitorkit.metrics.exposition import exposition

if TYPE_CHECKING:
    from monitorkit.metrics import queries
    from monitorkit.metrics.cardinality import limit_series
    from monitorkit.metrics.drift_settings import Drift
    from monitorkit.metrics.error_scale import ErrorScale
    from monitorkit.metrics.model import ModelMetrics
    from monitorkit.metrics.performance import RequestStatus
    from monitorkit.metrics.quality import Task
    from monitorkit.metrics.reference import Reference
    from monitorkit.metrics.registry import Registry
    from monitorkit.metrics.scores import ScoreWindow
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
        "cardinality": ("limit_series",),
        "drift_settings": ("Drift",),
        "error_scale": ("ErrorScale",),
        "model": ("ModelMetrics",),
        "performance": ("RequestStatus",),
        "quality": ("Task",),
        "queries": (),
        "reference": ("Reference",),
        "registry": ("Registry",),
        "scores": ("ScoreWindow",),
        "shadow": ("ShadowMetrics",),
        "versions": ("ModelDescription", "VersionMetrics"),
    },
)
