"""Alert rules as Grafana's alerting files hold them: the same rules, evaluated by Grafana.

Source: Grafana documentation, "Provision alerting resources with files". Only fields that Grafana 10 to 13 know are
written, and ``keepFiringFor`` (12 and later) where a rule asks for it.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from monitorkit.alerting.annotations import ACTION
from monitorkit.dashboards.grafana import grafana_duration, panel_ids
from monitorkit.durations import Duration, seconds
from monitorkit.errors import InvalidValue, RuleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from monitorkit.alerting.rules import AlertRule
    from monitorkit.dashboards.board import Dashboard

__all__ = ["grafana_rules", "grafana_template"]

DATASOURCE_UID = "prometheus"
"""Under which the provisioned data source is found; a rule cannot use a dashboard's variable."""

_EXPRESSION_UID = "__expr__"
_SCHEDULER_SECONDS = 10
_EVALUATORS = {">": "gt", "<": "lt"}
_DOLLAR = re.compile(r"\$(\w*)")
_OWN_SCOPE = re.compile(r"\{\{-?\s*(?:range|with|block|define)\b")


def grafana_rules(
    rules: Iterable[AlertRule],
    *,
    boards: Sequence[Dashboard] = (),
    group: str = "monitorkit",
    folder: str = "monitorkit",
    interval: Duration = "30s",
) -> dict[str, Any]:
    """Write alert rules as a provisioning file of Grafana's alerting.

    A rule that compares a query with a number becomes the query, its last value and the threshold, so that Grafana
    shows all three. Any other becomes a query whose every series is an alert, as in Prometheus. No data is no alert, as
    there.

    Parameters
    ----------
    rules
        The rules.
    boards
        Dashboards; a rule over the query of one of their panels is linked to that panel.
    group, folder
        Names that Grafana shows.
    interval
        How often the rules are evaluated; a multiple of 10 s, in which Grafana's scheduler works.

    Returns
    -------
    dict
        The document, to be written as YAML into ``provisioning/alerting``.

    Raises
    ------
    InvalidValue
        If the interval is no multiple of 10 s.
    RuleError
        If a template holds what Grafana's cannot.

    Examples
    --------
    >>> from monitorkit.alerting import low_accuracy
    >>> (rule,) = grafana_rules([low_accuracy()])["groups"][0]["rules"]
    >>> rule["title"], rule["data"][2]["model"]["conditions"]
    ('LowAccuracy', [{'evaluator': {'type': 'lt', 'params': [0.9]}}])
    """
    length = seconds(interval, name="interval")
    if not length or length % _SCHEDULER_SECONDS:
        raise InvalidValue(
            f"interval: {interval!r} is no multiple of {_SCHEDULER_SECONDS}s, in which Grafana evaluates"
        )
    titled = list(_titled(rules))
    if not titled:
        return {"apiVersion": 1}
    written = [_rule(rule, title, boards) for title, rule in titled]
    head = {"orgId": 1, "name": group, "folder": folder, "interval": grafana_duration(length)}
    return {"apiVersion": 1, "groups": [head | {"rules": written}]}


def grafana_template(text: str, where: str) -> str:
    """Turn a template of Prometheus into one of Grafana.

    ``.Value`` is a text there, and the number is ``.Values.B.Value``. No ``$`` is left: Grafana's files take it for an
    environment variable, and its versions differ in how it can be escaped.

    Parameters
    ----------
    text
        The value of a label or annotation.
    where
        What it is, for the error message.

    Examples
    --------
    >>> grafana_template("{{ $labels.job }} is at {{ .Value | humanize }}", "annotation")
    '{{ .Labels.job }} is at {{ .Values.B.Value | humanize }}'
    """
    if "$" in text and _OWN_SCOPE.search(text):
        raise RuleError(f"{where}: '$' beside 'range' or 'with' cannot be written for Grafana: {text!r}; use '.Labels'")
    pieces = []
    position = 0
    for action in ACTION.finditer(text):
        pieces += [_plain(text[position : action.start()]), _action(action[0], where)]
        position = action.end()
    return "".join([*pieces, _plain(text[position:])])


def _plain(text: str) -> str:
    """Text outside of braces: a dollar sign is written by the template."""
    return text.replace("$", r'{{ "\u0024" }}')


def _action(action: str, where: str) -> str:
    names = {"labels": ".Labels", "value": ".Value"}
    for match in _DOLLAR.finditer(action):
        if match[1] not in names:
            raise RuleError(f"{where}: {match[0]!r} cannot be written for Grafana; use '.Labels' and '.Value'")
    return re.sub(r"\.Value\b", ".Values.B.Value", _DOLLAR.sub(lambda match: names[match[1]], action))


def _titled(rules: Iterable[AlertRule]) -> Iterator[tuple[str, AlertRule]]:
    """Rules with titles of their own: Grafana refuses two of one title in a folder, Prometheus does not."""
    seen: set[str] = set()
    for rule in rules:
        title, number = rule.name, 1
        while title in seen:
            number += 1
            title = f"{rule.name} ({number})"
        seen.add(title)
        yield title, rule


def _rule(rule: AlertRule, title: str, boards: Sequence[Dashboard]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "uid": _uid(title),
        "title": title,
        "condition": "C",
        "for": rule.for_,
        "noDataState": "OK",
        "execErrState": "Error",
        "isPaused": False,
        "labels": _templates(rule.all_labels, f"{rule.name}: label"),
        "annotations": _templates(dict(rule.annotations), f"{rule.name}: annotation"),
        "data": _data(rule),
    }
    if rule.keep_firing_for is not None:
        written["keepFiringFor"] = rule.keep_firing_for
    return written | _link(rule, boards)


def _uid(title: str) -> str:
    """At most 40 plain characters, the same each time, another for another title."""
    plain = re.sub(r"[^a-zA-Z0-9_-]+", "-", title)[:31].strip("-").lower()
    return f"{plain}-{hashlib.sha256(title.encode()).hexdigest()[:8]}".strip("-")


def _templates(texts: dict[str, str], where: str) -> dict[str, str]:
    return {name: grafana_template(text, f"{where} {name!r}") for name, text in texts.items()}


def _data(rule: AlertRule) -> list[dict[str, Any]]:
    """The chain from the query A over its last value B to the condition C."""
    condition = rule.condition
    if condition is not None and condition.op in _EVALUATORS:
        evaluator = {"type": _EVALUATORS[condition.op], "params": [condition.value]}
        return [
            _query(condition.query),
            # NaN compares with nothing, as in Prometheus: it is dropped.
            _step("B", {"type": "reduce", "expression": "A", "reducer": "last", "settings": {"mode": "dropNN"}}),
            _step("C", {"type": "threshold", "expression": "B", "conditions": [{"evaluator": evaluator}]}),
        ]
    # The expression is its own filter: what is left of it is an alert, whatever its value.
    return [
        _query(rule.expr),
        _step("B", {"type": "reduce", "expression": "A", "reducer": "last"}),
        _step("C", {"type": "math", "expression": "is_number($B) || is_nan($B) || is_inf($B)"}),
    ]


def _query(expr: str) -> dict[str, Any]:
    return {
        "refId": "A",
        "datasourceUid": DATASOURCE_UID,
        "relativeTimeRange": {"from": 600, "to": 0},
        "model": {
            "refId": "A",
            "datasource": {"type": "prometheus", "uid": DATASOURCE_UID},
            "editorMode": "code",
            "expr": expr,
            "instant": True,
            "range": False,
            "intervalMs": 1000,
            "maxDataPoints": 43200,
        },
    }


def _step(ref: str, model: dict[str, Any]) -> dict[str, Any]:
    return {
        "refId": ref,
        "datasourceUid": _EXPRESSION_UID,
        "relativeTimeRange": {"from": 0, "to": 0},
        "model": {"refId": ref, "datasource": {"type": _EXPRESSION_UID, "uid": _EXPRESSION_UID}} | model,
    }


def _link(rule: AlertRule, boards: Sequence[Dashboard]) -> dict[str, Any]:
    """The panel that draws what the rule looks at, if any does."""
    query = "".join((rule.condition.query if rule.condition else rule.expr).split())
    for board in boards:
        for number, placed in zip(panel_ids(board), board.placed(), strict=True):
            targets = getattr(placed.item, "targets", ())
            if any("".join(target.expr.split()) == query for target in targets):
                return {"dashboardUid": board.uid, "panelId": number}
    return {}
