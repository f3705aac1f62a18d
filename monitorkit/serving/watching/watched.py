"""Where the metrics of a watched function are shown."""

from __future__ import annotations

import os
import threading
from html import escape

from monitorkit import ports, running
from monitorkit.cards import card, link
from monitorkit.metrics import ModelMetrics, Registry
from monitorkit.serving.app import MetricsApplication
from monitorkit.serving.http.listener import Listener
from monitorkit.serving.settings import DEFAULT_LIMITS

__all__ = ["KIND", "Watched"]

KIND = "watched function"
"""What a watched function is entered as in the register of what runs."""

_HOST = "127.0.0.1"


class Watched(running.Stoppable):
    """The metrics of a watched function, on a port of this machine; made by :func:`monitorkit.watch`.

    It is a context manager, and ends with the process that started it.

    Attributes
    ----------
    name
        Key under which it is found again, and value of the label ``model_name``.
    registry
        What it exports; metrics of one's own can be added to it.
    metrics
        The function's families.
    """

    def __init__(self, name: str, *, port: int | None = None) -> None:
        self.name = name
        self.registry = Registry()
        self.metrics = ModelMetrics(self.registry, name)
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._stopped = False
        bound = ports.bind(f"{KIND} {name}", host=_HOST, port=port)
        self._listener = Listener(MetricsApplication(self.registry, DEFAULT_LIMITS), bound, name=f"{name}: metrics")

    def start(self) -> None:
        """Start its thread, and return when it answers."""
        try:
            self._listener.start()
        except BaseException:
            self.stop()
            raise

    @property
    def port(self) -> int:
        """The port that its metrics are on."""
        return int(self._listener.port)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{_HOST}:{self.port}"

    @property
    def metrics_url(self) -> str:
        """What Prometheus scrapes."""
        return f"{self.url}/metrics"

    @property
    def alive(self) -> bool:
        """Whether it answers; never in a forked child of the process that started it."""
        return not self._stopped and self._owner == os.getpid() and self._listener.alive

    def stop(self) -> None:
        """Free port and thread; a second call does nothing. The function can still be called, and still counts."""
        if self._owner != os.getpid():
            return
        with self._lock:
            self._stopped = True
            self._listener.close()
            self._listener.join()
            running.remove(KIND, self)

    def __repr__(self) -> str:
        return f"Watched({self.name!r}, metrics_url={self.metrics_url!r}, {self._state})"

    def _repr_html_(self) -> str:
        step = f"prom = mk.start_prometheus(targets=[{self.name.rpartition('.')[2]}])" if self.alive else "@mk.watch"
        return card(
            f"<b>{escape(self.name)}</b> watched · {self._state}",
            f"metrics {link(self.metrics_url)}",
            f"next: <code>{escape(step)}</code>",
        )

    @property
    def _state(self) -> str:
        return "running" if self.alive else "stopped"
