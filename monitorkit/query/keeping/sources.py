"""Where answers come from, as far as the data in them depend on it: what a cache tells servers and users apart by."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from monitorkit.errors import QueryError, ServerUnavailable
from monitorkit.query.connection.address import is_loopback

if TYPE_CHECKING:
    from monitorkit.query.connection.transport import Transport

__all__ = ["source"]

_CREDENTIALS = {"authorization", "proxy-authorization", "cookie"}


def source(transport: Transport) -> dict[str, Any]:
    """Tell what answers, as far as its data depend on it, without any secret.

    Notes
    -----
    A port of this machine may be another server tomorrow (a new process, another tunnel), so there the moment at which
    the server was started belongs to it. Who asks may decide what there is to see: the user, headers and parameters
    count, as a hash; but no password, token or cookie, which change while the data do not.
    """
    access = transport.access
    headers = {name.lower(): str(value) for name, value in access.headers.items()}
    asking = sorted(pair for pair in headers.items() if pair[0] not in _CREDENTIALS)
    who = repr((_user(access.auth), asking, sorted((name, str(value)) for name, value in access.params.items())))
    return {
        "server": transport.url,
        "engine": str(transport.engine()),
        "params": dict(transport.engine().query_params),
        "who": hashlib.blake2b(who.encode(), digest_size=16).hexdigest(),
        "started": _started(transport) if is_loopback(transport.url) else "",
    }


def _user(auth: Any) -> str:  # noqa: ANN401 - what requests takes
    if not isinstance(auth, tuple):
        return ""
    return auth[0].decode() if isinstance(auth[0], bytes) else str(auth[0])


def _started(transport: Transport) -> str:
    """When the server was started; empty where it does not tell."""
    try:
        return str(transport.call("api/v1/status/runtimeinfo").data["startTime"])
    except (QueryError, KeyError, TypeError):
        return ""
    except ServerUnavailable as error:
        # Only what surely has no such path may go without.
        if error.status is None or not 400 <= error.status < 429:  # noqa: PLR2004 - 429 is "try again later"
            raise
        return ""
