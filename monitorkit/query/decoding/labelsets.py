"""The label sets of a result as columns: one array of texts for each label, and a dict only for who asks for one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import pyarrow as pa

from monitorkit.labels import NAME_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["LabelSets"]

Labels = dict[str, str]


class LabelSets(Sequence[Labels]):
    """Label sets of series, as a sequence of dicts that are made when they are looked at.

    Parameters
    ----------
    n_series
        How many label sets there are.
    columns
        The texts of each label, one for each series, null where a series has no such label.

    Examples
    --------
    >>> labels = LabelSets.of([{"job": "a"}, {"job": "b", "zone": "x"}])
    >>> labels[0], len(labels), labels == [{"job": "a"}, {"zone": "x", "job": "b"}]
    ({'job': 'a'}, 2, True)
    >>> labels.columns["zone"].to_pylist()
    [None, 'x']
    """

    def __init__(self, n_series: int, columns: Mapping[str, Any]) -> None:
        self._n_series = n_series
        # The order of the levels of an index: the name of the metric first.
        self.columns: dict[str, Any] = {
            name: columns[name] for name in sorted(columns, key=lambda name: (name != NAME_LABEL, name))
        }

    @classmethod
    def of(cls, labels: Sequence[Labels]) -> LabelSets:
        """Label sets from dicts."""
        if isinstance(labels, cls):
            return labels
        names = set().union(*labels)
        return cls(len(labels), {name: pa.array([each.get(name) for each in labels], pa.string()) for name in names})

    @classmethod
    def joined(cls, parts: Iterable[Sequence[Labels]]) -> LabelSets:
        """Label sets one after another."""
        sets = [cls.of(part) for part in parts]
        columns = {}
        for name in set().union(*(each.columns for each in sets)):
            arrays = [each.columns[name] if name in each.columns else pa.nulls(len(each), pa.string()) for each in sets]
            columns[name] = arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)
        return cls(sum(map(len, sets)), columns)

    @cached_property
    def _dicts(self) -> list[Labels]:
        labels: list[Labels] = [{} for _ in range(self._n_series)]
        for name, texts in self.columns.items():
            for each, text in zip(labels, texts.to_pylist(), strict=True):
                if text is not None:
                    each[name] = text
        return labels

    def __len__(self) -> int:
        return self._n_series

    @overload
    def __getitem__(self, position: int) -> Labels: ...
    @overload
    def __getitem__(self, position: slice) -> list[Labels]: ...
    def __getitem__(self, position: int | slice) -> Labels | list[Labels]:
        return self._dicts[position]

    def __iter__(self) -> Iterator[Labels]:
        return iter(self._dicts)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LabelSets):
            # Empty columns do not come to be: each label is one that a series has.
            return self._n_series == other._n_series and self.columns == other.columns
        return isinstance(other, list) and self._dicts == other

    __hash__ = None  # type: ignore[assignment]  # as a list's

    def __repr__(self) -> str:
        return repr(self._dicts)
