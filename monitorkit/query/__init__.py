"""PromQL to DataFrame: the client of the Prometheus HTTP API.

Each name is loaded when it is first used, so that who connects does not wait for what makes frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.lazy import lazy_names

if TYPE_CHECKING:
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

__getattr__ = lazy_names(
    __name__,
    {
        "analysis.counters": ("increase",),
        "analysis.histograms": ("quantiles",),
        "analysis.joins": ("join",),
        "client": ("PrometheusClient",),
        "keeping.cache": ("Cache",),
        "keeping.frame_files": ("read", "write"),
        "keeping.recording": ("Recording", "record"),
        "long": ("tidy",),
        "remarks": ("ServerWarning",),
    },
)
