"""Which engine answers behind a URL, and what it must be told so that its results mean what Prometheus' would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["UNKNOWN", "Engine", "recognise"]

_VICTORIA_METRICS = "VictoriaMetrics"


@dataclass(frozen=True)
class Engine:
    """The program behind a Prometheus API.

    Parameters
    ----------
    name
        ``Prometheus``, ``VictoriaMetrics``, ...; empty where the server does not tell.
    version
        Its version; empty where the server does not tell, or tells a false one.

    Examples
    --------
    >>> str(Engine("Prometheus", "3.5.3"))
    'Prometheus 3.5.3'
    """

    name: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def query_params(self) -> dict[str, str]:
        """Parameters that each query to this engine carries.

        VictoriaMetrics otherwise moves the points of a range from 50 points on, and hides the last 30 s.
        """
        return {"nocache": "1", "latency_offset": "1ms"} if self.name == _VICTORIA_METRICS else {}

    @property
    def listing_params(self) -> dict[str, str]:
        """Parameters that a listing over all of time carries.

        VictoriaMetrics otherwise lists what it saw in the last day, and takes a start of 0 for none.
        """
        return {"start": "1"} if self.name == _VICTORIA_METRICS else {}

    @property
    def encodes_labels(self) -> bool:
        """Whether a label name beyond letters, digits and _ is written U__... in a path, as Prometheus 3.0 reads it."""
        return self.name != _VICTORIA_METRICS


UNKNOWN = Engine()


def recognise(build: Mapping[str, Any]) -> Engine:
    """Tell the engine from its answer to ``/api/v1/status/buildinfo``.

    Notes
    -----
    VictoriaMetrics answers ``{}`` (1.79) or a Prometheus version of its own choice without a revision (1.145). Mimir
    names itself; Thanos' versions begin with 0, which no Prometheus with this end point ever did.

    Examples
    --------
    >>> recognise({"version": "3.5.3+ds1", "revision": "3.5.3+ds1-6", "goVersion": "go1.27.1"})
    Engine(name='Prometheus', version='3.5.3')
    >>> recognise({"version": "2.24.0"})
    Engine(name='VictoriaMetrics', version='')
    """
    # Debian writes 3.5.3+ds1; what follows the plus is no part of the version (semver.org, rule 10).
    version = str(build.get("version", "")).removeprefix("v").partition("+")[0]
    if application := build.get("application"):
        return Engine(str(application), version)
    if "revision" not in build and "goVersion" not in build:
        return Engine(_VICTORIA_METRICS)
    return Engine("Thanos" if version.startswith("0.") else "Prometheus", version)
