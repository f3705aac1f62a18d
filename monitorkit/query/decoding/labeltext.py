r"""Text of labels to columns, all series at once: no Python object is made for any of them.

A text is what stands between the brackets of ``"metric":{"__name__":"up","job":"a"}``, the first bracket included. In
it quotes alternate, but for those that a backslash escapes, so that they say where each name and each value is.
Whatever has another form is :class:`Unusual`, and to be read as JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa

from monitorkit.query.decoding.labelsets import LabelSets
from monitorkit.query.decoding.sampletext import Unusual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["read"]

_QUOTE, _COLON, _COMMA, _BREAK, _SPACE = b'":,\n '
_NAME_AND_VALUE = 4
"""Quotes around the name and the value of one label."""


def read(texts: Sequence[bytes]) -> LabelSets:
    r"""Read the labels of several series.

    Parameters
    ----------
    texts
        For each series its labels, from the first bracket to the quote after the last value.

    Raises
    ------
    Unusual
        If anything in a text is not a label as Prometheus writes it, or a name stands twice in one.

    Examples
    --------
    >>> labels = read([b'{"job":"a","zone":"x"', b"{", b'{"job":"\\u00e9"'])
    >>> list(labels)
    [{'job': 'a', 'zone': 'x'}, {}, {'job': 'é'}]
    """
    labelled = [position for position, text in enumerate(texts) if text != b"{"]
    if not labelled:
        return LabelSets(len(texts), {})
    chain = b"\n".join(texts if len(labelled) == len(texts) else [texts[position] for position in labelled])
    quotes = _quotes(chain)
    series = _series(np.frombuffer(chain, np.uint8), quotes, len(labelled))
    tokens = _tokens(chain, quotes)
    named = tokens.take(pa.array(np.arange(0, len(quotes), _NAME_AND_VALUE))).dictionary_encode()
    names, codes = named.dictionary.to_pylist(), named.indices.to_numpy()
    escaped = b"\\" in chain
    if escaped and any("\\" in name for name in names):
        raise Unusual("an escape in a name")
    places = np.asarray(labelled)[series]
    columns = {}
    for code, name in enumerate(names):
        entries = np.flatnonzero(codes == code)
        texts_of_name = tokens.take(_places(places[entries], 2 + _NAME_AND_VALUE * entries, len(texts)))
        columns[name] = _unescaped(texts_of_name) if escaped else texts_of_name
    return LabelSets(len(texts), columns)


def _quotes(chain: bytes) -> NDArray[np.int64]:
    """Where the quotes are that begin and end a text."""
    if b"\\" in chain:
        # What is escaped goes, from left to right: first backslashes, then quotes.
        chain = chain.replace(b"\\\\", b"..").replace(b'\\"', b"..")
    return np.flatnonzero(np.frombuffer(chain, np.uint8) == _QUOTE)


def _series(whole: NDArray[np.uint8], quotes: NDArray[np.int64], n_series: int) -> NDArray[np.int64]:
    """Which series each label is of; all that stands between the quotes is looked at on the way."""
    if len(quotes) == 0 or len(quotes) % _NAME_AND_VALUE:
        raise Unusual("a quote too many or too few")
    starts, name_ends, value_starts, ends = quotes.reshape(-1, _NAME_AND_VALUE).T
    if (value_starts - name_ends != len(':"')).any() or (whole[name_ends + 1] != _COLON).any():
        raise Unusual("no value after a name")
    # A break may not stand within a text of JSON, nor may another control character.
    if np.count_nonzero(whole < _SPACE) != n_series - 1:
        raise Unusual("a control character")
    between, after = starts[1:] - ends[:-1], whole[ends[:-1] + 1]
    same, new = (between == len(',"')) & (after == _COMMA), (between == len('\n{"')) & (after == _BREAK)
    if not (same | new).all() or np.count_nonzero(new) != n_series - 1:
        raise Unusual("no label after a label")
    first = np.concatenate([starts[:1], starts[1:][new]])
    if (whole[first - 1] != ord("{")).any() or first[0] != 1 or ends[-1] != len(whole) - 1:
        raise Unusual("labels without a bracket")
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(new)])


def _tokens(chain: bytes, quotes: NDArray[np.int64]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """What stands before and after each quote: names, then what is between, then values, and so on."""
    if not chain.isascii():
        try:
            chain.decode()
        except UnicodeDecodeError:
            raise Unusual("no UTF-8") from None
    offsets = quotes.astype(np.int32)
    offsets[::2] += 1
    buffers: list[Any] = [None, pa.py_buffer(offsets), pa.py_buffer(chain)]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers, null_count=0)


def _places(series: NDArray[np.int64], tokens: NDArray[np.int64], n_series: int) -> Any:  # noqa: ANN401 - as above
    """For each series which token is the value of a label, null where it has none."""
    if (np.diff(series) == 0).any():
        raise Unusual("a name twice in a series")
    if len(series) == n_series:
        return pa.array(tokens)
    places = np.zeros(n_series, dtype=np.int64)
    places[series] = tokens
    absent = np.ones(n_series, dtype=np.bool_)
    absent[series] = False
    return pa.array(places, mask=absent)


def _unescaped(texts: Any) -> Any:  # noqa: ANN401 - as above
    """Texts as they are, from texts as JSON writes them."""
    encoded = texts.dictionary_encode()
    try:
        plain = [orjson.loads(f'"{text}"') if "\\" in text else text for text in encoded.dictionary.to_pylist()]
    except orjson.JSONDecodeError:
        raise Unusual("an escape that is none") from None
    return pa.array(plain, pa.string()).take(encoded.indices)
