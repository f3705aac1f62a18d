"""What runs in the process of a model that has one of its own: the server of a kernel, told what to do by calls."""

from __future__ import annotations

import signal
import socket
import sys
from typing import TYPE_CHECKING, Literal

from monitorkit.serving.channel import answer_calls
from monitorkit.serving.kernel import KernelServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from monitorkit.serving.batching import Batching
    from monitorkit.serving.model import Model
    from monitorkit.serving.settings import Settings

__all__ = ["main"]


class _Ended(BaseException):
    """The process is asked to end."""


def _end(_number: int, _frame: FrameType | None) -> None:
    # Once is enough: the second time would interrupt the end itself.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Ended


class Child:
    """The server of this process, once it is started.

    A model is loaded first and started by a second call, so that one that cannot be loaded replaces nothing.
    """

    def __init__(self) -> None:
        self._loaded: tuple[Model, Settings] | None = None
        self._server: KernelServer | None = None

    def load(self, model: Model, settings: Settings) -> None:
        """Keep a model that is served as soon as there are sockets."""
        self._loaded = model, settings

    def start(
        self, name: str, host: str, batching: Batching | Literal[False], main: socket.socket, metrics: socket.socket
    ) -> None:
        """Serve what was loaded."""
        assert self._loaded is not None  # noqa: S101 - the owner loads first
        server = KernelServer(*self._loaded, name, host=host, bound=(main, metrics))
        self._loaded = None
        server.batching = batching
        server.start()
        self._server = server

    def swap(self, model: Model, settings: Settings) -> None:
        """Serve another model."""
        self.server._swap(model, settings)  # noqa: SLF001 - this is the handle's other half

    def batching(self, batching: Batching | Literal[False]) -> None:
        """Change how requests leave together."""
        self.server.batching = batching

    @property
    def server(self) -> KernelServer:
        """What was started."""
        assert self._server is not None  # noqa: S101 - the owner starts it before anything else
        return self._server

    def stop(self) -> None:
        """End it, if it was started."""
        if self._server is not None:
            self._server.stop()


def main() -> None:
    """Serve until the owner closes its end, or SIGTERM comes; the one argument is the number of the socket."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = Child()
    calls = (child.load, child.start, child.swap, child.batching)
    methods: dict[str, Callable[..., object]] = {call.__name__: call for call in calls}
    try:
        answer_calls(socket.socket(fileno=int(sys.argv[1])), methods)
    except _Ended:
        pass
    finally:
        child.stop()
