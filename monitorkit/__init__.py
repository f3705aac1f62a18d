"""Watch an AI model at work, from a Jupyter notebook.

The ideas, each a package of its own that imports only from those before it:

``metrics`` what a model exports · ``serving`` the model server · ``query`` PromQL to DataFrame · ``services`` real
Prometheus processes · ``alerting`` rules · ``dashboards`` panels, drawing, Grafana files · ``scenarios`` traffic ·
``notebook`` live views.

Importing this starts nothing, prints nothing and registers nothing; each name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from monitorkit.lazy import lazy_names

if TYPE_CHECKING:
    from monitorkit.alerting import AlertRule, write_rules
    from monitorkit.dashboards import Dashboard, Row, heatmap, panels, plot
    from monitorkit.errors import (
        DashboardError,
        InvalidType,
        InvalidValue,
        MonitorkitError,
        QueryError,
        RuleError,
        ServerUnavailable,
        ServiceError,
        Unsupported,
    )
    from monitorkit.metrics import Drift, ErrorScale, limit_series, queries
    from monitorkit.promql import expr
    from monitorkit.query import increase, join, quantiles, read, record, tidy, write
    from monitorkit.running import status, stop_all
    from monitorkit.scenarios import traffic
    from monitorkit.services import Prometheus, connect, replay, start_node_exporter, start_prometheus
    from monitorkit.serving import Batching, ModelServer, instrument, serve, watch

__version__ = "0.1.0"

_HOMES: dict[str, tuple[str, ...]] = {
    "alerting": ("AlertRule", "write_rules"),
    "dashboards": ("Dashboard", "Row", "heatmap", "panels", "plot"),
    "errors": (
        "DashboardError",
        "InvalidType",
        "InvalidValue",
        "MonitorkitError",
        "QueryError",
        "RuleError",
        "ServerUnavailable",
        "ServiceError",
        "Unsupported",
    ),
    "metrics": ("Drift", "ErrorScale", "limit_series", "queries"),
    "promql": ("expr",),
    "query": ("increase", "join", "quantiles", "read", "record", "tidy", "write"),
    "running": ("status", "stop_all"),
    "scenarios": ("traffic",),
    "services": ("Prometheus", "connect", "replay", "start_node_exporter", "start_prometheus"),
    "serving": ("Batching", "ModelServer", "instrument", "serve", "watch"),
}

__all__ = [
    "AlertRule",
    "Batching",
    "Dashboard",
    "DashboardError",
    "Drift",
    "ErrorScale",
    "InvalidType",
    "InvalidValue",
    "ModelServer",
    "MonitorkitError",
    "Prometheus",
    "QueryError",
    "Row",
    "RuleError",
    "ServerUnavailable",
    "ServiceError",
    "Unsupported",
    "connect",
    "expr",
    "heatmap",
    "increase",
    "instrument",
    "join",
    "limit_series",
    "panels",
    "plot",
    "quantiles",
    "queries",
    "read",
    "record",
    "replay",
    "serve",
    "start_node_exporter",
    "start_prometheus",
    "status",
    "stop_all",
    "tidy",
    "traffic",
    "watch",
    "write",
    "write_rules",
]


__getattr__ = lazy_names(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:  # noqa: ANN401 - IPython's shell
    """Do what ``%load_ext monitorkit`` asks for: the magics ``%promql`` and ``%%promql``, and completion."""
    import_module("monitorkit.notebook.extension").load(ipython)


def unload_ipython_extension(ipython: Any) -> None:  # noqa: ANN401 - as above
    """Undo ``%load_ext monitorkit``."""
    import_module("monitorkit.notebook.extension").unload(ipython)
