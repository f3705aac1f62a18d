"""A model server in threads of this process."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from monitorkit import running
from monitorkit.metrics import ModelMetrics, Registry
from monitorkit.metrics.series.cardinality import DEFAULT_BUDGET
from monitorkit.serving.app import MetricsApplication, ModelApplication
from monitorkit.serving.handle import KIND, ModelServer, Place
from monitorkit.serving.http.listener import Listener
from monitorkit.serving.work.faults import KINDS
from monitorkit.serving.work.feedback import FeedbackStore, Served
from monitorkit.serving.work.lineup import LineUp
from monitorkit.serving.work.shadow import Shadow
from monitorkit.serving.work.worker import PredictionWorker, at_once

if TYPE_CHECKING:
    import socket
    from collections.abc import Collection

    from monitorkit.metrics.versions import Versions
    from monitorkit.serving.models.model import Model
    from monitorkit.serving.settings import Settings
    from monitorkit.serving.work.batching import Batching
    from monitorkit.serving.work.faults import Faults

__all__ = ["KernelServer"]

SHADOW_SECONDS = 0.5
"""How long the end of a shadow is waited for."""


class KernelServer(ModelServer):
    """A model server in threads of this process.

    Parameters
    ----------
    model, settings
        What is served, and how.
    name
        What it is called.
    host
        The address that its sockets are bound to.
    bound
        Listening sockets of the model and of its metrics; they belong to the server from now on.
    """

    process = False

    def __init__(
        self, model: Model, settings: Settings, name: str, *, host: str, bound: tuple[socket.socket, socket.socket]
    ) -> None:
        super().__init__(name, Place(host, *(one.getsockname()[1] for one in bound)))
        self._registry = Registry()
        self._owner = os.getpid()
        self._stopped = False
        self._metrics = ModelMetrics(self._registry, name)
        self._registry.budget = DEFAULT_BUDGET  # of what the user adds; ours is bounded by classes and features
        self._store = FeedbackStore(settings.limits)
        self._worker = PredictionWorker(f"{name}: predict", queue_length=settings.limits.queue_length)
        self._application = ModelApplication(
            LineUp(self._activate(model, settings, self._metrics)),
            registry=self._registry,
            worker=self._worker,
            store=self._store,
            limits=settings.limits,
            url=self.url,
        )
        applications = (self._application, MetricsApplication(self._registry, settings.limits))
        self._metrics.faults = self._fault_values
        self._metrics.batch_limit = self._batch_limit
        self._listeners = tuple(
            Listener(application, socket, name=f"{name}: {what}")
            for application, socket, what in zip(applications, bound, ("serve", "metrics"), strict=True)
        )

    def start(self) -> None:
        """Start its threads, and return when it answers."""
        try:
            self._worker.start()
            for listener in self._listeners:
                listener.start()
        except BaseException:
            # Also an interrupt of the kernel half way must leave neither thread nor port behind.
            self.stop()
            raise

    @property
    def registry(self) -> Registry:
        """What it exports; metrics of one's own can be added to it."""
        return self._registry

    @property
    def alive(self) -> bool:
        """Whether it answers; never in a forked child of the process that started it."""
        threads = [self._worker.alive, *(listener.alive for listener in self._listeners)]
        return not self._stopped and self._owner == os.getpid() and all(threads)

    def stop(self) -> None:
        """Answer what is in flight, then free ports and threads; a second call does nothing.

        What was measured can still be read from :attr:`registry`.
        """
        if self._owner != os.getpid():
            return
        with self._lock:
            self._stopped = True
            if self._lineup.faults is not None:
                self._lineup.faults.end()
            # All listeners at once, because each takes a moment to let its connections end.
            for listener in self._listeners:
                listener.close()
            for listener in self._listeners:
                listener.join()
            # The listeners have awaited the model already; one that hangs is left to its daemon thread.
            self._worker.stop(timeout_seconds=1.0)
            self._replace_shadow(None)
            running.remove(KIND, self)

    @property
    def _lineup(self) -> LineUp[Served]:
        return self._application.lineup

    @_lineup.setter
    def _lineup(self, lineup: LineUp[Served]) -> None:
        self._application.lineup = lineup
        self._metrics.keep(lineup.answering)
        self._metrics.shadows.keep(lineup.listening)

    @property
    def _state(self) -> str:
        return "running" if self.alive else "stopped"

    @property
    def _batching(self) -> Batching | Literal[False]:
        return self._worker.batching

    def _set_batching(self, batching: Batching | Literal[False]) -> None:
        with self._lock:
            self._worker.batching = batching
            if self._application.shadow is not None:
                self._application.shadow.batching = batching

    def _swap(self, model: Model, settings: Settings) -> None:
        with self._lock:
            lineup = self._lineup
            lineup.check_version(settings.version, "served")
            self._store.limit(settings.limits)
            self._worker.queue_length = settings.limits.queue_length
            self._application.limits = settings.limits
            served = self._activate(model, settings, self._metrics, beside=lineup.answering)
            self._lineup = replace(lineup, served=served)

    def _canary(self, model: Model, settings: Settings, share: float, seed: int | None) -> None:
        with self._lock:
            lineup = self._lineup
            lineup.check_version(settings.version, "canary")
            settings = replace(settings, limits=self._application.limits)
            canary = self._activate(model, settings, self._metrics, beside=lineup.answering)
            self._lineup = lineup.with_canary(canary, share, seed)

    def _end_canary(self) -> None:
        with self._lock:
            self._lineup = self._lineup.with_canary(None)

    def _promote(self) -> None:
        with self._lock:
            self._lineup = self._lineup.promoted()

    def _shadow(self, model: Model, settings: Settings) -> None:
        with self._lock:
            lineup = self._lineup
            lineup.check_version(settings.version, "shadow")
            limits = self._application.limits
            served = self._activate(model, replace(settings, limits=limits), self._metrics.shadows)
            shadow = Shadow(
                served,
                self._metrics.shadow(served.version),
                queue_length=limits.queue_length,
                kept=limits.feedback_count,
                batching=self.batching,
            )
            served.metrics.requests.watch_queue(shadow.waiting)
            shadow.start()
            self._replace_shadow(shadow)
            self._lineup = replace(lineup, shadow=served)

    def _end_shadow(self) -> None:
        with self._lock:
            self._replace_shadow(None)
            self._lineup = replace(self._lineup, shadow=None)

    def _replace_shadow(self, shadow: Shadow | None) -> None:
        before, self._application.shadow = self._application.shadow, shadow
        if before is not None:
            # One that hangs is left to its daemon thread.
            before.stop(timeout_seconds=SHADOW_SECONDS)

    def _inject(self, faults: Faults | None) -> None:
        with self._lock:
            before = self._lineup.faults
            self._lineup = replace(self._lineup, faults=faults)
            self._worker.stall = at_once if faults is None else faults.stall
            if before is not None:
                before.end()

    def _batch_limit(self) -> int:
        batching = self._worker.batching
        return batching.max_size if batching else 1

    def _fault_values(self) -> dict[str, float]:
        faults = self._lineup.faults
        return dict.fromkeys(KINDS, 0.0) if faults is None else faults.values

    def _activate(
        self, model: Model, settings: Settings, versions: Versions, *, beside: Collection[str] = ()
    ) -> Served:
        metrics = versions.activate(
            settings.version,
            description=model.description,
            classes=model.classes or (),
            positive_class=settings.positive_class,
            window=settings.window,
            max_classes=settings.limits.classes,
            error_scale=settings.error_scale,
            probabilities=model.probabilities is not None,
            reference=settings.reference,
            beside=beside,
        )
        metrics.requests.watch_queue(lambda: self._worker.waiting(model))
        return Served(model, self.name, settings.version, metrics)
