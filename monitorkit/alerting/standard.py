"""Rules that are ready to use, over the metrics of a served model.

Their texts name no threshold, only the value: a threshold stands in the expression alone, where it can be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit import metrics
from monitorkit.alerting.conditions import Condition
from monitorkit.alerting.rules import AlertRule
from monitorkit.durations import Duration, format_duration, seconds
from monitorkit.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["high_latency", "high_latency_mean", "low_accuracy", "standard_rules"]

_BATCH = (
    "Let the server answer several requests at once (batching), or add replicas; if the queue is empty, the model "
    "itself is slow: profile it, or serve a smaller one."
)


def high_latency(
    threshold: Duration = "1s",
    *,
    for_: Duration = "1m",
    severity: str = "page",
    labels: Mapping[str, str] | None = None,
) -> AlertRule:
    """Return the rule that fires when the last request was slow.

    Parameters
    ----------
    threshold
        Latency above which it fires.
    for_
        How long it must last.
    severity, labels
        As for :class:`AlertRule`.

    Notes
    -----
    ``inference_latency_seconds`` holds the latency of the last request before each scrape. One slow request that
    happens to be the last raises it, and a hundred slow ones before a quick one do not. :func:`high_latency_mean` sees
    them all.

    Examples
    --------
    >>> high_latency("500ms").expr
    'avg(inference_latency_seconds) > 0.5'
    """
    limit = _latency(threshold)
    return AlertRule(
        "HighLatency",
        Condition("avg(inference_latency_seconds)", ">", limit).expr,
        for_,
        severity=severity,
        labels=labels or {},
        annotations={
            "summary": "Inference takes {{ .Value | humanizeDuration }}",
            "description": "Latency of the last request, averaged over the model servers.",
            "action": _BATCH,
        },
    )


def high_latency_mean(
    threshold: Duration = "1s",
    *,
    window: Duration = "5m",
    for_: Duration = "1m",
    severity: str = "page",
    labels: Mapping[str, str] | None = None,
) -> AlertRule:
    """Return the rule that fires when requests are slow on average: all of them, over any number of replicas.

    Parameters
    ----------
    threshold
        Mean latency above which it fires.
    window
        Time over which requests are averaged; at least four scrape intervals.
    for_
        How long it must last.
    severity, labels
        As for :class:`AlertRule`.

    Notes
    -----
    The query is :func:`monitorkit.queries.latency_mean`: no sample, and no alert, while there are no requests.

    Examples
    --------
    >>> high_latency_mean().condition.value
    1.0
    """
    limit = _latency(threshold)
    mean = metrics.queries.latency_mean(window=window, by=("model_name", "model_version"))
    return AlertRule(
        "HighLatencyMean",
        Condition(mean, ">", limit).expr,
        for_,
        severity=severity,
        labels=labels or {},
        annotations={
            "summary": "Requests to {{ .Labels.model_name }} take {{ .Value | humanizeDuration }} on average",
            "description": (
                "Mean latency of version {{ .Labels.model_version }}, over all requests of the last "
                f"{format_duration(window)}."
            ),
            "action": _BATCH,
        },
    )


def low_accuracy(
    threshold: float = 0.90,
    *,
    for_: Duration = "1m",
    severity: str = "ticket",
    labels: Mapping[str, str] | None = None,
) -> AlertRule:
    """Return the rule that fires when a model is right too rarely.

    Parameters
    ----------
    threshold
        Accuracy below which it fires, as a share from 0 to 1.
    for_
        How long it must last.
    severity, labels
        As for :class:`AlertRule`.

    Raises
    ------
    RuleError
        If the threshold is no share.

    Notes
    -----
    Accuracy is measured from labels that come after the predictions. The alert is late by as much, and a model without
    labels raises none.

    Examples
    --------
    >>> low_accuracy(0.95).expr
    'model_accuracy < 0.95'
    """
    if not 0 < threshold <= 1:
        raise RuleError(f"LowAccuracy: threshold {threshold!r} is no share; write 0.9 for 90 %")
    return AlertRule(
        "LowAccuracy",
        Condition("model_accuracy", "<", threshold).expr,
        for_,
        severity=severity,
        labels=labels or {},
        annotations={
            "summary": "{{ .Labels.model_name }} is right in only {{ .Value | humanizePercentage }} of cases",
            "description": "The accuracy of version {{ .Labels.model_version }}, over its latest labelled predictions.",
            "action": (
                "Compare the data with what the model was trained on; if it has changed, retrain on recent labelled "
                "data and roll out the new version, or roll back if this one is new."
            ),
        },
    )


def standard_rules(*, latency: Duration = "1s", accuracy: float = 0.90, for_: Duration = "1m") -> list[AlertRule]:
    """Return the rules of this module, with their thresholds.

    Examples
    --------
    >>> [rule.name for rule in standard_rules()]
    ['HighLatency', 'HighLatencyMean', 'LowAccuracy']
    """
    return [high_latency(latency, for_=for_), high_latency_mean(latency, for_=for_), low_accuracy(accuracy, for_=for_)]


def _latency(threshold: Duration) -> float:
    limit = seconds(threshold, name="threshold")
    if not limit:
        raise RuleError("HighLatency: threshold 0 is always exceeded; write '1s', for example")
    return limit
