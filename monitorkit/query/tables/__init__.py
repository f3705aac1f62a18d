"""What a server knows beside the values of its series, as frames: one function for each answer of the API."""

from __future__ import annotations

from monitorkit.query.tables.cardinality import TsdbStatus, cardinality_status, tsdb_status
from monitorkit.query.tables.exemplars import exemplars
from monitorkit.query.tables.rules import alerts, rules
from monitorkit.query.tables.series import metadata, series
from monitorkit.query.tables.targets import targets

__all__ = [
    "TsdbStatus",
    "alerts",
    "cardinality_status",
    "exemplars",
    "metadata",
    "rules",
    "series",
    "targets",
    "tsdb_status",
]
