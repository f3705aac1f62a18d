"""Cardinality: which metrics and labels the series of a server are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from monitorkit.query.tables.columns import integers, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["TsdbStatus", "cardinality_status", "tsdb_status"]

MAX_MS = 2**53
"""A time beyond it stands for none: Prometheus' empty head runs from 2^63 - 1 to -2^63 ms."""


def _ranking(*columns: str) -> pd.DataFrame:
    *names, count = columns
    return pd.DataFrame({**{name: texts(()) for name in names}, count: integers(())})


@dataclass(frozen=True, eq=False)
class TsdbStatus:
    """What the database of a server consists of, the largest first.

    Parameters
    ----------
    n_series, n_label_pairs, n_chunks
        Series in the head, distinct pairs of label and value, chunks in the head; None where the server does not tell.
    start, end
        First and last sample in the head; None where it is empty or the server does not tell.
    metrics
        ``metric``, ``series``: the metrics with the most series.
    labels
        ``label``, ``values``: the labels with the most values.
    pairs
        ``label``, ``value``, ``series``: the pairs on the most series.
    memory
        ``label``, ``bytes``: the labels whose values take the most memory; empty where the server does not tell.

    Notes
    -----
    Prometheus counts what is in its head, the last two to three hours; VictoriaMetrics what was written today (UTC).
    Source: Prometheus documentation, "HTTP API", "TSDB Stats"; VictoriaMetrics documentation, "TSDB stats".
    """

    n_series: int | None = None
    n_label_pairs: int | None = None
    n_chunks: int | None = None
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    metrics: pd.DataFrame = field(default_factory=lambda: _ranking("metric", "series"))
    labels: pd.DataFrame = field(default_factory=lambda: _ranking("label", "values"))
    pairs: pd.DataFrame = field(default_factory=lambda: _ranking("label", "value", "series"))
    memory: pd.DataFrame = field(default_factory=lambda: _ranking("label", "bytes"))

    def __str__(self) -> str:
        counts = {"series": self.n_series, "label pairs": self.n_label_pairs, "chunks": self.n_chunks}
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count is not None)
        return told or "no counts"

    def __repr__(self) -> str:
        frames = {"metrics": self.metrics, "labels": self.labels, "pairs": self.pairs, "memory": self.memory}
        parts = [f"{name}:\n{frame.to_string(index=False)}" for name, frame in frames.items() if len(frame)]
        return "\n\n".join([str(self), *parts])

    def _repr_html_(self) -> str:
        """Show the counts, then the rankings side by side, everything from outside escaped."""
        frames = {
            "Metrics by series": self.metrics,
            "Labels by values": self.labels,
            "Pairs by series": self.pairs,
            "Labels by memory": self.memory,
        }
        blocks = "".join(
            f"<div><b>{escape(title)}</b>{frame.to_html(index=False, border=0, escape=True)}</div>"
            for title, frame in frames.items()
            if len(frame)
        )
        return f'<div>{escape(str(self))}</div><div style="display: flex; flex-wrap: wrap; gap: 2em">{blocks}</div>'


def tsdb_status(data: Any, *, limit: int) -> TsdbStatus:  # noqa: ANN401 - what the server says
    """Read the answer to ``/api/v1/status/tsdb``, of Prometheus, Thanos or VictoriaMetrics.

    Parameters
    ----------
    data
        The answer: a mapping, or a list with one for each tenant, of which the first is read (Thanos).
    limit
        Most rows in each ranking (Prometheus before 2.45 does not know the parameter).
    """
    if isinstance(data, list):
        data = data[0] if data else {}
    head = data.get("headStats") or {}
    pairs = [(_split(str(row.get("name", ""))), row.get("value")) for row in _rows(data, "seriesCountByLabelValuePair")]
    by_pair = {
        "label": texts(label for (label, _), _ in pairs[:limit]),
        "value": texts(value for (_, value), _ in pairs[:limit]),
        "series": integers(count for _, count in pairs[:limit]),
    }
    return TsdbStatus(
        n_series=_count(head.get("numSeries", data.get("totalSeries"))),
        n_label_pairs=_count(head.get("numLabelPairs", data.get("totalLabelValuePairs"))),
        n_chunks=_count(head.get("chunkCount")),
        start=_time(head.get("minTime")),
        end=_time(head.get("maxTime")),
        metrics=_named(_rows(data, "seriesCountByMetricName")[:limit], "metric", "series"),
        labels=_named(_rows(data, "labelValueCountByLabelName")[:limit], "label", "values"),
        pairs=pd.DataFrame(by_pair),
        memory=_named(_rows(data, "memoryInBytesByLabelName")[:limit], "label", "bytes"),
    )


def cardinality_status(labels: Mapping[str, Any], metrics: Mapping[str, Any], *, limit: int) -> TsdbStatus:
    """Read Mimir's answers to ``cardinality/label_names`` and, for ``__name__``, ``cardinality/label_values``.

    Notes
    -----
    Source: Grafana Mimir documentation, "HTTP API", "Label names cardinality" and "Label values cardinality"; what is
    in memory of its ingesters.
    """
    names = [
        {"name": row["label_name"], "value": row["label_values_count"]} for row in _rows(labels, "cardinality")[:limit]
    ]
    found = [row for label in _rows(metrics, "labels") for row in label["cardinality"] or ()]
    series = [{"name": row["label_value"], "value": row["series_count"]} for row in found[:limit]]
    return TsdbStatus(
        n_series=_count(metrics.get("series_count_total")),
        n_label_pairs=_count(labels.get("label_values_count_total")),
        metrics=_named(series, "metric", "series"),
        labels=_named(names, "label", "values"),
    )


def _rows(data: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    return data.get(key) or ()


def _named(rows: Sequence[Mapping[str, Any]], name: str, count: str) -> pd.DataFrame:
    return pd.DataFrame(
        {name: texts(row.get("name") for row in rows), count: integers(row.get("value") for row in rows)}
    )


def _split(pair: str) -> tuple[str, str]:
    """Label and value of ``label=value``; a label may hold an equals sign since 3.0, which nothing can tell apart."""
    label, _, value = pair.partition("=")
    return label, value


def _count(value: Any) -> int | None:  # noqa: ANN401 - what the server says
    return None if value is None else int(value)


def _time(ms: Any) -> pd.Timestamp | None:  # noqa: ANN401 - what the server says
    return pd.Timestamp(ms, unit="ms", tz="UTC") if isinstance(ms, int) and abs(ms) < MAX_MS else None
