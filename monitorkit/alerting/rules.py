"""Alerting rules as values: made, changed, compared, and written the way Prometheus reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Self

from monitorkit.alerting.annotations import check_template
from monitorkit.alerting.conditions import Condition, condition_of, with_threshold
from monitorkit.documents import yaml_text
from monitorkit.durations import Duration, format_duration, seconds
from monitorkit.errors import InvalidType, InvalidValue, RuleError

__all__ = ["AlertRule"]

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_RESERVED = {"__name__", "alertname"}
_KEYS = {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}


@dataclass(frozen=True)
class AlertRule:
    """An alerting rule of Prometheus.

    Parameters
    ----------
    name
        What the alert is called; becomes its label ``alertname``.
    expr
        PromQL; each series of its result is one alert.
    for_
        How long a series must stay in the result before its alert fires: ``"1m"``, a number of seconds or a timedelta.
        Until then it is pending.
    keep_firing_for
        How long the alert goes on firing after its series has gone. None: not at all.
    severity
        The label ``severity``, by which alerts are usually routed: ``"page"``, ``"ticket"``.
    labels
        More labels of the alert. Values may be templates, as annotations.
    annotations
        Texts for the person who gets the alert, for example ``summary`` and ``description``. ``{{ .Labels.instance }}``
        is a label of the series and ``{{ .Value }}`` its value; this form works in Prometheus and in Grafana.

    Raises
    ------
    RuleError
        If the name is empty, the expression is, a duration is none, a label cannot be called so, or a template's braces
        do not match. Whether the expression is PromQL is for Prometheus to say: see :func:`monitorkit.write_rules`.

    Notes
    -----
    Source: Prometheus documentation, "Alerting rules". A rule is evaluated at fixed times, ``evaluation_interval``
    apart; ``for`` is counted from the first of them at which the expression gave the series.

    Examples
    --------
    >>> rule = AlertRule("HighLatency", "avg(inference_latency_seconds) > 1", for_="1m", severity="page")
    >>> print(rule)
    alert: HighLatency
    expr: avg(inference_latency_seconds) > 1
    for: 1m
    labels:
      severity: page
    """

    name: str
    expr: str
    for_: Duration = "0s"
    keep_firing_for: Duration | None = field(default=None, kw_only=True)
    severity: str | None = field(default=None, kw_only=True)
    labels: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    annotations: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        _check_name(self.name)
        for key, value in self._settled().items():
            object.__setattr__(self, key, value)

    def __hash__(self) -> int:
        return hash((self.name, self.expr, self.for_))

    def __str__(self) -> str:
        return yaml_text(self.as_rule()).rstrip()

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    @classmethod
    def from_rule(cls, rule: Mapping[str, Any]) -> Self:
        """Read the mapping that a rule file holds: the reverse of :meth:`as_rule`.

        Raises
        ------
        RuleError
            If it is no alerting rule, or has a key that Prometheus does not know.

        Examples
        --------
        >>> AlertRule.from_rule({"alert": "Down", "expr": "up == 0", "for": "5m"}).for_
        '5m'
        """
        if not isinstance(rule, Mapping):
            raise InvalidType(f"{rule!r} is no alerting rule: give the mapping that a rule file holds")
        if "alert" not in rule or "expr" not in rule:
            raise RuleError(f"{dict(rule)!r} is no alerting rule: it needs 'alert' and 'expr'")
        if unknown := sorted(rule.keys() - _KEYS):
            raise RuleError(f"{rule['alert']}: unknown key {unknown[0]!r}; a rule has {', '.join(sorted(_KEYS))}")
        return cls(
            rule["alert"],
            str(rule["expr"]),
            rule.get("for", "0s"),
            keep_firing_for=rule.get("keep_firing_for"),
            labels=rule.get("labels") or {},
            annotations=rule.get("annotations") or {},
        )

    def as_rule(self) -> dict[str, Any]:
        """Return the rule as Prometheus' YAML has it; what says nothing is left out."""
        rule: dict[str, Any] = {"alert": self.name, "expr": self.expr}
        if self.for_ != "0s":
            rule["for"] = self.for_
        if self.keep_firing_for is not None:
            rule["keep_firing_for"] = self.keep_firing_for
        if labels := self.all_labels:
            rule["labels"] = labels
        if self.annotations:
            rule["annotations"] = dict(self.annotations)
        return rule

    @property
    def all_labels(self) -> dict[str, str]:
        """The labels that the rule sets, ``severity`` among them and first."""
        return ({"severity": self.severity} if self.severity is not None else {}) | dict(self.labels)

    @property
    def condition(self) -> Condition | None:
        """The query, operator and threshold of the expression; None where it is no comparison with a number.

        Examples
        --------
        >>> AlertRule("LowAccuracy", "model_accuracy < 0.9").condition
        Condition(query='model_accuracy', op='<', value=0.9)
        """
        return condition_of(self.expr)

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 - each field has its own type; __post_init__ checks them
        """Return the rule with some of its parameters changed.

        Examples
        --------
        >>> AlertRule("Down", "up == 0").replace(for_="5m", severity="page").as_rule()["labels"]
        {'severity': 'page'}
        """
        return replace(self, **changes)

    def with_threshold(self, value: float) -> Self:
        """Return the rule with another threshold.

        Raises
        ------
        InvalidValue
            If the expression is no comparison with a number.

        Examples
        --------
        >>> AlertRule("LowAccuracy", "model_accuracy < 0.9").with_threshold(0.95).expr
        'model_accuracy < 0.95'
        """
        return self.replace(expr=with_threshold(self.expr, value))

    def _settled(self) -> dict[str, Any]:
        """Each field but the name, checked and in its one form, so that equal rules are equal values."""
        labels = _texts(self.labels, f"{self.name}: label")
        severity = labels.pop("severity", self.severity)
        if self.severity is not None and severity != self.severity:
            raise RuleError(f"{self.name}: severity is {self.severity!r} and, among the labels, {severity!r}; give one")
        if reserved := sorted(labels.keys() & _RESERVED):
            raise RuleError(f"{self.name}: label {reserved[0]!r} is set by Prometheus itself; leave it out")
        keep = (
            None if self.keep_firing_for is None else _duration(self.keep_firing_for, f"{self.name}: keep_firing_for")
        )
        return {
            "expr": _expression(self.expr, self.name),
            "for_": _duration(self.for_, f"{self.name}: for_"),
            "keep_firing_for": None if keep == "0s" else keep,
            "severity": None if severity is None else _texts({"severity": severity}, f"{self.name}: label")["severity"],
            "labels": labels,
            "annotations": _texts(self.annotations, f"{self.name}: annotation"),
        }


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise InvalidType(f"name of an alert rule: {name!r} is no text")
    if not name.strip() or name != name.strip() or not name.isprintable():
        raise RuleError(f"name of an alert rule: {name!r} must be one line of text, as in 'HighLatency'")


def _expression(expr: object, name: str) -> str:
    if not isinstance(expr, str):
        raise InvalidType(f"{name}: expr: {expr!r} is no text; write PromQL, as in 'model_accuracy < 0.9'")
    if not expr.strip():
        raise RuleError(f"{name}: expr is empty; write PromQL, as in 'model_accuracy < 0.9'")
    return expr.strip()


def _duration(duration: Duration, where: str) -> str:
    try:
        return format_duration(seconds(duration, name=where))
    except InvalidValue as error:
        raise RuleError(str(error)) from None


def _texts(texts: Mapping[str, str], where: str) -> dict[str, str]:
    """A copy of labels or annotations whose names Prometheus takes and whose braces match."""
    if not isinstance(texts, Mapping):
        raise InvalidType(f"{where}s: {texts!r} is no mapping of names to texts, as in {{'team': 'search'}}")
    for name, text in texts.items():
        if not isinstance(name, str) or not _LABEL_NAME.fullmatch(name):
            raise RuleError(f"{where} {name!r}: a name is letters, digits and '_', and starts with no digit")
        if not isinstance(text, str):
            raise InvalidType(f"{where} {name!r}: {text!r} is no text; write {str(text)!r}")
        check_template(text, f"{where} {name!r}")
    return dict(texts)
