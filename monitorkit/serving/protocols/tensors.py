"""Tensors of the Open Inference Protocol: named arrays with a datatype and a shape, as JSON or as bytes.

Source: "Open Inference Protocol", version 2, HTTP/REST, "Tensor Data" and "Tensor Data Types"; Triton's "Binary Tensor
Data Extension".
"""

from __future__ import annotations

import math
import struct
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

from monitorkit.serving.refusals import Refusal, bad_input, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DATATYPES", "Tensor", "read_tensor", "tensor_of", "to_bytes", "to_list"]

DATATYPES = {
    "BOOL": "?",
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": f"<f{size}" for size in (2, 4, 8)},
}
"""numpy's type for each datatype but BYTES, in the byte order that the binary form has."""

BYTES = "BYTES"
MAX_DIMENSIONS = 8
_MAX_SIZE = 2**63 - 1
_JSON_TYPES: dict[str, set[type]] = {"b": {bool}, "u": {int}, "i": {int}, "f": {int, float, type(None)}}
_JSON_NAMES = {"b": "true or false", "u": "whole numbers", "i": "whole numbers", "f": "numbers"}
_LENGTH = struct.Struct("<I")

Array = np.ndarray[Any, np.dtype[Any]]


class Tensor(NamedTuple):
    """A named array; an element of datatype BYTES is text, None where JSON had null."""

    name: str
    datatype: str
    values: Array


def read_tensor(document: Any, where: str, rest: memoryview) -> tuple[Tensor, memoryview]:  # noqa: ANN401 - any JSON value
    """Read an input of a request.

    Parameters
    ----------
    document
        What the request's ``inputs`` says of it.
    where
        Its place in the request.
    rest
        What has come in binary and is not read yet.

    Returns
    -------
    tuple
        The tensor, and what is left in binary.

    Raises
    ------
    Refusal
        If its data do not fit its datatype or its shape.

    Examples
    --------
    >>> described = {"name": "x", "datatype": "INT8", "shape": [2, 1], "data": [1, 2]}
    >>> read_tensor(described, "inputs[0]", memoryview(b""))[0].values
    array([[1],
           [2]], dtype=int8)
    """
    if not isinstance(document, dict):
        raise bad_input(
            "wrong_type", f"{where} is {kind_of(document)}: send an object with name, shape, datatype", where
        )
    name, datatype = (_text(document, key, where) for key in ("name", "datatype"))
    shape = _shape(document, where)
    if datatype != BYTES and datatype not in DATATYPES:
        known = ", ".join([*DATATYPES, BYTES])
        place = f"{where}.datatype"
        raise bad_input("wrong_datatype", f"{place} is {datatype[:40]!r}: send one of {known}", place)
    size = _binary_size(document, where)
    if size is None:
        values = _from_list(document, datatype, shape, where)
    else:
        values = _from_bytes(rest[:size], size, datatype, shape, where)
        rest = rest[size:]
    return Tensor(name, datatype, values.reshape(shape)), rest


def tensor_of(name: str, values: Sequence[Any]) -> Tensor:
    """Make a tensor of what a model predicted; what fits none is its JSON text.

    Examples
    --------
    >>> tensor_of("predictions", ["cat", "dog"]).datatype, tensor_of("predictions", [1.5]).datatype
    ('BYTES', 'FP64')
    """
    flat: Sequence[Any] = values
    shape: tuple[int, ...] = (len(values),)
    if values and all(isinstance(row, list) for row in values) and len({len(row) for row in values}) == 1 and values[0]:
        flat = list(chain.from_iterable(values))
        shape = (len(values), len(values[0]))
    kinds = set(map(type, flat))
    for kind, datatype in ((bool, "BOOL"), (int, "INT64"), (float, "FP64"), (str, BYTES)):
        if kinds == {kind} and (kind is not int or all(-_MAX_SIZE <= value <= _MAX_SIZE for value in flat)):
            dtype = object if kind is str else DATATYPES[datatype]
            return Tensor(name, datatype, np.array(flat, dtype=dtype).reshape(shape))
    if kinds == {int, float}:
        return Tensor(name, "FP64", np.array(flat, dtype=np.float64).reshape(shape))
    try:
        texts = [orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode() for value in values]
    except TypeError as error:
        detail = f"the model's predictions cannot be written as a tensor: {error}"
        raise Refusal(500, "wrong_output", detail) from error
    return Tensor(name, BYTES, np.array(texts, dtype=object))


def to_list(tensor: Tensor) -> list[Any]:
    """The elements in row-major order, as JSON has them."""
    values: list[Any] = tensor.values.ravel().tolist()
    return values


def to_bytes(tensor: Tensor) -> bytes:
    r"""The elements in row-major order, as the binary form has them.

    Examples
    --------
    >>> to_bytes(tensor_of("predictions", ["cat"]))
    b'\x03\x00\x00\x00cat'
    """
    if tensor.datatype != BYTES:
        return tensor.values.tobytes()
    texts = [text.encode("utf-8", "surrogatepass") for text in tensor.values.ravel().tolist()]
    return b"".join([_LENGTH.pack(len(text)) + text for text in texts])


def _text(document: dict[str, Any], key: str, where: str) -> str:
    place = f"{where}.{key}"
    if key not in document:
        raise bad_input("missing_key", f"{place} is missing: send it", place)
    value = document[key]
    if not isinstance(value, str):
        raise bad_input("wrong_type", f"{place} is {kind_of(value)}: send text", place)
    return value


def _shape(document: dict[str, Any], where: str) -> tuple[int, ...]:
    place = f"{where}.shape"
    shape = document.get("shape")
    if not isinstance(shape, list) or not 1 <= len(shape) <= MAX_DIMENSIONS:
        raise bad_input("wrong_shape", f"{place}: send a list of 1 to {MAX_DIMENSIONS} whole numbers", place)
    for size in shape:
        if type(size) is not int or size < 0:
            raise bad_input("wrong_shape", f"{place} holds {str(size)[:40]}: send whole numbers, none below 0", place)
    if not 1 <= math.prod(shape) <= _MAX_SIZE:
        raise bad_input(
            "wrong_shape",
            f"{place} is {str(shape)[:80]}: send at least one element, and not more than there are",
            place,
        )
    return tuple(shape)


def _binary_size(document: dict[str, Any], where: str) -> int | None:
    parameters = document.get("parameters") or {}
    place = f"{where}.parameters"
    if not isinstance(parameters, dict):
        raise bad_input("wrong_type", f"{place} is {kind_of(parameters)}: send an object", place)
    if "shared_memory_region" in parameters:
        raise bad_input("no_shared_memory", f"{place}: this server shares no memory: send the data", place)
    size = parameters.get("binary_data_size")
    if size is None:
        return None
    place = f"{place}.binary_data_size"
    if type(size) is not int or size < 0:
        raise bad_input("wrong_type", f"{place} is {str(size)[:40]}: send a number of bytes", place)
    if "data" in document:
        raise bad_input("wrong_shape", f"{where} has data and {place}: send one of the two", where)
    return size


def _from_list(document: dict[str, Any], datatype: str, shape: tuple[int, ...], where: str) -> Array:
    place = f"{where}.data"
    if "data" not in document:
        raise bad_input("missing_key", f"{place} is missing: send the elements of the tensor", place)
    flat = _flat(document["data"], shape, place)
    if datatype == BYTES:
        if not set(map(type, flat)) <= {str, type(None)}:
            raise bad_input("wrong_type", f"{place} does not fit the datatype BYTES: send text", place)
        return np.array(flat, dtype=object)
    dtype = np.dtype(DATATYPES[datatype])
    if not set(map(type, flat)) <= _JSON_TYPES[dtype.kind]:
        kind = _JSON_NAMES[dtype.kind]
        raise bad_input("wrong_type", f"{place} does not fit the datatype {datatype}: send {kind}", place)
    if dtype.kind == "b":
        return np.array(flat, dtype=dtype)
    if dtype.kind == "f":
        values = np.array(flat, dtype=np.float64)
        fits = not bool((np.abs(values) > np.finfo(dtype).max).any())
    else:
        limits = np.iinfo(dtype)
        fits = limits.min <= min(flat) and max(flat) <= limits.max
        values = np.array(flat, dtype=dtype if fits else object)
    if not fits:
        raise bad_input(
            "too_large", f"{place} has a number that {datatype} does not hold: send another datatype", place
        )
    return values.astype(dtype)


def _flat(data: Any, shape: tuple[int, ...], place: str) -> list[Any]:  # noqa: ANN401 - any JSON value
    """The elements, which may come flat or in lists as deep as the shape."""
    if not isinstance(data, list):
        raise bad_input("wrong_type", f"{place} is {kind_of(data)}: send a list", place)
    wrong = bad_input("wrong_shape", f"{place} does not have the shape {list(shape)}: send as many elements", place)
    flat: list[Any] = data
    if not flat or not isinstance(flat[0], list):
        if len(flat) != math.prod(shape):
            raise wrong
        return flat
    if len(flat) != shape[0]:
        raise wrong
    for size in shape[1:]:
        if not all(isinstance(part, list) and len(part) == size for part in flat):
            raise wrong
        flat = list(chain.from_iterable(flat))
    return flat


def _from_bytes(data: memoryview, size: int, datatype: str, shape: tuple[int, ...], where: str) -> Array:
    count = math.prod(shape)
    if len(data) != size:
        raise bad_input(
            "wrong_length", f"{where} announces {size} bytes and {len(data)} have come: send them all", where
        )
    if datatype == BYTES:
        return _texts(data, count, where)
    dtype = np.dtype(DATATYPES[datatype])
    if size != count * dtype.itemsize:
        detail = (
            f"{where} has {size} bytes and {datatype} of shape {list(shape)} takes {count * dtype.itemsize}: send those"
        )
        raise bad_input("wrong_length", detail, where)
    if dtype.kind == "b":
        truth: Array = np.frombuffer(data, dtype=np.uint8) != 0
        return truth
    values: Array = np.frombuffer(data, dtype=dtype)
    return values


def _texts(data: memoryview, count: int, where: str) -> Array:
    texts: list[str] = []
    place = 0
    while place < len(data):
        end = place + _LENGTH.size
        stop = end + (_LENGTH.unpack(data[place:end])[0] if end <= len(data) else len(data))
        if stop > len(data):
            raise bad_input(
                "wrong_length", f"{where} ends within an element: send 4 bytes of length before each", where
            )
        try:
            texts.append(str(data[end:stop], "utf-8"))
        except UnicodeDecodeError:
            raise bad_input("wrong_type", f"{where} is no UTF-8: send text", where) from None
        place = stop
    if len(texts) != count:
        raise bad_input("wrong_length", f"{where} has {len(texts)} elements and its shape {count}: send as many", where)
    return np.array(texts, dtype=object)
