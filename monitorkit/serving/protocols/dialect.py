"""A way to ask for predictions: how a request is read, and how its answer is written.

Every dialect goes through the same queue, model, store and metrics; only the two ends differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from monitorkit.serving.http.asgi import json_answer
from monitorkit.serving.reading.payload import PredictionRequest, read_prediction
from monitorkit.serving.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitorkit.serving.http.asgi import Answer, Scope
    from monitorkit.serving.models.outputs import Outputs
    from monitorkit.serving.values import Matrix
    from monitorkit.serving.work.feedback import Served

__all__ = ["PLAIN", "Asked", "Dialect", "read_plain", "write_json", "write_plain"]


class Asked(Protocol):
    """A request that has been read."""

    @property
    def X(self) -> Matrix:  # noqa: N802 - scikit-learn's own name
        """Rows to predict."""


class Dialect(NamedTuple):
    """How requests are read and answers written.

    Attributes
    ----------
    read
        From the request's head, its body and the model that will answer to what is asked; raises Refusal.
    write
        From what was asked, the model's outputs, an id for each prediction and the model to an answer.
    """

    read: Callable[[Scope, bytes, Served], Asked]
    write: Callable[[Any, Outputs, Sequence[str], Served], Answer]


def read_plain(_scope: Scope, body: bytes, served: Served) -> PredictionRequest:
    """Read what ``/predict`` takes.

    Raises
    ------
    Refusal
        If the body is not of that form, or asks for probabilities that the model does not tell.
    """
    asked = read_prediction(body, served.model.features)
    if asked.probabilities:
        served.model.check_probabilities()
    return asked


def write_plain(asked: PredictionRequest, outputs: Outputs, ids: Sequence[str], served: Served) -> Answer:
    """Write what ``/predict`` answers."""
    document: dict[str, Any] = {
        "predictions": outputs.predictions,
        "ids": ids,
        "model_name": served.name,
        "model_version": served.version,
    }
    if asked.probabilities:
        document |= served.model.told_probabilities(outputs)
    return write_json(document)


def write_json(document: dict[str, Any]) -> Answer:
    """Write what a model returned.

    Raises
    ------
    Refusal
        If JSON cannot hold it.
    """
    try:
        return json_answer(document)
    except TypeError as error:
        detail = f"the model's predictions cannot be written as JSON: {error}"
        raise Refusal(500, "wrong_output", detail) from error


PLAIN = Dialect(read_plain, write_plain)
"""What ``/predict`` speaks."""
