"""What a Prometheus is asked to do, as one value: what a reload can change, and what only a restart can."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from monitorkit.documents import absolute_path
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.services.setup.configuration import interval
from monitorkit.services.setup.rule_files import sort_rules
from monitorkit.services.setup.targets import Target, jobs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from monitorkit.durations import Duration

__all__ = ["Settings"]

_FIXED = ("config", "retention", "data", "port", "host", "flags")
"""What a running Prometheus cannot change: its command line."""
_GENERATED = ("jobs", "rules", "rule_files", "scrape_interval", "evaluation_interval")
"""What a configuration file of the user's own decides."""


@dataclass(frozen=True)
class Settings:
    """All that decides how a Prometheus runs; see :func:`monitorkit.start_prometheus` for each."""

    jobs: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)
    rules: tuple[dict[str, Any], ...] = ()
    rule_files: tuple[str, ...] = ()
    scrape_interval: str = "1s"
    evaluation_interval: str | None = None
    config: Path | None = None
    retention: str | None = None
    data: Path | None = None
    port: int | None = None
    host: str = "127.0.0.1"
    flags: tuple[str, ...] = ()

    def updated(
        self,
        *,
        targets: Any = None,  # noqa: ANN401 - see targets.jobs
        rules: Any = None,  # noqa: ANN401 - see rule_files.sort_rules
        scrape_interval: Duration | None = None,
        evaluation_interval: Duration | None = None,
        config: str | Path | None = None,
        retention: Duration | None = None,
        data: str | Path | None = None,
        port: int | None = None,
        host: str | None = None,
        flags: Sequence[str] | None = None,
    ) -> Settings:
        """Change what is given and keep what is None.

        Raises
        ------
        InvalidValue
            If a value cannot be used, or a configuration file is given beside what it decides itself.
        """
        given: dict[str, Any] = {"port": _port(port), "host": host}
        if targets is not None:
            given["jobs"] = jobs(targets)
        if rules is not None:
            given["rules"], given["rule_files"] = sort_rules(rules)
        if scrape_interval is not None:
            given["scrape_interval"] = interval(scrape_interval, name="scrape_interval")
        if evaluation_interval is not None:
            given["evaluation_interval"] = interval(evaluation_interval, name="evaluation_interval")
        if retention is not None:
            given["retention"] = interval(retention, name="retention")
        if config is not None:
            given["config"] = _file(config)
        if data is not None:
            given["data"] = absolute_path(data, name="data")
        if flags is not None:
            given["flags"] = _flags(flags)
        given = {name: value for name, value in given.items() if value is not None}
        _refuse_both(given, self)
        return replace(self, **given)

    def needs_restart(self, other: Settings) -> list[str]:
        """Names of what differs and cannot be changed by a reload."""
        return [
            one.name
            for one in fields(self)
            if one.name in _FIXED and getattr(self, one.name) != getattr(other, one.name)
        ]


def _refuse_both(given: dict[str, Any], current: Settings) -> None:
    decided = [name for name in _GENERATED if name in given]
    if decided and ("config" in given or current.config):
        words = {"jobs": "targets", "rule_files": "rules"}
        names = ", ".join(dict.fromkeys(words.get(name, name) for name in decided))
        raise InvalidValue(f"{names} and config: the configuration file decides these itself; give one or the other")


def _port(port: int | None) -> int | None:
    highest = 65535
    if port is not None and (isinstance(port, bool) or not isinstance(port, int) or not 0 < port <= highest):
        raise InvalidValue(f"port: {port!r} is no port; give a number from 1 to {highest}, or none for a free one")
    return port


def _flags(flags: Sequence[str]) -> tuple[str, ...]:
    several = (flags,) if isinstance(flags, str) else flags
    if not isinstance(several, list | tuple) or not all(isinstance(flag, str) for flag in several):
        raise InvalidType(f"flags: {flags!r}: give a list of texts such as '--web.enable-remote-write-receiver'")
    return tuple(several)


def _file(config: str | Path) -> Path:
    path = absolute_path(config, name="config")
    if not path.is_file():
        raise InvalidValue(f"config: there is no file {str(config)!r} (looked for {path})")
    return path
