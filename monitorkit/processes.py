"""Child processes: the only module that starts any.

A service that outlives a cell but not the kernel runs under a guard (:mod:`monitorkit.guard`) in a session of its own:
an interrupt of the kernel does not reach it, and when the kernel ends in whatever way, the guard ends it. A command
that is waited for goes through :func:`run`.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitorkit.errors import InvalidValue, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Completed", "LogText", "Process", "lock_holder", "pid_exists", "refuse_if_locked", "run", "wait_until"]

GUARD = Path(__file__).with_name("guard.py")
ORPHAN_GRACE_SECONDS = 1.5
"""How long a program may take to end by itself once its owner is gone; an orphan must be gone after 2.5 s."""

LOG_TAIL_BYTES = 256 * 2**10


class LogText(str):
    """Lines of a log, shown as they are where a notebook would show a quoted text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Process:
    """A program running under a guard.

    Parameters
    ----------
    argv
        The command line.
    name
        What the process is called in messages.
    log
        File that its output is appended to; made together with its folder.
    lock
        File to hold a lock on while the program runs, for example in its data folder.
    scratch
        Folder that is removed when the owner is gone; :meth:`stop` leaves it.
    env
        Variables to set beside those of this process.
    cwd
        Folder to run in.
    descriptors
        File descriptors that the program inherits, under their numbers; they stay open here.
    grace_seconds
        How long :meth:`stop` lets it end by itself before it is killed.

    Raises
    ------
    ServiceError
        If the program cannot be started, or another process holds the lock.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        name: str,
        log: Path,
        lock: Path | None = None,
        scratch: Path | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        descriptors: Sequence[int] = (),
        grace_seconds: float = 5.0,
    ) -> None:
        self.name = name
        self.argv = [str(argument) for argument in argv]
        self.log = log
        self._grace_seconds = grace_seconds
        self._owner = os.getpid()
        self._stopping = threading.Lock()
        for file in (log, lock):
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = log.stat().st_size if log.exists() else 0
        order = {
            "owner": self._owner,
            "argv": self.argv,
            "log": str(log),
            "lock": str(lock) if lock else None,
            "scratch": str(scratch) if scratch else None,
            "env": dict(env or {}),
            "cwd": str(cwd) if cwd else None,
            "descriptors": list(descriptors),
            "grace_seconds": grace_seconds,
            "orphan_grace_seconds": min(grace_seconds, ORPHAN_GRACE_SECONDS),
        }
        self._guard = subprocess.Popen(  # noqa: S603 - our own guard, no shell
            [sys.executable, "-I", "-S", str(GUARD), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=descriptors,
            start_new_session=True,
        )
        try:
            self.pid = self._await_start(lock)
        except BaseException:
            self.stop()
            raise

    def _await_start(self, lock: Path | None) -> int:
        """Process id of the program, from the guard's first line."""
        assert self._guard.stdout is not None  # noqa: S101 - a pipe was asked for
        answer: dict[str, Any] = json.loads(self._guard.stdout.readline() or b"{}")
        if "pid" in answer:
            return int(answer["pid"])
        if answer.get("error") == "locked" and lock is not None:
            raise _in_use(lock, answer["holder"], self.name)
        raise ServiceError(f"cannot start {self.argv[0]}: {answer.get('reason', 'its guard ended')}", service=self.name)

    @property
    def owned(self) -> bool:
        """Whether this process started it, and is not a forked child of the one that did."""
        return os.getpid() == self._owner

    @property
    def alive(self) -> bool:
        """Whether the program runs."""
        return self._guard.poll() is None

    @property
    def returncode(self) -> int | None:
        """Exit status of the program, 128 + n after signal n, None while it runs."""
        return self._guard.poll()

    @property
    def ending(self) -> str:
        """How the program ended, in words; empty while it runs."""
        status = self._guard.poll()
        if status is None:
            return ""
        number = -status if status < 0 else status - 128
        with suppress(ValueError):
            return f"ended by signal {number} ({signal.Signals(number).name})"
        return f"ended with status {status}"

    def output(self) -> str:
        """Everything that this run of the program wrote."""
        return self._read_log(self._log_start)

    def log_tail(self, n_lines: int = 12) -> str:
        """The last lines that this run of the program wrote, as far as they are in the last 256 KiB."""
        size = self.log.stat().st_size if self.log.exists() else 0
        return "\n".join(self._read_log(max(self._log_start, size - LOG_TAIL_BYTES)).splitlines()[-n_lines:])

    def logs(self, n: int) -> LogText:
        """The last lines, as a user asks for them.

        Raises
        ------
        InvalidValue
            If `n` is no number of lines.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise InvalidValue(f"n: {n!r} is no number of lines")
        return LogText(self.log_tail(n))

    def _read_log(self, start: int) -> str:
        try:
            with self.log.open("rb") as file:
                file.seek(start)
                return file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program itself, not to its guard."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self) -> None:
        """End the program; a second call, or one from a forked child of the owner, does nothing."""
        if not self.owned:
            return
        with self._stopping:
            if self._guard.poll() is None:
                self._guard.terminate()
                try:
                    self._guard.wait(self._grace_seconds + 3)
                except subprocess.TimeoutExpired:
                    # The kernel kills the program with its guard (PR_SET_PDEATHSIG); the group is the net below that.
                    with suppress(ProcessLookupError):
                        os.killpg(self._guard.pid, signal.SIGKILL)
                    self._guard.wait()
            for pipe in (self._guard.stdin, self._guard.stdout):
                if pipe is not None:
                    pipe.close()


def lock_holder(lock: Path) -> str | None:
    """Read whose process id stands in a lock file that is held; None where nobody holds it."""
    try:
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read(32).strip()
    except FileNotFoundError:
        pass
    return None


def pid_exists(pid: int) -> bool:
    """Whether a process of this id lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def refuse_if_locked(lock: Path, *, name: str) -> None:
    """Find out before anything is written that a folder is in use, as :class:`Process` would when it starts.

    Raises
    ------
    ServiceError
        If another process holds the lock.
    """
    if (holder := lock_holder(lock)) is not None:
        raise _in_use(lock, holder, name)


def _in_use(lock: Path, holder: str, name: str) -> ServiceError:
    reason = f"{lock.parent} is in use by {_describe(holder)}; stop it there, or name another folder"
    return ServiceError(reason, service=name)


def _describe(pid: str) -> str:
    """Say which process this is, as a person would look for it."""
    import psutil  # noqa: PLC0415 - only for this message

    if pid == str(os.getpid()):
        return "this process"
    try:
        command = " ".join(psutil.Process(int(pid)).cmdline())
    except (ValueError, psutil.Error):
        return f"another process ({pid or 'unknown'})"
    return f"process {pid} ({command[:77] + '...' if len(command) > 80 else command})"  # noqa: PLR2004 - one line


@dataclass(frozen=True)
class Completed:
    """A command that has ended: its exit status and its output, standard error included."""

    returncode: int
    output: str


def run(
    argv: Sequence[str | Path],
    *,
    timeout_seconds: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input_text: str | None = None,
) -> Completed:
    """Run a command to its end and return what it wrote.

    Raises
    ------
    ServiceError
        If it cannot be started or does not end in time; it is then killed.
    """
    name = Path(argv[0]).name
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, no shell
            [str(argument) for argument in argv],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_seconds,
            check=False,
            start_new_session=True,
            text=True,
            errors="replace",
            **({"input": input_text} if input_text is not None else {"stdin": subprocess.DEVNULL}),
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceError(f"did not end within {timeout_seconds:g} s", service=name) from error
    except OSError as error:
        raise ServiceError(f"cannot be started: {error}", service=name) from error
    return Completed(done.returncode, done.stdout)


def wait_until(condition: Callable[[], object], *, timeout_seconds: float, interval_seconds: float = 0.02) -> bool:
    """Poll `condition` until it is true or the time is over; return whether it became true."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval_seconds)
    return True
