"""Drift: whether what comes now looks like the reference data, feature by feature."""

from __future__ import annotations

import threading
import time
from collections import deque
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.samples import Sample

from monitorkit.metrics.drift.bins import numbers
from monitorkit.metrics.drift.columns import objects, tables_as_columns
from monitorkit.metrics.drift.distances import js, ks, psi, wasserstein
from monitorkit.metrics.series.families import VersionFamilies
from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prometheus_client import Metric

    from monitorkit.metrics.drift.bins import Column
    from monitorkit.metrics.drift.reference import Feature, Reference

__all__ = ["DriftFamilies", "DriftMetrics"]

ROWS_TOGETHER = 512
"""How many rows wait to be put into bins together: numpy's calls cost as much for one row as for a hundred."""

REST = 20
"""Statistics are computed again only after this many times as long as it took: 5 percent of the time at most."""

_BINS = (
    "Rows by the bin of each feature that they fall into; bins come from the reference data, and below, above, other "
    "and missing are bins of their own. The feature prediction is what the model predicted. Compare shares over any "
    "time and any number of replicas with model_feature_reference_ratio: mk.queries.psi(), js(), kl(), hellinger()."
)
_RATIO = "Share of each bin in the reference data, from 0 to 1, which current shares are compared with."
_ROWS = (
    "Latest rows that model_feature_drift is of. Of few rows all of its statistics are large by chance: of 20 rows "
    "like those of the reference psi is above 0.25 nine times in ten, of 200 never. Absent before the first row."
)
_DRIFT = (
    "Distance of each feature's latest rows, the last 1000 unless set otherwise, from the reference data: psi, "
    "population stability index over the bins (over 0.1 a change, over 0.25 a large one, by rule of thumb; by chance "
    "alone about bins / rows); js, Jensen-Shannon distance over the bins, 0 to 1; ks, Kolmogorov-Smirnov statistic, 0 "
    "to 1; wasserstein, in the feature's unit. Absent before the first row."
)


class DriftFamilies(VersionFamilies["DriftMetrics"]):
    """The metric families of drift: statistics of the versions in use, counts of all that have a reference."""

    def _made(self, labels: tuple[str, str]) -> DriftMetrics:
        return DriftMetrics(labels)

    def _families(self, versions: Sequence[DriftMetrics]) -> list[Metric]:
        bins = CounterMetricFamily("model_feature_bin", _BINS, labels=[*MODEL_LABELS, "feature", "bin"])
        ratio = GaugeMetricFamily("model_feature_reference_ratio", _RATIO, labels=[*MODEL_LABELS, "feature", "bin"])
        drift = GaugeMetricFamily("model_feature_drift", _DRIFT, labels=[*MODEL_LABELS, "feature", "statistic"])
        rows = GaugeMetricFamily("model_drift_rows", _ROWS, labels=MODEL_LABELS)
        for version in versions:
            n_rows = version.n_rows if version.active else 0
            if n_rows:
                rows.add_metric(version.labels, n_rows)
            bins.samples += version.counted()
            ratio.samples += version.expected()
            drift.samples += version.drift() if version.active else ()
        return [bins, ratio, drift, rows]


class DriftMetrics:
    """The drift series of one version; safe to use from any number of threads.

    A request only leaves its rows here; they are counted together with those of others, at the latest when a scrape
    asks.

    Parameters
    ----------
    labels
        Name and version of the model.
    clock
        Returns the time in seconds.

    Examples
    --------
    >>> from monitorkit.metrics.drift.reference import Reference
    >>> drift = DriftMetrics(("ages", "1"))
    >>> drift.compare_with(Reference.of([[float(age)] for age in range(20, 60)], names=["age"]))
    >>> drift.observe(np.array([[25.0], [99.0]]))
    >>> [sample.labels["bin"] for sample in drift.counted() if sample.value]
    ['02 [23.9, 27.8)', '11 (59, inf)']
    """

    def __init__(self, labels: tuple[str, str], *, clock: Callable[[], float] = time.perf_counter) -> None:
        self.labels = labels
        self.active = True
        self.reference: Reference | None = None
        self._clock = clock
        self._lock = threading.Lock()
        self._computing = threading.Lock()
        self._watches: list[_Watch] = []
        self._waiting: deque[tuple[Any, Sequence[Any]]] = deque()
        self._rows_waiting = 0
        self._drift: list[Sample] = []
        self._again = 0.0
        self._changed = False

    @property
    def declared(self) -> bool:
        """Whether they are exported: once there is a reference."""
        return self.reference is not None

    def compare_with(self, reference: Reference | None) -> None:
        """Compare with this reference from now on, None for none.

        A feature whose bins are what they were goes on counting; others begin at 0.
        """
        with self._computing, self._lock:
            self._count_waiting()
            before = {watch.feature.name: watch for watch in self._watches}
            features = () if reference is None else reference.watched
            window = 0 if reference is None else reference.settings.window
            model = dict(zip(MODEL_LABELS, self.labels, strict=True))
            self._watches = [_Watch(feature, window, model) for feature in features]
            for watch in self._watches:
                if watch.feature.name in before:
                    watch.go_on_from(before[watch.feature.name])
            self._drift, self._again, self._changed = [], 0.0, True
            self.reference = reference

    def observe(self, X: Any, predictions: Sequence[Any] = ()) -> None:  # noqa: ANN401 - any table
        """Take in rows and what was predicted for them.

        Parameters
        ----------
        X
            Rows, as an array or a DataFrame. They are kept for a moment: nobody may write to them any more.
        predictions
            Classes or numbers; empty where the model predicts something else.
        """
        if self.reference is None:
            return
        self._waiting.append((X, predictions))
        self._rows_waiting += len(X)
        if self._rows_waiting >= ROWS_TOGETHER:
            with self._lock:
                self._count_waiting()

    @property
    def n_rows(self) -> int:
        """How many rows the statistics are of."""
        with self._lock:
            self._count_waiting()
            return max((watch.n_rows for watch in self._watches), default=0)

    def counted(self) -> list[Sample]:
        """Rows counted so far, by feature and bin."""
        with self._lock:
            self._count_waiting()
            return [sample for watch in self._watches for sample in watch.counted()]

    def expected(self) -> list[Sample]:
        """Shares in the reference, by feature and bin."""
        with self._lock:
            return [sample for watch in self._watches for sample in watch.expected()]

    def drift(self) -> list[Sample]:
        """Statistics of the latest rows; those of a moment ago where they take long to compute."""
        with self._computing:
            with self._lock:
                self._count_waiting()
                begun = self._clock()
                if not self._changed or begun < self._again:
                    return self._drift
                self._changed = False
                latest = [(watch, *watch.latest()) for watch in self._watches]
            # Without the lock, for which requests would have to wait.
            self._drift = [sample for watch, codes, values in latest for sample in watch.drift(codes, values)]
            ended = self._clock()
            self._again = ended + REST * (ended - begun)
            return self._drift

    def _count_waiting(self) -> None:
        """Count what waits; the lock is held."""
        self._rows_waiting = 0
        tables: list[Any] = []
        predictions: list[Any] = []
        # One by one, so that what another thread leaves meanwhile is neither lost nor counted twice.
        while self._waiting:
            X, predicted = self._waiting.popleft()
            tables.append(X)
            predictions += predicted
        if self.reference is None or not tables:
            return
        inputs = [watch for watch in self._watches if watch.feature.place >= 0]
        for column_of in tables_as_columns(tables, self.reference.columns):
            for watch in inputs:
                watch.count(column_of(watch.feature.place))
        outputs = [watch for watch in self._watches if watch.feature.place < 0]
        for watch in outputs if predictions else ():
            watch.count(objects(predictions))
        self._changed = True


class _Watch:
    """One feature as it comes: counts by bin, and its latest values."""

    def __init__(self, feature: Feature, window: int, model: dict[str, str]) -> None:
        self.feature = feature
        self._labels = [model | {"feature": feature.name, "bin": name} for name in feature.bins.names]
        self._statistics = {name: model | {"feature": feature.name, "statistic": name} for name in feature.statistics}
        self._counts = np.zeros(len(feature.bins.names), dtype=np.int64)
        self._codes = _Latest(window, np.int16)
        self._values = _Latest(0 if feature.sample is None else window, np.float64)

    def go_on_from(self, before: _Watch) -> None:
        """Take over what was counted, if it was counted in the same bins."""
        if before.feature.bins == self.feature.bins:
            self._counts = before._counts
            self._codes.extend(before._codes.read())
            self._values.extend(before._values.read())

    def count(self, column: Column) -> None:
        column = self.feature.steps.restored(column)
        codes = self.feature.bins.index(column)
        self._counts += np.bincount(codes, minlength=len(self._counts))
        self._codes.extend(codes)
        if self.feature.sample is not None:
            self._values.extend(numbers(column))

    def counted(self) -> Iterator[Sample]:
        return map(Sample, repeat("model_feature_bin_total"), self._labels, self._counts.astype(np.float64).tolist())

    def expected(self) -> Iterator[Sample]:
        return map(Sample, repeat("model_feature_reference_ratio"), self._labels, self.feature.shares.tolist())

    @property
    def n_rows(self) -> int:
        return len(self._codes.read())

    def latest(self) -> tuple[Column, Column]:
        """Bins and values of the latest rows."""
        return self._codes.read().copy(), self._values.read().copy()

    def drift(self, codes: Column, values: Column) -> Iterator[Sample]:
        """Compare what :meth:`latest` returned with the reference."""
        if not len(codes):
            return
        shares, expected = np.bincount(codes, minlength=len(self._counts)) / len(codes), self.feature.shares
        found = {"psi": psi(shares, expected), "js": js(shares, expected)}
        reference = self.feature.sample
        values = np.sort(values[np.isfinite(values)])
        # With all values missing there is nothing to be compared; the share of missing ones tells it.
        if reference is not None and len(values):
            found |= {"ks": ks(values, reference), "wasserstein": wasserstein(values, reference)}
        for name, value in found.items():
            yield Sample("model_feature_drift", self._statistics[name], value)


class _Latest:
    """The latest values of a stream, oldest first or not: the order is not kept."""

    def __init__(self, size: int, kind: type[np.generic]) -> None:
        self._ring: Column = np.empty(size, dtype=kind)
        self._next = self._filled = 0

    def extend(self, values: Column) -> None:
        size = len(self._ring)
        values = values[-size:] if size else values[:0]
        first = min(len(values), size - self._next)
        self._ring[self._next : self._next + first] = values[:first]
        self._ring[: len(values) - first] = values[first:]
        self._next = (self._next + len(values)) % size if size else 0
        self._filled = min(size, self._filled + len(values))

    def read(self) -> Column:
        return self._ring[: self._filled]
