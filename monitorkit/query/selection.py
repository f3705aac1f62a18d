"""What a listing of series, labels or values is restricted to, as the API takes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from monitorkit.durations import seconds
from monitorkit.errors import InvalidValue
from monitorkit.query import times
from monitorkit.query.expressions import checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.durations import Duration

__all__ = ["label_path", "limited", "matching", "span"]


_ENCODED = "U__"
_PLAIN_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def matching(match: str | Sequence[str] | None) -> dict[str, Any]:
    """Selectors as parameters.

    Raises
    ------
    InvalidType
        If one of them is no text.
    InvalidValue
        If there is none in a sequence, or one is empty.

    Examples
    --------
    >>> matching(["up", 'x{job="a"}'])
    {'match[]': ['up', 'x{job="a"}']}
    """
    if match is None:
        return {}
    selectors: list[Any] = [match] if isinstance(match, str) or not hasattr(match, "__iter__") else list(match)
    if not selectors:
        raise InvalidValue("match: no selector in it; write one such as 'up'")
    return {"match[]": [checked(each, name="match", example="a selector such as 'up'") for each in selectors]}


def span(
    *, last: Duration | None = None, start: times.Moment | None = None, end: times.Moment | None = None, now: int
) -> dict[str, Any]:
    """Range of time as parameters; what is not given is left to the server.

    Parameters
    ----------
    last
        Length of the range, up to `end`, or to now.
    start, end
        First and last moment.
    now
        The present, in ms.

    Raises
    ------
    InvalidValue
        If both `last` and `start` are given, or the end is before the start.

    Examples
    --------
    >>> span(last="1m", now=1_700_000_060_000)
    {'start': '1700000000.000', 'end': '1700000060.000'}
    """
    if last is not None and start is not None:
        raise InvalidValue(f"last={last!r} and start={start!r}: give one of them, not both")
    end_ms = None if end is None else times.moment(end, now=now, name="end")
    start_ms = None if start is None else times.moment(start, now=now, name="start")
    if last is not None:
        end_ms = now if end_ms is None else end_ms
        start_ms = end_ms - round(seconds(last, name="last") * 1000)
    if start_ms is not None and end_ms is not None and end_ms < start_ms:
        raise InvalidValue(f"end: {times.iso(end_ms)} is before the start, {times.iso(start_ms)}")
    moments = {"start": start_ms, "end": end_ms}
    return {name: times.wire_text(ms) for name, ms in moments.items() if ms is not None}


def limited(limit: int) -> dict[str, str]:
    """Most entries as a parameter.

    Raises
    ------
    InvalidValue
        If it is no whole number above 0 (0 means no limit to Prometheus).
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InvalidValue(f"limit: {limit!r} must be a whole number of at least 1; leave it out for all of them")
    return {"limit": str(limit)}


def label_path(label: str, *, encoded: bool = True) -> str:
    """Write a label as part of a path.

    Parameters
    ----------
    label
        Its name.
    encoded
        Whether a name beyond letters, digits and _ takes the form that Prometheus reads since 3.0 (documentation,
        "HTTP API", "Querying label values"); otherwise it is written as in any other address.

    Raises
    ------
    InvalidType
        If it is no text.
    InvalidValue
        If it is empty.

    Examples
    --------
    >>> label_path("a.b_c"), label_path("a.b_c", encoded=False), label_path("job")
    ('U__a_2e_b__c', 'a.b_c', 'job')
    """
    checked(label, name="label", example="a name such as 'job'")
    if _PLAIN_LABEL.fullmatch(label) and not label.startswith(_ENCODED):
        return label
    if not encoded:
        return quote(label, safe="")
    return _ENCODED + "".join(
        "__" if each == "_" else each if each.isascii() and each.isalnum() else f"_{ord(each):x}_" for each in label
    )
