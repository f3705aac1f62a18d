"""How requests that wait for the model leave together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from monitorkit.durations import seconds
from monitorkit.errors import InvalidType, InvalidValue

if TYPE_CHECKING:
    from monitorkit.durations import Duration

__all__ = ["DEFAULT_BATCHING", "Batching", "checked_batching"]

LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Batching:
    """Requests that wait while the model is busy leave together: one call of the model for all of them.

    Most models take little longer for 32 rows than for one, so this multiplies what they can answer under load. A
    request that finds the model idle leaves at once, so that it costs nothing alone. Each request gets its own answer
    or its own error: when a call fails, its requests are predicted one by one, and only the guilty one fails.

    Parameters
    ----------
    max_size
        Most rows in one call. A request of more rows is never split; it leaves alone.
    max_wait
        How long the oldest request may wait for others while the model is idle. With none, the default, a batch is
        what came while the model was busy; longer waits pay only where clients are few and each call is dear.

    Raises
    ------
    InvalidType, InvalidValue
        If the size is no whole number from 1 up, or the wait is no duration up to a minute.

    Notes
    -----
    The model must predict each row by itself, whatever rows stand beside it, as nearly all do. Turn it off, with
    ``serve(model, batching=False)``, for one that looks at the rows of a call together. Results of linear algebra may
    differ in the last bit with the number of rows.

    Source: Crankshaw et al., "Clipper: A Low-Latency Online Prediction Serving System", NSDI 2017, section 4.3
    (adaptive and delayed batching).

    Examples
    --------
    >>> Batching(max_size=64, max_wait="2ms")
    Batching(max_size=64, max_wait='2ms')
    """

    max_size: int = 32
    max_wait: Duration = "0s"

    def __post_init__(self) -> None:
        if isinstance(self.max_size, bool) or not isinstance(self.max_size, int):
            raise InvalidType(f"max_size: {self.max_size!r} is no whole number of rows")
        if self.max_size < 1:
            raise InvalidValue(f"max_size: {self.max_size!r} must be at least one row")
        if seconds(self.max_wait, name="max_wait") > LONGEST_WAIT_SECONDS:
            raise InvalidValue(
                f"max_wait: {self.max_wait!r} is longer than {LONGEST_WAIT_SECONDS:g} s: clients would leave meanwhile"
            )


DEFAULT_BATCHING = Batching()


def checked_batching(batching: object) -> Batching | Literal[False]:
    """Read what a user wrote: True for the default, False for none, or a :class:`Batching`.

    Raises
    ------
    InvalidType
        If it is none of these.

    Examples
    --------
    >>> checked_batching(True), checked_batching(False)
    (Batching(max_size=32, max_wait='0s'), False)
    """
    if batching is False or isinstance(batching, Batching):
        return batching
    if batching is True:
        return DEFAULT_BATCHING
    raise InvalidType(
        f"batching: {batching!r} is neither True, False nor monitorkit.Batching(max_size=..., max_wait=...)"
    )
