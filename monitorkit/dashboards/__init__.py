"""Dashboards: panels as values, drawn in the notebook with matplotlib and written for Grafana from the same spec."""

from __future__ import annotations

from monitorkit.dashboards import panels
from monitorkit.dashboards.board import Dashboard, Placed, Row
from monitorkit.dashboards.standard import inference

__all__ = ["Dashboard", "Placed", "Row", "inference", "panels"]
