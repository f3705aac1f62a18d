"""What a server tells of itself: what it scrapes and evaluates, how it is set up, which program it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitorkit.arguments import checked_methods
from monitorkit.errors import InvalidValue, ServerUnavailable, Unsupported
from monitorkit.labels import NAME_LABEL
from monitorkit.lazy import lazy_module
from monitorkit.query import expressions, remarks, selection
from monitorkit.query.connection import parts
from monitorkit.query.connection.build import BuildInfo
from monitorkit.query.connection.engine import recognise
from monitorkit.query.listings import Listings

if TYPE_CHECKING:
    import pandas as pd

    from monitorkit import promql
    from monitorkit.query import tables
    from monitorkit.query.tables import TsdbStatus
else:
    promql = lazy_module("monitorkit.promql")
    tables = lazy_module("monitorkit.query.tables")

__all__ = ["ServerInfo"]

READY_TIMEOUT_SECONDS = 2.0
MIMIR, MIMIR_LIMIT = "Mimir", 500
_NOT_FOUND = 404
_TARGET_STATES = ("active", "dropped", "any")


@checked_methods
class ServerInfo(Listings):
    """What can be asked of a server that is no query: what it holds, what it does, what it is."""

    def targets(self, *, state: str = "active") -> pd.DataFrame:
        """List what the server scrapes.

        Parameters
        ----------
        state
            ``active``; ``dropped`` for what was found, but dropped by relabelling; ``any`` for both.

        Returns
        -------
        DataFrame of shape (n_targets, 6)
            ``job``, ``instance``, ``health`` (up, down, unknown or dropped), ``last_error``, ``last_scrape``, ``url``.
        """
        if state not in _TARGET_STATES:
            raise InvalidValue(f"state: {state!r} must be one of {', '.join(_TARGET_STATES)}")
        answer = self._offer.ask(parts.TARGETS, {"state": state})
        return self._framed(parts.TARGETS, answer, tables.targets)

    def rules(self) -> pd.DataFrame:
        """List what the server evaluates by itself.

        Returns
        -------
        DataFrame of shape (n_rules, 16)
            One row for each rule: ``group``, ``name``, ``type`` (alerting or recording), ``state``, ``query``,
            ``for_seconds``, ``keep_firing_for_seconds``, ``n_alerts``, ``health``, ``last_error``, ``last_evaluation``,
            ``evaluation_seconds``, ``interval_seconds``, ``labels``, ``annotations``, ``file``.
        """
        answer = self._offer.ask(parts.RULES)
        frame = self._framed(parts.RULES, answer, tables.rules)
        self._offer.remark_if_hollow(parts.RULES, empty=frame.empty)
        return frame

    def alerts(self) -> pd.DataFrame:
        """List what is pending or firing.

        Returns
        -------
        DataFrame
            ``name``, ``state`` (pending or firing), ``active_at``, ``value``, one column per label, ``annotations``.
        """
        answer = self._offer.ask(parts.ALERTS)
        frame = self._framed(parts.ALERTS, answer, tables.alerts)
        self._offer.remark_if_hollow(parts.ALERTS, empty=frame.empty)
        return frame

    def buildinfo(self) -> BuildInfo:
        """Tell which program answers, and how it was built."""
        answer = self._offer.ask(parts.BUILD)
        return self._offer.read(parts.BUILD, answer, lambda data: BuildInfo.of(data, recognise(data)))

    def flags(self) -> dict[str, str]:
        """Command-line flags of the server, by name: ``flags()["storage.tsdb.retention.time"]``."""
        answer = self._offer.ask(parts.FLAGS)
        return self._offer.read(parts.FLAGS, answer, lambda data: {str(k): str(v) for k, v in data.items()})

    def tsdb_status(self, *, limit: int = 10) -> TsdbStatus:
        """Tell which metrics and labels the stored series are made of, the largest first.

        Parameters
        ----------
        limit
            Most rows in each ranking (Prometheus before 2.45 gives ten at most).
        """
        params = selection.limited(limit) | {"topN": str(limit)}
        try:
            answer = self._offer.ask(parts.TSDB_STATUS, params)
        except Unsupported:
            if MIMIR not in self.engine:
                raise
            return self._cardinality(limit)
        return self._offer.read(parts.TSDB_STATUS, answer, lambda data: tables.tsdb_status(data, limit=limit))

    def format_query(self, expr: str) -> str:
        """Write a query in its canonical form.

        Where the server has no formatter, monitorkit's own does it, with a remark.

        Raises
        ------
        QueryError
            If it is no valid query.
        """
        try:
            return str(self._offer.ask(parts.FORMAT_QUERY, {"query": expressions.checked(expr)}, method="POST").data)
        except Unsupported as missing:
            remarks.issue([f"this server has no {missing.what}; monitorkit formatted the query by itself"])
            return promql.format(expr)

    def _cardinality(self, limit: int) -> TsdbStatus:
        """What Mimir tells in place of the status of a database; at most 500 rows."""
        params: dict[str, Any] = {"limit": str(min(limit, MIMIR_LIMIT))}
        labels = self._offer.ask(parts.LABEL_CARDINALITY, params)
        metrics = self._offer.ask(parts.METRIC_CARDINALITY, params | {"label_names[]": [NAME_LABEL]})
        return self._offer.read(
            parts.METRIC_CARDINALITY, metrics, lambda data: tables.cardinality_status(labels.data, data, limit=limit)
        )

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
