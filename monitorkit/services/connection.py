"""Connect to a Prometheus, or to anything with its API, that runs elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit import running
from monitorkit.arguments import checked
from monitorkit.query.connection.retries import DEFAULT_RETRIES
from monitorkit.query.connection.sessions import DEFAULT_TIMEOUT_SECONDS
from monitorkit.services.prometheus import Prometheus
from monitorkit.services.server import KIND

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from monitorkit.query.connection.access import Auth, Certificate, Location, Params, Token
    from monitorkit.query.keeping.cache import CacheLike

__all__ = ["connect"]


@checked
def connect(
    url: str,
    *,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    retries: int = DEFAULT_RETRIES,
    session: requests.Session | None = None,
    headers: Mapping[str, str] | None = None,
    auth: Auth | None = None,
    token: Token | None = None,
    tenant: str | None = None,
    cert: Certificate | None = None,
    verify: bool | Location = True,
    proxies: str | Mapping[str, str] | None = None,
    compression: bool | None = None,
    params: Params | None = None,
    cache: CacheLike | None = None,
) -> Prometheus:
    """Make a client for a server that runs elsewhere: Prometheus, Thanos, Mimir, VictoriaMetrics.

    It becomes the one that queries and plots use where none is named; its ``stop()`` closes the connection only.

    Parameters
    ----------
    url
        Root of the server, with its path prefix if it has one; a user and password in it become `auth`.
    timeout_seconds
        How long one call may take, its repetitions included.
    retries
        How often a call is repeated that failed in a way that may pass: HTTP 429, 502, 503 or 504, a connection that
        broke. The pauses grow; what the server asks for (Retry-After) is waited for. 0 for never.
    session
        A requests session to use; it stays yours to close.
    headers
        Headers for every request.
    auth
        ``(user, password)``, or any requests authentication, for example one that signs requests for AWS.
    token
        A bearer token, or a function that returns the present one, such as ``Path("token").read_text``.
    tenant
        The tenant of a Mimir, Cortex or other server that reads ``X-Scope-OrgID``.
    cert
        Client certificate: one file with its key, or ``(certificate, key)``.
    verify
        Whether the server's certificate is checked; or a file with the certificates of your own authority.
    proxies
        Address of a proxy, or addresses by scheme; the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY unless given.
    compression
        Whether answers come compressed. Unless given, not from this machine: there, compressing takes longer than
        sending.
    params
        Parameters for every call, such as ``{"dedup": "false"}`` for Thanos or ``{"extra_label": "team=a"}`` for
        VictoriaMetrics.
    cache
        A folder, or a ``monitorkit.query.Cache``, for results of ``query_range`` that can no longer change.

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
    prometheus = Prometheus(
        url,
        timeout_seconds=timeout_seconds,
        retries=retries,
        session=session,
        headers=headers,
        auth=auth,
        token=token,
        tenant=tenant,
        cert=cert,
        verify=verify,
        proxies=proxies,
        compression=compression,
        params=params,
        cache=cache,
    )
    try:
        prometheus.query("1")
    except BaseException:
        prometheus.close()
        raise
    running.add(KIND, prometheus)
    return prometheus
