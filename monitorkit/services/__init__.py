"""Real processes: Prometheus found, installed, configured, started; promtool asked.

Each name is loaded when it is first used, so that :func:`start_prometheus` has its process running before the slow
libraries of the client are loaded: they come in while Prometheus does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitorkit.services.binaries import find, install
    from monitorkit.services.connection import connect
    from monitorkit.services.prometheus import Prometheus
    from monitorkit.services.rule_files import check_rules, rule_document
    from monitorkit.services.start import start_prometheus

__all__ = ["Prometheus", "check_rules", "connect", "find", "install", "rule_document", "start_prometheus"]

_HOME = {
    "Prometheus": "prometheus",
    "check_rules": "rule_files",
    "connect": "connection",
    "find": "binaries",
    "install": "binaries",
    "rule_document": "rule_files",
    "start_prometheus": "start",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
