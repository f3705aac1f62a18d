"""What a server knows beside its series, as frames: targets and alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from monitorkit.query.frames import free_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["alerts", "targets"]

_ALERT_NAME = "alertname"
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def targets(data: Mapping[str, Any]) -> pd.DataFrame:
    """Frame of what is scraped, from the answer to ``/api/v1/targets``.

    Returns
    -------
    DataFrame of shape (n_targets, 6)
        ``job``, ``instance``, ``health`` (up, down or unknown), ``last_error``, ``last_scrape`` (NaT before the first
        one), ``url``.
    """
    active = list(data.get("activeTargets") or ())
    labels = [target.get("labels") or {} for target in active]
    return pd.DataFrame(
        {
            "job": _texts(each.get("job", "") for each in labels),
            "instance": _texts(each.get("instance", "") for each in labels),
            "health": _texts(target.get("health", "unknown") for target in active),
            "last_error": _texts(target.get("lastError", "") for target in active),
            "last_scrape": _times(target.get("lastScrape", "") for target in active),
            "url": _texts(target.get("scrapeUrl", "") for target in active),
        }
    )


def alerts(data: Mapping[str, Any]) -> pd.DataFrame:
    """Frame of what is pending or firing, from the answer to ``/api/v1/alerts``.

    Returns
    -------
    DataFrame of shape (n_alerts, 4 + n_labels + 1)
        ``name``, ``state`` (pending or firing), ``active_at``, ``value``, then one column for each label (absent:
        ``""``; one that is called like another column gets ``label_`` before it), then ``annotations`` as dicts.
    """
    active: list[Mapping[str, Any]] = list(data.get("alerts") or ())
    labels = [alert.get("labels") or {} for alert in active]
    columns: dict[str, Any] = {
        "name": _texts(each.get(_ALERT_NAME, "") for each in labels),
        "state": _texts(alert.get("state", "") for alert in active),
        "active_at": _times(alert.get("activeAt", "") for alert in active),
        "value": pd.Series([float(alert.get("value", "NaN")) for alert in active], dtype="float64"),
    }
    names = sorted({name for each in labels for name in each} - {_ALERT_NAME})
    free = free_names(names, [*columns, "annotations"])
    columns |= {column: _texts(each.get(name, "") for each in labels) for column, name in zip(free, names, strict=True)}
    annotations = pd.Series([dict(alert.get("annotations") or {}) for alert in active], dtype="object")
    return pd.DataFrame({**columns, "annotations": annotations})


def _texts(texts: Iterable[str]) -> pd.Series[str]:
    return pd.Series(list(texts), dtype="str")


def _times(texts: Iterable[str]) -> pd.Series[pd.Timestamp]:
    """RFC 3339 texts as UTC to the ms; what never happened (Go's zero time) is NaT."""
    return pd.Series(_utc(list(texts)), dtype="datetime64[ms, UTC]")


def _utc(texts: Sequence[str]) -> list[datetime | None]:
    # fromisoformat cuts off what is finer than a microsecond.
    moments = [datetime.fromisoformat(text) if text else _NEVER for text in texts]
    return [None if moment <= _NEVER else moment.astimezone(UTC) for moment in moments]
