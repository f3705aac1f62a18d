"""Blocks of a range query's result in files: some of the steps of a stretch of time that is the same for everybody.

Step n of a query lies at n times its step, plus where its first step lies within one; block b holds what is known of
the steps from b times `STEPS` on. So a file does not depend on when, or for which range, a notebook asked.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.documents import replacing
from monitorkit.query.decoding.envelope import Answer
from monitorkit.query.decoding.wire import Histograms, Result, Samples
from monitorkit.query.keeping import parquet
from monitorkit.query.keeping.cache import PACE
from monitorkit.query.ranges.ordering import together
from monitorkit.query.times import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["STEPS", "Part", "Shelf", "between"]

STEPS = 5_000
"""Two of them fit into what Prometheus answers at once."""
WORTH = 20
"""A file is written again when its steps grow by a twentieth, so that a cell run each minute does not rewrite it."""

_HISTOGRAM = ("lower", "upper", "closed", "bucket_count", "count", "sum")


@dataclass(frozen=True)
class Part:
    """Steps without a gap, and the answer for them."""

    window: Window
    answer: Answer[Result]

    def within(self, window: Window) -> Part | None:
        """The steps that are in a window as well; None where there are none."""
        start, end = max(self.window.start_ms, window.start_ms), min(self.window.end_ms, window.end_ms)
        if start > end:
            return None
        if (start, end) == (self.window.start_ms, self.window.end_ms):
            return self
        return Part(replace(window, start_ms=start, end_ms=end), _cut(self.answer, start, end))


class Shelf:
    """The blocks of one question.

    Parameters
    ----------
    folder
        Where they are.
    key
        What they are of: what is kept of another question is not read.
    step_ms, phase_ms
        The grid of its steps.
    """

    def __init__(self, folder: Path, key: Mapping[str, Any], *, step_ms: int, phase_ms: int) -> None:
        self._folder = folder
        self._key = dict(key)
        self._step = step_ms
        self._phase = phase_ms
        self.trouble = ""

    def blocks(self, window: Window) -> Iterator[tuple[int, Window]]:
        """Number of each block that a window touches, and the steps of the window in it."""
        length = STEPS * self._step
        last = window.start_ms + (window.n_steps - 1) * self._step
        for block in range((window.start_ms - self._phase) // length, (last - self._phase) // length + 1):
            start = self._phase + block * length
            yield block, Window(max(start, window.start_ms), min(start + length - self._step, last), self._step)

    @property
    def n_in_time(self) -> int | None:
        """Most steps of one question that are answered in time; None where nothing is known of it."""
        try:
            n_steps = int((self._folder / PACE).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        return n_steps if n_steps > 0 else None

    @n_in_time.setter
    def n_in_time(self, n_steps: int) -> None:
        with suppress(OSError), replacing(self._folder / PACE) as temporary:
            temporary.write_text(str(n_steps), encoding="ascii")

    def take(self, block: int) -> Part | None:
        """What is kept of a block; None where there is nothing that can be used."""
        path = self._path(block)
        try:
            table = parquet.load(path)
            part = self._restored(table)
        except (OSError, parquet.Damaged, ValueError, KeyError, TypeError, IndexError):
            return None
        with suppress(OSError):
            # When it was last used: what was not for longest goes first.
            os.utime(path)
        return part

    def put(self, block: int, part: Part) -> bool:
        """Keep steps of a block, together with what is kept of it; whether anything was written.

        Where there would be a gap between the two, the longer one is kept.
        """
        old = self.take(block)
        merged = part if old is None else _merged(old, part)
        if old is not None and not (merged is part or self._is_worth(block, old.window, merged.window)):
            return False
        text, columns = self._packed(merged)
        try:
            parquet.save(self._path(block), columns, text)
        except (OSError, ValueError) as error:
            self.trouble = f"{self._folder.parent} cannot be written ({getattr(error, 'strerror', None) or error})"
            return False
        return True

    def _path(self, block: int) -> Path:
        return self._folder / f"{block}.parquet"

    def _is_worth(self, block: int, old: Window, new: Window) -> bool:
        """Whether a file should be written again for the steps that it would gain."""
        start = self._phase + block * STEPS * self._step
        edges = {start, start + (STEPS - 1) * self._step}
        grown = new.n_steps - old.n_steps
        return grown * WORTH >= max(old.n_steps, 1) or bool(
            grown and edges & ({new.start_ms, new.end_ms} - {old.start_ms, old.end_ms})
        )

    def _packed(self, part: Part) -> tuple[str, dict[str, Any]]:
        floats, histograms = part.answer.data.floats, part.answer.data.histograms
        note = {
            "key": self._key,
            "start": part.window.start_ms,
            "end": part.window.end_ms,
            "labels": list(part.answer.data.labels),
            "infos": part.answer.infos,
            "n_floats": len(floats.times),
        }
        n_buckets = len(histograms.times)
        columns: dict[str, Any] = {
            "series": np.concatenate([floats.series, histograms.series]).astype(np.int32),
            "timestamp": np.concatenate([floats.times, histograms.times]).view("M8[ms]"),
            "value": np.concatenate([floats.numbers, np.full(n_buckets, np.nan)]),
        }
        if n_buckets:
            # Rows of their own, after those of plain numbers.
            blank = np.zeros(len(floats.times))
            columns |= {name: np.concatenate([blank, getattr(histograms, name)]) for name in _HISTOGRAM}
        return json.dumps(note, ensure_ascii=False), columns

    def _restored(self, table: parquet.Table) -> Part:
        note = json.loads(table.text or "{}")
        if note["key"] != self._key:
            raise ValueError("another question's")
        n = note["n_floats"]
        series, times, values, *buckets = (table.numbers(column) for column in range(len(table.columns)))
        series = series.astype(np.int64)
        floats = Samples(series[:n], times[:n], values[:n])
        histograms = Histograms()
        if buckets:
            named = dict(zip(_HISTOGRAM, (column[n:] for column in buckets), strict=True))
            named["closed"] = named["closed"].astype(np.int64)
            histograms = Histograms(series=series[n:], times=times[n:], **named)
        window = Window(note["start"], note["end"], self._step)
        result = Result("matrix", note["labels"], floats, histograms)
        if not (window.holds(floats.times) and window.holds(histograms.times)):
            raise ValueError("points beside the steps")
        if len(series) and not 0 <= series.min() <= series.max() < len(result.labels):
            raise ValueError("points of no series")
        return Part(window, Answer(result, infos=tuple(note["infos"])))


def _merged(old: Part, new: Part) -> Part:
    """Both together; the longer one where there is a gap between them."""
    first, second = (old, new) if old.window.start_ms <= new.window.start_ms else (new, old)
    step = old.window.step_ms
    if second.window.start_ms > first.window.end_ms + step:
        return max(old, new, key=lambda part: part.window.n_steps)
    if second.window.end_ms <= first.window.end_ms:
        return first
    rest = second.within(Window(first.window.end_ms + step, second.window.end_ms, step)) or second
    window = Window(first.window.start_ms, second.window.end_ms, step)
    return Part(window, together([first.answer, rest.answer]))


def _cut(answer: Answer[Result], start_ms: int, end_ms: int) -> Answer[Result]:
    return replace(answer, data=between(answer.data, start_ms, end_ms))


def between(result: Result, start_ms: int, end_ms: int) -> Result:
    """What of a result lies between two moments, both included; series without any of it are left out."""
    floats, histograms = (_rows(part, start_ms, end_ms) for part in (result.floats, result.histograms))
    used = np.unique(np.concatenate([floats["series"], histograms["series"]]))
    for part in (floats, histograms):
        part["series"] = np.searchsorted(used, part["series"])
    labels = [result.labels[position] for position in used]
    return replace(result, labels=labels, floats=Samples(**floats), histograms=Histograms(**histograms))


def _rows(part: Samples | Histograms, start_ms: int, end_ms: int) -> dict[str, NDArray[Any]]:
    kept = (part.times >= start_ms) & (part.times <= end_ms)
    return {name: column[kept] for name, column in vars(part).items()}
