"""The Prometheus process: its files, its command line, its port, its configuration applied and taken back."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from monitorkit import ports
from monitorkit.errors import ServiceError
from monitorkit.processes import Process, refuse_if_locked, run, wait_until
from monitorkit.services.programs.binaries import find
from monitorkit.services.setup.config_files import ConfigFiles
from monitorkit.services.setup.storage import Storage

if TYPE_CHECKING:
    from pathlib import Path

    import requests

    from monitorkit.services.setup.settings import Settings

__all__ = ["KIND", "Server"]

KIND = "prometheus"
"""What a Prometheus is entered as in the register of what runs."""

READY_SECONDS = 300.0
"""A data folder of many days is read again at each start; Prometheus is not ready before that."""
_PORT_ATTEMPTS = 3
_REQUEST_SECONDS = 5.0
_RELOAD_SECONDS = 60.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared with, not bound


class _PortStolen(ServiceError):
    """Another process bound the port between our finding it free and Prometheus' binding it."""


class Server:
    """A Prometheus process and what it was asked to do.

    Parameters
    ----------
    name
        What it is called in messages, and what its port is remembered by.
    settings
        What it does.

    Raises
    ------
    ServiceError
        If no Prometheus is found, the port is taken, the data folder is in use, the configuration is wrong, or the
        process ends before it is ready.
    RuleError
        If a rule is wrong.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.binary = find("prometheus")
        self.storage = Storage.open(name, settings.data)
        self._files = ConfigFiles(self.storage, self.binary.path)
        self.port = 0
        self.stopped = False
        self._loaded = ""
        self._expected: dict[tuple[str, str], None] = {}
        try:
            self.process = self._launch()
        except BaseException:
            self._close()
            self.storage.discard()
            raise

    # What it is

    @property
    def url(self) -> str:
        """Where it answers."""
        host = _EVERYWHERE.get(self.settings.host, self.settings.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.alive

    @property
    def epitaph(self) -> str:
        """What became of the process, and how to have it back."""
        name = "" if self.name == "prometheus" else f"name={self.name!r}"
        if self.stopped:
            return f"it was stopped; mk.start_prometheus({name}) starts a new one"
        kept = "on the same port, with its data"
        return f"its process {self.process.ending}; mk.start_prometheus({name}) starts it again {kept}"

    def expected(self) -> dict[tuple[str, str], None]:
        """Job and address of each target that the loaded configuration names outright, in its order."""
        return self._expected

    # Starting and stopping

    def restart(self, settings: Settings) -> None:
        """Start the process anew after it has died, on the same port where it is free and with the same data."""
        self.process.stop()
        if settings.data != self.settings.data:
            self.storage.discard()
            self.storage = Storage.open(self.name, settings.data)
            self._files = ConfigFiles(self.storage, self.binary.path)
        self.settings = settings
        self.process = self._launch()

    def stop(self) -> None:
        """End the process, and remove its data unless the user named the folder."""
        self._close()
        if not self.process.owned:
            # In a forked child: process and data are its parent's.
            return
        self.stopped = True
        self.process.stop()
        self.storage.discard()

    @cached_property
    def _http(self) -> requests.Session:
        # The client's package loads pandas: by now the process is starting, so nobody waits for it.
        from monitorkit.query.connection.sessions import session  # noqa: PLC0415 - see above

        return session()

    def _close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    def _launch(self) -> Process:
        """Start on a free port; between finding and binding it another process can take it, so try again."""
        for _ in range(_PORT_ATTEMPTS - 1):
            with suppress(_PortStolen):
                return self._attempt()
        return self._attempt()

    def _attempt(self) -> Process:
        # Another server's files must stay as they are.
        refuse_if_locked(self.storage.lock, name=self.name)
        self.port = self._free_port()
        self._files.write(self.settings, url=self.url)
        self._files.check(self.settings, name=self.name)
        process = Process(
            self._command(),
            name=self.name,
            log=self.storage.log,
            lock=self.storage.lock,
            scratch=self.storage.temporary,
        )
        try:
            self._await_ready(process)
        except BaseException:
            process.stop()
            raise
        self._note_loaded()
        return process

    def _free_port(self) -> int:
        host = self.settings.host
        if self.port and not self.settings.port and ports.is_free(host, self.port):
            return self.port
        return ports.free_port(self.name, host=host, port=self.settings.port)

    def _command(self) -> list[str | Path]:
        settings, known = self.settings, _flags(self.binary.path)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        command: list[str | Path] = [
            self.binary.path,
            f"--config.file={self._files.path(settings)}",
            f"--storage.tsdb.path={self.storage.data}",
            f"--web.listen-address={host}:{self.port}",
            "--web.enable-lifecycle",
        ]
        if settings.retention:
            command.append(f"--storage.tsdb.retention.time={settings.retention}")
        # Debian's older builds lock nothing unless asked: our own lock does not keep a foreign Prometheus out.
        if "--storage.tsdb.use-lockfile" in known:
            command.append("--storage.tsdb.use-lockfile")
        return [*command, *settings.flags]

    def _await_ready(self, process: Process) -> None:
        def settled() -> bool:
            return not process.alive or self._is_ready()

        settled_in_time = wait_until(settled, timeout_seconds=READY_SECONDS)
        if not process.alive:
            raise self._not_started(process)
        if not settled_in_time:
            reason = f"is not ready after {READY_SECONDS:g} s"
            raise ServiceError(reason, service=self.name, log_tail=process.log_tail())

    def _is_ready(self) -> bool:
        """Whether our own process answers: on a port taken from us another Prometheus might."""
        try:
            if self._http.get(f"{self.url}/-/ready", timeout=_REQUEST_SECONDS).status_code != 200:  # noqa: PLR2004 - HTTP
                return False
            flags = self._http.get(f"{self.url}/api/v1/status/flags", timeout=_REQUEST_SECONDS).json()["data"]
        except (OSError, ValueError, LookupError, TypeError):
            return False
        return bool(flags["storage.tsdb.path"] == str(self.storage.data))

    def _not_started(self, process: Process) -> ServiceError:
        output, tail = process.output(), process.log_tail()
        if "address already in use" in output:
            return _PortStolen(f"port {self.port} was taken by another process", service=self.name, log_tail=tail)
        if "lock DB directory" in output:
            reason = f"{self.storage.data} is in use by another Prometheus; stop that one, or name another folder"
        else:
            reason = f"{process.ending} before it was ready"
        return ServiceError(reason, service=self.name, log_tail=tail)

    # Configuration

    def apply(self, settings: Settings) -> bool:
        """Have the running process do something else; on any error it goes on as before.

        Returns
        -------
        bool
            Whether anything changed and was loaded again.
        """
        if settings.config is not None:
            self.reload()
            return True
        before = self.settings
        self._files.write(settings, url=self.url)
        try:
            self._files.check(settings, name=self.name)
            if self._files.fingerprint(settings) == self._loaded:
                self.settings = settings
                return False
        except BaseException:
            self._files.write(before, url=self.url)
            raise
        try:
            self._reload()
        except BaseException:
            # Parts of a refused configuration may have been applied.
            self._files.write(before, url=self.url)
            with suppress(ServiceError):
                self._reload()
            raise
        self.settings = settings
        self._note_loaded()
        return True

    def reload(self) -> None:
        """Have the process read its files again as they are."""
        self._files.check(self.settings, name=self.name)
        self._reload()
        self._note_loaded()

    def _note_loaded(self) -> None:
        """Remember what was loaded: a file of the user's own may be changed at any time."""
        self._loaded = self._files.fingerprint(self.settings)
        self._expected = self._files.expected(self.settings)

    def _reload(self) -> None:
        """Have the process read its configuration again.

        Raises
        ------
        ServiceError
            If it refused, with its reason; it then goes on with what it had.

        Notes
        -----
        Prometheus answers after it has applied the configuration, and with 500 if any part was refused
        (``web.go``, handler ``reload``). The reason for a refused part stands only in its log.
        """
        logged = len(self.process.output())
        try:
            answer = self._http.post(f"{self.url}/-/reload", timeout=_RELOAD_SECONDS)
        except OSError as error:
            raise ServiceError(f"does not answer at {self.url}: {error}", service=self.name) from error
        if answer.ok:
            return
        errors = re.findall(r'err="((?:[^"\\]|\\.)*)"', self.process.output()[logged:])
        reason = errors[0].replace('\\"', '"').replace("\\n", "\n") if errors else answer.text.strip()
        raise ServiceError(f"refused its new configuration and goes on with the old one: {reason}", service=self.name)


@lru_cache
def _flags(binary: Path) -> frozenset[str]:
    """Flags that this build of Prometheus knows."""
    return frozenset(re.findall(r"--[a-z][a-z0-9.-]*", run([binary, "--help"], timeout_seconds=20).output))
