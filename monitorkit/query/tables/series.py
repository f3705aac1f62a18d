"""Series that a server holds, and what is known of their metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from monitorkit.query.tables.columns import label_names, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["metadata", "series"]


def series(data: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Frame of label sets, from the answer to ``/api/v1/series``.

    Returns
    -------
    DataFrame of shape (n_series, n_labels)
        One row for each series, one column for each label: ``__name__`` first, the others sorted; absent: ``""``.

    Examples
    --------
    >>> series([{"job": "a", "__name__": "up"}, {"__name__": "x"}]).to_dict("list")
    {'__name__': ['up', 'x'], 'job': ['a', '']}
    """
    return pd.DataFrame({name: texts(each.get(name) for each in data) for name in label_names(data)})


def metadata(data: Mapping[str, Sequence[Mapping[str, str]]]) -> pd.DataFrame:
    """Frame of what targets say of their metrics, from the answer to ``/api/v1/metadata``.

    Returns
    -------
    DataFrame of shape (n_entries, 4)
        ``metric``, ``type``, ``help``, ``unit`` (empty where not said): one row for each metric, more where targets
        disagree about it.
    """
    found = [(metric, each) for metric, entries in data.items() for each in entries or ()]
    columns = {key: texts(each.get(key) for _, each in found) for key in ("type", "help", "unit")}
    return pd.DataFrame({"metric": texts(metric for metric, _ in found), **columns})
