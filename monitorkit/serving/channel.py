"""Calls from the kernel to the process that serves a model, over a socket that nobody else holds.

The socket has no name and no port, so that no other user or program can reach it. Each call has a pair of sockets of
its own, one end of which is sent over the first (``SCM_RIGHTS``, unix(7)): a call that is interrupted half way leaves
nothing behind that the next one could take for its answer.
"""

from __future__ import annotations

import pickle
import socket
from typing import TYPE_CHECKING, Any

import cloudpickle

from monitorkit.errors import InvalidValue, MonitorkitError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Channel", "answer_calls", "packed"]

CALL_SECONDS = 600.0
"""Longest time for one call; loading a large model takes minutes at worst."""
MAX_SOCKETS = 4
_CHUNK = 2**20


def packed(method: str, *args: object) -> bytes:
    """Write a call as bytes; what is defined in a notebook travels with it, what is imported is imported there.

    Raises
    ------
    InvalidValue
        If something in it cannot leave this process, such as an open connection or a lock.
    """
    try:
        return bytes(cloudpickle.dumps((method, args)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise InvalidValue(
            f"model: it cannot be sent to a process of its own: {type(error).__name__}: {error}; "
            "leave out process=True, or let the model open what it holds when it is first called"
        ) from error


class Channel:
    """The kernel's end.

    Parameters
    ----------
    control
        A socket whose other end the process holds; it belongs to the channel from now on.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control

    def call(self, request: bytes, sockets: Sequence[socket.socket] = ()) -> Any:  # noqa: ANN401 - what the method returns
        """Have a call carried out, and return what it returns.

        Parameters
        ----------
        request
            From :func:`packed`.
        sockets
            Sockets that the process is given with it.

        Raises
        ------
        EOFError
            If the process ended before it answered.
        MonitorkitError
            Whatever the call raised there.
        """
        own, other = socket.socketpair()
        with own:
            own.settimeout(CALL_SECONDS)
            try:
                with other:
                    socket.send_fds(self._control, [b"\0"], [one.fileno() for one in (other, *sockets)])
                own.sendall(request)
                own.shutdown(socket.SHUT_WR)
                answer = _read(own)
            except TimeoutError:
                raise ServiceError(f"no answer from its process within {CALL_SECONDS:g} s") from None
            except OSError as error:
                raise EOFError from error
        if not answer:
            raise EOFError
        succeeded, value = pickle.loads(answer)  # noqa: S301 - from a process of ours
        if not succeeded:
            raise value
        return value

    def close(self) -> None:
        """Let go of the socket; the process ends."""
        self._control.close()


def answer_calls(control: socket.socket, methods: Mapping[str, Callable[..., object]]) -> None:
    """Carry out calls one after another until the other end is closed.

    Parameters
    ----------
    control
        The process' own end.
    methods
        What can be called. A function gets the arguments of the call, then the sockets that came with it.
    """
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, MAX_SOCKETS)
        if not message:
            return
        call, *sockets = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        with call:
            answer = _carry_out(_read(call), sockets, methods)
            try:
                call.sendall(answer)
            except OSError:
                # Whoever called was interrupted meanwhile.
                continue


def _carry_out(
    request: bytearray, sockets: Sequence[socket.socket], methods: Mapping[str, Callable[..., object]]
) -> bytes:
    try:
        method, args = pickle.loads(request)  # noqa: S301 - only our owner holds the other end
    except Exception as error:  # noqa: BLE001 - the user's own classes may raise anything here
        return _answer(
            InvalidValue(
                f"model: it cannot be loaded in a process of its own: {type(error).__name__}: {error}; "
                "define what it needs in the notebook or in a file that can be imported, or leave out process=True"
            )
        )
    try:
        return pickle.dumps((True, methods[method](*args, *sockets)))
    except Exception as error:  # noqa: BLE001 - it is raised again where the call came from
        return _answer(error)


def _answer(error: Exception) -> bytes:
    if not isinstance(error, MonitorkitError):
        error = ServiceError(f"its process failed: {type(error).__name__}: {error}")
    return pickle.dumps((False, error))


def _read(connection: socket.socket) -> bytearray:
    """Read up to the end."""
    received = bytearray()
    while chunk := connection.recv(_CHUNK):
        received += chunk
    return received
