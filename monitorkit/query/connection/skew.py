"""How far a server's clock is from this machine's, from the dates of its answers."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from monitorkit.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TOLERATED_SECONDS", "Skew"]

TOLERATED_SECONDS = 5.0


class Skew:
    """What is known of one server's clock.

    Notes
    -----
    An answer's ``Date`` (RFC 9110, section 6.6.1) has whole seconds, and was written some time between question and
    answer: the clocks differ by at least the distance between the two spans. A slow answer is thus no skew. An answer
    from a cache on the way says so with ``Age``, and is passed over.

    Examples
    --------
    >>> skew = Skew()
    >>> skew.see({"Date": "Tue, 14 Nov 2023 22:14:20 GMT"}, sent=1_700_000_000.0, received=1_700_000_000.1)
    >>> skew.ahead_seconds, skew.remark()[:44]
    (59.9, "the server's clock is 1m ahead of this machi")
    >>> skew.remark() is None
    True
    """

    def __init__(self) -> None:
        self.ahead_seconds = 0.0
        """By how much the server's clock is ahead, at least; negative where it is behind; 0 within the tolerance."""
        self._told = False

    def see(self, headers: Mapping[str, str], *, sent: float, received: float) -> None:
        """Take in the date of an answer, and when by this machine's clock it was asked for and had come."""
        date = headers.get("Date")
        if date is None or "Age" in headers:
            return
        try:
            written = parsedate_to_datetime(date).timestamp()
        except (ValueError, OverflowError, OSError):
            return
        ahead, behind = written - received, sent - (written + 1)
        apart = max(ahead, behind)
        self.ahead_seconds = 0.0 if apart <= TOLERATED_SECONDS else round(ahead if ahead > behind else -behind, 1)

    def remark(self) -> str | None:
        """Say it in words, once; None where there is nothing to say."""
        apart = self.ahead_seconds
        if self._told or not apart:
            return None
        self._told = True
        length = format_duration(round(abs(apart)))
        if apart > 0:
            way, effect, end = "ahead of", f"last= misses the newest {length} of its data", f"now+{length}"
        else:
            way, effect, end = "behind", f"the last {length} of a range are still to come for it", f"now-{length}"
        return (
            f"the server's clock is {length} {way} this machine's, by which 'now' is meant: {effect}; "
            f"set the clocks right, or ask with end={end!r}"
        )
