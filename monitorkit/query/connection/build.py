"""How the program behind a server was built."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitorkit.query.connection.engine import Engine

__all__ = ["BuildInfo"]


@dataclass(frozen=True)
class BuildInfo:
    """What a server says of its program; a text is empty where it does not.

    Parameters
    ----------
    engine
        ``Prometheus``, ``VictoriaMetrics``, ``Thanos``, ``Grafana Mimir``, ...
    version, revision, branch, go_version
        As the server says, but for a false version (VictoriaMetrics claims to be a Prometheus 2.24.0).
    build_user, build_date
        Who built it, and when.
    features
        What it says to be able to do, as Mimir does.

    Examples
    --------
    >>> from monitorkit.query.connection.engine import recognise
    >>> said = {"version": "3.5.3", "revision": "abc", "goVersion": "go1.24"}
    >>> BuildInfo.of(said, recognise(said)).go_version
    'go1.24'
    """

    engine: str
    version: str = ""
    revision: str = ""
    branch: str = ""
    build_user: str = ""
    build_date: str = ""
    go_version: str = ""
    features: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Mapping[str, Any], engine: Engine) -> BuildInfo:
        """Read the answer to ``/api/v1/status/buildinfo``."""
        return cls(
            engine=engine.name,
            version=engine.version,
            revision=str(said.get("revision") or ""),
            branch=str(said.get("branch") or ""),
            build_user=str(said.get("buildUser") or ""),
            build_date=str(said.get("buildDate") or ""),
            go_version=str(said.get("goVersion") or ""),
            features={str(name): str(value) for name, value in (said.get("features") or {}).items()},
        )
