"""PromQL to DataFrame: the client of the Prometheus HTTP API."""

from __future__ import annotations

from monitorkit.query.analysis.counters import increase
from monitorkit.query.analysis.histograms import quantiles
from monitorkit.query.analysis.joins import join
from monitorkit.query.client import PrometheusClient
from monitorkit.query.keeping.cache import Cache
from monitorkit.query.keeping.frame_files import read, write
from monitorkit.query.keeping.recording import Recording, record
from monitorkit.query.long import tidy
from monitorkit.query.remarks import ServerWarning

__all__ = [
    "Cache",
    "PrometheusClient",
    "Recording",
    "ServerWarning",
    "increase",
    "join",
    "quantiles",
    "read",
    "record",
    "tidy",
    "write",
]
