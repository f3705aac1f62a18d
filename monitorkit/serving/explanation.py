"""How to call a model, with an example that works for this very one."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from monitorkit.serving.protocols.inference_v2 import example_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.serving.models.model import Model
    from monitorkit.serving.work.feedback import Served

__all__ = ["curl", "example_row", "explanation", "in_words", "true_label"]


def explanation(served: Served, url: str, notes: Sequence[str] = ()) -> dict[str, Any]:
    """How to call the model, with an example that works for this very one.

    Parameters
    ----------
    served
        What is served.
    url
        Where.
    notes
        What is out of the ordinary now.

    Returns
    -------
    dict
        A JSON document: the model, its input, a request, a command line.
    """
    model = served.model
    row = example_row(model)
    note = "The values of the example are only of the right form; send your own."
    if model.example is None:
        note = "The model has not told how many numbers a row has; two stand for as many as it takes."
    names = model.feature_names
    instance = row if names is None else dict(zip(names, row, strict=True))
    request = {"instances": row if model.features.bare else [instance]}
    name = quote(served.name, safe="")
    v1, v2 = f"/v1/models/{name}:predict", f"/v2/models/{name}/infer"
    return {
        "model_name": served.name,
        "model_version": served.version,
        "model_class": model.class_name,
        "input": {"n_features": model.n_features, "feature_names": names},
        "output": {"classes": model.classes},
        "how": "POST a JSON body with a list of rows; the answer has a prediction and an id for each",
        "note": note,
        "request": request,
        "curl": curl(f"{url}/predict", request),
        "feedback": curl(f"{url}/feedback", {"ids": ["an id from an answer"], "y_true": [true_label(model)]}),
        "now": list(notes),
        "kserve_v1": {"path": v1, "request": request},
        "inference_v2": {"path": v2, "request": example_request(model, row)},
        "paths": ["/predict", "/feedback", "/healthz", "/metrics", v1, v2],
    }


def example_row(model: Model) -> list[Any]:
    """A row that the model can predict, as far as it tells."""
    return [1.0, 2.0] if model.example is None else model.example


def true_label(model: Model) -> object:
    """A true label of the right form."""
    if model.task == "multilabel":
        return [] if model.classes is None else [0] * len(model.classes)
    return model.classes[0] if model.classes else 0


def in_words(model: Model) -> str:
    """What a model is, in a few words."""
    parts = [model.class_name]
    if model.features.bare:
        parts.append("texts")
    elif model.n_features is not None:
        parts.append(f"{model.n_features} features")
    if model.classes is not None:
        parts.append(f"{len(model.classes)} classes")
    return ", ".join(parts)


def curl(url: str, document: object) -> str:
    """The command line that posts a document.

    Examples
    --------
    >>> print(curl("http://127.0.0.1:8000/predict", {"instances": [[1]]}))
    curl -s http://127.0.0.1:8000/predict -H 'Content-Type: application/json' -d '{"instances":[[1]]}'
    """
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return f"curl -s {shlex.quote(url)} -H 'Content-Type: application/json' -d {shlex.quote(body)}"
