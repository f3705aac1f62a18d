"""Queries of performance: throughput, errors, latency, and where the time goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from monitorkit.durations import seconds
from monitorkit.errors import InvalidValue
from monitorkit.metrics.queries.scope import Scope
from monitorkit.metrics.requests.performance import DURATION_BUCKETS, RequestStatus
from monitorkit.promql import expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.durations import Duration
    from monitorkit.metrics.queries.scope import By, Name, Where
    from monitorkit.promql import Query

__all__ = [
    "apdex",
    "batch_fill",
    "batch_size",
    "cpu_per_request",
    "error_rate",
    "in_flight",
    "latency_mean",
    "latency_quantile",
    "phase_mean",
    "phase_share",
    "queue_length",
    "request_rate",
    "shed_rate",
    "throughput",
]

_REQUESTS = "inference_requests_total"
_DURATION = "inference_request_duration_seconds"
_PHASE = "inference_phase_duration_seconds"
_BATCH = "inference_batch_size"
_OWN = frozenset({"job", "instance"})


def throughput(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Requests answered with predictions, per second.

    Notes
    -----
    The rate comes first, then the sum: a sum of counters would hide the restart of one replica. Source: Prometheus
    documentation, "Query functions", ``rate()``.

    Examples
    --------
    >>> throughput("digits")
    'sum(rate(inference_requests_total{model_name="digits",status="ok"}[5m]))'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query("{sum}", sum=scope.rate(_REQUESTS, status="ok"))


def request_rate(name: Name = None, *, window: Duration = "5m", by: By = "status", where: Where = None) -> Query:
    """Requests answered per second, by status: ok, client_error, server_error, shed.

    Examples
    --------
    >>> request_rate("digits", window="1m")
    'sum by (status) (rate(inference_requests_total{model_name="digits"}[1m]))'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query("{sum}", sum=scope.rate(_REQUESTS))


def error_rate(
    name: Name = None,
    *,
    status: RequestStatus | Sequence[RequestStatus] = ("server_error", "shed"),
    window: Duration = "5m",
    by: By = (),
    where: Where = None,
) -> Query:
    """Share of requests that failed, from 0 to 1.

    Parameters
    ----------
    name, window, by, where
        As for every query of this package.
    status
        What counts as failed; by default what the client could not help.

    Notes
    -----
    ``rate(failed) / rate(all)``; no sample while nothing is asked. Source: Beyer et al., "Site Reliability
    Engineering", chapter 4: the ratio of errors to requests, and not their number.

    Raises
    ------
    InvalidValue
        If there is no such status.

    Examples
    --------
    >>> error_rate(status="client_error")  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(inference_requests_total{status="client_error"}[5m]))
     / (sum(rate(inference_requests_total[5m])) > 0)'
    """
    asked = (status,) if isinstance(status, str) else tuple(status)
    known = get_args(RequestStatus)
    for one in asked:
        if one not in known:
            raise InvalidValue(f"status: {one!r} is none of {', '.join(known)}")
    if not asked:
        raise InvalidValue(f"status: name at least one of {', '.join(known)}")
    scope = Scope(name, window=window, by=by, where=where)
    failed = scope.rate(_REQUESTS, status=asked[0] if len(asked) == 1 else asked)
    return scope.ratio(failed, scope.rate(_REQUESTS))


def shed_rate(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Share of requests refused because too many were waiting, from 0 to 1; no sample while nothing is asked.

    Examples
    --------
    >>> shed_rate() == error_rate(status="shed")
    True
    """
    return error_rate(name, status="shed", window=window, by=by, where=where)


def latency_mean(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Mean latency of the requests answered with predictions, in seconds; no sample while there are none.

    Notes
    -----
    ``rate(_sum) / rate(_count)``. Source: Prometheus documentation, "Histograms and summaries", section "Count and sum
    of observations".

    Examples
    --------
    >>> latency_mean(by="model_version")  # doctest: +NORMALIZE_WHITESPACE
    'sum by (model_version) (rate(inference_request_duration_seconds_sum[5m]))
     / (sum by (model_version) (rate(inference_request_duration_seconds_count[5m])) > 0)'
    """
    return Scope(name, window=window, by=by, where=where).histogram_mean(_DURATION)


def latency_quantile(
    name: Name = None, *, quantile: float = 0.95, window: Duration = "5m", by: By = (), where: Where = None
) -> Query:
    """Latency, in seconds, within which a share of the requests was answered; no sample while there are none.

    Parameters
    ----------
    name, window, by, where
        As for every query of this package.
    quantile
        The share, from 0 to 1: 0.95 for the latency that 95 of 100 requests stay under.

    Notes
    -----
    Estimated within a bucket, as if observations were spread evenly in it; above the last edge, 180 s, it is that edge.
    Sums over replicas are right, as quantiles of the replicas themselves would not be. Without requests the quantile
    is NaN, which ``>= 0`` leaves out. Source: Prometheus documentation, "Query functions", ``histogram_quantile()``.

    Raises
    ------
    InvalidValue
        If the quantile is no share.

    Examples
    --------
    >>> latency_quantile(quantile=0.5)
    'histogram_quantile(0.5, sum by (le) (rate(inference_request_duration_seconds_bucket[5m]))) >= 0'
    """
    return Scope(name, window=window, by=by, where=where).histogram_quantile(_DURATION, quantile)


def apdex(
    name: Name = None,
    *,
    satisfied: Duration = "250ms",
    tolerated: Duration | None = None,
    window: Duration = "5m",
    by: By = (),
    where: Where = None,
) -> Query:
    """Apdex, the satisfaction of those who wait, from 0 to 1; no sample while nothing is asked.

    Parameters
    ----------
    name, window, by, where
        As for every query of this package.
    satisfied
        Latency up to which they are satisfied: an edge of the histogram's buckets.
    tolerated
        Latency up to which they tolerate it, an edge too; by default four times the other one.

    Notes
    -----
    ``(satisfied + tolerating / 2) / all``. Requests that failed or were shed count as frustrated; wrong requests are
    left out. Source: Apdex Alliance, "Apdex Technical Specification", version 1.1.

    Raises
    ------
    InvalidValue
        If a latency is no edge of a bucket: the histogram cannot tell how many requests were faster.

    Examples
    --------
    >>> query = apdex(satisfied="100ms", tolerated="500ms")
    >>> 'le="0.1"' in query and 'le="0.5"' in query
    True
    """
    near = seconds(satisfied, name="satisfied")
    far = 4 * near if tolerated is None else seconds(tolerated, name="tolerated")
    if far < near:
        raise InvalidValue(f"tolerated: {far:g} s is less than the {near:g} s of satisfied")
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query(
        "({near} + {far}) / 2 / ({all} > 0)",
        near=scope.rate(f"{_DURATION}_bucket", le=_edge("satisfied", near)),
        far=scope.rate(f"{_DURATION}_bucket", le=_edge("tolerated", far)),
        all=scope.rate(_REQUESTS, status=("ok", "server_error", "shed")),
    )


def phase_mean(name: Name = None, *, window: Duration = "5m", by: By = "phase", where: Where = None) -> Query:
    """Mean time that requests spend in each phase, in seconds: queue, preprocess, predict, postprocess.

    Examples
    --------
    >>> phase_mean(where={"phase": "queue"})  # doctest: +NORMALIZE_WHITESPACE
    'sum by (phase) (rate(inference_phase_duration_seconds_sum{phase="queue"}[5m]))
     / (sum by (phase) (rate(inference_phase_duration_seconds_count{phase="queue"}[5m])) > 0)'
    """
    return Scope(name, window=window, by=by, where=where).histogram_mean(_PHASE)


def phase_share(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Share of each phase in the time of the requests, from 0 to 1: where the time goes.

    Notes
    -----
    The phases are those of :func:`phase_mean`. Where ``queue`` is large, requests wait for others: batching, a faster
    model or more replicas help; a faster network does not.

    Examples
    --------
    >>> phase_share()  # doctest: +NORMALIZE_WHITESPACE
    'sum by (phase) (rate(inference_phase_duration_seconds_sum[5m]))
     / on () group_left () (sum(rate(inference_phase_duration_seconds_sum[5m])) > 0)'
    """
    return Scope(name, window=window, by=by, where=where).shares(f"{_PHASE}_sum", "phase")


def batch_size(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Mean number of rows in one call of the model; no sample while there are none.

    Examples
    --------
    >>> batch_size()
    'sum(rate(inference_batch_size_sum[5m])) / (sum(rate(inference_batch_size_count[5m])) > 0)'
    """
    return Scope(name, window=window, by=by, where=where).histogram_mean(_BATCH)


def batch_fill(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """How full batches are: mean rows in one call of the model / the most that there may be; no sample without calls.

    Notes
    -----
    Near 1 under load: a larger ``server.batching.max_size`` may answer more. A request of more rows than that leaves
    alone, so that it can be above 1.

    Examples
    --------
    >>> batch_fill()  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(inference_batch_size_sum[5m])) / (sum(rate(inference_batch_size_count[5m])) > 0)
     / avg(inference_batch_size_limit)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query(
        "{rows} / ({calls} > 0) / {limit}",
        rows=scope.rate(f"{_BATCH}_sum"),
        calls=scope.rate(f"{_BATCH}_count"),
        limit=scope.mean(f"{_BATCH}_limit"),
    )


def cpu_per_request(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Processor time that a request costs, in seconds, whatever its answer; no sample while nothing is asked.

    Parameters
    ----------
    name, window, where
        As for every query of this package.
    by
        ``job``, ``instance`` or both: a process does not tell which version its time went to.

    Notes
    -----
    All time of the process / all of its requests for predictions. A server with ``process=True`` does nothing else;
    in a kernel, cells and other servers count too.

    Raises
    ------
    InvalidValue
        If other labels are to stay.

    Examples
    --------
    >>> cpu_per_request("digits")  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(process_cpu_seconds_total[5m])
         and on (job, instance) inference_requests_total{model_name="digits"})
     / (sum(rate(inference_requests_total[5m])
            and on (job, instance) inference_requests_total{model_name="digits"}) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    for label in scope.by:
        if label not in _OWN:
            raise InvalidValue(f"by: the time of a process is not told apart by {label!r}; use 'instance' or 'job'")
    own, everything = (
        expr(
            "sum by ({by}) (rate({metric}[{window}]) and on (job, instance) {requests}{{where}})",
            by=scope.by,
            metric=metric,
            window=scope.window,
            requests=_REQUESTS,
            where=scope.where,
        )
        for metric in ("process_cpu_seconds_total", _REQUESTS)
    )
    return scope.ratio(own, everything)


def queue_length(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Requests that wait for the model, averaged over the window and summed over replicas.

    Notes
    -----
    The gauge is read at each scrape: what comes and goes in between is not seen. ``phase_mean(where={"phase":
    "queue"})`` sees all of it, as time.

    Examples
    --------
    >>> queue_length()
    'sum(avg_over_time(inference_queue_length[5m]))'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query("{sum}", sum=scope.mean_over_time("inference_queue_length"))


def in_flight(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Requests received and not yet answered, averaged over the window and summed over replicas.

    Examples
    --------
    >>> in_flight(window="1m")
    'sum(avg_over_time(inference_in_flight_requests[1m]))'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query("{sum}", sum=scope.mean_over_time("inference_in_flight_requests"))


def _edge(what: str, latency: float) -> str:
    if latency not in DURATION_BUCKETS:
        edges = ", ".join(f"{edge:g}" for edge in DURATION_BUCKETS)
        raise InvalidValue(f"{what}: {latency:g} s is no edge of the histogram; choose one of {edges} s")
    return repr(latency)
