"""Histograms that cost little to feed."""

from __future__ import annotations

import math
import threading
from bisect import bisect_right
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from prometheus_client import Histogram
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from monitorkit.metrics.series.children import shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prometheus_client import CollectorRegistry, Metric

__all__ = ["Histograms", "Observations", "histograms"]

MOST_GATHERED = 1024


class Observations:
    """One histogram: counts by bucket and their sum, which always belong together.

    Values gather in a list, and are counted together when there are many or when somebody reads: sorted once, they
    need one search a bucket in place of one search and one lock a value.
    """

    __slots__ = ("_bounds", "_counts", "_gathered", "_lock", "_sum", "_total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * len(self._bounds)
        self._total = 0
        self._sum = 0.0
        self._gathered: list[float] = []
        self._lock = threading.Lock()

    def observe(self, value: float) -> None:
        """Count a value in its bucket, whose upper bound belongs to it."""
        gathered = self._gathered
        gathered.append(value)
        if len(gathered) >= MOST_GATHERED:
            with self._lock:
                self._count()

    def read(self) -> tuple[list[int], float]:
        """Counts so far of values up to each bound, the last without one, and the sum of the values."""
        with self._lock:
            self._count()
            return [*self._counts, self._total], self._sum

    def _count(self) -> None:
        # Others go on gathering meanwhile: what is copied here is what is deleted.
        values = self._gathered[:]
        if values:
            del self._gathered[: len(values)]
            # In order, as prometheus_client adds; sum() rounds otherwise from Python 3.12 on.
            self._sum = reduce(add, values, self._sum)
            self._total += len(values)
            values.sort()
            self._counts = [
                n + bisect_right(values, bound) for n, bound in zip(self._counts, self._bounds, strict=True)
            ]


class Histograms:
    """A family of histograms, used as prometheus_client's ``Histogram`` is, at a small part of its cost.

    A request is timed five times over, so that what one observation costs can be seen in the throughput: there two
    locks, a loop over the buckets and a check for exemplars.

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

    def remove(self, *labelvalues: str) -> None:
        """Export the histogram of these label values no longer."""
        with self._lock:
            self._children.pop(labelvalues, None)

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
    """Make a family of histograms: prometheus_client's own where processes share values."""
    if shared():
        return Histogram(name, documentation, labelnames, buckets=buckets, registry=registry)
    return Histograms(name, documentation, labelnames, buckets=buckets, registry=registry)


def _written(bound: float) -> str:
    """A bound as prometheus_client writes it, which is Go's way."""
    text: str = floatToGoString(bound)  # type: ignore[no-untyped-call]
    return text
