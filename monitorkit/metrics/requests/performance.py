"""Performance: how many requests were answered, how, how fast, and where the time went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from prometheus_client import Counter, Gauge

from monitorkit.metrics.requests.latency import LastLatency
from monitorkit.metrics.series.children import incrementing
from monitorkit.metrics.series.histograms import histograms
from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

__all__ = [
    "BATCH_BUCKETS",
    "DURATION_BUCKETS",
    "PHASES",
    "PHASE_BUCKETS",
    "PerformanceFamilies",
    "RequestMetrics",
    "RequestStatus",
]

RequestStatus = Literal["ok", "client_error", "server_error", "shed"]

PHASES = ("queue", "preprocess", "predict", "postprocess")

# From a bare callable (0.5 ms) to a large model on a busy machine (180 s), three to a decade where most models are.
# 1 s is an edge, so that the share of requests over one second is exact.
DURATION_BUCKETS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0),
)
PHASE_BUCKETS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 180.0)
BATCH_BUCKETS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)


class PerformanceFamilies:
    """The metric families of requests in one registry; a version's series come from :meth:`of`.

    Parameters
    ----------
    registry
        Where they are exported.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "inference_requests",
            "Requests answered, by status: ok; client_error, the request was wrong; server_error, the model or the "
            "server failed; shed, refused because too many were waiting. "
            'Throughput per second: sum(rate(inference_requests_total{status="ok"}[5m])).',
            [*MODEL_LABELS, "status"],
            registry=registry,
        )
        self.latency = Gauge(
            "inference_latency_seconds",
            "Duration of the last request answered with ok. Only the last: whatever happened between two scrapes is "
            "lost, so compare it with inference_request_duration_seconds before trusting it.",
            MODEL_LABELS,
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self.duration = histograms(
            "inference_request_duration_seconds",
            "Duration of whole requests answered with ok, from the first byte understood to the answer handed over. "
            "Mean: rate(_sum) / rate(_count); quantiles: histogram_quantile(0.95, sum by (le) (rate(_bucket[5m]))).",
            MODEL_LABELS,
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self.phase = histograms(
            "inference_phase_duration_seconds",
            "Where the time of requests answered with ok goes: preprocess, reading and checking the input; queue, "
            "waiting for the model; predict, the model itself; postprocess, writing the answer.",
            [*MODEL_LABELS, "phase"],
            buckets=PHASE_BUCKETS,
            registry=registry,
        )
        self.batch = histograms(
            "inference_batch_size",
            "Rows in one call of the model. Requests that wait while it is busy leave together, so rising load makes "
            "calls larger before it makes requests slower. Mean: rate(_sum) / rate(_count); calls per second: "
            "rate(_count).",
            MODEL_LABELS,
            buckets=BATCH_BUCKETS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "inference_in_flight_requests",
            "Prediction requests received and not yet answered. Rises without end when requests come faster than the "
            "model answers.",
            MODEL_LABELS,
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.queue_length = Gauge(
            "inference_queue_length",
            "Prediction requests waiting for the model. Above its limit further ones are shed.",
            MODEL_LABELS,
            registry=registry,
            multiprocess_mode="livesum",
        )

    def of(self, model_name: str, model_version: str) -> RequestMetrics:
        """Return the series of one version, each counter there from the start so that ``rate()`` sees it move."""
        return RequestMetrics(self, model_name, model_version)

    def forget(self, model_name: str, model_version: str) -> None:
        """Export the series of a version no longer."""
        labels = (model_name, model_version)
        for status in get_args(RequestStatus):
            self.requests.remove(*labels, status)
        for phase in PHASES:
            self.phase.remove(*labels, phase)
        for family in (self.latency, self.duration, self.batch, self.in_flight, self.queue_length):
            family.remove(*labels)


class RequestMetrics:
    """The request series of one version; safe to use from any number of threads.

    Children are looked up once, here: ``labels()`` on each request would cost more than the counting.
    """

    def __init__(self, families: PerformanceFamilies, model_name: str, model_version: str) -> None:
        self._families = families
        self._labels = (model_name, model_version)
        statuses: tuple[RequestStatus, ...] = get_args(RequestStatus)
        self._requests = {status: incrementing(families.requests.labels(*self._labels, status)) for status in statuses}
        self._duration = families.duration.labels(*self._labels)
        self._phases = {phase: families.phase.labels(*self._labels, phase) for phase in PHASES}
        self._batch = families.batch.labels(*self._labels)
        self._latency = LastLatency(families.latency, self._labels)
        self.add_in_flight = incrementing(families.in_flight.labels(*self._labels))

    def count(self, status: RequestStatus) -> None:
        """Count one answer that carries no prediction."""
        self._requests[status](1)

    def count_ok(self, seconds: float) -> None:
        """Count one answer with predictions.

        Only these are timed: a refusal is fast and would flatter the mean.

        Parameters
        ----------
        seconds
            Duration of the whole request.

        Notes
        -----
        Source: Beyer et al., "Site Reliability Engineering", chapter 6: keep the latency of failed requests apart.
        """
        self._requests["ok"](1)
        self._duration.observe(seconds)
        self._latency.set(seconds)

    def time_phases(self, *, queue: float, preprocess: float, predict: float, postprocess: float) -> None:
        """Observe where the time of one request went, in seconds."""
        phases = self._phases
        phases["queue"].observe(queue)
        phases["preprocess"].observe(preprocess)
        phases["predict"].observe(predict)
        phases["postprocess"].observe(postprocess)

    def time_copy(self, *, queue: float, predict: float) -> None:
        """Observe where the time of a copy went that nobody waited for, in seconds."""
        self._phases["queue"].observe(queue)
        self._phases["predict"].observe(predict)

    def observe_batch(self, rows: int) -> None:
        """Observe how many rows one call of the model got."""
        self._batch.observe(rows)

    def watch_queue(self, length: Callable[[], float]) -> None:
        """Export the queue's length, asked for at each scrape."""
        self._families.queue_length.labels(*self._labels).set_function(length)

    def activate(self) -> None:
        """Export values of now again, after :meth:`retire`."""
        self._latency.activate()

    def retire(self) -> None:
        """Stop exporting values of now; what was counted stays.

        A queue length of a version that has been replaced would be averaged in for ever.
        """
        self._latency.retire()
        self._families.queue_length.remove(*self._labels)
