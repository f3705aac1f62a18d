"""Wait for one more scrape, so that what has just happened can be queried."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from monitorkit.durations import Duration, seconds
from monitorkit.errors import ServerUnavailable, Unsupported
from monitorkit.processes import wait_until
from monitorkit.progress import progress_bar

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["await_next_scrape"]

_POLL_SECONDS = 0.05
_STAMPS = "timestamp(up)"
"""When each target was scraped last, or tried: the sample of `up` is committed with those of the scrape itself.

Of a bare selector timestamp() is the time of the sample; of anything computed, the time of evaluation.
"""
_UP = "up == 1"


class Queried(Protocol):
    """A server to ask."""

    @property
    def url(self) -> str:
        """Where it answers."""

    def query(self, expr: str) -> pd.DataFrame:
        """Evaluate PromQL now."""

    def targets(self) -> pd.DataFrame:
        """List what is scraped."""


def await_next_scrape(server: Queried, *, timeout: Duration) -> None:
    """Return when every target has been scraped by a scrape that began after this call.

    One that is down is awaited as well: it may have come back a moment ago.

    Parameters
    ----------
    server
        Whose clock counts, and whose targets.
    timeout
        How long to wait.

    Raises
    ------
    ServerUnavailable
        If a target was not scraped in that time, or none is up.
    """
    limit = seconds(timeout, name="timeout")
    targets = _targets(server)
    called = float(server.query("time()")["value"].iloc[0])
    began = time.monotonic()
    with progress_bar(limit, desc="next scrape", unit="s", bar_format="{desc} {n:.0f} s") as bar:

        def scraped() -> bool:
            bar.update(time.monotonic() - began - bar.n)
            stamps = _of(targets, server.query(_STAMPS)["value"])
            return len(stamps) > 0 and bool((stamps > called).all()) and len(server.query(_UP)) > 0

        if not wait_until(scraped, timeout_seconds=limit, interval_seconds=_POLL_SECONDS):
            raise ServerUnavailable(
                server.url, f"not every target was scraped within {limit:g} s, or none is up; see targets()"
            )


def _targets(server: Queried) -> set[tuple[str, str]]:
    """Job and instance of what the server scrapes; none where it scrapes nothing itself, or does not tell."""
    try:
        found = server.targets()
    except Unsupported:
        return set()
    return set(zip(found["job"], found["instance"], strict=True))


def _of(targets: set[tuple[str, str]], stamps: pd.Series) -> pd.Series:
    """The stamps of these targets; all of them where none are known.

    A target whose whole job has left gets no staleness markers: its last sample is the latest for another five minutes
    (``scrapeLoop.run`` in scrape/scrape.go of Prometheus 2.42: it returns when the context of its pool has ended).
    """
    if not targets or not {"job", "instance"} <= set(stamps.index.names):
        return stamps
    labels = zip(stamps.index.get_level_values("job"), stamps.index.get_level_values("instance"), strict=True)
    return stamps[[one in targets for one in labels]]
