"""How much a model server takes on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from monitorkit.durations import seconds
from monitorkit.errors import InvalidType, InvalidValue

if TYPE_CHECKING:
    from monitorkit.durations import Duration

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Bounds on what clients can make a model server hold.

    Parameters
    ----------
    body_bytes
        Longest body of a request; a longer one is answered with 413 and not kept in memory.
    read_seconds
        Longest time for one request to arrive whole; a slower one is answered with 408.
    queue_length
        How many prediction requests may wait for the model; further ones are answered with 503 and counted as shed.
    feedback_count
        How many predictions are remembered for their true labels.
    feedback_age
        How long a prediction is remembered for its true label.
    classes
        How many classes get series of their own; further ones are counted as ``other``.

    Raises
    ------
    InvalidValue
        If a limit is not positive, or there are fewer than two classes.

    Examples
    --------
    >>> Limits(body_bytes=1_000_000).queue_length
    1024
    """

    body_bytes: int = 32 * 2**20
    read_seconds: float = 30.0
    queue_length: int = 1024
    feedback_count: int = 100_000
    feedback_age: Duration = "1d"
    classes: int = 100

    def __post_init__(self) -> None:
        if seconds(self.feedback_age, name="feedback_age") == 0:
            raise InvalidValue(f"feedback_age: {self.feedback_age!r} forgets a prediction before its label can come")
        for field in fields(self):
            if field.name == "feedback_age":
                continue
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | (float if field.type == "float" else int)):
                raise InvalidType(f"{field.name}: {value!r} is no number of the kind {field.type}")
            least = 2 if field.name == "classes" else 0
            if not (value > 0 and value >= least):
                raise InvalidValue(f"{field.name}: {value!r} is too small; it must be at least {max(least, 1)}")
