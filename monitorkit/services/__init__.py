"""Real processes: Prometheus found, installed, configured, started; promtool asked."""

from __future__ import annotations

from monitorkit.services.binaries import find, install
from monitorkit.services.prometheus import Prometheus
from monitorkit.services.rule_files import check_rules, rule_document
from monitorkit.services.start import connect, start_prometheus

__all__ = ["Prometheus", "check_rules", "connect", "find", "install", "rule_document", "start_prometheus"]
