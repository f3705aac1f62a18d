"""True labels: whether one can judge a prediction, and what it counts as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.serving.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.metrics import VersionMetrics
    from monitorkit.serving.model import Model, Outputs
    from monitorkit.serving.payload import Label

__all__ = ["check", "count"]


def check(label: Label, outputs: Outputs, row: int, model: Model, *, where: str) -> None:
    """Refuse a true label that the prediction in a row cannot be compared with.

    Raises
    ------
    Refusal
        If it is no class of the model, or of another type than the prediction.
    """
    predicted = outputs.predictions[row]
    if outputs.task == "classification" and model.class_set is not None and label not in model.class_set:
        detail = (
            f"{where} is {label!r}, which is no class of the model ({_shown(model.classes or [])}): send the class "
            "itself, or serve the model with classes=[...] to add it"
        )
        raise Refusal(400, "wrong_class", detail, which=where)
    if isinstance(label, str) != isinstance(predicted, str):
        kind = "text" if isinstance(predicted, str) else "a number"
        detail = f"{where} is {label!r} and the prediction was {predicted!r}: send {kind}"
        raise Refusal(400, "wrong_type", detail, which=where)


def count(label: Label, outputs: Outputs, row: int, metrics: VersionMetrics) -> None:
    """Count a true label that :func:`check` has let through."""
    if outputs.task == "classification":
        metrics.quality.observe(label, outputs.predictions[row])


def _shown(classes: Sequence[Label]) -> str:
    some = ", ".join(map(repr, classes[:10]))
    return some if len(classes) <= 10 else f"{some} and {len(classes) - 10} more"  # noqa: PLR2004 - fits on a line
