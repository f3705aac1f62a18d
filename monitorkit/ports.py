"""Ports: free ones, and the same one again for the same name.

A name keeps its port over restarts where it is free, so that the ``instance`` label of its series stays the same and
graphs do not break. The memory is one small file in the user's state folder; losing it costs nothing but that.
"""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from pathlib import Path

from monitorkit.documents import json_text, write_file
from monitorkit.errors import InvalidType, ServiceError

__all__ = ["bind", "free_port", "is_free", "state_folder"]

MAX_REMEMBERED = 500
BACKLOG = 2048


def state_folder() -> Path:
    """Folder for what is remembered between runs; ``MONITORKIT_STATE`` names another one."""
    if folder := os.environ.get("MONITORKIT_STATE"):
        return Path(folder)
    import platformdirs  # noqa: PLC0415 - `import monitorkit` must stay light

    return platformdirs.user_state_path("monitorkit")


def bind(name: str, *, host: str = "127.0.0.1", port: int | None = None) -> socket.socket:
    """Bind a listening socket: on `port` if asked for, else on the port that `name` had, else on a free one.

    Raises
    ------
    ServiceError
        If the port that was asked for is taken, or the host is not one of this machine.
    InvalidType
        If the host is no text, or the port no whole number.
    """
    if not isinstance(host, str):
        raise InvalidType(f"host: {host!r} is no text; write an address such as '127.0.0.1'")
    if port is not None and (isinstance(port, bool) or not isinstance(port, int)):
        raise InvalidType(f"port: {port!r} is no whole number")
    if port is not None:
        return _socket(name, host, port)
    remembered = _memory().get(f"{name}@{host}")
    if remembered:
        with suppress(ServiceError):
            return _socket(name, host, remembered)
    bound = _socket(name, host, 0)
    _remember(f"{name}@{host}", bound.getsockname()[1])
    return bound


def free_port(name: str, *, host: str = "127.0.0.1", port: int | None = None) -> int:
    """Find a port for a process that binds it itself, by the rules of :func:`bind`."""
    with bind(name, host=host, port=port) as bound:
        return int(bound.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    """Whether nothing listens on this port."""
    try:
        _socket("", host, port).close()
    except ServiceError:
        return False
    return True


def _socket(name: str, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    # Without SO_REUSEADDR a port whose last connections linger in TIME_WAIT would count as taken.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        # Only listening takes the port: with SO_REUSEADDR Linux lets two sockets bind that do not listen yet.
        bound.listen(BACKLOG)
    except (OSError, OverflowError, TypeError) as error:
        # A TypeError is a host name with characters that none can have.
        bound.close()
        raise ServiceError(f"port {port} on {host}: {error}; name another port, or none", service=name) from error
    return bound


def _file() -> Path:
    return state_folder() / "ports.json"


def _memory() -> dict[str, int]:
    with suppress(OSError, ValueError, AttributeError):
        return {str(key): int(value) for key, value in json.loads(_file().read_text(encoding="utf-8")).items()}
    return {}


def _remember(key: str, port: int) -> None:
    # A home that cannot be written to is no reason to fail: the port is then only not remembered.
    with suppress(OSError):
        memory = _memory() | {key: port}
        write_file(_file(), json_text(dict(list(memory.items())[-MAX_REMEMBERED:])))
