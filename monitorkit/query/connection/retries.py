"""Asking again, where that may help: after which answers, how often, how long after."""

from __future__ import annotations

import math
import random
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import requests
import urllib3

from monitorkit.durations import format_duration
from monitorkit.query.connection.address import is_loopback
from monitorkit.query.connection.cancellation import pause
from monitorkit.query.decoding import envelope

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitorkit.query.connection.bodies import Reply

__all__ = ["DEFAULT_RETRIES", "Attempts", "Pace", "innermost", "may_be_over", "may_pass"]

DEFAULT_RETRIES = 3

BACKOFF_SECONDS = 0.25
"""Longest pause before the first repetition; before each further one it is twice as long."""
LONGEST_BACKOFF_SECONDS = 10.0
LONGEST_WISH_SECONDS = 1e8

_PASSING = {429, 502, 503, 504}
_OWN_FAULT = {"timeout", "canceled"}
"""Errors that a query causes; to ask for it again would only add to the load."""


@dataclass(frozen=True)
class Pace:
    """What of the world repeating depends on."""

    monotonic: Callable[[], float] = time.monotonic
    unix: Callable[[], float] = time.time
    sleep: Callable[[float], None] = pause
    uniform: Callable[[float, float], float] = random.uniform


class Attempts:
    """The attempts of one call, which all together have one deadline.

    Parameters
    ----------
    retries
        How many there may be beyond the first.
    timeout_seconds
        How long they may take together, the pauses included.
    pace
        What times and draws the pauses.

    Notes
    -----
    The pauses are drawn evenly from zero to a limit that doubles, so that many clients do not come back at the same
    moment: "full jitter" of M. Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). A server's
    Retry-After (RFC 9110, section 10.2.3) is waited for in addition.

    Examples
    --------
    >>> attempts = Attempts(1, 30.0, Pace(sleep=lambda seconds: None))
    >>> [attempts.again(), attempts.again(), attempts.note]
    [True, False, 'asked 2 times']
    """

    def __init__(self, retries: int, timeout_seconds: float, pace: Pace | None = None) -> None:
        self._pace = pace or Pace()
        self._left = retries
        self._made = 1
        self._refusal = ""
        self.deadline = self._pace.monotonic() + timeout_seconds

    @property
    def note(self) -> str:
        """What a person should know of the attempts; empty where there was one only."""
        asked = f"asked {self._made} times" if self._made > 1 else ""
        return ", ".join(part for part in (asked, self._refusal) if part)

    def again(self, retry_after: str | None = None) -> bool:
        """Wait until it is time for the next attempt, if there is to be one.

        Parameters
        ----------
        retry_after
            What the server said about it: seconds or a date.
        """
        remaining = max(self.deadline - self._pace.monotonic(), 0.0)
        asked = self._asked(retry_after)
        late = 0 < asked >= remaining
        if self._left == 0 or remaining == 0 or late:
            self._refusal = _refusal(asked, remaining, late=late) if asked else ""
            return False
        limit = min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2.0 ** (self._made - 1))
        # Half of the time that is left stays for the attempt itself.
        self._pace.sleep(asked + self._pace.uniform(0.0, min(limit, (remaining - asked) / 2)))
        self._left -= 1
        self._made += 1
        return True

    def _asked(self, retry_after: str | None) -> float:
        """Seconds that a server asks to wait; 0 where it does not, or not understandably."""
        text = (retry_after or "").strip()
        if text.isascii() and text.isdigit():
            return min(float(text), LONGEST_WISH_SECONDS)
        try:
            asked = parsedate_to_datetime(text).timestamp() - self._pace.unix()
            return min(max(asked, 0.0), LONGEST_WISH_SECONDS)
        except (ValueError, OverflowError, OSError):
            return 0.0


def _refusal(asked: float, remaining: float, *, late: bool) -> str:
    wish = f"the server asks to wait {format_duration(math.ceil(asked))}"
    if not late:
        return f"{wish}: try again then"
    return f"{wish}, and {remaining:.1f} s are left: try again then, or pass a larger timeout_seconds"


def may_be_over(reply: Reply) -> bool:
    """Whether the same request may get another answer than this one a moment later."""
    if reply.status not in _PASSING:
        return False
    try:
        envelope.plain(reply.body)
    except envelope.Refused as refusal:
        return refusal.error_type not in _OWN_FAULT
    except envelope.Malformed:
        pass
    return True


def may_pass(error: Exception, url: str) -> bool:
    """Whether a request that failed may succeed a moment later."""
    if isinstance(error, requests.exceptions.ProxyError):
        return False
    cause = innermost(error)
    if isinstance(cause, ConnectionRefusedError):
        # Nothing listens on this machine; elsewhere a server may be starting anew.
        return not is_loopback(url)
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return isinstance(cause, ssl.SSLEOFError | ConnectionError)
    broken = (requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError, ConnectionError)
    return isinstance(error, (*broken, requests.exceptions.ConnectTimeout)) or isinstance(cause, broken)


def innermost(error: BaseException) -> BaseException:
    """Innermost error, without the request that the outer ones repeat."""
    for deeper in (getattr(error, "reason", None), *error.args, error.__cause__):
        if isinstance(deeper, BaseException) and deeper is not error:
            return innermost(deeper)
    return error
