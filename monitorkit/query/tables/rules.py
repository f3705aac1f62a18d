"""What a server evaluates by itself: its rules, and the alerts that they raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from monitorkit.query.frames import free_names
from monitorkit.query.tables.columns import dicts, integers, numbers, texts, times

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["alerts", "rules"]

_ALERT_NAME = "alertname"


def rules(data: Mapping[str, Any]) -> pd.DataFrame:
    """Frame of rules, from the answer to ``/api/v1/rules``.

    Returns
    -------
    DataFrame of shape (n_rules, 16)
        One row for each rule, in the order of evaluation within a group: ``group``, ``name``, ``type`` (alerting or
        recording), ``state`` (inactive, pending, firing; empty for a recording rule), ``query``, ``for_seconds`` and
        ``keep_firing_for_seconds`` (NaN for a recording rule), ``n_alerts`` (pending and firing), ``health``,
        ``last_error``, ``last_evaluation``, ``evaluation_seconds`` (how long the last one took),
        ``interval_seconds``, ``labels`` and ``annotations`` (dicts), ``file``.
    """
    groups = data.get("groups") or ()
    found = [(group, rule) for group in groups for rule in group.get("rules") or ()]
    only = [rule for _, rule in found]
    return pd.DataFrame(
        {
            "group": texts(group.get("name") for group, _ in found),
            "name": texts(rule.get("name") for rule in only),
            "type": texts(rule.get("type") for rule in only),
            "state": texts(rule.get("state") if rule.get("type") == "alerting" else "" for rule in only),
            "query": texts(rule.get("query") for rule in only),
            "for_seconds": numbers(_alerting(rule, "duration") for rule in only),
            # vmalert writes it with underscores, Prometheus before 2.42 not at all.
            "keep_firing_for_seconds": numbers(_alerting(rule, "keepFiringFor", "keep_firing_for") for rule in only),
            "n_alerts": integers(len(rule.get("alerts") or ()) for rule in only),
            "health": texts(rule.get("health") for rule in only),
            "last_error": texts(rule.get("lastError") for rule in only),
            "last_evaluation": times(rule.get("lastEvaluation") for rule in only),
            "evaluation_seconds": numbers(rule.get("evaluationTime") for rule in only),
            "interval_seconds": numbers(group.get("interval") for group, _ in found),
            "labels": dicts(rule.get("labels") for rule in only),
            "annotations": dicts(rule.get("annotations") for rule in only),
            "file": texts(group.get("file") for group, _ in found),
        }
    )


def alerts(data: Mapping[str, Any]) -> pd.DataFrame:
    """Frame of what is pending or firing, from the answer to ``/api/v1/alerts``.

    Returns
    -------
    DataFrame of shape (n_alerts, 4 + n_labels + 1)
        ``name``, ``state`` (pending or firing), ``active_at``, ``value``, then one column for each label (absent:
        ``""``; one that is called like another column gets ``label_`` before it), then ``annotations`` as dicts.
    """
    active: list[Mapping[str, Any]] = list(data.get("alerts") or ())
    labels = [alert.get("labels") or {} for alert in active]
    columns: dict[str, Any] = {
        "name": texts(each.get(_ALERT_NAME) for each in labels),
        "state": texts(alert.get("state") for alert in active),
        "active_at": times(alert.get("activeAt") for alert in active),
        "value": numbers(alert.get("value") for alert in active),
    }
    names = sorted({name for each in labels for name in each} - {_ALERT_NAME})
    free = free_names(names, [*columns, "annotations"])
    columns |= {column: texts(each.get(name) for each in labels) for column, name in zip(free, names, strict=True)}
    return pd.DataFrame({**columns, "annotations": dicts(alert.get("annotations") for alert in active)})


def _alerting(rule: Mapping[str, Any], *keys: str) -> float | None:
    """A duration of an alerting rule, 0 where it is not said."""
    if rule.get("type") != "alerting":
        return None
    return float(next((rule[key] for key in keys if rule.get(key) is not None), 0))
