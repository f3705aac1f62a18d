"""``prometheus.yml`` as a value: jobs, intervals and rule files in, a mapping to be written as YAML out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitorkit.durations import Duration, format_duration, seconds
from monitorkit.errors import InvalidValue
from monitorkit.services.setup.targets import SELF_JOB, Jobs, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["interval", "prometheus_document"]

_LONGEST_TIMEOUT_SECONDS = 10.0
"""Prometheus' own default; a job whose interval is shorter must have a shorter one."""


def interval(value: Duration, *, name: str) -> str:
    """Write an interval as Prometheus does.

    Raises
    ------
    InvalidValue
        If it is shorter than a millisecond.
    """
    text = format_duration(seconds(value, name=name))
    if text == "0s":
        raise InvalidValue(f"{name}: {value!r} must be at least 1ms")
    return text


def prometheus_document(
    jobs: Jobs,
    *,
    itself: Target,
    scrape_interval: Duration = "1s",
    evaluation_interval: Duration | None = None,
    rule_files: Sequence[str] = (),
) -> dict[str, Any]:
    """Make a Prometheus configuration.

    Parameters
    ----------
    jobs
        Targets by job.
    itself
        Where this Prometheus answers; it is always scraped, under the job ``prometheus``.
    scrape_interval, evaluation_interval
        How often targets are scraped and rules evaluated; the second is as the first where it is None.
    rule_files
        Paths or patterns of rule files.

    Examples
    --------
    >>> prometheus_document({}, itself=Target("127.0.0.1:9090"))["scrape_configs"]
    [{'job_name': 'prometheus', 'static_configs': [{'targets': ['127.0.0.1:9090']}]}]
    """
    scraped = interval(scrape_interval, name="scrape_interval")
    evaluated = scraped if evaluation_interval is None else interval(evaluation_interval, name="evaluation_interval")
    timeout = format_duration(min(seconds(scraped), _LONGEST_TIMEOUT_SECONDS))
    every_job = {SELF_JOB: (itself, *(one for one in jobs.get(SELF_JOB, ()) if one != itself))}
    every_job |= {name: targets for name, targets in jobs.items() if name != SELF_JOB}
    return {
        "global": {"scrape_interval": scraped, "scrape_timeout": timeout, "evaluation_interval": evaluated},
        **({"rule_files": list(rule_files)} if rule_files else {}),
        "scrape_configs": [
            {"job_name": name, "static_configs": _static_configs(targets)} for name, targets in every_job.items()
        ],
    }


def _static_configs(targets: Iterable[Target]) -> list[dict[str, Any]]:
    """Targets grouped by how they are scraped: one job may mix paths and schemes."""
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for target in targets:
        groups.setdefault(tuple(target.labels.items()), []).append(target.address)
    return [
        {"targets": addresses, **({"labels": dict(labels)} if labels else {})} for labels, addresses in groups.items()
    ]
