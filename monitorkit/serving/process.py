"""A model server in a guarded process of its own, with the handle of any other."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from monitorkit import running
from monitorkit.errors import ServiceError
from monitorkit.processes import Process, wait_until
from monitorkit.serving.channel import Channel, packed
from monitorkit.serving.handle import KIND, ModelServer, Place
from monitorkit.serving.http.listener import DRAIN_SECONDS
from monitorkit.serving.scraped import ScrapedRegistry
from monitorkit.serving.work.lineup import LineUp

if TYPE_CHECKING:
    from monitorkit.metrics import Reference
    from monitorkit.processes import LogText
    from monitorkit.serving.models.model import Model
    from monitorkit.serving.settings import Settings
    from monitorkit.serving.work.batching import Batching
    from monitorkit.serving.work.faults import Faults

__all__ = ["ProcessServer"]

_ENDING_SECONDS = 1.0
"""A process that has died refuses connections a moment before its guard has seen it end."""
_NOWHERE = Place("", 0, 0)

# The first argument is where modules are looked for here: what the notebook can import, the model's process can, too.
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); from monitorkit.serving.child import main; main()"
)


@dataclass(frozen=True)
class _Told:
    """What the process was told to serve."""

    model: Model
    name: str
    version: str
    reference: Reference | None


class ProcessServer(ModelServer):
    """A model server in a guarded process of its own.

    Parameters
    ----------
    model, settings
        What is served, and how.
    name
        What it is called.

    Raises
    ------
    InvalidValue
        If the model cannot be sent there, or not be loaded there.
    ServiceError
        If the process ends meanwhile.
    """

    process = True

    def __init__(self, model: Model, settings: Settings, name: str) -> None:
        super().__init__(name, _NOWHERE)
        request = packed("load", model, settings)
        self._told = LineUp(self._told_of(model, settings))
        self._current_batching: Batching | Literal[False] = False
        self._stopped = False
        self._folder = Path(tempfile.mkdtemp(prefix="monitorkit-model-"))
        own, other = socket.socketpair()
        self._channel = Channel(own)
        try:
            with other:
                self._process = Process(
                    [sys.executable, "-c", _PROGRAM, json.dumps(sys.path), str(other.fileno())],
                    name=f"{KIND} {name}",
                    log=self._folder / "log",
                    scratch=self._folder,
                    env={"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"},
                    descriptors=[other.fileno()],
                    grace_seconds=DRAIN_SECONDS + 3,
                )
        except BaseException:
            own.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        try:
            self._send(request)
        except BaseException:
            self.stop()
            raise

    def start(self, host: str, bound: tuple[socket.socket, socket.socket], batching: Batching | Literal[False]) -> None:
        """Hand over listening sockets of the model and of its metrics, and return when the process answers there."""
        main, metrics = bound
        try:
            with main, metrics:
                self._place = Place(host, main.getsockname()[1], metrics.getsockname()[1])
                self._call("start", self.name, host, batching, sockets=bound)
        except BaseException:
            self.stop()
            raise
        self._current_batching = batching

    @property
    def registry(self) -> ScrapedRegistry:
        """What the process exports, read from its ``/metrics`` each time; nothing can be added to it from here."""
        return ScrapedRegistry(self.name, self._place.address, self._place.metrics_port)

    @property
    def pid(self) -> int:
        """Process id of the model's process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether its process runs; never in a forked child of the process that started it."""
        return not self._stopped and self._process.owned and self._process.alive

    def logs(self, n: int = 20) -> LogText:
        """The last `n` lines that the process wrote: what the model prints goes there."""
        return self._process.logs(n)

    def stop(self) -> None:
        """Answer what is in flight, then end the process and free its ports; a second call does nothing."""
        if not self._process.owned:
            return
        with self._lock:
            self._stopped = True
            self._process.stop()
            self._channel.close()
            running.remove(KIND, self)
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _lineup(self) -> LineUp[_Told]:
        return self._told

    @property
    def _state(self) -> str:
        if self._stopped:
            return "stopped"
        return self._process.ending or f"running in process {self.pid}"

    @property
    def _batching(self) -> Batching | Literal[False]:
        return self._current_batching

    def _set_batching(self, batching: Batching | Literal[False]) -> None:
        self._call("set_batching", batching)
        self._current_batching = batching

    def _swap(self, model: Model, settings: Settings) -> None:
        with self._lock:
            self._call("swap", model, settings)
            self._told = replace(self._told, served=self._told_of(model, settings))

    def _canary(self, model: Model, settings: Settings, share: float, seed: int | None) -> None:
        with self._lock:
            self._call("canary", model, settings, share, seed)
            self._told = self._told.with_canary(self._told_of(model, settings), share)

    def _end_canary(self) -> None:
        with self._lock:
            self._call("end_canary")
            self._told = self._told.with_canary(None)

    def _promote(self) -> None:
        with self._lock:
            promoted = self._told.promoted()
            self._call("promote")
            self._told = promoted

    def _shadow(self, model: Model, settings: Settings) -> None:
        with self._lock:
            self._call("shadow", model, settings)
            self._told = replace(self._told, shadow=self._told_of(model, settings))

    def _end_shadow(self) -> None:
        with self._lock:
            self._call("end_shadow")
            self._told = replace(self._told, shadow=None)

    def _inject(self, faults: Faults | None) -> None:
        with self._lock:
            self._call("inject", faults)
            self._told = replace(self._told, faults=faults)

    def _told_of(self, model: Model, settings: Settings) -> _Told:
        return _Told(model, self.name, settings.version, settings.reference)

    def _call(self, method: str, *args: object, sockets: tuple[socket.socket, ...] = ()) -> Any:  # noqa: ANN401 - as told
        self._check_alive()
        return self._send(packed(method, *args), sockets)

    def _send(self, request: bytes, sockets: tuple[socket.socket, ...] = ()) -> Any:  # noqa: ANN401 - as told
        try:
            return self._channel.call(request, sockets)
        except EOFError:
            wait_until(lambda: not self._process.alive, timeout_seconds=_ENDING_SECONDS)
            raise self._died() from None

    def _ask(self, path: str, document: object, timeout_seconds: float) -> Any:  # noqa: ANN401 - a JSON document
        try:
            return super()._ask(path, document, timeout_seconds)
        except ServiceError as error:
            # The model's own failures are answers; only where none came may the process be gone.
            if isinstance(error.__cause__, OSError):
                wait_until(lambda: not self._process.alive, timeout_seconds=_ENDING_SECONDS)
            if self._stopped or self._process.alive:
                raise
            raise self._died() from error

    def _check_alive(self) -> None:
        if not self._stopped and self._process.owned and not self._process.alive:
            raise self._died()
        super()._check_alive()

    def _died(self) -> ServiceError:
        ending = self._process.ending or "does not answer"
        again = f"mk.serve(model, name={self.name!r}, process=True) starts it again"
        return ServiceError(f"its process {ending}; {again}", service=self.name, log_tail=self._process.log_tail())
