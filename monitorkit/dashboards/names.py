"""Names of the lines of a panel: a legend's, else the labels in which the lines differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.labels import NAME_LABEL, legend

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitorkit.dashboards.panels import Query

__all__ = ["line_names"]

MOST_GROUPING = 2


def line_names(series: Sequence[tuple[Query, Mapping[str, str]]]) -> list[str]:
    """Name each series of a panel, as short as keeps them apart.

    Parameters
    ----------
    series
        The query that each came from, and its labels.

    Examples
    --------
    >>> from monitorkit.dashboards.panels import Query
    >>> query = Query("rate(inference_requests_total[5m])")
    >>> line_names([(query, {"job": "ai", "status": "ok"}), (query, {"job": "ai", "status": "shed"})])
    ['ok', 'shed']
    """
    keys = {query: _differing([labels for other, labels in series if other == query]) for query, _ in series}
    names = [
        (legend(query.legend, labels) if query.legend else _told_apart(labels, keys[query]))
        or labels.get(NAME_LABEL)
        or _grouped(labels)
        or query.expr
        for query, labels in series
    ]
    return [
        _with_query(name, query) if names.count(name) > 1 and not query.legend else name
        for name, (query, _) in zip(names, series, strict=True)
    ]


def _differing(label_sets: Sequence[Mapping[str, str]]) -> list[str]:
    """Labels that do not have the same value in all sets, in order of first sight."""
    keys = dict.fromkeys(key for labels in label_sets for key in labels)
    return [key for key in keys if len({labels.get(key, "") for labels in label_sets}) > 1]


def _told_apart(labels: Mapping[str, str], keys: Sequence[str]) -> str:
    """Values of the differing labels; with their names where there are several."""
    present = [key for key in keys if labels.get(key)]
    if len([key for key in keys if key != NAME_LABEL]) <= 1:
        return " ".join(labels[key] for key in present)
    return " ".join(labels[key] if key == NAME_LABEL else f"{key}={labels[key]}" for key in present)


def _grouped(labels: Mapping[str, str]) -> str:
    """Name of the only group of a ``sum by (code)``; empty for series that were not grouped, whose labels are many."""
    return _told_apart(labels, list(labels)) if len(labels) <= MOST_GROUPING else ""


def _with_query(name: str, query: Query) -> str:
    """Name of a series whose label values another query's series has too."""
    return query.expr if name in query.expr else f"{name} · {query.expr}"
