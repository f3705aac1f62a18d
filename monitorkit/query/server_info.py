"""What a server tells beside query results: its labels, targets and alerts, and what it is itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.errors import ServerUnavailable
from monitorkit.query import tables
from monitorkit.query.selection import label_path

if TYPE_CHECKING:
    import pandas as pd

    from monitorkit.query.transport import Transport

__all__ = ["ServerInfo"]

READY_TIMEOUT_SECONDS = 2.0
_NOT_FOUND = 404


class ServerInfo:
    """What can be asked of a server that is no query."""

    _transport: Transport

    @property
    def url(self) -> str:
        """Root of the server."""
        return self._transport.url

    def targets(self) -> pd.DataFrame:
        """List what the server scrapes.

        Returns
        -------
        DataFrame of shape (n_targets, 6)
            ``job``, ``instance``, ``health`` (up, down or unknown), ``last_error``, ``last_scrape``, ``url``.
        """
        return tables.targets(self._transport.call("api/v1/targets", {"state": "active"}).data)

    def alerts(self) -> pd.DataFrame:
        """List what is pending or firing.

        Returns
        -------
        DataFrame
            ``name``, ``state`` (pending or firing), ``active_at``, ``value``, one column per label, ``annotations``.
        """
        return tables.alerts(self._transport.call("api/v1/alerts").data)

    def labels(self, *, match: str | None = None) -> list[str]:
        """Names of all labels, or of those on the series that a selector matches."""
        return list(self._transport.call("api/v1/labels", {"match[]": match} if match else None).data)

    def label_values(self, label: str, *, match: str | None = None) -> list[str]:
        """Values of one label, for example the metric names: ``label_values("__name__")``."""
        path = f"api/v1/label/{label_path(label)}/values"
        return list(self._transport.call(path, {"match[]": match} if match else None).data)

    def ready(self) -> bool:
        """Whether the server answers queries."""
        timeout_seconds = min(READY_TIMEOUT_SECONDS, self._transport.timeout_seconds)
        try:
            status = self._transport.fetch("-/ready", timeout_seconds=timeout_seconds).status
            if status == _NOT_FOUND:
                # Behind a path prefix, or with another engine, this path may not be there.
                status = self._transport.fetch("api/v1/query", {"query": "1"}, timeout_seconds=timeout_seconds).status
        except ServerUnavailable:
            return False
        return 200 <= status < 300  # noqa: PLR2004 - the class of success

    @property
    def engine(self) -> str:
        """Name of the program that answers, such as ``Prometheus``; empty where it does not tell."""
        return self._transport.engine().name

    @property
    def version(self) -> str:
        """Version of the server, such as ``3.5.3``; empty where it does not tell."""
        return self._transport.engine().version
