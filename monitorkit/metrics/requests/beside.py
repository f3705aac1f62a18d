"""Families of ours in a registry of the user's own, whose names stay the user's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from monitorkit.metrics.requests.http import ApplicationFamilies
from monitorkit.metrics.series.children import shared
from monitorkit.metrics.series.registry import MODEL_LABELS, without_creation_times
from monitorkit.processes import pid_exists

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import Metric

__all__ = ["Beside"]

_SUFFIXES = {"counter": ("_total", "_created"), "histogram": ("_bucket", "_sum", "_count", "_created")}
_OF_SERVERS = frozenset({"inference_phase_duration_seconds", "inference_batch_size", "inference_queue_length"})
"""What only a server of ours measures."""
_ATTRIBUTE = "_monitorkit_beside"


class Beside:
    """The metrics of applications, exported beside what a registry has already.

    A metric of the user's own may have the name of one of ours. Registering ours would raise "Duplicated timeseries",
    in the user's cell or here, whichever came second. So ours live in a registry of their own, and what is exported of
    them is what the host has no name for at that moment.

    Parameters
    ----------
    host
        The registry that is scraped. It gets one collector more.

    Examples
    --------
    >>> from prometheus_client import Counter
    >>> host = CollectorRegistry()
    >>> beside = Beside.of(host)
    >>> beside.families.of("digits", "1").count_inference("ok", 0.004)
    >>> Counter("inference_requests_total", "The user's own.", registry=host).inc(7)
    >>> host.get_sample_value("inference_requests_total"), beside.left()
    (7.0, ['inference_requests_total'])
    """

    def __init__(self, host: CollectorRegistry) -> None:
        self._host = host
        self._own = CollectorRegistry()
        self.families = ApplicationFamilies(self._own)
        self._told: set[str] = set()
        host.register(self)

    @classmethod
    def of(cls, host: CollectorRegistry) -> Beside:
        """Return the one in this registry, made on the first call."""
        # Kept by the registry itself: a module that is loaded again must find it.
        beside: Beside | None = vars(host).get(_ATTRIBUTE)
        if beside is None:
            beside = vars(host)[_ATTRIBUTE] = cls(host)
        return beside

    def describe(self) -> Iterable[Metric]:
        """Claim no name."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The families of ours that have samples and no namesake."""
        for family in self._own.collect():
            if family.samples and self._taken(family) is None:
                yield without_creation_times(family)

    def left(self) -> list[str]:
        """Names of ours that are the user's own in this registry."""
        families = (*self._own.collect(), *self._machine())
        taken = (self._taken(family) for family in families if family.name not in _OF_SERVERS)
        return sorted({name for name in taken if name})

    def untold(self) -> list[str]:
        """Of these, the ones that this has not returned before."""
        new = [name for name in self.left() if name not in self._told]
        self._told.update(new)
        return new

    def scraped(self, names: Iterable[str] = ()) -> CollectorRegistry:
        """What a scrape of the application shows: its registry, or what all of its processes share.

        Parameters
        ----------
        names
            Sample names that the scrape is restricted to, if any.
        """
        # Only a registry that has asked for the names beforehand can be restricted to some.
        registry = CollectorRegistry(auto_describe=bool(names))
        registry.register(_Shared(self) if shared() else self._host)
        return registry

    def of_all_processes(self) -> Iterator[Metric]:
        """What every process has counted, without those that have died where only the living count."""
        _forget_the_dead()
        for family in MultiProcessCollector(None).collect():  # type: ignore[no-untyped-call]
            if self._taken(family) is not None:
                # Files are merged by name: of ours and the user's, keep the user's.
                family.samples = [one for one in family.samples if not set(MODEL_LABELS) <= set(one.labels)]
            yield family
        yield from (family for family in self._machine() if self._taken(family) is None)

    def _machine(self) -> Iterable[Metric]:
        return self.families.resources.collect() if self.families.resources is not self._own else ()

    def _taken(self, family: Metric) -> str | None:
        """The name, as it is exported, by which the host has a metric of its own; None where it has none."""
        names = [family.name, *(family.name + suffix for suffix in _SUFFIXES.get(family.type, ()))]
        # No public way tells the names of a registry without collecting it, which is what is going on here.
        host = self._host._names_to_collectors  # noqa: SLF001
        if not any(name in host for name in names):
            return None
        return names[1] if family.type == "counter" else family.name


class _Shared:
    def __init__(self, beside: Beside) -> None:
        self._beside = beside

    def collect(self) -> Iterator[Metric]:
        return self._beside.of_all_processes()


def _forget_the_dead() -> None:
    """Remove gauges of the living that are of processes which have ended: nobody does that but a server's hook."""
    folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    pids = {file.stem.rpartition("_")[2] for file in folder.glob("gauge_live*_*.db")}
    for pid in pids:
        if pid.isdigit() and not pid_exists(int(pid)):
            mark_process_dead(int(pid))  # type: ignore[no-untyped-call]
