"""Dashboards that are ready to use, over the metrics of a served model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit import metrics
from monitorkit.dashboards.board import Dashboard
from monitorkit.dashboards.panels import Gauge, Query, Stat, TimeSeries, above
from monitorkit.dashboards.rows import Row
from monitorkit.durations import Duration, format_duration

if TYPE_CHECKING:
    from monitorkit.dashboards.thresholds import Limit

__all__ = ["inference"]

_WINDOW = "$__rate_interval"
_MODEL = "{{model_name}} {{model_version}}"

# Of what each process computes anyway: in PromQL, PSI of some hundred features would be asked for every few seconds.
_PSI = 'model_feature_drift{statistic="psi"}'
# Of 20 rows like those of the reference PSI is above 0.25 nine times in ten, of 200 never.
_ENOUGH = 200
_TOLD = f"({_PSI} and on (job, instance, model_name, model_version) model_drift_rows >= {_ENOUGH})"
_DRIFTED = (above(0.1, "orange"), above(0.25, "red"))
_N_FEATURES = 8
_NO_NUMBERS = "No labelled numbers: shown of a regressor"
_NO_REFERENCE = f"Under {_ENOUGH} rows compared: mk.serve(model, reference=X) does that"


def inference(
    title: str = "Inference",
    *,
    latency: Duration = "1s",
    accuracy: float = 0.90,
    last: Duration = "15m",
    refresh: Duration = "5s",
) -> Dashboard:
    """Dashboard of a served model: how fast it answers, how often it is right, and what that costs the machine.

    Parameters
    ----------
    title
        Heading.
    latency
        Latency from which on panels turn red, as in :func:`monitorkit.alerting.standard.high_latency`.
    accuracy
        Accuracy and recall under which they do, from 0 to 1, as in :func:`monitorkit.alerting.standard.low_accuracy`.
    last, refresh
        How far it looks back, and how often it asks again.

    Examples
    --------
    >>> [row.title for row in inference().rows]
    ['Now', 'Performance', 'Effect', 'Errors', 'Drift', 'Machine']
    """
    from monitorkit.alerting.standard import high_latency, low_accuracy  # noqa: PLC0415 - it loads what checks rules

    slow = high_latency(latency)
    wrong = low_accuracy(accuracy)
    return Dashboard(
        title,
        [
            Row(
                "Now", [_throughput_now(), _errors_now(), _latency_now(slow), _accuracy_now(wrong), _recall_now(wrong)]
            ),
            Row("Performance", [_throughput(), _latency(slow)]),
            Row("Effect", [_effect(wrong)]),
            Row("Errors", [_errors(), _r2()], optional=True),
            Row("Drift", [_drift_now(), _drift()], optional=True),
            Row("Machine", [*_usage_now(), _usage()]),
        ],
        description="A served model: how fast it answers, how often it is right, what it costs the machine.",
        tags=("monitorkit", "inference"),
        last=format_duration(last),
        refresh=format_duration(refresh),
    )


def _throughput_now() -> Stat:
    return Stat(
        "Throughput",
        metrics.queries.throughput(window=_WINDOW),
        unit="reqps",
        description="Requests answered with status ok, per second, over all replicas.",
    )


def _errors_now() -> Stat:
    return Stat(
        "Errors",
        metrics.queries.error_rate(status=("client_error", "server_error", "shed"), window=_WINDOW),
        unit="percentunit",
        min=0,
        thresholds=[above(0.01, "orange"), above(0.05, "red")],
        description="Share of requests that were not answered with ok: refused, wrong, or failed. "
        "While there are no requests the last share of the time shown stays.",
    )


def _latency_now(slow: Limit) -> Stat:
    return Stat(
        "Latency (p95)",
        metrics.queries.latency_quantile(quantile=0.95, window=_WINDOW),
        unit="s",
        thresholds=slow,
        description="95 of 100 requests were answered within this time, estimated from a histogram. "
        "While there are no requests the last value of the time shown stays.",
    )


def _accuracy_now(wrong: Limit) -> Stat:
    return Stat(
        "Accuracy",
        Query("model_accuracy", _MODEL),
        unit="percentunit",
        thresholds=wrong,
        description="Share of right predictions among the latest whose true labels are known. "
        "Labels come late, and so does this number; model_scored_labels says how many it is of.",
    )


def _recall_now(wrong: Limit) -> Stat:
    return Stat(
        "Recall",
        Query("model_recall", _MODEL),
        unit="percentunit",
        thresholds=wrong,
        description="How much of what it should find the model finds: true positives / (true positives + false "
        "negatives); of the positive class where there are two, else averaged over the classes.",
    )


def _throughput() -> TimeSeries:
    return TimeSeries(
        "Throughput",
        [
            Query(metrics.queries.throughput(window=_WINDOW), "answered, all replicas"),
            Query("rate(inference_requests_total[5m])", "{{status}}, 5 min"),
        ],
        unit="reqps",
        min=0,
        description="Requests per second: the sum of what was answered, beside the plain rate over 5 minutes. "
        "rate(inference_requests_total[5m]) alone gives one line per replica and status, and follows a change only "
        "over five minutes; sum(rate(...)) with $__rate_interval is the throughput of the service. Take the rate "
        "first, then the sum: a sum of counters hides the restart of one of them.",
    )


def _latency(slow: Limit) -> TimeSeries:
    return TimeSeries(
        "Latency",
        [
            Query("avg(inference_latency_seconds)", "last request"),
            Query(metrics.queries.latency_quantile(quantile=0.5, window=_WINDOW), "p50"),
            Query(metrics.queries.latency_quantile(quantile=0.95, window=_WINDOW), "p95"),
            Query(metrics.queries.latency_quantile(quantile=0.99, window=_WINDOW), "p99"),
        ],
        unit="s",
        min=0,
        thresholds=slow,
        description="Time to answer: of the last request before each scrape, beside quantiles of all requests. "
        "A last value sees one request in each scrape interval and misses the slow ones between; the histogram counts "
        "every request. Its quantiles are estimated within a bucket, and can be summed over replicas, which quantiles "
        "computed by each replica cannot.",
    )


def _effect(wrong: Limit) -> TimeSeries:
    return TimeSeries(
        "Accuracy and recall",
        [Query("model_accuracy", f"accuracy {_MODEL}"), Query("model_recall", f"recall {_MODEL}")],
        unit="percentunit",
        thresholds=wrong,
        description="How often the model is right, over a sliding window of predictions whose true labels are known. "
        "Accuracy: right predictions / all predictions. Recall: true positives / (true positives + false negatives), "
        "of the positive class where there are two, else averaged over the classes. Where classes are rare, accuracy "
        "stays high while recall falls.",
    )


def _errors() -> TimeSeries:
    return TimeSeries(
        "Errors of predicted numbers",
        [Query("model_mae", f"MAE {_MODEL}"), Query("model_rmse", f"RMSE {_MODEL}")],
        unit="none",
        min=0,
        no_data=_NO_NUMBERS,
        description="How far a regressor is off, in the unit of what it predicts, over a sliding window of predictions "
        "whose true values are known. MAE, mean absolute error; RMSE, root mean squared error, which a few large "
        "errors raise above it.",
    )


def _r2() -> TimeSeries:
    return TimeSeries(
        "R2 of predicted numbers",
        Query("model_r2", _MODEL),
        unit="none",
        max=1,
        no_data=_NO_NUMBERS,
        description="Share of the variance that a regressor explains: 1 at best, 0 for one that knows only the mean, "
        "below 0 for a worse one. It falls where errors grow, and also where the true values vary less.",
    )


def _drift_now() -> Stat:
    return Stat(
        "Furthest feature",
        Query("max by (model_name, model_version) (" + _TOLD + ")", _MODEL),
        unit="none",
        decimals=2,
        min=0,
        thresholds=_DRIFTED,
        width=6,
        height=8,
        no_data=_NO_REFERENCE,
        description="Distance of the feature that is furthest from the reference data. Population stability index, "
        "PSI, of the latest 1000 rows of each replica: under 0.1 little has changed, over 0.25 much has. Of fewer than "
        f"{_ENOUGH} rows it is large by chance, and not shown.",
    )


def _drift() -> TimeSeries:
    psi = "max by (model_name, model_version, feature) (" + _TOLD + ")"
    most = f"topk({_N_FEATURES}, max by (model_name, model_version, feature) (max_over_time({_PSI}[$__range] @ end())))"
    return TimeSeries(
        "Drift from the reference",
        Query(f"{psi} and {most}", f"{{{{feature}}}} {_MODEL}"),
        unit="none",
        min=0,
        thresholds=_DRIFTED,
        no_data=_NO_REFERENCE,
        description=f"Distance of the {_N_FEATURES} features that changed most from the reference data. Population "
        "stability index, PSI: under 0.1 little has changed, over 0.25 much has, by rule of thumb. The feature "
        "prediction is what the model predicted. Drift needs no true labels, so it shows long before scores fall. By "
        f"chance alone PSI is about bins / rows: of fewer than {_ENOUGH} it is not shown. mk.queries.psi() gives it "
        "over any time and any number of replicas.",
    )


def _usage_now() -> list[Gauge]:
    limits = [above(70, "orange"), above(90, "red")]
    return [
        Gauge(name, query, unit="percent", decimals=0, thresholds=limits, width=4, description=text)
        for name, query, text in (
            (
                "CPU",
                "cpu_usage",
                "Used time / total time of the machine's processors. At 100 % requests begin to wait.",
            ),
            ("Memory", "memory_usage", "Used memory / total memory. At 100 % the system ends processes."),
        )
    ]


def _usage() -> TimeSeries:
    return TimeSeries(
        "Usage of the machine",
        [Query("cpu_usage", "CPU"), Query("memory_usage", "memory")],
        unit="percent",
        min=0,
        max=100,
        description="CPU and memory of the machine that the model runs on, other programs included.",
    )
