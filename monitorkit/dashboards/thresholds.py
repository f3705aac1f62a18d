"""Thresholds: from which value on a panel changes its colour.

Written as people say them, ``above(1.0, "red")`` or ``below(0.90, "red")``, and turned into Grafana's steps: ascending
values, each with the colour that holds from it up to the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from monitorkit.dashboards.colors import hex_color
from monitorkit.errors import InvalidType, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GOOD", "Limit", "Step", "Threshold", "above", "below", "color_at", "steps", "threshold_tuple"]

GOOD = "green"
"""Colour of values that no threshold speaks of."""


@dataclass(frozen=True)
class Threshold:
    """A value, and the colour of what lies on one side of it.

    Parameters
    ----------
    value
        In the unit of the panel.
    color
        A name of :func:`monitorkit.dashboards.colors.hex_color`.
    side
        ``above`` colours values greater than or equal to `value`, ``below`` those less than it.
    """

    value: float
    color: str
    side: Literal["above", "below"] = "above"

    def __post_init__(self) -> None:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not math.isfinite(self.value):
            raise InvalidValue(f"threshold {self.value!r} must be a finite number in the unit of the panel")
        if self.side not in {"above", "below"}:
            raise InvalidValue(f"threshold {self.value:g}: side is {self.side!r}; use 'above' or 'below'")
        hex_color(self.color)


class _Condition(Protocol):
    @property
    def value(self) -> float: ...
    @property
    def fires_above(self) -> bool | None: ...


class Limit(Protocol):
    """What holds a threshold itself: an alert rule. The number then stands in one place, the rule."""

    @property
    def condition(self) -> _Condition | None:
        """The number, and on which side of it the alert fires."""


@dataclass(frozen=True)
class Step:
    """A colour that holds from `value` (minus infinity in the first step) up to the next step."""

    value: float
    color: str


def above(value: float, color: str = "red") -> Threshold:
    """Colour values of at least `value`.

    Examples
    --------
    >>> above(1.0, "red")
    Threshold(value=1.0, color='red', side='above')
    """
    return Threshold(value, color, "above")


def below(value: float, color: str = "red") -> Threshold:
    """Colour values less than `value`.

    Examples
    --------
    >>> below(0.90, "red")
    Threshold(value=0.9, color='red', side='below')
    """
    return Threshold(value, color, "below")


def threshold_tuple(thresholds: Threshold | Limit | Iterable[Threshold | Limit]) -> tuple[Threshold, ...]:
    """Check one threshold or several, and return them as a tuple; an alert rule gives its own, in red.

    Raises
    ------
    InvalidType
        If one is no :class:`Threshold` and no alert rule.
    InvalidValue
        If two have the same value, a value is coloured from both sides, or a rule compares with no number.
    """
    several = thresholds if isinstance(thresholds, Iterable) else (thresholds,)
    items = tuple(_threshold(item) for item in several)
    lower = [item.value for item in items if item.side == "below"]
    upper = [item.value for item in items if item.side == "above"]
    if len(set(lower)) < len(lower) or len(set(upper)) < len(upper):
        raise InvalidValue("two thresholds have the same value and side; leave one out")
    if lower and upper and max(lower) > min(upper):
        raise InvalidValue(
            f"below({max(lower):g}) and above({min(upper):g}) colour the same values; "
            "every 'below' must lie under every 'above'"
        )
    return items


def _threshold(item: object) -> Threshold:
    if isinstance(item, Threshold):
        return item
    if not hasattr(item, "condition"):
        raise InvalidType(f"{item!r} is no threshold; write above(1.0, 'red'), below(0.90, 'red') or an alert rule")
    if item.condition is None or item.condition.fires_above is None:
        raise InvalidValue(f"{item!r} fires neither above nor below a number; write above(...) or below(...)")
    return above(item.condition.value) if item.condition.fires_above else below(item.condition.value)


def steps(thresholds: Sequence[Threshold], *, good: str = GOOD) -> tuple[Step, ...]:
    """Turn thresholds into Grafana's steps.

    Parameters
    ----------
    thresholds
        In any order, as :func:`threshold_tuple` lets them pass.
    good
        Colour of what no threshold covers.

    Returns
    -------
    tuple of Step
        Ascending; the first from minus infinity (``null`` in Grafana's JSON).

    Examples
    --------
    >>> [(step.value, step.color) for step in steps([below(0.8, "red"), below(0.9, "orange")])]
    [(-inf, 'red'), (0.8, 'orange'), (0.9, 'green')]
    """
    lower = sorted((item for item in thresholds if item.side == "below"), key=lambda item: item.value)
    upper = sorted((item for item in thresholds if item.side == "above"), key=lambda item: item.value)
    starts = [-math.inf, *(item.value for item in lower)]
    colors = [*(item.color for item in lower), good]
    ladder = [Step(*pair) for pair in zip(starts, colors, strict=True)] + [
        Step(item.value, item.color) for item in upper
    ]
    # below(x) beside above(x) leaves nothing good between them.
    return tuple(
        step
        for step, after in zip(ladder, [*ladder[1:], None], strict=True)
        if after is None or after.value > step.value
    )


def color_at(value: float, ladder: Sequence[Step]) -> str:
    """Colour that `ladder` gives to `value`; that of the first step for NaN.

    Examples
    --------
    >>> color_at(0.85, steps([below(0.90, "red")]))
    'red'
    """
    return next((step.color for step in reversed(ladder) if value >= step.value), ladder[0].color)
