"""The guard: a small process that runs one program and ends it when the process that asked for it is gone.

Run as a script by :mod:`monitorkit.processes`, never imported, standard library only, so that it starts in a few
milliseconds and stays small. Its first argument is a JSON object (see :class:`Order`), its standard input the lifeline:
a pipe that nobody writes to and that closes when the owner dies. Because a forked child of the owner can hold that pipe
open, the owner's process id is watched as well.

PR_SET_PDEATHSIG is set from here and not from the owner: it fires when the *thread* that forked ends (prctl(2)), and in
a notebook that is often a thread of a moment.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
from typing import TypedDict

POLL_SECONDS = 0.2
PR_SET_PDEATHSIG = 1


class Order(TypedDict):
    """What the guard is asked to do."""

    owner: int
    argv: list[str]
    log: str
    lock: str | None
    scratch: str | None
    env: dict[str, str]
    cwd: str | None
    descriptors: list[int]
    grace_seconds: float
    orphan_grace_seconds: float


def report(**fields: object) -> None:
    """Send one line of JSON to the owner, who may be gone already."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(fields).encode() + b"\n")


def lock(path: str, owner: int) -> int:
    """Take the lock on a file and write the owner's process id into it, or report whose id stands there and end."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        report(error="locked", holder=os.read(descriptor, 32).decode(errors="replace").strip())
        sys.exit(75)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(owner).encode(), 0)
    return descriptor


def die_with_guard() -> None:
    """Have the kernel kill the program when the guard itself is killed (Linux only)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(order: Order, held: tuple[int, ...]) -> subprocess.Popen[bytes]:
    """Start the program, its output appended to the log, and leave to it what it inherits."""
    with open(order["log"], "ab") as log:  # noqa: PTH123 - pathlib would triple the guard's start-up time
        program = subprocess.Popen(  # noqa: S603 - the owner's own command line, no shell
            order["argv"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **order["env"]},
            cwd=order["cwd"],
            pass_fds=(*held, *order["descriptors"]),
            preexec_fn=die_with_guard,  # noqa: PLW1509 - the guard has one thread here
        )
    # The owner is to see the end of a socket when the program closes it, not when the guard does.
    for descriptor in order["descriptors"]:
        os.close(descriptor)
    return program


def end(program: subprocess.Popen[bytes], grace_seconds: float) -> int:
    """Ask the program to end, insist after `grace_seconds`, and return its exit status."""
    program.terminate()
    try:
        return program.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        program.kill()
        return program.wait()


def abandon(program: subprocess.Popen[bytes], order: Order) -> int:
    """End the program of an owner that is gone, and what it leaves behind."""
    status = end(program, order["orphan_grace_seconds"])
    if order["scratch"]:
        import shutil  # noqa: PLC0415 - costs start-up time and is rarely needed

        shutil.rmtree(order["scratch"], ignore_errors=True)
    return status


def wakeup_pipe() -> int:
    """Have each signal written to a pipe as a byte, and return the end to read from."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reader


def main(order: Order) -> int:
    """Run the program until it ends, the guard is told to stop, or the owner is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals = wakeup_pipe()
    try:
        held = (lock(order["lock"], order["owner"]),) if order["lock"] else ()
        program = start(order, held)
    except (OSError, ValueError) as error:
        report(error="start", reason=str(error))
        return 127
    report(pid=program.pid)
    lifeline = 0
    while program.poll() is None:
        ready, _, _ = select.select([lifeline, signals], [], [], POLL_SECONDS)
        if signals in ready and signal.SIGTERM in os.read(signals, 64):
            return end(program, order["grace_seconds"])
        if (lifeline in ready and not os.read(lifeline, 64)) or os.getppid() != order["owner"]:
            return abandon(program, order)
    return program.returncode


if __name__ == "__main__":
    status = main(json.loads(sys.argv[1]))
    sys.exit(status if status >= 0 else 128 - status)
