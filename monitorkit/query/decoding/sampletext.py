"""Text of samples to arrays, all samples at once: no Python object is made for any of them.

The text is what stands between the outer brackets of ``"values":[[1700000000.191,"1.5"],[1700000060.191,"NaN"]]``.
A sample takes one of few forms there, so that the quotes say where everything is, and whole words of eight bytes can be
compared and counted out. Whatever has another form is :class:`Unusual`, and to be read as JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Unusual", "read"]

SEPARATOR = b"],["
"""What stands between two samples."""

MAX_DECIMALS = 3

_QUOTE = ord('"')


def _word(text: bytes) -> np.uint64:
    """Eight bytes as a number, the first byte the lowest; what is missing before them is 0."""
    return np.uint64(int.from_bytes(text.rjust(8, b"\0"), "little"))


_BETWEEN = np.uint64(int.from_bytes(b'"],[', "little"))
_END = np.uint64(int.from_bytes(b',"', "little"))
_HIGH_BITS = _word(b"\x80" * 8)
_ABOVE_NINE = _word(b"\x76" * 8)
# By number of digits that end a word.
_ZEROS = np.array([_word(b"0" * n) for n in range(9)])
_PLACES = np.array([_word(b"\xff" * n) for n in range(9)])
_POINTS = np.array([0, *(_word(b"." + b"\0" * n) for n in range(1, MAX_DECIMALS + 1))], dtype=np.uint64)
_POINT_PLACES = np.array([0, *(_word(b"\xff" + b"\0" * n) for n in range(1, MAX_DECIMALS + 1))], dtype=np.uint64)
_MS_OF_DECIMALS = np.array([0, 100, 10, 1])


class Unusual(ValueError):
    """The text is not of the form that is read here; it may still be right."""


def read(texts: Sequence[bytes | memoryview]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Read the samples of several series.

    Parameters
    ----------
    texts
        For each series its samples, from the first digit of the first time to the quote after the last value.

    Returns
    -------
    tuple
        How many samples each series has; the times of all samples, in ms; their values, each the nearest float64 to
        its decimal number.

    Raises
    ------
    Unusual
        If anything in a text is not a sample as Prometheus writes it.

    Notes
    -----
    The form of times and values: Prometheus util/jsonutil/marshal.go (2.42 and 3.5 alike).

    Examples
    --------
    >>> counts, times, values = read([b'1700000000.191,"1.5"],[1700000060,"NaN"', b'1700000000,"-0"'])
    >>> counts.tolist(), times.tolist(), values.tolist()
    ([2, 1], [1700000000191, 1700000060000, 1700000000000], [1.5, nan, -0.0])
    """
    # One chain of samples; with this start the first is like all others.
    chain = b'"],[' + SEPARATOR.join(texts)
    quotes = np.flatnonzero(np.frombuffer(chain, np.uint8) == _QUOTE)
    closing, opening = quotes[::2], quotes[1::2]
    if len(closing) != len(opening) + 1:
        raise Unusual("a quote too many or too few")
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    last = np.cumsum(lengths + len(SEPARATOR))
    ends = np.searchsorted(closing, last)
    if not np.array_equal(closing.take(ends, mode="clip"), last):
        raise Unusual("a series does not end with a value")
    counts = np.diff(ends, prepend=0)
    return counts, _times(chain, closing[:-1], opening, counts), _numbers(chain, opening, closing[1:])


def _times(
    chain: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Milliseconds from the texts between a quote that closes and the next that opens."""
    decimals = ends - starts - len('"],[1700000000.,')
    # A time of whole seconds has no point either.
    whole = decimals == -1
    if not (whole | ((decimals > 0) & (decimals <= MAX_DECIMALS))).all():
        raise Unusual("a time of another length")
    # Every eight bytes of the text that follow one another, as a number, without a copy.
    words: NDArray[np.uint64] = np.ndarray((len(chain) - 7,), "<u8", chain, strides=(1,))
    first, second = words[starts], words[starts + 8]
    last = second if whole.all() else words[ends - 7]
    n_series, n_times = len(counts), int(counts[0])
    # Series have mostly the same times: their texts are compared, and read once.
    rows = (
        [column.reshape(n_series, -1) for column in (decimals, first, second, last)]
        if (counts == n_times).all()
        else []
    )
    if rows and all((row == row[0]).all() for row in rows):
        return np.tile(_milliseconds(*(row[0] for row in rows)), n_series)
    return _milliseconds(decimals, first, second, last)


def _milliseconds(
    decimals: NDArray[np.int64], first: NDArray[np.uint64], second: NDArray[np.uint64], last: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Times from their first sixteen bytes and their last eight."""
    if (last >> np.uint64(48) != _END).any():
        raise Unusual("no text after a time")
    milliseconds = _seconds(first, second) * 1000
    if (decimals > 0).any():
        milliseconds += _fraction(last << np.uint64(16), np.maximum(decimals, 0))
    return milliseconds


def _seconds(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Whole seconds of times from the first sixteen bytes, of which ten are the digits."""
    if ((first & np.uint64(0xFFFFFFFF)) != _BETWEEN).any():
        raise Unusual("no time after a text")
    upper = first >> np.uint64(32)
    if (upper == upper[:1]).all():
        # The first four digits change every eleven days.
        upper = upper[:1]
    high = _number((upper << np.uint64(32)) - _ZEROS[4])
    if (high < 1000).any():  # noqa: PLR2004 - four digits
        raise Unusual("a time that begins with 0")
    return high * 1_000_000 + _number((second << np.uint64(16)) - _ZEROS[6])


def _fraction(end: NDArray[np.uint64], decimals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Milliseconds of times from the bytes at the end of their texts, of which so many are decimals."""
    if ((end & _POINT_PLACES[decimals]) != _POINTS[decimals]).any():
        raise Unusual("a time without a point")
    milliseconds: NDArray[np.int64] = _number((end & _PLACES[decimals]) - _ZEROS[decimals]) * _MS_OF_DECIMALS[decimals]
    return milliseconds


def _number(digits: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Number whose eight decimal digits are the bytes of a word."""
    if (((digits + _ABOVE_NINE) | digits) & _HIGH_BITS).any():
        raise Unusual("a time that is no number")
    # Neighbours are put together: digits to pairs, pairs to fours, fours to the number.
    for factor, width, mask in ((10, 8, 0x00FF00FF00FF00FF), (100, 16, 0x0000FFFF0000FFFF), (10_000, 32, 0xFFFFFFFF)):
        digits = (digits * np.uint64(factor) + (digits >> np.uint64(width))) & np.uint64(mask)
    return digits.view(np.int64)


def _numbers(chain: bytes, opening: NDArray[np.int64], closing: NDArray[np.int64]) -> NDArray[np.float64]:
    """Values from the texts between quotes, by Arrow's parser, which rounds to the nearest float64."""
    if b"(" in chain:
        raise Unusual("Arrow takes nan(1) for a number")
    # What stands outside the quotes is a text for Arrow as well, but a missing one.
    offsets = np.empty(2 * len(opening), dtype=np.int32)
    offsets[::2] = opening
    offsets[::2] += 1
    offsets[1::2] = closing
    present = np.full(len(opening) // 4 + 1, 0b01010101, dtype=np.uint8)
    buffers: list[Any] = [pa.py_buffer(present), pa.py_buffer(offsets), pa.py_buffer(chain)]
    texts = pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers, null_count=len(opening) - 1)
    try:
        cast = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        raise Unusual("a value that is no number") from None
    return np.frombuffer(cast.buffers()[1], dtype=np.float64, count=len(texts))[::2].copy()
