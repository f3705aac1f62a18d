"""Resources of the machine: processor and memory in use, in percent, and its GPUs where it has any."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import psutil
from prometheus_client.core import GaugeMetricFamily

from monitorkit.metrics.machine.gpu import Gpus, gpu_families
from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client import CollectorRegistry, Metric

__all__ = ["CpuTimes", "CpuUsage", "ResourceFamilies", "machine_cpu_times"]

_CPU = (
    "Processor time in use on the whole machine, in percent, 0 to 100: used time / total time x 100, all processors "
    "together, time spent waiting for disks not counted as used; in a container, too, whatever its limit is. Measured "
    "since the last reading that is about one second old or older, so that several scrapers do not disturb each other."
)
_MEMORY = (
    "Memory in use on the whole machine, in percent, 0 to 100: (total - available) / total x 100; in a container, too, "
    "whatever its limit is. Memory that the system can hand out at once, such as its file cache, is not in use."
)


class CpuTimes(NamedTuple):
    """Seconds that the machine's processors have spent since it started."""

    used: float
    total: float


def machine_cpu_times() -> CpuTimes:
    """Read the processors' times.

    Notes
    -----
    The guests' time is part of user time already (proc(5)), so it is not added a second time.
    """
    times = psutil.cpu_times()._asdict()
    total = sum(seconds for kind, seconds in times.items() if kind not in {"guest", "guest_nice"})
    return CpuTimes(used=total - times["idle"] - times.get("iowait", 0.0), total=total)


class CpuUsage:
    """Processor usage between readings, never blocking, however many callers read.

    ``psutil.cpu_percent`` keeps one earlier reading for the whole process, so a second caller a millisecond after the
    first gets the usage of that millisecond. Here a reading is compared with the newest one that is old enough.

    Parameters
    ----------
    read
        Returns used and total time.
    clock
        Returns the time in seconds.
    interval_seconds
        How old the reading to compare with must be.

    Examples
    --------
    >>> readings = iter([CpuTimes(0.0, 0.0), CpuTimes(1.0, 4.0)])
    >>> usage = CpuUsage(lambda: next(readings), clock=iter([0.0, 2.0]).__next__)
    >>> usage.percent()
    25.0
    """

    def __init__(
        self,
        read: Callable[[], CpuTimes] = machine_cpu_times,
        *,
        clock: Callable[[], float] = time.monotonic,
        interval_seconds: float = 0.9,
    ) -> None:
        self._read = read
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._lock = threading.Lock()
        self._readings = deque([(clock(), read())])

    def percent(self) -> float | None:
        """Usage from 0 to 100; None as long as there is no reading that is old enough.

        The first of all may be a quarter of the interval old: a first value soon is worth more than its last digit.
        """
        with self._lock:
            now, times = self._clock(), self._read()
            while len(self._readings) > 1 and now - self._readings[1][0] >= self._interval_seconds:
                self._readings.popleft()
            then, earlier = self._readings[0]
            # Readings closer together than this tell nothing more; without a limit a busy scraper would fill memory.
            if now - self._readings[-1][0] >= self._interval_seconds / 4:
                self._readings.append((now, times))
        total = times.total - earlier.total
        if now - then < self._interval_seconds / 4 or total <= 0:
            return None
        # Waiting time may run backwards (proc(5)), which would leave the range by a trace.
        return min(max(100 * (times.used - earlier.used) / total, 0.0), 100.0)


class ResourceFamilies:
    """``cpu_usage``, ``memory_usage`` and ``gpu_*``, under the labels of the version that is served.

    Parameters
    ----------
    registry
        Where they are exported.
    labels
        Returns name and version of the model that is served now.
    cpu
        Where processor usage comes from.
    gpus
        The machine's GPUs.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        labels: Callable[[], Iterable[tuple[str, str]]],
        *,
        cpu: CpuUsage | None = None,
        gpus: Gpus | None = None,
    ) -> None:
        self._labels = labels
        self._cpu = cpu or CpuUsage()
        self._gpus = gpus or Gpus()
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """The families that :meth:`collect` yields, without samples."""
        return [*self._families(None, None), *gpu_families([], [])]

    def collect(self) -> Iterable[Metric]:
        """Read the machine."""
        memory = psutil.virtual_memory()
        families = self._families(self._cpu.percent(), 100 * (memory.total - memory.available) / memory.total)
        gpus = self._gpus.read()
        return [*families, *gpu_families(gpus, self._labels())] if gpus else families

    def _families(self, cpu: float | None, memory: float | None) -> list[Metric]:
        families: list[Metric] = []
        for name, text, value in (("cpu_usage", _CPU, cpu), ("memory_usage", _MEMORY, memory)):
            family = GaugeMetricFamily(name, text, labels=MODEL_LABELS)
            if value is not None:
                for labels in self._labels():
                    family.add_metric(labels, value)
            families.append(family)
        return families
