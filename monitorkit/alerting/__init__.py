"""Alerting rules: values that Prometheus, Grafana and panels all read.

A rule needs no server. :func:`write_rules` turns rules into a file, ``start_prometheus(rules=...)`` loads them, and
``prom.alerts()`` tells their state; :func:`wait_for_state` awaits one.
"""

from monitorkit.alerting.conditions import Condition, condition_of
from monitorkit.alerting.files import read_rules, write_rules
from monitorkit.alerting.rules import AlertRule
from monitorkit.alerting.standard import high_latency, high_latency_mean, low_accuracy, standard_rules
from monitorkit.alerting.states import wait_for_state

__all__ = [
    "AlertRule",
    "Condition",
    "condition_of",
    "high_latency",
    "high_latency_mean",
    "low_accuracy",
    "read_rules",
    "standard_rules",
    "wait_for_state",
    "write_rules",
]
