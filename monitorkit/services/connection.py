"""Connect to a Prometheus, or to anything with its API, that runs elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit import running
from monitorkit.query.transport import DEFAULT_TIMEOUT_SECONDS, Auth
from monitorkit.services.prometheus import Prometheus
from monitorkit.services.server import KIND

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

__all__ = ["connect"]


def connect(
    url: str,
    *,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    session: requests.Session | None = None,
    headers: Mapping[str, str] | None = None,
    auth: Auth | None = None,
) -> Prometheus:
    """Make a client for a server that runs elsewhere: Prometheus, Thanos, Mimir, VictoriaMetrics.

    It becomes the one that queries and plots use where none is named; its ``stop()`` closes the connection only.

    Parameters
    ----------
    url
        Root of the server, with its path prefix if it has one; a user and password in it become `auth`.
    timeout_seconds
        How long one request may take.
    session
        A requests session to use; it stays yours to close.
    headers
        Headers for every request, for example a tenant or a bearer token.
    auth
        ``(user, password)``, or any requests authentication.

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
    prometheus = Prometheus(url, timeout_seconds=timeout_seconds, session=session, headers=headers, auth=auth)
    try:
        prometheus.query("1")
    except BaseException:
        prometheus.close()
        raise
    running.add(KIND, prometheus)
    return prometheus
