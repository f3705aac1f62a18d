"""Matching: which series of two results belong together, by their labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.labels import NAME_LABEL, format_series, quote
from monitorkit.query.forms import groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HOW", "Pairs", "label_list", "match"]

HOW = ("inner", "left", "right", "outer")
"""Which series stay that have no partner: none, those of one side, those of both; pandas' words."""

EXAMPLES = 2

Placed = tuple[pd.DataFrame, "NDArray[np.int64]"]
"""Label sets of a side, and for each pair the position of its own among them, -1 where it has none."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Series that belong together.

    Parameters
    ----------
    left, right
        Positions of their series, -1 where a side has none.
    labels
        Of each pair, as columns; what tells its series from all others comes from the side that has several for one.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    labels: pd.DataFrame


def label_list(labels: object, *, name: str) -> list[str]:
    """Label names as they were given: one or several.

    Raises
    ------
    InvalidType
        If they are no texts.
    """
    several = [labels] if isinstance(labels, str) or not isinstance(labels, Iterable) else list(labels)
    if not all(isinstance(each, str) for each in several):
        raise InvalidType(f"{name}: {labels!r}: give a label's name, or a list of them such as ['job', 'instance']")
    return list(dict.fromkeys(map(str, several)))


def match(
    left: pd.DataFrame, right: pd.DataFrame, *, on: list[str] | None, how: str, include: list[str] | None
) -> Pairs:
    """Pair the label sets of two sides.

    Parameters
    ----------
    left, right
        Label sets, a column for each label.
    on
        Labels that must agree; those that both sides have unless given.
    how
        One of :data:`HOW`.
    include
        Labels that come over from the side with one for several; all that the other does not have unless given.

    Raises
    ------
    InvalidValue
        If several of both sides match each other, or none does.
    """
    keys = _shared(left, right) if on is None else _known(on, left, right)
    left_keys, right_keys = left.reindex(columns=keys, fill_value=""), right.reindex(columns=keys, fill_value="")
    numbered, _ = groups(pd.concat([left_keys, right_keys], ignore_index=True))
    left_key, right_key = numbered[: len(left)], numbered[len(left) :]
    n_keys = int(numbered.max()) + 1 if len(numbered) else 0
    n_left, n_right = np.bincount(left_key, minlength=n_keys), np.bincount(right_key, minlength=n_keys)
    many_left, many_right = (n_left > 1) & (n_right > 0), (n_right > 1) & (n_left > 0)
    if many_left.any() and many_right.any():
        raise _many_to_many(left, right, keys, left_key, right_key, many_left, many_right)
    if how == "inner" and len(left) and len(right) and not ((n_left > 0) & (n_right > 0)).any():
        raise _no_match(left_keys, right_keys, given=on is not None)
    keep_left, keep_right = how in {"left", "outer"}, how in {"right", "outer"}
    if many_right.any():
        here, there = _paired(right_key, left_key, n_keys, every=keep_right, others=keep_left)
        return Pairs(there, here, _labels((right, here), (left, there), keys, include, "left"))
    here, there = _paired(left_key, right_key, n_keys, every=keep_left, others=keep_right)
    return Pairs(here, there, _labels((left, here), (right, there), keys, include, "right"))


def _shared(left: pd.DataFrame, right: pd.DataFrame) -> list[str]:
    return [name for name in left.columns if name in right.columns and name != NAME_LABEL]


def _known(on: list[str], left: pd.DataFrame, right: pd.DataFrame) -> list[str]:
    """The labels to match on; each must be on one side at least, unless a side is empty and so has no labels."""
    for name in on if len(left) and len(right) else []:
        if name not in left.columns and name not in right.columns:
            raise InvalidValue(f"on: no label {name!r} on either side; {_label_names(left, right)}")
    return on


def _label_names(left: pd.DataFrame, right: pd.DataFrame) -> str:
    sides = (", ".join(name for name in side.columns if name != NAME_LABEL) or "none" for side in (left, right))
    return "the left has {}, the right {}".format(*sides)


def _paired(
    many: NDArray[np.int64], one: NDArray[np.int64], n_keys: int, *, every: bool, others: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions on the side that may have several for a key, and on the other, in the first one's order.

    `every` keeps those of the first without partner, `others` those of the second, which come last.
    """
    holder = np.full(n_keys, -1, dtype=np.int64)
    holder[one] = np.arange(len(one))
    here, there = np.arange(len(many)), holder[many]
    if not every:
        here, there = here[there >= 0], there[there >= 0]
    if others:
        alone = np.flatnonzero(~np.isin(one, many))
        here, there = np.append(here, np.full(len(alone), -1)), np.append(there, alone)
    return here, there


def _labels(many: Placed, one: Placed, keys: list[str], include: list[str] | None, side: str) -> pd.DataFrame:
    """Labels of the pairs: all of the side that may have several, and what is to come over from the other."""
    own, others = many[0].columns, one[0].columns
    extra = [name for name in others if name not in own] if include is None else include
    if missing := [name for name in extra if name not in others and len(one[0])]:
        known = ", ".join(name for name in others if name != NAME_LABEL) or "none"
        raise InvalidValue(f"include: the {side} has no label {missing[0]!r}; it has {known}")
    several = NAME_LABEL in own and len(many[0][NAME_LABEL].unique()) > 1
    names = [NAME_LABEL] * (NAME_LABEL in own or NAME_LABEL in others)
    found = {}
    for name in [*names, *sorted({*own, *extra, *keys} - {NAME_LABEL})]:
        first, second = (one, many) if name not in own or (include and name in include) else (many, one)
        values = np.where(first[1] >= 0, _taken(first, name), _taken(second, name))
        if name == NAME_LABEL and name not in keys and not several:
            # A pair is of two metrics, so that no name would be right; PromQL drops it as well.
            values[:] = ""
        found[name] = pd.Index(values, dtype="str")
    return pd.DataFrame(found, index=pd.RangeIndex(len(many[1])))


def _taken(placed: Placed, name: str) -> NDArray[np.object_]:
    """Values of a label at these positions; the empty text where there is none."""
    labels, place = placed
    taken = np.full(len(place), "", dtype=object)
    if name in labels.columns:
        present = place >= 0
        taken[present] = labels[name].to_numpy(dtype=object)[place[present]]
    return taken


def _pair_texts(labels: pd.DataFrame, names: list[str]) -> str:
    """The first of these label sets, as ``job="a", instance="b"``."""
    return ", ".join(f"{name}={quote(str(labels[name].iloc[0]))}" for name in names) or "no label"


def _many_to_many(
    left: pd.DataFrame,
    right: pd.DataFrame,
    keys: list[str],
    left_key: NDArray[np.int64],
    right_key: NDArray[np.int64],
    many_left: NDArray[np.bool_],
    many_right: NDArray[np.bool_],
) -> InvalidValue:
    both = many_left & many_right
    key = int(np.flatnonzero(both if both.any() else many_left)[0])
    where = left[left_key == key]
    shown = [name for name in keys if name in left.columns]
    told = f"with {_pair_texts(where, shown)}" if shown else "without a label that both sides have"
    sides = []
    for word, labels, numbered, many in (("left", left, left_key, many_left), ("right", right, right_key, many_right)):
        rows = labels[numbered == (key if both.any() else int(np.flatnonzero(many)[0]))].head(EXAMPLES)
        texts = (format_series({str(k): str(v) for k, v in row.items()}) for row in rows.to_dict("records"))
        sides.append(f"the {word} has {' and '.join(texts)}")
    return InvalidValue(
        f"join: several series of both sides match each other {told}: {', '.join(sides)}; "
        "name more labels with on=, or aggregate one side first"
    )


def _no_match(left: pd.DataFrame, right: pd.DataFrame, *, given: bool) -> InvalidValue:
    """Say in which labels no value is on both sides, with an example of each."""
    differing = [name for name in left.columns if set(left[name]).isdisjoint(right[name])]
    agreeing = [name for name in left.columns if name not in differing]
    names = differing or list(left.columns)
    reason = "they differ in" if differing else "each label agrees for some, but for no pair do all:"
    text = (
        f"join: no series match on {', '.join(left.columns)}; {reason} {', '.join(names)}: "
        f"the left has {_pair_texts(left, names)}, the right {_pair_texts(right, names)}"
    )
    if differing and agreeing and not given:
        text += f"; to match on the others write on={agreeing!r}"
    return InvalidValue(text)
