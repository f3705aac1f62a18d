"""Which engine answers behind a URL, and what it must be told so that its results mean what Prometheus' would."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitorkit.query.times import Window

__all__ = ["UNKNOWN", "Engine", "recognise"]

HIDDEN_MS = 30_000
ADJUSTED_STEP_MS = 60_000
REPETITIONS = (
    "VictoriaMetrics before 1.85 repeats the value of 30 s ago at each step of the last 30 s; "
    "end the range earlier, or take a step of a minute"
)

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
    repeats_last
        Whether the end of a range may be repetitions, as in VictoriaMetrics before 1.85.

    Examples
    --------
    >>> str(Engine("Prometheus", "3.5.3"))
    'Prometheus 3.5.3'
    """

    name: str = ""
    version: str = ""
    repeats_last: bool = field(default=False, repr=False)

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def query_params(self) -> dict[str, str]:
        """Parameters that each query to this engine carries.

        VictoriaMetrics otherwise moves the points of a range from 50 points on, and hides the last 30 s.
        """
        return {"nocache": "1", "latency_offset": "1ms"} if self.name == _VICTORIA_METRICS else {}

    def remark(self, window: Window, *, now_ms: int) -> str:
        """Say what should be known of a range; empty where there is nothing.

        VictoriaMetrics before 1.85 gives, at each step of the last 30 s, the value of 30 s ago, unless the step is a
        minute or more (its flags -search.latencyOffset and -search.maxStepForPointsAdjustment).
        """
        late = window.end_ms > now_ms - HIDDEN_MS and window.step_ms < ADJUSTED_STEP_MS
        return REPETITIONS if self.repeats_last and late else ""

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
    VictoriaMetrics answers ``{}`` (before 1.96) or a Prometheus version of its own choice without a revision. Mimir
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
        return Engine(_VICTORIA_METRICS, repeats_last=not build)
    return Engine("Thanos" if version.startswith("0.") else "Prometheus", version)
