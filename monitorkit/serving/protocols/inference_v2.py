"""The Open Inference Protocol, version 2: tensors in, tensors out, as KServe, Triton and MLServer speak it.

Source: "Open Inference Protocol", HTTP/REST (github.com/kserve/open-inference-protocol); Triton's "Binary Tensor Data
Extension".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

from monitorkit.serving.http.asgi import Answer, header
from monitorkit.serving.protocols.dialect import Dialect, write_json
from monitorkit.serving.protocols.tensors import Tensor, read_tensor, tensor_of, to_bytes, to_list
from monitorkit.serving.reading.bodies import document_of, field
from monitorkit.serving.reading.rows import check_finite, checked_rows, wrong_names
from monitorkit.serving.refusals import Refusal, bad_input, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitorkit.serving.http.asgi import Scope
    from monitorkit.serving.models.model import Model
    from monitorkit.serving.models.outputs import Outputs
    from monitorkit.serving.reading.features import Features
    from monitorkit.serving.values import Matrix
    from monitorkit.serving.work.feedback import Served

__all__ = [
    "EXTENSIONS",
    "INFERENCE_V2",
    "InferRequest",
    "example_request",
    "model_metadata",
    "read_infer",
    "write_infer",
]

EXTENSIONS = ("binary_tensor_data",)
INPUT = "input"
"""What the input of a model without names of columns is called; another name is taken, too."""

PREDICTIONS, PROBABILITIES, IDS = "predictions", "probabilities", "ids"

_HEAD = b"inference-header-content-length"
_EXAMPLE = '{"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP64", "data": [1.0, 2.0]}]}'


class InferRequest(NamedTuple):
    """What a client wants inferred."""

    X: Matrix
    id: str | None
    """The client's own name of the request, to be repeated in the answer."""
    outputs: dict[str, bool]
    """Names of the tensors that it wants, and whether in binary."""


def read_infer(scope: Scope, body: bytes, served: Served) -> InferRequest:
    """Read a request for inference.

    Raises
    ------
    Refusal
        If it is not of the protocol's form, or does not fit the model; it says where.
    """
    head, rest = _parts(scope, body)
    document = document_of(head)
    inputs = _objects(field(document, "inputs", _EXAMPLE), "inputs")
    name = document.get("id")
    if not isinstance(name, str | None):
        raise bad_input("wrong_type", f"id is {kind_of(name)}: send text", "id")
    outputs = _wanted(document, served.model)
    tensors = []
    for place, described in enumerate(inputs):
        tensor, rest = read_tensor(described, f"inputs[{place}]", rest)
        tensors.append(tensor)
    if rest:
        raise bad_input("wrong_length", f"{len(rest)} bytes follow the last input: announce them in binary_data_size")
    return InferRequest(_rows(tensors, served.model.features), name, outputs)


def write_infer(asked: InferRequest, outputs: Outputs, ids: Sequence[str], served: Served) -> Answer:
    """Write the answer to a request for inference."""
    document: dict[str, Any] = {"model_name": served.name, "model_version": served.version}
    if asked.id is not None:
        document["id"] = asked.id
    document["outputs"] = described = []
    parts: list[bytes] = []
    for tensor, parameters in _tensors(asked.outputs, outputs, ids, served.model):
        told: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": list(tensor.values.shape),
        }
        if asked.outputs[tensor.name]:
            parts.append(to_bytes(tensor))
            parameters["binary_data_size"] = len(parts[-1])
        else:
            told["data"] = to_list(tensor)
        if parameters:
            told["parameters"] = parameters
        described.append(told)
    answer = write_json(document)
    if not parts:
        return answer
    headers = ((b"content-type", b"application/octet-stream"), (_HEAD, b"%d" % len(answer.body)))
    return Answer(200, b"".join([answer.body, *parts]), headers)


INFERENCE_V2 = Dialect(read_infer, write_infer)
"""What ``/v2/models/NAME/infer`` speaks."""


def model_metadata(served: Served) -> dict[str, Any]:
    """What the protocol tells of a model: its platform, its inputs and outputs.

    Returns
    -------
    dict
        The protocol's "Model Metadata Response JSON Object".
    """
    model = served.model
    return {
        "name": served.name,
        "versions": [served.version],
        "platform": model.description.framework or "python",
        "inputs": _inputs_told(model),
        "outputs": _outputs_told(model),
    }


def example_request(model: Model, row: Sequence[Any]) -> dict[str, Any]:
    """A request for a row, in JSON.

    Parameters
    ----------
    model
        The model that it is for.
    row
        Values in the order of its columns.
    """
    described = _inputs_told(model)
    if model.features.bare:
        shape, data = [1], [list(row)]
    elif model.features.names is None:
        shape, data = [1, len(row)], [list(row)]
    else:
        shape, data = [1], [[value] for value in row]
    return {
        "inputs": [{**told, "shape": shape, "data": values} for told, values in zip(described, data, strict=True)],
    }


def _inputs_told(model: Model) -> list[dict[str, Any]]:
    features = model.features
    if features.names is None:
        width = -1 if features.count is None else features.count
        if features.bare:
            return [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}]
        return [{"name": INPUT, "datatype": "FP64" if features.only_numbers else "BYTES", "shape": [-1, width]}]
    return [
        {"name": name, "datatype": "FP64" if features.column(place).kind == "number" else "BYTES", "shape": [-1]}
        for place, name in enumerate(features.names)
    ]


def _outputs_told(model: Model) -> list[dict[str, Any]]:
    if model.task == "multilabel":
        predictions = {"datatype": "INT64", "shape": [-1, len(model.classes or ()) or -1]}
    else:
        # Of a function that has told nothing only the answers show what it predicts.
        kind = tensor_of("", model.classes).datatype if model.classes else "FP64"
        predictions = {"datatype": kind, "shape": [-1]}
    outputs = [{"name": PREDICTIONS, **predictions}]
    if model.probabilities is not None:
        outputs.append({"name": PROBABILITIES, "datatype": "FP64", "shape": [-1, len(model.probabilities.positions)]})
    return [*outputs, {"name": IDS, "datatype": "BYTES", "shape": [-1]}]


def _parts(scope: Scope, body: bytes) -> tuple[bytes, memoryview]:
    """The JSON at the beginning of a body, and the binary data after it."""
    announced = header(scope, _HEAD)
    if not announced:
        return body, memoryview(b"")
    length = int(announced) if announced.isascii() and announced.isdecimal() and len(announced) < 20 else -1  # noqa: PLR2004 - digits of any length there can be
    if not 0 < length <= len(body):
        where = _HEAD.decode()
        detail = f"{where} is {announced[:40]!r} and the body has {len(body)} bytes: send the length of the JSON in it"
        raise bad_input("wrong_length", detail, where)
    return body[:length], memoryview(body)[length:]


def _objects(values: Any, what: str) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON value
    if not isinstance(values, list):
        raise bad_input("wrong_type", f"{what} is {kind_of(values)}: send a list of objects", what)
    if not values:
        raise bad_input("empty", f"{what} is empty: send at least one", what)
    for place, value in enumerate(values):
        if not isinstance(value, dict):
            where = f"{what}[{place}]"
            raise bad_input("wrong_type", f"{where} is {kind_of(value)}: send an object", where)
    return values


def _wanted(document: dict[str, Any], model: Model) -> dict[str, bool]:
    """Which outputs a request wants, and which of them in binary."""
    binary = _flag(_parameters(document, "parameters"), "binary_data_output", "parameters", default=False)
    known = [output["name"] for output in _outputs_told(model)]
    outputs = document.get("outputs")
    if not outputs and isinstance(outputs, list | None):
        return dict.fromkeys(known, binary)
    wanted: dict[str, bool] = {}
    for place, output in enumerate(_objects(outputs, "outputs")):
        where = f"outputs[{place}]"
        name = output.get("name")
        if not isinstance(name, str) or name not in known:
            detail = f"{where}.name is {str(name)[:40]!r}: the model has {', '.join(known)}"
            raise bad_input("unknown_output", detail, f"{where}.name")
        parameters = _parameters(output, f"{where}.parameters")
        for refused in ("classification", "shared_memory_region"):
            if parameters.get(refused):
                detail = f"{where}.parameters.{refused}: this server does not do that: leave it out"
                raise bad_input("unknown_parameter", detail, f"{where}.parameters")
        wanted[name] = _flag(parameters, "binary_data", f"{where}.parameters", default=binary)
    return wanted


def _parameters(document: dict[str, Any], where: str) -> dict[str, Any]:
    parameters = document.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise bad_input("wrong_type", f"{where} is {kind_of(parameters)}: send an object", where)
    return parameters


def _flag(parameters: dict[str, Any], key: str, where: str, *, default: bool) -> bool:
    value = parameters.get(key, default)
    if not isinstance(value, bool):
        raise bad_input("wrong_type", f"{where}.{key} is {kind_of(value)}: send true or false", f"{where}.{key}")
    return value


def _rows(tensors: Sequence[Tensor], features: Features) -> Matrix:
    """Rows from one tensor that holds them all, or from one for each column."""
    first = tensors[0].values
    if features.bare and len(tensors) == 1 and first.ndim == 1:
        return checked_rows([(text,) for text in first.tolist()], features, lambda row, _column: f"inputs[0][{row}]")
    named = features.names is not None and (len(tensors) > 1 or tensors[0].name in features.names)
    if len(tensors) == 1 and first.ndim == 2 and not (named and first.shape[1] != features.count):  # noqa: PLR2004 - rows and columns
        return _table(first, features)
    of_columns = features.names is None and len(tensors) > 1 and all(_is_column(one.values) for one in tensors)
    if named or (of_columns and features.count in {None, len(tensors)}):
        return _columns(tensors, features)
    width = "n" if features.count is None else features.count
    if len(tensors) > 1:
        known = f"the model knows no names of columns: send one of shape [rows, {width}], or {width} of shape [rows]"
        detail = f"there are {len(tensors)} inputs and {known}"
        raise bad_input("wrong_column", detail, "inputs")
    detail = f"inputs[0].shape is {list(first.shape)}: send [rows, {width}]"
    raise bad_input("wrong_shape", detail, "inputs[0].shape")


def _is_column(values: np.ndarray[Any, np.dtype[Any]]) -> bool:
    return values.shape in {(len(values),), (len(values), 1)}


def _table(values: np.ndarray[Any, np.dtype[Any]], features: Features) -> Matrix:
    if features.count is not None and values.shape[1] != features.count:
        detail = f"inputs[0].shape is {list(values.shape)} and the model expects [rows, {features.count}]: send that"
        raise bad_input("wrong_width", detail, "inputs[0].shape")

    def place(row: int, column: int) -> str:
        return f"inputs[0][{row}][{column}]"

    if not features.numeric or values.dtype.kind == "O":
        return checked_rows(values.tolist(), features, place)
    X = np.array(values, dtype=np.float64)
    check_finite(X, features, place)
    return X


def _columns(tensors: Sequence[Tensor], features: Features) -> Matrix:
    # A model without names takes its columns in the order that they come in, as scikit-learn does.
    names = features.names or list(dict.fromkeys(tensor.name for tensor in tensors))
    by_name = {tensor.name: tensor for tensor in tensors}
    if len(by_name) != len(tensors) or by_name.keys() != set(names):
        raise wrong_names(by_name, names, "inputs") if by_name.keys() != set(names) else _twice()
    count = len(tensors[0].values)
    for tensor in tensors:
        if tensor.values.shape not in ((count,), (count, 1)):
            where = f"inputs.{tensor.name[:40]}"
            detail = f"{where} has the shape {list(tensor.values.shape)}: send [{count}], one value a row in each"
            raise bad_input("wrong_shape", detail, where)
    columns = [by_name[name].values.ravel() for name in names]

    def place(row: int, column: int) -> str:
        return f"inputs.{names[column]}[{row}]"

    if not features.numeric or any(column.dtype.kind == "O" for column in columns):
        rows = list(zip(*(column.tolist() for column in columns), strict=True))
        return checked_rows(rows, features, place)
    X = np.column_stack([column.astype(np.float64) for column in columns])
    check_finite(X, features, place)
    return X


def _twice() -> Refusal:
    return bad_input("wrong_column", "inputs has two tensors of one name: send each column once", "inputs")


def _tensors(
    wanted: dict[str, bool], outputs: Outputs, ids: Sequence[str], model: Model
) -> Iterator[tuple[Tensor, dict[str, Any]]]:
    """The output tensors with their parameters, in the order in which they were asked for."""
    for name in wanted:
        if name == PREDICTIONS:
            yield tensor_of(name, outputs.predictions), {}
        elif name == IDS:
            yield Tensor(name, "BYTES", np.array(ids, dtype=object)), {}
        elif outputs.probabilities is not None and model.probabilities is not None:
            # A parameter is one text, number or truth value: the classes of the columns are JSON in a text.
            classes = orjson.dumps(list(model.probabilities.positions)).decode()
            yield Tensor(name, "FP64", np.ascontiguousarray(outputs.probabilities)), {"classes": classes}
