"""Ready-made PromQL over the metrics of a served model: each function returns the text of a query.

Each takes the same four arguments:

name
    Value of ``model_name``, or several; None for all models.
window
    How far back it looks: ``"5m"``, a number of seconds, a timedelta; at least four scrape intervals. For a dashboard
    also a variable of Grafana's, such as ``"$__rate_interval"``.
by
    Labels that stay, as in ``by="model_version"`` or ``by=("model_version", "instance")``; all others are summed over.
where
    Further labels and their values, as in ``{"model_version": "2"}``.

Only what was answered counts: a canary's predictions do, those of a shadow are read by :func:`of_shadow`.

A ratio over nothing gives no sample, never a false 0 or 1 and never NaN. Counters are read by ``rate()``, per replica
and before they are summed, so that a restart is no loss and no jump. ``rate()`` extrapolates from the first and last
scrape to the ends of the window; a ratio cancels that where all its counters were well above 0, or all at 0, when the
window began. Near 0 ``rate()`` extrapolates less, so that counters which began to grow just then weigh up to one scrape
interval less than others: a few percent in a window of few scrapes, next to nothing in a long one. A series that is not
there from its 0 on loses its first step: declare the classes of a model that does not tell them.

Examples
--------
>>> import monitorkit as mk
>>> mk.queries.throughput("digits", window="1m")
'sum(rate(inference_requests_total{model_name="digits",status="ok"}[1m]))'
"""

from __future__ import annotations

from monitorkit.metrics.queries.calibration import brier, confidence, ece, overconfidence, reliability
from monitorkit.metrics.queries.classification import (
    accuracy,
    f1,
    mistake_share,
    precision,
    prediction_share,
    recall,
    subset_accuracy,
)
from monitorkit.metrics.queries.drift import feature_share, hellinger, js, kl, most_drifted, psi, reference_share
from monitorkit.metrics.queries.feedback import feedback_delay, feedback_lost, feedback_rate, labelled_share
from monitorkit.metrics.queries.performance import (
    apdex,
    batch_fill,
    batch_size,
    cpu_per_request,
    error_rate,
    in_flight,
    latency_mean,
    latency_quantile,
    phase_mean,
    phase_share,
    queue_length,
    request_rate,
    shed_rate,
    throughput,
)
from monitorkit.metrics.queries.regression import bias, error_quantile, mae, r2, rmse
from monitorkit.metrics.queries.shadow import of_shadow, shadow_agreement, shadow_dropped

__all__ = [
    "accuracy",
    "apdex",
    "batch_fill",
    "batch_size",
    "bias",
    "brier",
    "confidence",
    "cpu_per_request",
    "ece",
    "error_quantile",
    "error_rate",
    "f1",
    "feature_share",
    "feedback_delay",
    "feedback_lost",
    "feedback_rate",
    "hellinger",
    "in_flight",
    "js",
    "kl",
    "labelled_share",
    "latency_mean",
    "latency_quantile",
    "mae",
    "mistake_share",
    "most_drifted",
    "of_shadow",
    "overconfidence",
    "phase_mean",
    "phase_share",
    "precision",
    "prediction_share",
    "psi",
    "queue_length",
    "r2",
    "recall",
    "reference_share",
    "reliability",
    "request_rate",
    "rmse",
    "shadow_agreement",
    "shadow_dropped",
    "shed_rate",
    "subset_accuracy",
    "throughput",
]
