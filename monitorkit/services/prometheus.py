"""A Prometheus: the query client together with the process that it asks, where that was started here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from monitorkit import running
from monitorkit.durations import Duration, seconds
from monitorkit.errors import InvalidType, InvalidValue, ServerUnavailable, ServiceError
from monitorkit.processes import wait_until
from monitorkit.query.client import PrometheusClient
from monitorkit.query.connection.transport import Reply, Transport
from monitorkit.services.card import card
from monitorkit.services.first_scrape import await_first_scrape
from monitorkit.services.next_scrape import await_next_scrape
from monitorkit.services.server import KIND
from monitorkit.services.setup.targets import DEFAULT_JOB, jobs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from monitorkit.processes import LogText
    from monitorkit.query.connection.access import Options
    from monitorkit.query.keeping.cache import CacheLike
    from monitorkit.services.server import Server
    from monitorkit.services.setup.settings import Settings

__all__ = ["Prometheus"]

_ENDING_SECONDS = 0.5
"""A process that was killed refuses connections a moment before its guard has seen it end."""


class Prometheus(PrometheusClient):
    """A Prometheus that answers queries, and, where it was started here, does what it is told.

    Made by :func:`monitorkit.start_prometheus` and :func:`monitorkit.connect`. It is a context manager; leaving the
    block stops it.

    Parameters
    ----------
    url
        Root of the server.
    name
        What it is called; the URL unless given.
    server
        The process, where this one started it.
    cache, options
        As for :class:`monitorkit.query.PrometheusClient`.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str | None = None,
        server: Server | None = None,
        cache: CacheLike | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(url, cache=cache, **options)
        self.name = name or self.url
        self._server = server
        self._stopped = False
        if server is not None:
            self._transport = _Watched(url, server=server, **options)

    # What it is

    @property
    def metrics_url(self) -> str:
        """Where its own metrics are, so that it can be a target of another Prometheus."""
        return f"{self.url}/metrics"

    @property
    def alive(self) -> bool:
        """Whether its process runs; for one that was connected to, whether it was not stopped."""
        return not self._stopped and (self._server is None or self._server.alive)

    @property
    def pid(self) -> int | None:
        """Process id, None for one that was connected to."""
        return self._server.process.pid if self._server else None

    @property
    def state(self) -> str:
        """In a word or two: running, connected, stopped, or how its process ended."""
        if self._stopped:
            return "stopped"
        if self._server is None:
            return "connected"
        return self._server.process.ending or "running"

    def logs(self, n: int = 20) -> LogText:
        """The last `n` lines that the process wrote."""
        return self._own().process.logs(n)

    def __repr__(self) -> str:
        version = f", {self._server.binary.version}" if self._server else ""
        place = f"{self.name!r}, {self.url}" if self.name != self.url else f"{self.url!r}"
        return f"Prometheus({place}{version}, {self.state})"

    def _repr_html_(self) -> str:
        return card(self)

    # What it does

    def add_target(self, target: Any, job: str = DEFAULT_JOB, *, wait: bool | Duration = True) -> None:  # noqa: ANN401 - anything with a metrics_url
        """Scrape one more target, or several, and return when their first samples can be queried.

        Parameters
        ----------
        target
            As for :func:`monitorkit.start_prometheus`.
        job
            The job it joins.
        wait
            Whether to await the first scrape, or for how long at most.

        Raises
        ------
        InvalidValue
            If it is no target, or the configuration is a file of your own.
        """
        with running.starting(KIND, self.name):
            settings = self._generated()
            if not isinstance(job, str):
                raise InvalidType(f"job: {job!r} is no text")
            added = jobs({job: target})[job]
            targets = tuple(dict.fromkeys((*settings.jobs.get(job, ()), *added)))
            self._apply(replace(settings, jobs={**settings.jobs, job: targets}), wait=wait)

    def remove_target(self, target: Any, job: str | None = None, *, wait: bool | Duration = True) -> None:  # noqa: ANN401 - as above
        """Scrape a target no more; what was measured stays.

        Parameters
        ----------
        target
            As it was given.
        job
            The job it leaves; all of them unless given.
        wait
            Whether to wait until it is out of :meth:`targets`, or for how long at most.

        Raises
        ------
        InvalidValue
            If it is not scraped.
        """
        with running.starting(KIND, self.name):
            settings = self._generated()
            removed = set(jobs([target])[DEFAULT_JOB])
            left = {
                name: tuple(one for one in targets if one not in removed or job not in {None, name})
                for name, targets in settings.jobs.items()
            }
            if left == dict(settings.jobs):
                known = ", ".join(one.address for targets in settings.jobs.values() for one in targets) or "none"
                raise InvalidValue(f"target: {target!r} is not among the targets ({known})")
            self._apply(replace(settings, jobs={name: targets for name, targets in left.items() if targets}), wait=wait)

    def await_scrape(self, *, timeout: Duration = "2m") -> None:
        """Return when every target has been scraped once more, so that the newest counts can be queried.

        Parameters
        ----------
        timeout
            How long to wait.

        Raises
        ------
        ServerUnavailable
            If a target was not scraped in that time, or none is up.
        """
        await_next_scrape(self, timeout=timeout)

    def reload(self, *, wait: bool | Duration = True) -> None:
        """Read the configuration and the rule files again.

        Parameters
        ----------
        wait
            Whether to await the first scrape of new targets, or for how long at most.

        Raises
        ------
        ServiceError
            If Prometheus refuses the configuration; with its reason. It then goes on with what it had.
        RuleError
            If a rule is wrong; likewise.
        """
        with running.starting(KIND, self.name):
            server = self._own()
            before = server.expected()
            server.reload()
            self._await_targets(wait, before=before)

    def stop(self) -> None:
        """End the process and remove its temporary data, or leave the one connected to; a second call does nothing."""
        if not self._stopped:
            self._stopped = True
            if self._server:
                self._server.stop()
            self.close()
        running.remove(KIND, self)

    def __exit__(self, *_: object) -> None:
        self.stop()

    # For start_prometheus

    def _update(self, settings: Settings, *, wait: bool | Duration) -> None:
        """Do what `settings` say from now on: reload where it runs, start anew where it has died."""
        server = self._own()
        if server.alive:
            if changed := server.settings.needs_restart(settings):
                values = ", ".join(f"{name}={getattr(server.settings, name)!r}" for name in changed)
                raise InvalidValue(
                    f"{' and '.join(changed)}: {self.name!r} runs with {values}, which only a restart changes; "
                    "stop() it first, or give another name"
                )
            self._apply(settings, wait=wait)
            return
        server.restart(settings)
        if server.url != self.url:
            self._transport.close()
            self._transport = _Watched(server.url, server=server, timeout_seconds=self._transport.timeout_seconds)
            self.__dict__.pop("api", None)
        self._await_targets(wait)

    def _apply(self, settings: Settings, *, wait: bool | Duration) -> None:
        server = self._own()
        before = server.expected()
        server.apply(settings)
        self._await_targets(wait, before=before)

    def _await_targets(self, wait: bool | Duration, *, before: Mapping[tuple[str, str], None] | None = None) -> None:  # noqa: FBT001 - as it was given
        """Return when the targets are scraped and those of `before` that left are gone."""
        if wait is False:
            return
        expected = self._own().expected()
        await_first_scrape(
            lambda path, params: self._transport.call(path, params).data,
            expected,
            gone=[one for one in before or () if one not in expected],
            timeout_seconds=None if wait is True else seconds(wait, name="wait"),
        )

    def _own(self) -> Server:
        if self._server is None:
            raise ServiceError(
                "it was connected to, not started here; change it where it runs", service=f"Prometheus at {self.url}"
            )
        if self._stopped:
            raise ServiceError("it was stopped; mk.start_prometheus() starts one", service=self.name)
        return self._server

    def _generated(self) -> Settings:
        settings = self._own().settings
        if settings.config:
            raise InvalidValue(f"target: {settings.config} decides the targets; change it there and call reload()")
        return settings


class _Watched(Transport):
    """Requests to a process of our own: where none answers, the error says what became of the process."""

    def __init__(self, url: str, *, server: Server, **options: Unpack[Options]) -> None:
        super().__init__(url, **options)
        self._server = server

    def receive(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> Reply:  # noqa: ANN401 - Transport's
        """Ask for a path; see :meth:`Transport.receive`."""
        try:
            return super().receive(path, params, **options)
        except ServerUnavailable as error:
            process = self._server.process
            wait_until(lambda: not process.alive, timeout_seconds=_ENDING_SECONDS)
            if process.alive:
                raise
            raise ServerUnavailable(self.url, self._server.epitaph) from error
