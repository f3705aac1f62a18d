"""Dashboards: panels as values, drawn in the notebook with matplotlib and written for Grafana from the same spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.dashboards import panels
from monitorkit.dashboards.board import Dashboard, Placed, Row
from monitorkit.dashboards.standard import inference
from monitorkit.lazy import lazy_names

if TYPE_CHECKING:
    from monitorkit.dashboards.heatmaps import heatmap
    from monitorkit.dashboards.plotting import plot
    from monitorkit.dashboards.provisioning import bundle

__all__ = ["Dashboard", "Placed", "Row", "bundle", "heatmap", "inference", "panels", "plot"]

# These need rules and services, or pandas and matplotlib: a spec loads none of them.
__getattr__ = lazy_names(__name__, {"heatmaps": ("heatmap",), "provisioning": ("bundle",), "plotting": ("plot",)})
