"""Dashboards: panels as values, drawn in the notebook with matplotlib and written for Grafana from the same spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.dashboards import panels
from monitorkit.dashboards.board import Dashboard, Placed, Row
from monitorkit.dashboards.standard import inference
from monitorkit.lazy import lazy_names

if TYPE_CHECKING:
    from monitorkit.dashboards.provisioning import bundle

__all__ = ["Dashboard", "Placed", "Row", "bundle", "inference", "panels"]

# The only one that needs rules and services: a spec loads neither.
__getattr__ = lazy_names(__name__, {"provisioning": ("bundle",)})
