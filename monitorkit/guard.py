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
import signal
import subprocess
import sys
import threading
from typing import TypedDict

POLL_SECONDS = 0.2
PR_SET_PDEATHSIG = 1


class Order(TypedDict):
    """What the guard is asked to do."""

    owner: int
    argv: list[str]
    log: str
    lock: str | None
    env: dict[str, str]
    cwd: str | None
    grace_seconds: float
    orphan_grace_seconds: float


def report(**fields: object) -> None:
    """Send one line of JSON to the owner, who may be gone already."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(fields).encode() + b"\n")


def lock(path: str) -> int:
    """Take the lock on a file, or report who holds it and end."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        report(error="locked", holder=os.read(descriptor, 32).decode(errors="replace").strip())
        sys.exit(75)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def die_with_guard() -> None:
    """Have the kernel kill the program when the guard itself is killed (Linux only)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(order: Order, held: tuple[int, ...]) -> subprocess.Popen[bytes]:
    """Start the program, its output appended to the log."""
    with open(order["log"], "ab") as log:  # noqa: PTH123 - pathlib would triple the guard's start-up time
        return subprocess.Popen(  # noqa: S603 - the owner's own command line, no shell
            order["argv"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **order["env"]},
            cwd=order["cwd"],
            pass_fds=held,
            preexec_fn=die_with_guard,  # noqa: PLW1509 - the guard has one thread here
        )


def watch_lifeline(ended: threading.Event) -> None:
    """Set `ended` when the pipe from the owner closes."""
    with contextlib.suppress(OSError):
        while os.read(0, 64):
            pass
    ended.set()


def end(program: subprocess.Popen[bytes], grace_seconds: float) -> int:
    """Ask the program to end, insist after `grace_seconds`, and return its exit status."""
    program.terminate()
    try:
        return program.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        program.kill()
        return program.wait()


def main(order: Order) -> int:
    """Run the program until it ends, the guard is told to stop, or the owner is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    held = (lock(order["lock"]),) if order["lock"] else ()
    try:
        program = start(order, held)
    except OSError as error:
        report(error="start", reason=str(error))
        return 127
    report(pid=program.pid)
    lifeline = threading.Event()
    threading.Thread(target=watch_lifeline, args=(lifeline,), daemon=True).start()
    while program.poll() is None:
        if lifeline.is_set() or os.getppid() != order["owner"]:
            return end(program, order["orphan_grace_seconds"])
        if stopped.wait(POLL_SECONDS):
            return end(program, order["grace_seconds"])
    return program.returncode


if __name__ == "__main__":
    status = main(json.loads(sys.argv[1]))
    sys.exit(status if status >= 0 else 128 - status)
