"""Histograms that cost little to feed."""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import Histogram, values
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prometheus_client import CollectorRegistry, Metric

__all__ = ["Histograms", "Observations", "histograms"]


class Observations:
    """One histogram: counts by bucket and their sum, which always belong together."""

    __slots__ = ("_bounds", "_counts", "_lock", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0
        self._lock = threading.Lock()

    def observe(self, value: float) -> None:
        """Count a value in its bucket, whose upper bound belongs to it."""
        with self._lock:
            self._counts[bisect_left(self._bounds, value)] += 1
            self._sum += value

    def read(self) -> tuple[list[int], float]:
        """Counts so far of values up to each bound, the last without one, and the sum of the values."""
        with self._lock:
            return list(accumulate(self._counts)), self._sum


class Histograms:
    """A family of histograms, used as prometheus_client's ``Histogram`` is, at a third of its cost.

    A request is timed five times over, so that what one observation costs can be seen in the throughput: here it is one
    lock and one search, there two locks, a loop over the buckets and a check for exemplars.

    Parameters
    ----------
    name, documentation, labelnames
        As the text format has them.
    buckets
        Upper bounds, ascending, without the infinite one.
    registry
        Where they are exported.

    Examples
    --------
    >>> from prometheus_client import CollectorRegistry
    >>> registry = CollectorRegistry()
    >>> child = Histograms("wait_seconds", "Waits.", ["where"], buckets=(0.1, 1.0), registry=registry).labels("door")
    >>> child.observe(1.0)
    >>> registry.get_sample_value("wait_seconds_bucket", {"where": "door", "le": "1.0"})
    1.0
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Sequence[str],
        *,
        buckets: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._name, self._documentation, self._labelnames = name, documentation, tuple(labelnames)
        self._bounds = tuple(map(float, buckets))
        self._edges = [_written(bound) for bound in (*self._bounds, math.inf)]
        self._children: dict[tuple[str, ...], Observations] = {}
        self._lock = threading.Lock()
        registry.register(self)

    def labels(self, *labelvalues: str) -> Observations:
        """Return the histogram of these label values, made on the first call."""
        with self._lock:
            return self._children.setdefault(labelvalues, Observations(self._bounds))

    def describe(self) -> Iterable[Metric]:
        """The family without samples."""
        return [HistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)]

    def collect(self) -> Iterable[Metric]:
        """The family with what was observed."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)
        with self._lock:
            children = list(self._children.items())
        for labelvalues, child in children:
            counts, total = child.read()
            family.add_metric(labelvalues, list(zip(self._edges, map(float, counts), strict=True)), total)
        return [family]


def histograms(
    name: str, documentation: str, labelnames: Sequence[str], *, buckets: Sequence[float], registry: CollectorRegistry
) -> Histograms | Histogram:
    """Make a family of histograms: prometheus_client's own where it shares values between processes, as under gunicorn.

    Notes
    -----
    Source: prometheus_client's documentation, "Multiprocess Mode": chosen by ``PROMETHEUS_MULTIPROC_DIR`` when it is
    imported.
    """
    if values.ValueClass is values.MutexValue:
        return Histograms(name, documentation, labelnames, buckets=buckets, registry=registry)
    return Histogram(name, documentation, labelnames, buckets=buckets, registry=registry)


def _written(bound: float) -> str:
    """A bound as prometheus_client writes it, which is Go's way."""
    text: str = floatToGoString(bound)  # type: ignore[no-untyped-call]
    return text
