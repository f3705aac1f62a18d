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

    from monitorkit.serving.models.model import Model
    from monitorkit.serving.settings import Settings
    from monitorkit.serving.work.batching import Batching

__all__ = ["main"]

CHANGES = ("set_batching", "swap", "canary", "end_canary", "promote", "shadow", "end_shadow", "inject")
"""What the handle of a server that runs may ask for."""


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

    def change(self, what: str) -> Callable[..., object]:
        """Make the function that carries out one of the changes of a handle's other half."""

        def carry_out(*args: object) -> None:
            getattr(self._server, f"_{what}")(*args)

        return carry_out

    def stop(self) -> None:
        """End it, if it was started."""
        if self._server is not None:
            self._server.stop()


def main() -> None:
    """Serve until the owner closes its end, or SIGTERM comes; the one argument is the number of the socket."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = Child()
    methods: dict[str, Callable[..., object]] = {what: child.change(what) for what in CHANGES}
    methods |= {"load": child.load, "start": child.start}
    try:
        answer_calls(socket.socket(fileno=int(sys.argv[1])), methods)
    except _Ended:
        pass
    finally:
        child.stop()
