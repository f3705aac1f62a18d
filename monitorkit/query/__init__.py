"""PromQL to DataFrame: the client of the Prometheus HTTP API."""

from __future__ import annotations

from monitorkit.query.cache import Cache
from monitorkit.query.client import PrometheusClient
from monitorkit.query.counters import increase
from monitorkit.query.frame_files import read, write
from monitorkit.query.histograms import quantiles
from monitorkit.query.joins import join
from monitorkit.query.long import tidy
from monitorkit.query.recording import Recording, record
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
