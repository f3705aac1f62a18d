"""Start a Prometheus, or find it running, and wait until it can be queried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitorkit import running
from monitorkit.arguments import checked_name
from monitorkit.services.server import KIND, Server
from monitorkit.services.setup.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitorkit.durations import Duration
    from monitorkit.services.prometheus import Prometheus

__all__ = ["start_prometheus"]


def start_prometheus(
    targets: Any = None,  # noqa: ANN401 - anything with a metrics_url
    *,
    name: str = "prometheus",
    scrape_interval: Duration | None = None,
    evaluation_interval: Duration | None = None,
    rules: Any = None,  # noqa: ANN401 - anything with as_rule()
    retention: Duration | None = None,
    data: str | Path | None = None,
    config: str | Path | None = None,
    port: int | None = None,
    host: str | None = None,
    flags: Sequence[str] | None = None,
    wait: bool | Duration = True,
) -> Prometheus:
    """Start a Prometheus that scrapes these targets, and return when their first samples can be queried.

    Called again under the same name it returns the same object: other targets, rules, intervals, or a changed
    configuration file are loaded into the running process; what is left out stays as it is. One whose process was
    killed is started anew on its port, with its data.

    Parameters
    ----------
    targets
        What to scrape: anything with a ``metrics_url`` such as a model server, a URL, or ``"host:port"``; one, a list
        (job ``ai_model``), or lists by job. Prometheus itself is always scraped, as job ``prometheus``.
    name
        What it is called; each name has one process and keeps its port.
    scrape_interval
        How often the targets are scraped; ``"1s"`` unless given.
    evaluation_interval
        How often rules are evaluated; as `scrape_interval` unless given.
    rules
        Rules as objects, and paths of rule files; one or a list.
    retention
        How long samples are kept, such as ``"30d"``; Prometheus' own 15 days unless given.
    data
        Folder to keep the samples in; a temporary one, gone after ``stop()``, unless given.
    config
        A ``prometheus.yml`` of your own, used as it is instead of targets, rules and intervals.
    port
        Port to answer on; a free one unless given.
    host
        Address to answer on; ``127.0.0.1`` unless given.
    flags
        More options of the command line, such as ``"--web.enable-remote-write-receiver"``.
    wait
        Whether to await the first scrape of every target, or for how long at most.

    Returns
    -------
    Prometheus
        Client and process in one.

    Raises
    ------
    ServiceError
        If no Prometheus is installed, the port is taken, the data folder is in use, the configuration is wrong, or the
        process ends before it is ready.
    RuleError
        If a rule is wrong.
    InvalidValue, InvalidType
        If an argument cannot be used, or only a restart could change it.

    Warns
    -----
    UserWarning
        If a target is down.

    Notes
    -----
    A fresh Prometheus scrapes nothing for its first 5 s, whatever the interval: it hands on what discovery finds once
    in 5 s (``discovery/manager.go`` and ``scrape/manager.go``, 2.42 and 3.5 alike).

    Examples
    --------
    >>> import monitorkit as mk
    >>> with mk.start_prometheus(name="example", wait=False) as prom:
    ...     prom.ready()
    True
    """
    checked_name(name)
    with running.starting(KIND, name):
        known: Prometheus | None = running.known(KIND, name)
        current = known._own().settings if known else Settings()  # noqa: SLF001 - of the same package
        settings = current.updated(
            targets=targets,
            rules=rules,
            scrape_interval=scrape_interval,
            evaluation_interval=evaluation_interval,
            config=config,
            retention=retention,
            data=data,
            port=port,
            host=host,
            flags=flags,
        )
        if known is None:
            return _started(name, settings, wait)
        running.add(KIND, known)
        known._update(settings, wait=wait)  # noqa: SLF001 - as above
        return known


def _started(name: str, settings: Settings, wait: bool | Duration) -> Prometheus:  # noqa: FBT001 - as it was given
    """Start a new one; when anything goes wrong on the way, an interrupt included, nothing stays behind."""
    server = Server(name, settings)
    prometheus: Prometheus | None = None
    try:
        from monitorkit.services.prometheus import Prometheus as Client  # noqa: PLC0415 - see the package's docstring

        prometheus = Client(server.url, name=name, server=server)
        running.add(KIND, prometheus)
        prometheus._await_targets(wait)  # noqa: SLF001 - of the same package
    except BaseException:
        (prometheus or server).stop()
        raise
    return prometheus
