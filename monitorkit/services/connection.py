"""Connect to a Prometheus, or to anything with its API, that runs elsewhere."""

from __future__ import annotations

from typing import Any

from monitorkit import running
from monitorkit.arguments import arguments_of, checked
from monitorkit.query.client import PrometheusClient
from monitorkit.services.prometheus import Prometheus
from monitorkit.services.server import KIND

__all__ = ["connect"]


@checked
@arguments_of(PrometheusClient)
def connect(*args: Any, **options: Any) -> Prometheus:  # noqa: ANN401 - those of the client
    """Make a client for a server that runs elsewhere: Prometheus, Thanos, Mimir, VictoriaMetrics.

    It becomes the one that queries and plots use where none is named; its ``stop()`` closes the connection only.

    Raises
    ------
    ServerUnavailable
        If no server with the API of Prometheus answers there.

    Examples
    --------
    >>> import monitorkit as mk
    >>> with mk.start_prometheus(name="example", wait=False) as prom:
    ...     mk.connect(prom.url).ready()
    True
    """
    prometheus = Prometheus(*args, **options)
    try:
        prometheus.check()
    except BaseException:
        prometheus.close()
        raise
    running.add(KIND, prometheus)
    return prometheus
