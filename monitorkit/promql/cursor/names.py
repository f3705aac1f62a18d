"""Names in order, searched as one types: what begins with some letters, holds them, or has them in this order."""

from __future__ import annotations

import heapq
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import overload

__all__ = ["Names"]

_LAST = chr(0x10FFFF)
_SEPARATOR = re.compile(r"[_:.]")
_LEAST_OF_WORD = 2
"""Letters that are looked for at the beginning of later words; one alone is in nearly all names."""
_LEAST_INSIDE = 3


class Names(Sequence[str]):
    """Distinct names in the order of the alphabet, whatever their case.

    Parameters
    ----------
    names
        Any texts; 100,000 of them are searched in a few milliseconds.

    Examples
    --------
    >>> names = Names(["up", "node_cpu_seconds_total", "node_load1", "cpu_usage"])
    >>> names.search("cpu", 10)
    ['cpu_usage', 'node_cpu_seconds_total']
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        # Servers send them in order already, or nearly so: a sort that takes no time.
        self._names = sorted(dict.fromkeys(names), key=str.lower)
        self._folded = [name.lower() for name in self._names]
        self._text = "\n".join(self._folded)
        self._offsets = [0]
        for folded in self._folded:
            self._offsets.append(self._offsets[-1] + len(folded) + 1)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self._names[index]

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        low, high = self._span(name.lower())
        return name in self._names[low:high]

    def __repr__(self) -> str:
        return f"<Names, {len(self):,}>"

    def n_beginning(self, typed: str) -> int:
        """Count the names that begin with some letters, whatever their case."""
        low, high = self._span(typed.lower())
        return high - low

    def search(self, typed: str, limit: int) -> list[str]:
        """Names that fit what was typed, the best first.

        Parameters
        ----------
        typed
            Letters; their case does not matter.
        limit
            Largest number of names.

        Returns
        -------
        list of str
            Those that begin with `typed`; then those with a word that does; those that hold it; those that have its
            letters in this order, beginning with the same.
        """
        folded = typed.lower()
        low, high = self._span(folded)
        fitting: list[Iterable[str]] = [self._names[low : min(high, low + limit)]]
        if len(folded) >= _LEAST_OF_WORD:
            fitting += [self._holding(f"{before}{folded}") for before in "_:."]
        if len(folded) >= _LEAST_INSIDE:
            fitting += [self._holding(folded), self._scattered(folded)]
        found: dict[str, None] = {}
        for name in chain.from_iterable(fitting):
            if len(found) == limit:
                break
            found[name] = None
        return list(found)

    def overview(self, typed: str, limit: int) -> list[tuple[str, int]]:
        """Names that begin with some letters; where they are too many, those that go on alike are one.

        Returns
        -------
        list of tuple of str and int
            A name and 1, or what names have in common, up to ``_``, ``:`` or ``.``, and how many they are.

        Examples
        --------
        >>> Names(["node_cpu_a", "node_cpu_b", "node_load1", "up"]).overview("", 3)
        [('node_cpu_', 2), ('node_load1', 1), ('up', 1)]
        """
        low, high = self._span(typed.lower())
        whole = [(high - low, low)] if high > low else []
        kept: list[tuple[int, int]] = []
        # The smallest first, so that as many names as possible are shown as they are.
        while whole:
            size, low = heapq.heappop(whole)
            room = limit - len(kept) - len(whole)
            parts = list(islice(self._parts(low, low + size), room + 1)) if size > 1 else []
            if not parts or (len(parts) > room and (kept or whole)):
                kept.append((low, size))
            else:
                for part in parts[:room]:
                    heapq.heappush(whole, part)
        return [(self._names[low][: self._shared(low, low + size)], size) for low, size in sorted(kept)]

    def _span(self, folded: str) -> tuple[int, int]:
        """First name that begins so, and the one behind the last."""
        return bisect_left(self._folded, folded), bisect_left(self._folded, folded + _LAST)

    def _holding(self, part: str) -> Iterator[str]:
        at = self._text.find(part)
        while at >= 0:
            place = bisect_right(self._offsets, at)
            yield self._names[place - 1]
            at = self._text.find(part, self._offsets[place])

    def _scattered(self, folded: str) -> Iterator[str]:
        low, high = self._span(folded[0])
        # Each class leaves out the letter that ends it, so that nothing is tried twice.
        later = "".join(f"[^\n{re.escape(letter)}]*{re.escape(letter)}" for letter in folded[1:])
        pattern = re.compile(f"^{re.escape(folded[0])}{later}", re.MULTILINE)
        for match in pattern.finditer(self._text, self._offsets[low], self._offsets[high]):
            yield self._names[bisect_right(self._offsets, match.start()) - 1]

    def _shared(self, low: int, high: int) -> int:
        """Length of what the names of a span have in common, up to a separator; all of it for one name."""
        common = self._common(low, high)
        ends = [match.end() for match in _SEPARATOR.finditer(self._folded[low], 0, common)]
        return ends[-1] if high - low > 1 and ends else common

    def _common(self, low: int, high: int) -> int:
        """Number of letters that the names of a span begin with alike; they are in order, so two tell of all."""
        first, last = self._folded[low], self._folded[high - 1]
        return next(
            (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
        )

    def _parts(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Spans of names that go on alike up to the next separator, as size and first."""
        common = self._common(low, high)
        while low < high:
            separator = _SEPARATOR.search(self._folded[low], common)
            end = low + 1
            if separator is not None:
                end = bisect_left(self._folded, self._folded[low][: separator.end()] + _LAST, low, high)
            yield end - low, low
            low = end
