"""Answers on their way to a cache: gathered block by block, and only what can no longer change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitorkit.query.keeping.blocks import Part
from monitorkit.query.ranges import ordering, pieces
from monitorkit.query.times import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitorkit.query.decoding.envelope import Answer
    from monitorkit.query.decoding.wire import Result
    from monitorkit.query.keeping.blocks import Shelf

__all__ = ["Keeper"]


class Keeper:
    """Puts parts, which come in the order of time, on a shelf, block by block.

    Parameters
    ----------
    shelf
        The shelf.
    settled_ms
        Last moment whose step can be kept.
    seen
        Whether there are samples before these parts.
    """

    def __init__(self, shelf: Shelf, settled_ms: int, *, seen: bool) -> None:
        self._nothing: list[Part] = []
        self._seen = seen
        self._shelf = shelf
        self._settled = settled_ms
        self._block: int | None = None
        self._waiting: list[Part] = []
        self._wrote = False

    def keep(self, piece: Window, answer: Answer[Result]) -> Part:
        """Put the answer for a piece, as far as it can be kept, and return it on the grid."""
        part = Part(piece, pieces.on_grid(answer, piece))
        self._nothing.append(part)
        self._seen = self._seen or bool(part.answer.data.labels)
        if self._seen:
            # Where nothing at all is, a history may yet be written; before the first sample nothing will be.
            parts, self._nothing = self._nothing, []
            for each in parts:
                self._add(each)
        return part

    def _add(self, part: Part) -> None:
        step = part.window.step_ms
        n_settled = (self._settled - part.window.start_ms) // step + 1
        end = min(part.window.end_ms, part.window.start_ms + (n_settled - 1) * step)
        # A server that warns says that the answer may not be whole.
        if n_settled < 1 or part.answer.warnings:
            return
        for block, steps in self._shelf.blocks(Window(part.window.start_ms, end, step)):
            if block != self._block:
                self._flush()
                self._block = block
            self._waiting.append(part.within(steps) or part)

    def finish(self) -> bool:
        """Put the rest; whether anything was written."""
        self._flush()
        return self._wrote

    @property
    def trouble(self) -> str:
        """Why nothing could be written; empty where it could."""
        return self._shelf.trouble

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self._block is not None:
            for part in _joined(waiting):
                self._wrote = self._shelf.put(self._block, part) or self._wrote


def _joined(parts: Sequence[Part]) -> Iterator[Part]:
    """Parts that follow each other without a gap as one."""
    group: list[Part] = []
    for part in parts:
        if group and part.window.start_ms != group[-1].window.end_ms + part.window.step_ms:
            yield _one(group)
            group = []
        group.append(part)
    if group:
        yield _one(group)


def _one(group: Sequence[Part]) -> Part:
    window = replace(group[0].window, end_ms=group[-1].window.end_ms)
    return Part(window, ordering.together([part.answer for part in group]))
