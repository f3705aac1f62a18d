"""What goes with a model when it is served, checked before anything is changed."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics import ErrorScale
from monitorkit.metrics.quality.error_scale import DEFAULT_SCALE
from monitorkit.metrics.quality.scores import DEFAULT_WINDOW
from monitorkit.serving.limits import Limits
from monitorkit.serving.models.model import Model
from monitorkit.serving.models.reference import checked_drift, kept_reference, reference_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.metrics import Drift, Reference, Task
    from monitorkit.serving.values import Label

__all__ = ["DEFAULT_LIMITS", "Settings", "checked", "checked_flag", "checked_seed", "checked_text"]

DEFAULT_LIMITS = Limits()
MAX_NAME_LENGTH = 128


@dataclass(frozen=True)
class Settings:
    """How a model is served; the fields are those arguments of :func:`monitorkit.serve`.

    Raises
    ------
    InvalidType, InvalidValue
        If a field cannot be used.

    Examples
    --------
    >>> Settings(version="2").window
    1000
    """

    version: str = "1"
    positive_class: Label | None = None
    window: int = DEFAULT_WINDOW
    limits: Limits = DEFAULT_LIMITS
    error_scale: ErrorScale = DEFAULT_SCALE
    reference: Reference | None = None
    drift: Drift | bool = True

    def __post_init__(self) -> None:
        checked_text("version", self.version)
        if not isinstance(self.limits, Limits):
            raise InvalidType(f"limits: {self.limits!r} is no Limits; write monitorkit.serving.Limits(...)")
        if not isinstance(self.error_scale, ErrorScale):
            raise InvalidType(
                f"error_scale: {self.error_scale!r} is no ErrorScale; write mk.ErrorScale(buckets=(1, 2, 5))"
            )
        if not isinstance(self.positive_class, Hashable):
            raise InvalidType(f"positive_class: {self.positive_class!r} is no class that a model predicts")
        if isinstance(self.window, bool) or not isinstance(self.window, int):
            raise InvalidType(f"window: {self.window!r} is no whole number of predictions")
        if self.window < 1:
            raise InvalidValue(f"window: {self.window!r} must be at least one prediction")

    def keeping(self, before: Reference | None, model: Model) -> Settings:
        """The same with the reference data from before, as this model predicts them, where it has none of its own.

        Raises
        ------
        InvalidValue
            If the model cannot predict them.
        """
        kept = kept_reference(model, before, drift=self.drift) if self.reference is None else self.reference
        return replace(self, reference=kept)


_OWN = frozenset(field.name for field in fields(Settings))
_NAMES = sorted({"classes", "example", "task", "probabilities", *_OWN})


def checked(
    model: object,
    *,
    classes: Sequence[Label] | None = None,
    example: Any = None,  # noqa: ANN401 - a row, in whatever holds it
    task: Task | None = None,
    probabilities: bool | None = None,
    reference: Any = None,  # noqa: ANN401 - any table
    drift: Drift | bool = True,
    **settings: Any,  # noqa: ANN401 - the other fields of Settings
) -> tuple[Model, Settings]:
    """Check a model and how it is to be served.

    Raises
    ------
    InvalidType, InvalidValue
        If the model cannot be served like that.
    """
    unknown = settings.keys() - _OWN
    if unknown:
        name = min(unknown)
        close = get_close_matches(name, _NAMES, n=1)
        raise InvalidType(
            f"there is no argument {name!r}; did you mean {close[0]!r}?"
            if close
            else f"there is no argument {name!r}; there are {', '.join(_NAMES)}"
        )
    adapter = Model(model, classes=classes, example=example, task=task, probabilities=probabilities)
    wanted = Settings(drift=drift, **settings)
    how = checked_drift(drift)
    positive = wanted.positive_class
    if positive is not None and adapter.class_set is not None and positive not in adapter.class_set:
        raise InvalidValue(f"positive_class: {positive!r} is none of the model's classes {adapter.classes}")
    if reference is not None and how is not None:
        wanted = replace(wanted, reference=reference_of(adapter, reference, how))
    return adapter, wanted


def checked_text(what: str, text: str) -> str:
    """Check a name or a version: it becomes a label value and a thread's name.

    Raises
    ------
    InvalidType, InvalidValue
        If it is no text, or empty, or not printable, or too long.
    """
    if not isinstance(text, str):
        raise InvalidType(f"{what}: {text!r} is no text; write {str(text)!r}")
    if not text.strip() or not text.isprintable() or len(text) > MAX_NAME_LENGTH:
        raise InvalidValue(f"{what}: {text[:MAX_NAME_LENGTH]!r} must be 1 to {MAX_NAME_LENGTH} printable characters")
    return text


def checked_flag(what: str, flag: bool) -> bool:  # noqa: FBT001 - it is what is checked
    """Check what is either True or False.

    Raises
    ------
    InvalidType
        If it is neither.
    """
    if not isinstance(flag, bool):
        raise InvalidType(f"{what}: {flag!r} is neither True nor False")
    return flag


def checked_seed(seed: int | None) -> int | None:
    """Check a seed for random draws; None is for other draws each time.

    Raises
    ------
    InvalidType
        If it is no whole number.
    """
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise InvalidType(f"seed: {seed!r} is no whole number")
    return seed
