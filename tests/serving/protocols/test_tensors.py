"""Tensors of the Open Inference Protocol, there and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tritonclient.utils import deserialize_bytes_tensor, serialize_byte_tensor

from monitorkit.serving.protocols.tensors import DATATYPES, read_tensor, tensor_of, to_bytes, to_list
from monitorkit.serving.refusals import Refusal

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 4))


@settings(deadline=None)
@given(data=st.data(), datatype=st.sampled_from(sorted(DATATYPES)))
def test_every_bit_arrives_in_binary_and_as_json(data, datatype):
    values = data.draw(
        arrays(DATATYPES[datatype], SHAPES, elements={"allow_nan": False, "allow_infinity": False})
        if datatype.startswith("FP")
        else arrays(DATATYPES[datatype], SHAPES)
    )
    told = {"name": "x", "datatype": datatype, "shape": list(values.shape)}
    binary = values.tobytes()
    described = {**told, "parameters": {"binary_data_size": len(binary)}}
    read, rest = read_tensor(described, "inputs[0]", memoryview(binary + b"more"))
    np.testing.assert_array_equal(read.values, values)
    assert bytes(rest) == b"more"
    for written in (values.tolist(), values.ravel().tolist()):
        read, _ = read_tensor({**told, "data": written}, "inputs[0]", memoryview(b""))
        np.testing.assert_array_equal(read.values, values)
        assert read.values.dtype == values.dtype


@settings(deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=1, max_size=5))
def test_texts_are_written_and_read_as_tritons_client_does(texts):
    written = to_bytes(tensor_of("x", texts))
    assert [text.decode() for text in deserialize_bytes_tensor(written)] == texts
    theirs = serialize_byte_tensor(np.array(texts, dtype=object)).item()
    described = {
        "name": "x",
        "datatype": "BYTES",
        "shape": [len(texts)],
        "parameters": {"binary_data_size": len(theirs)},
    }
    read, _ = read_tensor(described, "inputs[0]", memoryview(theirs))
    assert read.values.tolist() == texts


@pytest.mark.parametrize(
    ("values", "datatype", "shape"),
    [
        ([True, False], "BOOL", (2,)),
        ([1, 2], "INT64", (2,)),
        ([1, 2.5], "FP64", (2,)),
        ([[1, 0], [0, 1]], "INT64", (2, 2)),
        ([[0.5, 0.5]], "FP64", (1, 2)),
        ([[1], [1, 2]], "BYTES", (2,)),
        ([[], []], "BYTES", (2,)),
        ([True, 2], "BYTES", (2,)),
        ([2**63], "BYTES", (1,)),
        ([None], "BYTES", (1,)),
    ],
)
def test_predictions_are_of_the_type_that_holds_them_all(values, datatype, shape):
    tensor = tensor_of("x", values)
    assert (tensor.datatype, tensor.values.shape, len(to_list(tensor))) == (datatype, shape, int(np.prod(shape)))


def test_what_json_cannot_hold_is_the_models_mistake():
    with pytest.raises(Refusal, match="cannot be written as a tensor") as caught:
        tensor_of("x", [1j])
    assert caught.value.code == 500
