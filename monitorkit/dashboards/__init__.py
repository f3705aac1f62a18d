"""Dashboards: panels as values, drawn in the notebook with matplotlib and written for Grafana from the same spec."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from monitorkit.dashboards import panels
from monitorkit.dashboards.board import Dashboard, Placed, Row
from monitorkit.dashboards.standard import inference

if TYPE_CHECKING:
    from monitorkit.dashboards.provisioning import bundle

__all__ = ["Dashboard", "Placed", "Row", "bundle", "inference", "panels"]


def __getattr__(name: str) -> object:
    # The only one that needs rules and services: a spec loads neither.
    if name != "bundle":
        raise AttributeError(f"module 'monitorkit.dashboards' has no attribute {name!r}")
    return import_module("monitorkit.dashboards.provisioning").bundle
