"""What a server scrapes, and what it found but does not scrape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from monitorkit.query.tables.columns import texts, times

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["targets"]


def targets(data: Mapping[str, Any]) -> pd.DataFrame:
    """Frame of targets, from the answer to ``/api/v1/targets``.

    Returns
    -------
    DataFrame of shape (n_targets, 6)
        ``job``, ``instance``, ``health`` (up, down, unknown; dropped where relabelling left nothing to scrape),
        ``last_error``, ``last_scrape`` (NaT before the first one), ``url``.
    """
    found = [*(data.get("activeTargets") or ()), *map(_dropped, data.get("droppedTargets") or ())]
    labels = [target.get("labels") or {} for target in found]
    return pd.DataFrame(
        {
            "job": texts(each.get("job") for each in labels),
            "instance": texts(each.get("instance") for each in labels),
            "health": texts(target.get("health", "unknown") for target in found),
            "last_error": texts(target.get("lastError") for target in found),
            "last_scrape": times(target.get("lastScrape") for target in found),
            "url": texts(target.get("scrapeUrl") for target in found),
        }
    )


def _dropped(target: Mapping[str, Any]) -> dict[str, Any]:
    """A dropped target in the form of the others: what relabelling would have begun with."""
    labels = target.get("discoveredLabels") or {}
    address = labels.get("__address__", "")
    url = f"{labels.get('__scheme__', 'http')}://{address}{labels.get('__metrics_path__', '/metrics')}"
    return {
        "labels": {"job": labels.get("job", ""), "instance": address},
        "health": "dropped",
        "scrapeUrl": url if address else "",
    }
