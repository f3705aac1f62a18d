"""Requests of an application that was written elsewhere: by method, route and code, and those that ask its model."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from monitorkit.metrics.machine.resources import ResourceFamilies
from monitorkit.metrics.requests.latency import LastLatency
from monitorkit.metrics.requests.performance import DURATION_BUCKETS, PerformanceFamilies, RequestStatus
from monitorkit.metrics.series.cardinality import FoldedSeries
from monitorkit.metrics.series.children import incrementing, shared
from monitorkit.metrics.series.classes import OTHER
from monitorkit.metrics.series.histograms import histograms
from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import Histogram

    from monitorkit.metrics.series.histograms import Observations

__all__ = ["MAX_PATHS", "UNMATCHED", "ApplicationFamilies", "ApplicationMetrics"]

UNMATCHED = "unmatched"
"""The path of requests that no route of the application takes: what clients make up is no label."""

MAX_PATHS = 200
"""How many routes get series of their own; further ones are counted as ``other``."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
"""Methods of RFC 9110 and RFC 5789; a client can invent others."""


class ApplicationFamilies:
    """The metric families of applications in one registry; an application's series come from :meth:`of`.

    Parameters
    ----------
    registry
        Where they are exported.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "http_requests",
            "Requests answered, by method, route and status code. The path is the route's template, such as "
            "/users/{id}, and unmatched where no route takes it. Failures per second: "
            'sum(rate(http_requests_total{code=~"5.."}[5m])).',
            [*MODEL_LABELS, "method", "path", "code"],
            registry=registry,
        )
        self.duration = histograms(
            "http_request_duration_seconds",
            "Duration of requests, from their arrival in the application to the last byte handed over, by method and "
            "route; whatever their answer was.",
            [*MODEL_LABELS, "method", "path"],
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "http_requests_in_flight",
            "Requests received and not yet answered. Rises without end when they come faster than they are answered.",
            MODEL_LABELS,
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.inference = PerformanceFamilies(registry)
        self.folded = FoldedSeries.of(registry)
        self._versions: dict[str, str] = {}
        self._lock = threading.Lock()
        self._metrics: dict[tuple[str, str], ApplicationMetrics] = {}
        # The machine is the same for all processes, so its usage needs no sharing.
        self.resources = CollectorRegistry() if shared() else registry
        ResourceFamilies(self.resources, lambda: list(self._versions.items()))

    def of(self, model_name: str, model_version: str) -> ApplicationMetrics:
        """Return the series of one version, which becomes the one that is served under this name."""
        labels = (model_name, model_version)
        with self._lock:
            before = self._versions.get(model_name)
            self._versions[model_name] = model_version
            if before not in {None, model_version}:
                self._metrics[model_name, str(before)].retire()
            if labels not in self._metrics:
                self._metrics[labels] = ApplicationMetrics(self, labels)
            self._metrics[labels].activate()
            return self._metrics[labels]


class ApplicationMetrics:
    """The series of one version of one application; safe to use from any number of threads.

    Children are looked up once: ``labels()`` on each request would cost more than the counting.
    """

    def __init__(self, families: ApplicationFamilies, labels: tuple[str, str]) -> None:
        self._families = families
        self._labels = labels
        self._lock = threading.Lock()
        self._paths: set[str] = set()
        self._codes: dict[tuple[str, str, int], tuple[Callable[[float], None], Histogram | Observations]] = {}
        statuses: tuple[RequestStatus, ...] = get_args(RequestStatus)
        inference = families.inference
        self._statuses = {status: incrementing(inference.requests.labels(*labels, status)) for status in statuses}
        self._duration = inference.duration.labels(*labels)
        self._latency = LastLatency(inference.latency, labels)
        self.add_in_flight = incrementing(families.in_flight.labels(*labels))
        self.add_inference_in_flight = incrementing(inference.in_flight.labels(*labels))

    def count(self, method: str, path: str, code: int, seconds: float) -> None:
        """Count one answer.

        Parameters
        ----------
        method
            As the client sent it.
        path
            Template of the route, or :data:`UNMATCHED`.
        code
            Status code of the answer.
        seconds
            Duration of the request.
        """
        key = (method if method in METHODS else OTHER, path, code)
        add, duration = self._codes.get(key) or self._children(*key)
        add(1)
        duration.observe(seconds)

    def count_inference(self, status: RequestStatus, seconds: float) -> None:
        """Count one answer of the model; those that carry a prediction are timed, as in :class:`RequestMetrics`."""
        self._statuses[status](1)
        if status == "ok":
            self._duration.observe(seconds)
            self._latency.set(seconds)

    def activate(self) -> None:
        """Export the last latency again, after :meth:`retire`."""
        self._latency.activate()

    def retire(self) -> None:
        """Stop exporting the last latency; what was counted stays."""
        self._latency.retire()

    def _children(self, method: str, path: str, code: int) -> tuple[Callable[[float], None], Histogram | Observations]:
        with self._lock:
            if path not in self._paths and len(self._paths) >= MAX_PATHS:
                self._families.folded.count("http_requests_total", "path", path)
                path = OTHER
            self._paths.add(path)
            text = str(code) if 100 <= code <= 599 else OTHER  # noqa: PLR2004 - the codes that HTTP has
            children = (
                incrementing(self._families.requests.labels(*self._labels, method, path, text)),
                self._families.duration.labels(*self._labels, method, path),
            )
            if OTHER not in {path, text}:
                self._codes[method, path, code] = children
            return children
