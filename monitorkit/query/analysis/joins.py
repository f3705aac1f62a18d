"""Joins: two results side by side, series by series."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitorkit.arguments import checked
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query.analysis.matching import HOW, label_list, match
from monitorkit.query.forms import form_of, label_columns, label_index
from monitorkit.query.frames import VALUE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from monitorkit.query.analysis.matching import Pairs
    from monitorkit.query.forms import Form

__all__ = ["join"]

SIDE = "side"
"""Level of a range's columns that holds the name of each side."""


@checked
def join(
    left: pd.DataFrame,
    right: pd.DataFrame,
    on: str | Iterable[str] | None = None,
    *,
    how: str = "inner",
    include: str | Iterable[str] | None = None,
    names: tuple[str, str] = ("left", "right"),
) -> pd.DataFrame:
    """Put two results side by side: the series whose labels agree, one with one or several with one.

    Parameters
    ----------
    left, right
        Two instant results, or two range results; also after filtering and arithmetic.
    on
        Labels that must agree, as in PromQL's ``on (...)``; all that both sides have, but for the metric's name, unless
        given. A label that a series does not have is the empty text.
    how
        What happens to series without partner: ``"inner"`` leaves them out, ``"left"``, ``"right"`` and ``"outer"``
        keep those of one side or of both, with NaN for the other. The same holds for the timestamps of ranges.
    include
        Where several match one: labels that come over from the one, as in PromQL's ``group_left (...)``; all that the
        several do not have themselves unless given.
    names
        What the values of either side are called.

    Returns
    -------
    DataFrame
        Of two instant results one row per pair, with a column for each side; a side that has other columns than
        ``value`` keeps these. Of two ranges one row per timestamp, and for each side one column per pair, so that
        ``result["left"] / result["right"]`` divides series by series. Each pair has the labels of both; its name is
        empty as in PromQL (but kept where the side with several has several names).

    Raises
    ------
    InvalidValue
        If several series of both sides match each other, if (with ``"inner"``) none do, or if two ranges have no
        timestamp in common.
    InvalidType
        If one is no frame.

    Notes
    -----
    Timestamps must be equal to the millisecond: ask both ranges with the same ``start=``, ``end=`` and ``step=``.
    How PromQL matches: Prometheus documentation, "Operators", section "Vector matching".

    Examples
    --------
    What an info metric knows, for each series of a counter; in PromQL
    ``requests * on (instance) group_left (version) info``:

    >>> index = pd.MultiIndex.from_tuples([("a:1", "ok"), ("a:1", "error")], names=["instance", "status"])
    >>> requests = pd.DataFrame({"value": [90.0, 10.0]}, index=index)
    >>> index = pd.MultiIndex.from_tuples([("a:1", "2")], names=["instance", "version"])
    >>> info = pd.DataFrame({"value": [1.0]}, index=index)
    >>> join(requests, info, names=("requests", "info")).reset_index()
      instance status version  requests  info
    0      a:1     ok       2      90.0   1.0
    1      a:1  error       2      10.0   1.0
    """
    if how not in HOW:
        raise InvalidValue(f"how: {how!r}: use one of {', '.join(HOW)}")
    sides = _side_names(names)
    (left, form), (right, other) = _side(left, "left"), _side(right, "right")
    if form != other:
        raise InvalidValue(f"join: the left was asked {_WHEN[form]}, the right {_WHEN[other]}; ask both alike")
    pairs = match(
        label_columns(left, form),
        label_columns(right, other),
        on=None if on is None else label_list(on, name="on"),
        how=how,
        include=None if include is None else label_list(include, name="include"),
    )
    joined = _instant if form == "instant" else _ranged
    result = joined(left, right, pairs, how, sides)
    result.attrs = _attrs(left.attrs, right.attrs, sides)
    return result


_WHEN = {"instant": "at one moment", "range": "over a range"}


def _side_names(names: object) -> tuple[str, str]:
    if (
        not isinstance(names, tuple | list)
        or [type(name) for name in names] != [str, str]
        or len(set(names)) < len(names)
    ):
        raise InvalidType(f"names: {names!r}: give two different texts, one for each side")
    return names[0], names[1]


def _side(frame: object, word: str) -> tuple[pd.DataFrame, Form]:
    found, form = form_of(frame, caller="join", any_columns=True)
    if form not in _WHEN:
        raise InvalidValue(
            f"join: the {word} frame is in the long form; pass what prom.query() or prom.query_range() returned, "
            "without tidy=True"
        )
    if form == "range" and not found.index.is_unique:
        again = found.index[found.index.duplicated()][0]
        raise InvalidValue(f"join: the {word} frame has several rows at {again}; keep one of each")
    return found, form


def _instant(left: pd.DataFrame, right: pd.DataFrame, pairs: Pairs, how: str, names: tuple[str, str]) -> pd.DataFrame:  # noqa: ARG001 - as _ranged
    parts = []
    for frame, place, name in ((left, pairs.left, names[0]), (right, pairs.right, names[1])):
        values = frame.reset_index(drop=True).reindex(place).reset_index(drop=True)
        parts.append(values.rename(columns={VALUE: name}) if list(frame.columns) == [VALUE] else values)
    if clash := set(parts[0].columns) & set(parts[1].columns):
        raise InvalidValue(f"join: both sides have a column {min(map(str, clash))!r}; rename one")
    result = pd.concat(parts, axis="columns")
    result.index = label_index(pairs.labels)
    return result


def _ranged(left: pd.DataFrame, right: pd.DataFrame, pairs: Pairs, how: str, names: tuple[str, str]) -> pd.DataFrame:
    times = _times(pd.DatetimeIndex(left.index), pd.DatetimeIndex(right.index), how)
    values = np.hstack([_columns(left, pairs.left, times), _columns(right, pairs.right, times)])
    labels = pairs.labels
    side = SIDE
    while side in labels.columns:
        side += "_"
    levels = [np.repeat(np.array(names, dtype=object), len(labels))]
    levels += [np.tile(labels[name].to_numpy(dtype=object), 2) for name in labels.columns]
    columns = [pd.Index(level, dtype="str") for level in levels]
    return pd.DataFrame(values, index=times, columns=pd.MultiIndex.from_arrays(columns, names=[side, *labels.columns]))


def _times(left: pd.DatetimeIndex, right: pd.DatetimeIndex, how: str) -> pd.DatetimeIndex:
    if how in {"left", "right"}:
        return left if how == "left" else right
    if how == "outer":
        return left.union(right)
    common = left.intersection(right, sort=False)
    if len(left) and len(right) and not len(common):
        raise InvalidValue(
            f"join: no timestamp is in both ranges: the left begins {left[0]}, the right {right[0]}; "
            "ask both with the same start=, end= and step="
        )
    return common


def _columns(frame: pd.DataFrame, place: NDArray[np.int64], times: pd.DatetimeIndex) -> NDArray[np.float64]:
    """Values of these columns at these times, NaN where there are none."""
    values = np.full((len(times), len(place)), np.nan)
    present = place >= 0
    values[:, present] = frame.reindex(times).to_numpy(dtype=np.float64)[:, place[present]]
    return values


def _attrs(left: dict[Any, Any], right: dict[Any, Any], names: tuple[str, str]) -> dict[Any, Any]:
    """What both sides have in common, both queries, and all remarks."""
    common = {key: value for key, value in left.items() if key != "query" and key in right and right[key] == value}
    queries = {name: attrs["query"] for name, attrs in zip(names, (left, right), strict=True) if "query" in attrs}
    remarks = {
        key: list(dict.fromkeys([*left.get(key, []), *right.get(key, [])]))
        for key in ("warnings", "infos")
        if key in left or key in right
    }
    return copy.deepcopy(common) | remarks | ({"queries": queries} if queries else {})
