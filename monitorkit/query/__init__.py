"""PromQL to DataFrame: the client of the Prometheus HTTP API."""

from __future__ import annotations

from monitorkit.query.client import PrometheusClient, ServerWarning
from monitorkit.query.long import tidy

__all__ = ["PrometheusClient", "ServerWarning", "tidy"]
