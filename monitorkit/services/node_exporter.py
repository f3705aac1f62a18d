"""The node exporter: what the machine does, as Prometheus' own exporter tells it."""

from __future__ import annotations

import shutil
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from monitorkit import ports, running
from monitorkit.arguments import checked_name
from monitorkit.cards import card, link
from monitorkit.errors import InvalidType, InvalidValue, ServiceError
from monitorkit.processes import Process, wait_until
from monitorkit.query.connection.sessions import session
from monitorkit.services.programs.binaries import find

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KIND", "NodeExporter", "start_node_exporter"]

KIND = "node exporter"
"""What a node exporter is entered as in the register of what runs."""

READY_SECONDS = 30.0
_REQUEST_SECONDS = 5.0
_PORT_ATTEMPTS = 3
_HOST = "127.0.0.1"


class _PortStolen(ServiceError):
    """Another process bound the port between our finding it free and the exporter's binding it."""


class NodeExporter(running.Stoppable):
    """A running node exporter; made by :func:`start_node_exporter`.

    It is a context manager, and ends with the process that started it.

    Attributes
    ----------
    name
        Key under which it is found again.
    job
        Job under which Prometheus scrapes it when it is one of a list of targets.
    port
        The port that it answers on.
    flags
        More options of its command line.
    """

    job = "node"

    def __init__(self, name: str, *, port: int | None = None, flags: Sequence[str] = ()) -> None:
        self.name = name
        self.flags = tuple(flags)
        self.binary = find("node_exporter")
        self._folder = Path(tempfile.mkdtemp(prefix="monitorkit-node-exporter-"))
        try:
            self._process = self._launch(port)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{_HOST}:{self.port}"

    @property
    def metrics_url(self) -> str:
        """What Prometheus scrapes."""
        return f"{self.url}/metrics"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process.alive

    def stop(self) -> None:
        """End it; a second call, or one from a forked child, does nothing."""
        if not self._process.owned:
            return
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        running.remove(KIND, self)

    def __repr__(self) -> str:
        return f"NodeExporter({self.name!r}, version={self.binary.version!r}, url={self.url!r}, {self._state})"

    def _repr_html_(self) -> str:
        step = "mk.start_prometheus(targets=[server, node])" if self.alive else "node = mk.start_node_exporter()"
        return card(
            f"<b>{escape(self.name)}</b> · {escape(self._state)} · node exporter {escape(self.binary.version)}",
            f"metrics {link(self.metrics_url)}",
            f"next: <code>{escape(step)}</code>",
        )

    @property
    def _state(self) -> str:
        return "running" if self.alive else "stopped"

    def _launch(self, port: int | None) -> Process:
        """Start on a free port; between finding and binding it another process can take it, so try again."""
        for attempt in range(_PORT_ATTEMPTS):
            self.port = ports.free_port(f"{KIND} {self.name}", port=port)
            process = Process(
                [self.binary.path, f"--web.listen-address={_HOST}:{self.port}", *self.flags],
                name=self.name,
                log=self._folder / "log",
                scratch=self._folder,
            )
            try:
                self._await_ready(process)
            except _PortStolen:
                process.stop()
                if attempt == _PORT_ATTEMPTS - 1:
                    raise
            except BaseException:
                process.stop()
                raise
            else:
                break
        return process

    def _await_ready(self, process: Process) -> None:
        ready = wait_until(lambda: not process.alive or self._answers(), timeout_seconds=READY_SECONDS)
        if not process.alive:
            output = process.output()
            stolen = "address already in use" in output
            reason = f"port {self.port} was taken by another process" if stolen else f"{process.ending} at its start"
            raise (_PortStolen if stolen else ServiceError)(reason, service=self.name, log_tail=process.log_tail())
        if not ready:
            reason = f"does not answer after {READY_SECONDS:g} s"
            raise ServiceError(reason, service=self.name, log_tail=process.log_tail())

    def _answers(self) -> bool:
        with session() as http:
            try:
                return http.get(f"{self.url}/", timeout=_REQUEST_SECONDS).ok
            except OSError:
                return False


def start_node_exporter(
    *, name: str = "node", port: int | None = None, flags: Sequence[str] | None = None
) -> NodeExporter:
    """Start Prometheus' node exporter on this machine, as a target for :func:`monitorkit.start_prometheus`.

    It tells of processors, memory, disks, network and file systems, under the names that everybody's dashboards know
    (``node_cpu_seconds_total``, ``node_memory_MemAvailable_bytes``). Called again under the same name it returns the
    running one. Among a list of targets it is scraped as job ``node``.

    Parameters
    ----------
    name
        What it is called; each name has one process and keeps its port.
    port
        Port to answer on, on 127.0.0.1; the one that it had, or a free one, unless given.
    flags
        More options of the command line, such as ``"--collector.systemd"``.

    Returns
    -------
    NodeExporter
        With ``url``, ``metrics_url``, ``alive`` and ``stop()``.

    Raises
    ------
    ServiceError
        If no node exporter is installed (``monitorkit install node_exporter``), the port is taken, or the process ends
        at its start.
    InvalidValue, InvalidType
        If an argument cannot be used, or only a restart could change it.

    Examples
    --------
    >>> import monitorkit as mk
    >>> with mk.start_node_exporter(name="example") as node:
    ...     node.alive, node.job
    (True, 'node')
    """
    checked_name(name)
    wanted = () if flags is None else (flags,) if isinstance(flags, str) else flags
    if not isinstance(wanted, list | tuple) or not all(isinstance(flag, str) for flag in wanted):
        raise InvalidType(f"flags: {flags!r}: give a list of texts such as '--collector.systemd'")
    with running.starting(KIND, name):
        known: NodeExporter | None = running.find(KIND, name)
        if known is not None:
            _check_same(known, port, None if flags is None else tuple(wanted))
            return known
        # One that died lies in the register with its folder.
        if (dead := running.known(KIND, name)) is not None:
            dead.stop()
        started = NodeExporter(name, port=port, flags=wanted)
        running.add(KIND, started)
        return started


def _check_same(known: NodeExporter, port: int | None, flags: tuple[str, ...] | None) -> None:
    for what, asked, has in (("port", port, known.port), ("flags", flags, known.flags)):
        if asked is not None and asked != has:
            raise InvalidValue(
                f"{what}: {known.name!r} runs already, with {what} {has!r}; stop it first to change that"
            )
