"""Predictions and their true labels, counted: what a label may be, and what it says about a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitorkit.metrics.quality.regression import LARGEST
from monitorkit.serving.refusals import Refusal
from monitorkit.serving.values import LABEL_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitorkit.metrics import VersionMetrics
    from monitorkit.serving.models.model import Model
    from monitorkit.serving.models.outputs import Outputs
    from monitorkit.serving.values import Label, TrueLabel

__all__ = ["Judge", "check_label", "count_label", "count_predictions", "n_outputs", "predicted_labels"]


@dataclass(frozen=True)
class Judge:
    """What of a model its true labels are judged by: they may come long after the model has gone.

    Attributes
    ----------
    classes, class_set
        Its classes, None where it has not told them.
    positions
        Column of each class in its probabilities.
    """

    classes: Sequence[Label] | None
    class_set: frozenset[Label] | None
    positions: Mapping[Label, int]

    @classmethod
    def of(cls, model: Model) -> Judge:
        """Return that of a model."""
        positions = {} if model.probabilities is None else model.probabilities.positions
        return cls(model.classes, model.class_set, positions)


def count_predictions(outputs: Outputs, metrics: VersionMetrics, X: Any) -> None:  # noqa: ANN401 - any table
    """Count what was predicted from what, and export from 0 on what true labels will count."""
    labels = predicted_labels(outputs)
    metrics.drift.observe(X, labels)
    if outputs.task:
        # What a model predicts that does not say it before is known only here.
        (metrics.quality if outputs.task == "regression" else metrics.regression).clear()
    if outputs.task == "classification":
        metrics.quality.count_predictions(labels)
    elif outputs.task == "regression":
        if outputs.predictions:
            metrics.regression.expect(n_outputs(outputs))
    elif outputs.task == "multilabel":
        metrics.quality.declare_label_sets(outputs.columns or ())
        if labels:
            metrics.quality.count_predictions(labels)


def predicted_labels(outputs: Outputs) -> list[Any]:
    """Classes or numbers that were predicted; of sets all labels in them; none where it is neither, or several."""
    if n_outputs(outputs) is not None:
        return []
    if outputs.task == "multilabel":
        return [label for row in range(len(outputs.predictions)) for label in _predicted_set(outputs, row)]
    return outputs.predictions if outputs.task else []


def n_outputs(outputs: Outputs) -> int | None:
    """How many numbers each prediction of a regressor is; None where it is one, or none at all."""
    first = outputs.predictions[0] if outputs.predictions and outputs.task == "regression" else None
    return len(first) if isinstance(first, list) else None


def check_label(label: TrueLabel, outputs: Outputs, row: int, judge: Judge, *, where: str) -> None:
    """Refuse a true label that the prediction in a row cannot be compared with.

    Raises
    ------
    Refusal
        If it is no class of the model, or of another type or width than the prediction.
    """
    predicted = outputs.predictions[row]
    if outputs.task == "multilabel":
        _check_set(label, outputs, judge, where)
    elif outputs.task == "regression" and isinstance(predicted, list):
        _check_outputs(label, len(predicted), where)
    elif isinstance(label, list):
        if outputs.task:
            detail = f"{where} is {_short(label)} and the prediction was {_short(predicted)}: send one label, no list"
            raise _wrong("wrong_type", detail, where)
    elif outputs.task == "regression":
        _check_number(label, where)
    elif outputs.task == "classification" and judge.class_set is not None and label not in judge.class_set:
        raise _no_class(label, judge, where)
    elif type(predicted) in LABEL_TYPES and isinstance(label, str) != isinstance(predicted, str):
        kind = "text" if isinstance(predicted, str) else "a number"
        raise _wrong(
            "wrong_type", f"{where} is {label!r} and the prediction was {_short(predicted)}: send {kind}", where
        )


def count_label(label: TrueLabel, outputs: Outputs, row: int, judge: Judge, metrics: VersionMetrics) -> None:
    """Count a true label that :func:`check_label` has let through."""
    if outputs.task == "multilabel" and isinstance(label, list):
        metrics.quality.observe_label_sets(_set_of(label, outputs.columns), _predicted_set(outputs, row))
    elif outputs.task == "regression":
        numbers: Any = label
        metrics.regression.observe(numbers, outputs.predictions[row])
    elif isinstance(label, list):
        return
    elif outputs.task == "classification":
        predicted = outputs.predictions[row]
        metrics.quality.observe(label, predicted)
        if outputs.probabilities is not None:
            true, chosen = (judge.positions.get(one) for one in (label, predicted))
            if chosen is not None:
                metrics.calibration.observe(outputs.probabilities[row], true=true, predicted=chosen)


def _check_number(label: TrueLabel, where: str) -> None:
    if isinstance(label, bool) or not isinstance(label, int | float):
        raise _wrong("wrong_type", f"{where} is {_short(label)} and the model predicts numbers: send a number", where)
    if not abs(label) <= LARGEST:
        raise _wrong("too_large", f"{where} is {label!r}: send a number from {-LARGEST:g} to {LARGEST:g}", where)


def _check_outputs(labels: TrueLabel, width: int, where: str) -> None:
    if not isinstance(labels, list):
        detail = f"{where} is {_short(labels)} and the model predicts {width} numbers: send a list of {width}"
        raise _wrong("wrong_type", detail, where)
    if len(labels) != width:
        detail = f"{where} has {len(labels)} values and the prediction {width}: send one for each output"
        raise _wrong("wrong_width", detail, where)
    for place, value in enumerate(labels):
        _check_number(value, f"{where}[{place}]")


def _check_set(labels: TrueLabel, outputs: Outputs, judge: Judge, where: str) -> None:
    columns = outputs.columns
    if not isinstance(labels, list):
        form = f"{len(columns)} numbers, 0 or 1" if columns else "labels, as in ['a', 'b'] or []"
        raise _wrong(
            "wrong_type",
            f"{where} is {_short(labels)} and the model predicts several labels: send a list of {form}",
            where,
        )
    if columns is None:
        if judge.class_set is not None and not judge.class_set.issuperset(labels):
            raise _no_class(next(label for label in labels if label not in judge.class_set), judge, where)
        return
    if len(labels) != len(columns):
        detail = f"{where} has {len(labels)} values and the prediction {len(columns)}: send 0 or 1 for each label"
        raise _wrong("wrong_width", detail, where)
    for column, value in enumerate(labels):
        if isinstance(value, str) or value not in (0, 1):
            raise _wrong(
                "wrong_class", f"{where}[{column}] is {_short(value)}: send 0 or 1 for each label", f"{where}[{column}]"
            )


def _set_of(labels: Sequence[Label], columns: Sequence[Label] | None) -> frozenset[Label]:
    if columns is None:
        return frozenset(labels)
    return frozenset(column for column, value in zip(columns, labels, strict=True) if value)


def _predicted_set(outputs: Outputs, row: int) -> frozenset[Label]:
    return _set_of(outputs.predictions[row], outputs.columns)


def _no_class(label: Label, judge: Judge, where: str) -> Refusal:
    detail = (
        f"{where} is {label!r}, which is no class of the model ({_shown(judge.classes or [])}): send the class itself, "
        "or serve the model with classes=[...] to add it"
    )
    return _wrong("wrong_class", detail, where)


def _wrong(error: str, detail: str, where: str) -> Refusal:
    return Refusal(400, error, detail, which=where)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - fits on a line


def _shown(classes: Sequence[Label]) -> str:
    some = ", ".join(map(repr, classes[:10]))
    return some if len(classes) <= 10 else f"{some} and {len(classes) - 10} more"  # noqa: PLR2004 - as above
