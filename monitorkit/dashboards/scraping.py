"""How far apart a server's samples are, which ``$__rate_interval`` and the steps of a graph depend on.

Grafana has this number in the settings of its data source. Here it is read from the samples themselves, so that a plot
is right for a server that somebody else has configured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.dashboards.window import DEFAULT_SCRAPE_SECONDS
from monitorkit.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["scrape_seconds"]

# Prometheus writes `up` at each scrape of each target. The first is enough for most, the second for one a minute.
_SELECTORS = ("up[1m]", "up[5m]")


def scrape_seconds(source: object, at: float) -> float:
    """Scrape interval of a server at one moment, in seconds.

    Parameters
    ----------
    source
        A query client; Grafana's default of 15 s is taken for one that cannot be asked for samples.
    at
        Seconds since 1970.

    Returns
    -------
    float
        The longest of all targets, since a rate over less than that finds no two samples.

    Raises
    ------
    ServerUnavailable
        If the server does not answer.
    """
    samples: Callable[..., pd.DataFrame] | None = getattr(source, "samples", None)
    if samples is None:
        return DEFAULT_SCRAPE_SECONDS
    for selector in _SELECTORS:
        try:
            found = _longest(samples(selector, at=at))
        except QueryError:
            break
        if found is not None:
            return found
    return DEFAULT_SCRAPE_SECONDS


def _longest(samples: pd.DataFrame) -> float | None:
    """The longest usual distance of samples within one series; None where none has two."""
    labels = [column for column in samples.columns if column not in {"timestamp", "value"}]
    if samples.empty or not labels:
        return None
    distances = samples.groupby(labels, sort=False)["timestamp"].diff().dt.total_seconds()
    usual = distances.groupby([samples[label] for label in labels], sort=False).median().dropna()
    if usual.empty:
        return None
    longest = float(usual.max())
    return float(round(longest)) if longest >= 1 else max(round(longest, 1), 0.1)
