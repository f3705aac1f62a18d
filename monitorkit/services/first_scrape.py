"""Wait until what Prometheus was just asked to scrape can be queried, and name what cannot be scraped."""

from __future__ import annotations

import sys
import time
import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitorkit.durations import seconds
from monitorkit.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["await_first_scrape"]

DISCOVERY_SECONDS = 12.0
"""Prometheus hands its targets on at most every 5 s, twice: discovery to scraping, scraping to its loops."""
_POLL_SECONDS = 0.03
_BAR = "{desc} {bar} {n_fmt} of {total_fmt} targets, {elapsed_s:.0f} s"
_CLOCK_SECONDS = 1.0
"""A sample is stamped with the planned time of its scrape, a little before the scrape is reported to have begun."""


def await_first_scrape(
    call: Callable[[str, Mapping[str, str]], Any],
    expected: Collection[tuple[str, str]],
    *,
    gone: Collection[tuple[str, str]] = (),
    timeout_seconds: float | None = None,
) -> None:
    """Return when every target has been scraped and its samples can be queried; warn of those that are down.

    Parameters
    ----------
    call
        Asks one path of the Prometheus API with parameters and returns its ``data``.
    expected
        Job and address of the targets that must appear; others, as of service discovery, are awaited once they do.
    gone
        Job and address of those that must disappear.
    timeout_seconds
        How long to wait; None leaves time for discovery, one scrape interval and a scrape of each.

    Warns
    -----
    UserWarning
        Once, naming each target that is down with its last error, or that was not scraped in time.
    """
    began = time.monotonic()
    with progress_bar(len(expected) or None, desc="first scrape", bar_format=_BAR) as bar:
        while True:
            found = call("api/v1/targets", {})
            active = found["activeTargets"]
            missing, unscraped = _missing(found, expected), _unscraped(call, active)
            pending = [*missing, *unscraped, *_leaving(active, gone)]
            limit = DISCOVERY_SECONDS + _slowest(active) if timeout_seconds is None else timeout_seconds
            if not pending or time.monotonic() - began > limit:
                break
            if bar.total != (total := len(missing) + len(active)):
                bar.reset(total)
            bar.update(len(active) - len(unscraped) - bar.n)
            time.sleep(_POLL_SECONDS)
    troubles = [f"{_name(one)} is down: {one['lastError']}" for one in active if one["health"] == "down"]
    troubles += [f"{one} after {limit:g} s" for one in pending]
    if troubles:
        warnings.warn("\n".join([*troubles, "Prometheus goes on trying; see targets()"]), stacklevel=_outside())


def _outside() -> int:
    """Number of frames from the warning to the person who asked, for ``stacklevel``."""
    package = __name__.partition(".")[0]
    level, frame = 1, sys._getframe(1)  # noqa: SLF001 - Python 3.12 has skip_file_prefixes, 3.11 nothing better
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    return level


def _name(target: Mapping[str, Any]) -> str:
    return f"target {target['scrapeUrl']} (job {target['labels'].get('job', target['scrapePool'])})"


def _address(target: Mapping[str, Any]) -> tuple[str, str]:
    """Job and address of a target as its configuration names it, before relabelling."""
    return target["discoveredLabels"].get("job", ""), target["discoveredLabels"].get("__address__", "")


def _missing(found: Mapping[str, Any], expected: Collection[tuple[str, str]]) -> list[str]:
    """Expected targets that Prometheus knows nothing of yet; one that relabelling dropped is known."""
    known = {_address(one) for one in (*found["activeTargets"], *found["droppedTargets"])}
    return [
        f"target {address} (job {job}) is not known yet" for job, address in expected if (job, address) not in known
    ]


def _leaving(active: list[Mapping[str, Any]], gone: Collection[tuple[str, str]]) -> list[str]:
    return [f"{_name(one)} is still scraped" for one in active if _address(one) in gone]


def _unscraped(call: Callable[[str, Mapping[str, str]], Any], active: list[Mapping[str, Any]]) -> list[str]:
    """Targets without a first scrape, or whose first samples are not committed yet."""
    waiting = [one for one in active if one["health"] == "unknown"]
    if active and not waiting:
        newest = {
            frozenset(series["metric"].items()): float(series["value"][1])
            for series in call("api/v1/query", {"query": "timestamp(up)"})["result"]
        }
        waiting = [
            one
            for one in active
            if newest.get(frozenset(one["labels"].items()), 0.0) < _moment(one["lastScrape"]) - _CLOCK_SECONDS
        ]
    return [f"{_name(one)} has not been scraped" for one in waiting]


def _moment(text: str) -> float:
    """Seconds since 1970 of a time as Go writes it, with nanoseconds."""
    return datetime.fromisoformat(text).timestamp()


def _slowest(active: list[Mapping[str, Any]]) -> float:
    """Longest time that one of the targets may take until its first scrape has ended, in seconds."""
    return max((seconds(one["scrapeInterval"]) + seconds(one["scrapeTimeout"]) for one in active), default=0.0)
