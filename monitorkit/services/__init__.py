"""Real processes: Prometheus found, installed, configured, started; promtool asked.

Each name is loaded when it is first used, so that :func:`start_prometheus` has its process running before the slow
libraries of the client are loaded: they come in while Prometheus does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.lazy import lazy_names

if TYPE_CHECKING:
    from monitorkit.services.connection import connect
    from monitorkit.services.node_exporter import NodeExporter, start_node_exporter
    from monitorkit.services.programs.binaries import find, install
    from monitorkit.services.prometheus import Prometheus
    from monitorkit.services.recorded import Replay, replay
    from monitorkit.services.setup.rule_files import check_rules, rule_document
    from monitorkit.services.start import start_prometheus

__all__ = [
    "NodeExporter",
    "Prometheus",
    "Replay",
    "check_rules",
    "connect",
    "find",
    "install",
    "replay",
    "rule_document",
    "start_node_exporter",
    "start_prometheus",
]

__getattr__ = lazy_names(
    __name__,
    {
        "programs.binaries": ("find", "install"),
        "connection": ("connect",),
        "node_exporter": ("NodeExporter", "start_node_exporter"),
        "prometheus": ("Prometheus",),
        "recorded": ("Replay", "replay"),
        "setup.rule_files": ("check_rules", "rule_document"),
        "start": ("start_prometheus",),
    },
)
