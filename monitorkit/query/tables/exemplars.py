"""Exemplars: single observations behind a series, with the trace that they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitorkit.query.frames import TIMESTAMP, VALUE, free_names, timestamps
from monitorkit.query.tables.columns import label_names, numbers, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["exemplars"]

_PREFIX = "exemplar_"


def exemplars(data: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Tidy frame of exemplars, from the answer to ``/api/v1/query_exemplars``.

    Returns
    -------
    DataFrame of shape (n_exemplars, n_labels + 2 + n_exemplar_labels)
        The labels of the series, ``timestamp``, ``value``, then the labels of the exemplar, such as ``trace_id`` (one
        that the series has as well gets ``exemplar_`` before it).
    """
    found = [(each.get("seriesLabels") or {}, one) for each in data or () for one in each.get("exemplars") or ()]
    series = [labels for labels, _ in found]
    own = [exemplar.get("labels") or {} for _, exemplar in found]
    columns: dict[str, Any] = {}
    names = label_names(series)
    for name, column in zip(names, free_names(names, {TIMESTAMP, VALUE}), strict=True):
        columns[column] = texts(labels.get(name) for labels in series)
    seconds = np.array([float(exemplar["timestamp"]) for _, exemplar in found], dtype=np.float64)
    columns[TIMESTAMP] = timestamps(np.rint(seconds * 1000).astype(np.int64))
    columns[VALUE] = numbers(exemplar["value"] for _, exemplar in found)
    for name in sorted({name for labels in own for name in labels}):
        column = name
        while column in columns:
            column = _PREFIX + column
        columns[column] = texts(labels.get(name) for labels in own)
    return pd.DataFrame(columns)
