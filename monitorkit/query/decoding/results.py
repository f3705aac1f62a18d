"""Results of queries from JSON, item by item: the way that reads every form there is.

:mod:`monitorkit.query.decoding.stream` reads the usual form faster, and what is unusual in it by this way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.query.decoding.envelope import Answer, Malformed, plain
from monitorkit.query.decoding.wire import CLOSED, Histograms, Result, Samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["read", "result"]

MAX_MS = 2**53


def result(body: bytes) -> Answer[Result]:
    """Decode the answer to a query, whatever its form.

    Raises
    ------
    Refused
        If the answer is an error of the API.
    Malformed
        If it is no query result.

    Examples
    --------
    >>> answer = result(b'{"status":"success","data":{"resultType":"scalar","result":[1700000000.191,"2"]}}')
    >>> answer.data.floats.times.tolist(), answer.data.floats.numbers.tolist()
    ([1700000000191], [2.0])
    """
    answer = plain(body)
    return Answer(read(answer.data), answer.warnings, answer.infos, answer.stats)


def read(data: Any) -> Result:  # noqa: ANN401 - what a server said
    """Read the data of an answer to a query.

    Raises
    ------
    Malformed
        If it is no query result.
    """
    try:
        return _READERS[data["resultType"]](data["result"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise Malformed(f"JSON, but no query result ({type(error).__name__}: {error})") from None


def _scalar(pair: list[Any]) -> Result:
    times, values = _columns([pair])
    return Result("scalar", [{}], Samples(np.zeros(1, dtype=np.int64), times, values))


def _string(pair: list[Any]) -> Result:
    _, text = pair
    return Result("string", [{}], text=str(text))


def _vector(items: list[dict[str, Any]]) -> Result:
    with_value = [position for position, item in enumerate(items) if "value" in item]
    times, values = _columns([items[position]["value"] for position in with_value])
    return Result(
        "vector",
        [_labels(item["metric"]) for item in items],
        Samples(np.array(with_value, dtype=np.int64), times, values),
        _histograms(
            (position, [item["histogram"]])
            for position, item in enumerate(items)
            if "histogram" in item or "value" not in item
        ),
    )


def _matrix(items: list[dict[str, Any]]) -> Result:
    columns = [_columns(item.get("values") or ()) for item in items]
    counts = [len(times) for times, _ in columns]
    return Result(
        "matrix",
        [_labels(item["metric"]) for item in items],
        Samples(
            np.repeat(np.arange(len(items), dtype=np.int64), counts),
            np.concatenate([Samples().times, *(times for times, _ in columns)]),
            np.concatenate([Samples().numbers, *(values for _, values in columns)]),
        ),
        _histograms(
            (position, item["histograms"])
            for position, item in enumerate(items)
            if "histograms" in item or "values" not in item
        ),
    )


_READERS = {"scalar": _scalar, "string": _string, "vector": _vector, "matrix": _matrix}


def _labels(metric: dict[str, str]) -> dict[str, str]:
    if not all(type(value) is str for value in metric.values()):
        raise TypeError("a label value is no text")
    return metric


def _columns(pairs: Sequence[list[Any]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Times in ms and values of ``[seconds, "value"]`` pairs."""
    if not pairs:
        return Samples().times, Samples().numbers
    seconds, texts = zip(*pairs, strict=True)
    if not set(map(type, texts)) <= {str} or not set(map(type, seconds)) <= {int, float}:
        raise TypeError("a sample is no pair of a number and a text")
    # float() reads each decimal number to the nearest float64, which is the one that Go wrote, and NaN, +Inf and -Inf.
    values = np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
    return _milliseconds(seconds), values


def _milliseconds(seconds: Sequence[float]) -> NDArray[np.int64]:
    """Whole milliseconds; rounding undoes the error of the float, which is far below half a millisecond."""
    milliseconds = np.rint(np.fromiter(map(float, seconds), dtype=np.float64, count=len(seconds)) * 1000)
    if not (np.abs(milliseconds) < MAX_MS).all():
        raise ValueError("a timestamp is out of range")
    return milliseconds.astype(np.int64)


def _histograms(series: Iterable[tuple[int, list[Any]]]) -> Histograms:
    """Rows of buckets from ``(position, [[seconds, histogram], ...])``."""
    rows = [
        (position, seconds, *bucket, histogram["count"], histogram["sum"])
        for position, pairs in series
        for seconds, histogram in pairs
        for bucket in histogram.get("buckets") or ((0, "NaN", "NaN", "0"),)
    ]
    if not rows:
        return Histograms()
    positions, seconds, rules, *numbers = zip(*rows, strict=True)
    if not set(rules) <= set(range(len(CLOSED))):
        raise ValueError("a bucket has an unknown boundary rule")
    lower, upper, bucket_count, count, total = (
        np.fromiter(map(float, column), dtype=np.float64, count=len(rows)) for column in numbers
    )
    return Histograms(
        np.array(positions, dtype=np.int64),
        _milliseconds(seconds),
        lower,
        upper,
        np.array(rules, dtype=np.int64),
        bucket_count,
        count,
        total,
    )
