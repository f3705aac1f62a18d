"""What is known of the server that the PromQL at a place goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit import running
from monitorkit.errors import InvalidValue
from monitorkit.notebook.source import Sources
from monitorkit.promql.cursor.known import NOTHING
from monitorkit.query import PrometheusClient
from monitorkit.query.catalog import Catalog

if TYPE_CHECKING:
    from monitorkit.notebook.places import Place
    from monitorkit.promql.cursor.known import Known

__all__ = ["PATIENCE_SECONDS", "known_at", "warm"]

PATIENCE_SECONDS = 0.06
"""How long a completion waits for what a server has not been asked before; most answer sooner."""

_sources = Sources()


def known_at(place: Place) -> Known:
    """What is known of the server that is meant at a place; waits for it no longer than `PATIENCE_SECONDS`."""
    client = place.client
    if client is None:
        try:
            client = _sources.client((place.options or {}).get("--url") or None)
        except InvalidValue:
            return NOTHING
    return Catalog.of(client).within(PATIENCE_SECONDS)


def warm() -> None:
    """Begin to fetch what is asked of the latest server first, so that it is there when it is wanted."""
    client = running.latest("prometheus")
    if isinstance(client, PrometheusClient):
        Catalog.of(client).warm()
