"""Faults on purpose, for a demonstration: slow, failing, drifting, and real in every metric."""

from __future__ import annotations

import math
import random
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.durations import Duration, seconds
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.serving.refusals import Refusal
from monitorkit.serving.settings import checked_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitorkit.serving.models.model import Model
    from monitorkit.serving.models.shown import Shown
    from monitorkit.serving.values import Matrix

    Row = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["KINDS", "Faults", "checked_faults"]

KINDS = ("latency", "errors", "drift")
LONGEST_LATENCY_SECONDS = 60.0


class Faults:
    """What is injected, and until when.

    Parameters
    ----------
    latency_seconds
        How much longer each call of the model takes.
    errors
        Share of the requests that fail, from 0 to 1.
    drift
        How far each feature is shifted before the model sees it, in units of its spread.
    duration_seconds
        How long it lasts; None until it is ended.
    seed
        Which requests fail: the same ones each time; None for others each time.
    clock
        Returns the time in seconds, the same in all processes of this machine.

    Examples
    --------
    >>> faults = Faults(latency_seconds=0.2, errors=0.05)
    >>> print(faults)
    latency 200 ms, errors 5 %
    >>> faults.values["errors"], faults.active
    (0.05, True)
    >>> faults.end()
    >>> faults.values["errors"], faults.active
    (0.0, False)
    """

    def __init__(
        self,
        *,
        latency_seconds: float = 0.0,
        errors: float = 0.0,
        drift: float = 0.0,
        duration_seconds: float | None = None,
        seed: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._asked = dict(zip(KINDS, (latency_seconds, errors, drift), strict=True))
        self._duration = duration_seconds
        self._seed = seed
        self._clock = clock
        self._until = math.inf if duration_seconds is None else clock() + duration_seconds
        self._draw = random.Random(seed).random  # noqa: S311 - a demonstration, no secrets
        self._ended = threading.Event()
        self._spreads: weakref.WeakKeyDictionary[Model, Row] = weakref.WeakKeyDictionary()

    def __str__(self) -> str:
        latency, errors, drift = self._asked.values()
        parts = [
            f"latency {1000 * latency:g} ms" if latency else "",
            f"errors {100 * errors:g} %" if errors else "",
            f"drift {drift:g} spreads" if drift else "",
        ]
        return ", ".join(part for part in parts if part)

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (self._asked, self._duration, self._seed)

    @property
    def active(self) -> bool:
        """Whether it lasts still."""
        return not self._ended.is_set() and self._clock() < self._until

    @property
    def values(self) -> dict[str, float]:
        """Each kind with its strength now: latency in seconds, errors as a share, drift in spreads."""
        return dict(self._asked) if self.active else dict.fromkeys(KINDS, 0.0)

    def end(self) -> None:
        """End it at once, also for who waits."""
        self._ended.set()

    def stall(self) -> None:
        """Take longer; for the thread that predicts."""
        if self._asked["latency"] and self.active:
            self._ended.wait(min(self._asked["latency"], self._until - self._clock(), LONGEST_LATENCY_SECONDS))

    def strike(self) -> None:
        """Fail now and then.

        Raises
        ------
        Refusal
            For the share that was asked for.
        """
        if self._asked["errors"] and self.active and self._draw() < self._asked["errors"]:
            raise Refusal(500, "injected", "an error injected with server.inject(errors=...): server.inject() ends it")

    def shifted(self, X: Matrix, served: Shown) -> Matrix:
        """Rows as a model sees them; those that came stay as they are."""
        drift = self._asked["drift"]
        if not drift or not self.active:
            return X
        spread = self._spreads.get(served.model)
        if spread is None:
            spread = self._spreads[served.model] = _spread(served, X.shape[1])
        if X.dtype != object:
            shifted: Matrix = X + drift * spread
            return shifted
        moved: np.ndarray[tuple[int, int], Any] = X.copy()
        for place in range(X.shape[1]):
            moved[:, place] = [_moved(value, drift * spread[place]) for value in X[:, place]]
        return moved


def _again(asked: dict[str, float], duration: float | None, seed: int | None) -> Faults:
    latency, errors, drift = asked.values()
    return Faults(latency_seconds=latency, errors=errors, drift=drift, duration_seconds=duration, seed=seed)


def _spread(served: Shown, n_features: int) -> Row:
    """How much each feature varies: in the reference data, else as much as its value in the example, else 1."""
    row = served.model.example
    sizes = row if row is not None and len(row) == n_features else [1.0] * n_features
    spread = np.array([_size(value) for value in sizes])
    for feature in () if served.reference is None else served.reference.watched:
        if feature.sample is not None and 0 <= feature.place < n_features:
            spread[feature.place] = float(np.std(feature.sample)) or spread[feature.place]
    # A number that stands for a category has no neighbours.
    columns = served.model.features.columns or ()
    spread[[place for place, column in enumerate(columns) if column.categories is not None]] = 0.0
    return spread


def _size(value: object) -> float:
    """How large a number is; 1 where it is 0, or no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 1.0
    return abs(float(value)) or 1.0


def _moved(value: object, shift: float) -> object:
    """A value of a table: numbers are shifted, text and what is missing are not."""
    return value + shift if isinstance(value, float | int) and not isinstance(value, bool) else value


def checked_faults(
    *,
    latency: Duration | None,
    errors: float | None,
    drift: float | None,
    duration: Duration | None,
    seed: int | None,
) -> Faults | None:
    """Read what a user wants injected; None for nothing.

    Raises
    ------
    InvalidType, InvalidValue
        If a value cannot be used, or there is a duration of nothing.

    Examples
    --------
    >>> checked_faults(latency="200ms", errors=None, drift=None, duration="1m", seed=None).values["latency"]
    0.2
    """
    latency_seconds = 0.0 if latency is None else seconds(latency, name="latency")
    if latency_seconds > LONGEST_LATENCY_SECONDS:
        raise InvalidValue(f"latency: {latency!r} is longer than {LONGEST_LATENCY_SECONDS:g} s for each call")
    share = _number("errors", errors)
    if not 0 <= share <= 1:
        raise InvalidValue(f"errors: {errors!r} is no share from 0 to 1; write 0.05 for one request in twenty")
    shift = _number("drift", drift)
    if not any((latency_seconds, share, shift)):
        if duration is not None:
            raise InvalidValue("duration: there is nothing to inject; give latency=, errors= or drift=")
        return None
    duration_seconds = None if duration is None else seconds(duration, name="duration")
    if duration_seconds == 0:
        raise InvalidValue("duration: 0 would end it before it begins")
    return Faults(
        latency_seconds=latency_seconds,
        errors=share,
        drift=shift,
        duration_seconds=duration_seconds,
        seed=checked_seed(seed),
    )


def _number(what: str, value: float | None) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise InvalidType(f"{what}: {value!r} is no number")
    if not math.isfinite(value):
        raise InvalidValue(f"{what}: {value!r} is no finite number")
    return float(value)
