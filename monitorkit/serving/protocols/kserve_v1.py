"""KServe's first protocol: models by name, rows in, predictions out.

Source: KServe's documentation, "V1 Protocol"; what is sent as ``inputs`` is TensorFlow Serving's "column format".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitorkit.serving.protocols.dialect import Dialect, write_plain
from monitorkit.serving.reading.bodies import document_of
from monitorkit.serving.reading.payload import PredictionRequest, wants_probabilities
from monitorkit.serving.reading.rows import matrix, read_rows
from monitorkit.serving.refusals import bad_input

if TYPE_CHECKING:
    from monitorkit.serving.http.asgi import Scope
    from monitorkit.serving.reading.features import Features
    from monitorkit.serving.values import Matrix
    from monitorkit.serving.work.feedback import Served

__all__ = ["KSERVE_V1", "read_v1"]

_EXAMPLE = '{"instances": [[1.0, 2.0]]}'


def read_v1(_scope: Scope, body: bytes, served: Served) -> PredictionRequest:
    """Read ``{"instances": [...]}`` or ``{"inputs": ...}``: rows, or columns by name.

    Raises
    ------
    Refusal
        If the body is not of that form; it says where.
    """
    document = document_of(body)
    features = served.model.features
    inputs = isinstance(document, dict) and "inputs" in document and "instances" not in document
    X = _inputs(document["inputs"], features) if inputs else read_rows(document, features)
    wanted = wants_probabilities(document)
    if wanted:
        served.model.check_probabilities()
    return PredictionRequest(X, wanted)


def _inputs(inputs: Any, features: Features) -> Matrix:  # noqa: ANN401 - any JSON value
    """Rows, or an object with a list of values for each column."""
    if not isinstance(inputs, dict):
        return matrix(inputs, features, "inputs")
    if not inputs:
        raise bad_input("empty", f"inputs is empty: send {_EXAMPLE}", "inputs")
    if features.names is None and len(inputs) == 1:
        # One tensor under the name that its client has for it.
        name = next(iter(inputs))
        return matrix(inputs[name], features, f"inputs.{name[:40]}")
    lengths = set()
    for name, values in inputs.items():
        where = f"inputs.{name[:40]}"
        if not isinstance(values, list):
            raise bad_input("wrong_shape", f"{where} is no list: send one value a row", where)
        lengths.add(len(values))
    if len(lengths) != 1:
        detail = f"the columns of inputs have {min(lengths)} to {max(lengths)} values: send one value a row in each"
        raise bad_input("wrong_length", detail, "inputs")
    if features.names is None:
        # A model without names takes its columns in the order that they come in, as scikit-learn does.
        return matrix([list(row) for row in zip(*inputs.values(), strict=True)], features, "inputs")
    return matrix(
        [dict(zip(inputs, row, strict=True)) for row in zip(*inputs.values(), strict=True)], features, "inputs"
    )


KSERVE_V1 = Dialect(read_v1, write_plain)
"""What ``/v1/models/NAME:predict`` speaks: as ``/predict``, whose answer has the keys that KServe's has, and ids."""
