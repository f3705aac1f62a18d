"""What runs: one register of everything that was started, by kind and name.

The register hangs on :mod:`sys`, not on this module, so that a cell run again, ``importlib.reload`` and IPython's
autoreload find what is already running instead of starting a second one.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    import pandas as pd

__all__ = ["Service", "Stoppable", "add", "find", "known", "latest", "remove", "starting", "status", "stop_all"]


class Service(Protocol):
    """What the register holds: anything with a name, a place and an end."""

    @property
    def name(self) -> str:
        """The key under which it is found again."""

    @property
    def url(self) -> str:
        """Where it answers."""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""

    def stop(self) -> None:
        """End it; a second call does nothing."""


class Stoppable(ABC):
    """What can be stopped, and is when its ``with`` block is left."""

    @abstractmethod
    def stop(self) -> None:
        """End it; a second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Register:
    def __init__(self) -> None:
        self.owner = os.getpid()
        self.lock = threading.RLock()
        self.services: dict[tuple[str, str], Any] = {}
        self.starting: dict[tuple[str, str], threading.RLock] = {}


def _register() -> _Register:
    register = sys.__dict__.get("_monitorkit_running")
    if register is None or register.owner != os.getpid():
        # A forked child starts with nothing: what it inherited belongs to its parent.
        register = sys.__dict__["_monitorkit_running"] = _Register()
        atexit.register(_stop_at_exit, os.getpid())
    return register


def _stop_at_exit(owner: int) -> None:
    if os.getpid() == owner:
        stop_all()


@contextmanager
def starting(kind: str, name: str) -> Iterator[None]:
    """Hold off other threads that would start the same thing at the same time."""
    register = _register()
    with register.lock:
        lock = register.starting.setdefault((kind, name), threading.RLock())
    with lock:
        yield


def add(kind: str, service: Service) -> None:
    """Enter something that was started; it becomes the latest of its kind."""
    register = _register()
    with register.lock:
        register.services.pop((kind, service.name), None)
        register.services[kind, service.name] = service


def find(kind: str, name: str) -> Any | None:  # noqa: ANN401 - the caller knows what it entered under this kind
    """Return what is alive under this kind and name, or None."""
    service = known(kind, name)
    return service if service is not None and service.alive else None


def known(kind: str, name: str) -> Any | None:  # noqa: ANN401 - as for find
    """Return what was entered under this kind and name and not stopped, whether it is alive or has died."""
    return _register().services.get((kind, name))


def latest(kind: str) -> Any | None:  # noqa: ANN401 - as for find
    """Return the last one entered that is alive, or None."""
    register = _register()
    with register.lock:
        services = [service for (of_kind, _), service in register.services.items() if of_kind == kind]
    return next((service for service in reversed(services) if service.alive), None)


def remove(kind: str, service: Service) -> None:
    """Take something out that was stopped; one that was replaced in the meantime stays."""
    register = _register()
    with register.lock:
        if register.services.get((kind, service.name)) is service:
            del register.services[kind, service.name]


def status() -> pd.DataFrame:
    """Show what runs, and where.

    Returns
    -------
    DataFrame of shape (n_services, 4)
        Columns ``kind``, ``name``, ``url``, ``state``, in the order of starting.

    Examples
    --------
    >>> import monitorkit as mk
    >>> mk.status().columns.to_list()
    ['kind', 'name', 'url', 'state']
    """
    import pandas as pd  # noqa: PLC0415 - `import monitorkit` must stay light

    register = _register()
    with register.lock:
        entries = list(register.services.items())
    rows = [(kind, name, service.url, "running" if service.alive else "ended") for (kind, name), service in entries]
    return pd.DataFrame(rows, columns=["kind", "name", "url", "state"])


def stop_all() -> None:
    """Stop everything that was started, the latest first; one that fails to stop does not keep the others up."""
    register = _register()
    with register.lock:
        services = list(register.services.values())
        register.services.clear()
    for service in reversed(services):
        with suppress(Exception):
            service.stop()
