"""The answer to a query, decoded while it arrives: cut between two series, read block by block, never kept whole.

In JSON a quote inside a text is escaped, so that the bytes between two series, ``]},{"metric":``, are found in no text.
A block of series in the form that Prometheus writes is read by :mod:`monitorkit.query.decoding.labeltext` and
:mod:`monitorkit.query.decoding.sampletext`, any other block by :mod:`monitorkit.query.decoding.results`, and so is an
answer that begins in a form of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from monitorkit.query.decoding import labeltext, results, sampletext
from monitorkit.query.decoding.envelope import MAX_BODY_BYTES, Answer, Malformed, begin, plain
from monitorkit.query.decoding.labelsets import LabelSets
from monitorkit.query.decoding.wire import Histograms, Result, Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ResultDecoder"]


BLOCK_BYTES = 1 << 18
"""What is read at once: within the cache of a processor, and long enough that the calls per block do not count."""

_HEAD = re.compile(
    rb'\s*\{"status":"success",(?:"isPartial":(?:true|false),)?'
    rb'"data":\{"resultType":"(?P<kind>matrix|vector)","result":\[(?=\{"metric":)'
)
_ITEM = b'{"metric":'
FEW = 40
"""Of so few series a dict each is made sooner than a column for each label."""
_BRACKET = ord("}")


class ResultDecoder:
    """Decoder of the answer to a query.

    Examples
    --------
    >>> decoder = ResultDecoder()
    >>> decoder.feed(b'{"status":"success","data":{"resultType":"vector","result":[')
    >>> decoder.feed(b'{"metric":{"job":"a"},"value":[1700000000.191,"2"]}]}}')
    >>> result = decoder.finish().data
    >>> result.labels, result.floats.times.tolist(), result.floats.numbers.tolist()
    ([{'job': 'a'}], [1700000000191], [2.0])
    """

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._n_bytes = 0
        self._enough = BLOCK_BYTES
        self._begun = False
        self._head = b""
        self._form: _Form | None = None
        self._labels: list[Sequence[dict[str, str]]] = []
        self._n_series = 0
        self._counts: list[NDArray[np.int64]] = []
        self._times = _Growing(np.int64)
        self._numbers = _Growing(np.float64)
        self._histograms: list[Histograms] = []

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises
        ------
        Malformed
            If it is sure already that they are no query result.
        """
        self._chunks.append(chunk)
        self._n_bytes += len(chunk)
        if self._n_bytes >= self._enough:
            rest = self._read_blocks()
            if len(rest) > MAX_BODY_BYTES:
                raise Malformed(f"longer than {MAX_BODY_BYTES >> 20} MiB without the end of a series")
            # What has no end yet is looked through again only when it has doubled.
            self._chunks, self._n_bytes, self._enough = [rest], len(rest), max(2 * len(rest), BLOCK_BYTES)

    def finish(self) -> Answer[Result]:
        """Return the result.

        Raises
        ------
        Refused
            If the answer is an error of the API.
        Malformed
            If it is no query result.
        """
        rest = self._read_blocks()
        if self._form is None:
            return results.result(rest)
        answer = self._read_end(rest, self._form)
        return Answer(self._whole(self._form.kind), answer.warnings, answer.infos, answer.stats)

    def _read_blocks(self) -> bytes:
        """Read the series that are complete; return what follows, from the labels of the last series on."""
        data = b"".join(self._chunks)
        if not self._begun:
            self._begun = True
            begin(data)
            if match := _HEAD.match(data):
                self._head, self._form = match[0], _FORMS[match["kind"].decode()]
                data = data[match.end() + len(_ITEM) :]
        if self._form is None:
            return data
        block, boundary, rest = data.rpartition(self._form.boundary)
        if boundary:
            try:
                self._add(*self._form.read(block))
            except sampletext.Unusual:
                self._add(*_part(self._form.read_json(block)))
        return rest

    def _read_end(self, rest: bytes, form: _Form) -> Answer[Any]:
        """Read the last series and what follows the series; return what it says."""
        block, end, tail = form.cut_end(rest)
        if end and tail.startswith(b"]"):
            try:
                last = form.read(block)
            except sampletext.Unusual:
                pass
            else:
                self._add(*last)
                answer = plain(self._head + tail)
                if answer.data.get("result") != [] or answer.data["resultType"] != form.kind:
                    raise Malformed("JSON, but with two results")
                return answer
        answer = results.result(self._head + _ITEM + rest)
        self._add(*_part(answer.data))
        return answer

    def _add(self, labels: Sequence[dict[str, str]], part: _Part) -> None:
        """Put the series of a part after those that are there."""
        part.histograms.series[:] += self._n_series
        self._n_series += len(labels)
        self._labels.append(labels)
        self._counts.append(part.counts)
        self._times.extend(part.times)
        self._numbers.extend(part.numbers)
        self._histograms.append(part.histograms)

    def _whole(self, kind: str) -> Result:
        """All that was read."""
        labels = _joined(self._labels)
        series = np.repeat(np.arange(len(labels)), np.concatenate(self._counts))
        buckets = {
            name: np.concatenate([getattr(each, name) for each in self._histograms]) for name in vars(Histograms())
        }
        return Result(kind, labels, Samples(series, self._times.whole(), self._numbers.whole()), Histograms(**buckets))


class _Growing:
    """An array that grows at its end: in place, so that what was read is never there twice."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self._array: NDArray[Any] = np.empty(0, dtype)
        self._length = 0

    def extend(self, part: NDArray[Any]) -> None:
        """Put an array after what is there."""
        length = self._length + len(part)
        if length > len(self._array):
            self._array.resize(length + length // 4, refcheck=False)
        self._array[self._length : length] = part
        self._length = length

    def whole(self) -> NDArray[Any]:
        """The array, which does not grow any more."""
        self._array.resize(self._length, refcheck=False)
        return self._array


@dataclass(frozen=True)
class _Part:
    """Samples of some series: how many floats each has, the floats, the histograms."""

    counts: NDArray[np.int64]
    times: NDArray[np.int64]
    numbers: NDArray[np.float64]
    histograms: Histograms = field(default_factory=Histograms)


def _part(result: Result) -> tuple[Sequence[dict[str, str]], _Part]:
    """A result as the labels and samples of a part."""
    floats = result.floats
    counts = np.bincount(floats.series, minlength=len(result.labels))
    return result.labels, _Part(counts, floats.times, floats.numbers, result.histograms)


@dataclass(frozen=True)
class _Form:
    """How Prometheus writes the series of one kind of result."""

    kind: str
    opening: bytes
    """What stands between the labels of a series and its first time."""
    closing: bytes
    """What stands after the last value of a series."""

    @property
    def boundary(self) -> bytes:
        """What stands between the last value of a series and the labels of the next."""
        return self.closing + b"," + _ITEM

    def cut_end(self, text: bytes) -> tuple[bytes, bytes, bytes]:
        """Cut a text after the last value of its first series, if its samples are floats."""
        start = max(text.find(self.opening), 0)
        end = text.find(b'"' + self.closing, start) + 1
        return (text[:end], self.closing, text[end + len(self.closing) :]) if end else (text, b"", b"")

    def read(self, block: bytes) -> tuple[Sequence[dict[str, str]], _Part]:
        """Read series of floats; raise :class:`sampletext.Unusual` if they are in another form."""
        labels, samples = self._cut(block)
        counts, times, numbers = sampletext.read(samples)
        if self.kind == "vector" and (counts != 1).any():
            raise sampletext.Unusual("several values of one series")
        return _labels(labels), _Part(counts, times, numbers)

    def _cut(self, block: bytes) -> tuple[list[bytes], list[memoryview]]:
        """Labels of each series, without their last bracket, and the text of its samples."""
        bytes_, words = np.frombuffer(block, np.uint8), _words(block)
        brackets = np.flatnonzero(bytes_[: len(words)] == _BRACKET)
        openings = _found(words, brackets, self.opening)
        boundaries = _found(words, brackets - self.boundary.index(b"}"), self.boundary)
        starts = np.concatenate([[0], boundaries + len(self.boundary)])
        ends = np.concatenate([boundaries, [len(block)]])
        first = openings + len(self.opening)
        if len(openings) != len(starts) or (openings < starts).any() or (first > ends).any():
            raise sampletext.Unusual("series of another form")
        labels = [block[start:end] for start, end in zip(starts.tolist(), openings.tolist(), strict=True)]
        # Samples can be long: without a copy.
        whole = memoryview(block)
        return labels, [whole[start:end] for start, end in zip(first.tolist(), ends.tolist(), strict=True)]

    def read_json(self, block: bytes) -> Result:
        """Read series in any form; raise :class:`Malformed` if they are none."""
        try:
            series = orjson.loads(b"[" + _ITEM + block + self.closing + b"]")
        except orjson.JSONDecodeError as error:
            raise Malformed(f"not JSON ({error})") from None
        return results.read({"resultType": self.kind, "result": series})


_FORMS = {"matrix": _Form("matrix", b'},"values":[[', b"]]}"), "vector": _Form("vector", b'},"value":[', b"]}")}


def _words(text: bytes) -> NDArray[np.uint64]:
    """Every eight bytes of a text that follow one another, as a number, without a copy."""
    return np.ndarray((max(len(text) - 7, 0),), "<u8", text, strides=(1,))


def _found(words: NDArray[np.uint64], places: NDArray[np.int64], text: bytes) -> NDArray[np.int64]:
    """Those of some places at which a text stands, of eight to sixteen bytes."""
    last = len(text) - 8
    places = places[(places >= 0) & (places + last < len(words))]
    first, second = (int.from_bytes(text[start : start + 8], "little") for start in (0, last))
    found: NDArray[np.int64] = places[(words[places] == first) & (words[places + last] == second)]
    return found


def _labels(texts: Sequence[bytes]) -> Sequence[dict[str, str]]:
    """Label sets of series, each without its last bracket."""
    if len(texts) > FEW:
        return labeltext.read(texts)
    try:
        # A line break may not stand within a text of JSON, so that no text can go from one label set into the next.
        labels: list[dict[str, str]] = orjson.loads(b"[" + b"},\n".join(texts) + b"}]")
        kinds = set(map(type, chain.from_iterable(map(dict.values, labels))))
    except (orjson.JSONDecodeError, TypeError):
        raise sampletext.Unusual("labels of another form") from None
    if len(labels) != len(texts) or not kinds <= {str}:
        raise sampletext.Unusual("labels of another form")
    return labels


def _joined(parts: list[Sequence[dict[str, str]]]) -> LabelSets:
    """Label sets one after another; those that are dicts become columns together."""
    runs = groupby(parts, key=lambda part: isinstance(part, LabelSets))
    return LabelSets.joined(chain.from_iterable(run if columns else [list(chain(*run))] for columns, run in runs))
