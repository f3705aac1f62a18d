"""The latency of the last request, as a gauge."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from monitorkit.metrics.series.children import shared

if TYPE_CHECKING:
    from prometheus_client import Gauge

__all__ = ["LastLatency"]


class LastLatency:
    """One series of a gauge: there from the first request on, and only while its version is served.

    A 0 from before the first request would be a latency that nobody had; the last one of a version that has been
    replaced would be averaged in for ever.

    Parameters
    ----------
    family
        The gauge.
    labels
        The values of its labels.

    Examples
    --------
    >>> from prometheus_client import CollectorRegistry, Gauge
    >>> registry = CollectorRegistry()
    >>> last = LastLatency(Gauge("latency_seconds", "Latency.", ["version"], registry=registry), ["1"])
    >>> last.set(0.25)
    >>> registry.get_sample_value("latency_seconds", {"version": "1"})
    0.25
    >>> last.retire()
    >>> registry.get_sample_value("latency_seconds", {"version": "1"}) is None
    True
    """

    def __init__(self, family: Gauge, labels: tuple[str, ...] | list[str]) -> None:
        self._family = family
        self._labels = labels
        self._lock = threading.Lock()
        self._active = True
        self._child: Gauge | None = None
        self._shared = shared()
        self._last = math.nan

    def set(self, seconds: float) -> None:
        """Take note of a request."""
        self._last = seconds
        child = self._child or self._first()
        if child is not None and self._shared:
            child.set(seconds)

    def activate(self) -> None:
        """Export it again, from the next request on."""
        self._active = True

    def retire(self) -> None:
        """Export it no longer; a request that is in flight does not bring it back."""
        with self._lock:
            self._active = False
            # prometheus_client cannot take back what processes share.
            if self._child is not None and not self._shared:
                self._family.remove(*self._labels)
            self._child = None

    def _first(self) -> Gauge | None:
        with self._lock:
            if self._active and self._child is None:
                self._child = self._family.labels(*self._labels)
                if not self._shared:
                    # Read at a scrape, not written at each request.
                    self._child.set_function(lambda: self._last)
            return self._child
