"""The Open Inference Protocol, asked by Triton's own client, which was not written here, and by hand."""

import json

import numpy as np
import pytest
import tritonclient.http as triton
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from tritonclient.utils import InferenceServerException

import monitorkit

IRIS = load_iris(as_frame=True)
X, Y = IRIS.data.to_numpy(), IRIS.target.to_numpy()
ON_ARRAY = LogisticRegression(max_iter=1000).fit(X, Y)
ON_FRAME = LogisticRegression(max_iter=1000).fit(IRIS.data, IRIS.target_names[Y])
NAMES = list(IRIS.data.columns)


@pytest.fixture
def client():
    """Connect Triton's client to a server."""
    clients = []

    def connect(server):
        clients.append(triton.InferenceServerClient(server.url.removeprefix("http://")))
        return clients[-1]

    yield connect
    for one in clients:
        one.close()


@pytest.fixture
def flowers(start):
    return start(ON_ARRAY, version="7")


@pytest.fixture
def infer(http, flowers):
    """Post a document to the path of inference; return code and answer."""

    def infer(document, to=flowers, path="", **options):
        data = document if isinstance(document, bytes) else json.dumps(document)
        answer = http.post(f"{to.url}/v2/models/{to.name}{path}/infer", data=data, timeout=30, **options)
        return answer.status_code, answer.json()

    return infer


def tensor(values, datatype, name="input", **options):
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values, **options)
    return made


def described(**changes):
    return {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP64", "data": [5.1, 3.5, 1.4, 0.2], **changes}]}


def column(name, data):
    return {"name": name, "shape": [len(data)], "datatype": "FP64", "data": data}


@pytest.mark.parametrize("sent_in_binary", [True, False])
@pytest.mark.parametrize("asked_in_binary", [None, True, False])
def test_tritons_client_gets_predictions_probabilities_and_ids(flowers, client, sent_in_binary, asked_in_binary):
    names = ["predictions", "probabilities", "ids"]
    outputs = (
        asked_in_binary
        if asked_in_binary is None
        else [triton.InferRequestedOutput(name, binary_data=asked_in_binary) for name in names]
    )
    result = client(flowers).infer(
        flowers.name, [tensor(X, "FP64", binary_data=sent_in_binary)], outputs=outputs, request_id="my-request"
    )
    np.testing.assert_array_equal(result.as_numpy("predictions"), ON_ARRAY.predict(X))
    np.testing.assert_array_equal(result.as_numpy("probabilities"), ON_ARRAY.predict_proba(X))
    assert result.get_output("predictions")["datatype"] == "INT64"
    assert json.loads(result.get_output("probabilities")["parameters"]["classes"]) == [0, 1, 2]
    assert result.get_response()["id"] == "my-request"
    assert (result.get_response()["model_name"], result.get_response()["model_version"]) == (flowers.name, "7")
    ids = [one.decode() if isinstance(one, bytes) else one for one in result.as_numpy("ids")]
    assert flowers.feedback(ids, Y)["joined"] == 150


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_tritons_client_may_pack_what_it_sends(flowers, client, packing):
    result = client(flowers).infer(flowers.name, [tensor(X, "FP64")], request_compression_algorithm=packing)
    assert result.as_numpy("predictions").tolist() == ON_ARRAY.predict(X).tolist()


def test_tritons_client_finds_server_and_model_live_and_ready_and_described(flowers, client):
    asked = client(flowers)
    assert asked.is_server_live()
    assert asked.is_server_ready()
    assert asked.is_model_ready(flowers.name)
    assert asked.is_model_ready(flowers.name, "7")
    assert not asked.is_model_ready(flowers.name, "8")
    assert not asked.is_model_ready("other")
    assert asked.get_server_metadata() == {
        "name": "monitorkit",
        "version": monitorkit.__version__,
        "extensions": ["binary_tensor_data"],
    }
    told = asked.get_model_metadata(flowers.name, "7")
    assert told == {
        "name": flowers.name,
        "versions": ["7"],
        "platform": "scikit-learn",
        "inputs": [{"name": "input", "datatype": "FP64", "shape": [-1, 4]}],
        "outputs": [
            {"name": "predictions", "datatype": "INT64", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP64", "shape": [-1, 3]},
            {"name": "ids", "datatype": "BYTES", "shape": [-1]},
        ],
    }


def test_tritons_client_reads_a_refusal(flowers, client, counts_of):
    with pytest.raises(InferenceServerException, match=r"expects \[rows, 4\]") as caught:
        client(flowers).infer(flowers.name, [tensor(X[:, :3], "FP64")])
    assert caught.value.status() == "400"
    assert counts_of(flowers).by_status == {"client_error": 1}


@pytest.mark.parametrize("in_binary", [True, False])
def test_inputs_with_names_are_columns_in_any_order(start, client, in_binary):
    server = start(ON_FRAME)
    columns = [tensor(X[:, [place]], "FP64", NAMES[place], binary_data=in_binary) for place in (2, 0, 3, 1)]
    result = client(server).infer(server.name, columns)
    assert [one.decode() for one in result.as_numpy("predictions")] == ON_FRAME.predict(IRIS.data).tolist()
    told = client(server).get_model_metadata(server.name)
    assert told["inputs"] == [{"name": name, "datatype": "FP64", "shape": [-1]} for name in NAMES]


@pytest.mark.parametrize("model", [ON_ARRAY, ON_ARRAY.predict])
def test_columns_are_taken_in_their_order_by_a_model_without_names(start, client, model):
    server = start(model)
    columns = [tensor(X[:, [place]], "FP64", name) for place, name in enumerate("zyxw")]
    result = client(server).infer(server.name, columns)
    assert result.as_numpy("predictions").tolist() == ON_ARRAY.predict(X).tolist()


@pytest.mark.parametrize("shape", [[2], [2, 1]])
@pytest.mark.parametrize("in_binary", [True, False])
def test_texts_are_rows_of_a_model_of_texts(start, client, shape, in_binary):
    server = start(lambda texts: [len(text) for text in texts], example="a text")
    texts = triton.InferInput("anything", shape, "BYTES")
    texts.set_data_from_numpy(np.array(["ab", "ä"], dtype=object).reshape(shape), binary_data=in_binary)
    assert client(server).infer(server.name, [texts]).as_numpy("predictions").tolist() == [2, 1]
    assert client(server).get_model_metadata(server.name)["inputs"] == [
        {"name": "input", "datatype": "BYTES", "shape": [-1]}
    ]


def test_a_model_with_names_takes_one_tensor_of_all_columns_too(start, client):
    server = start(ON_FRAME)
    result = client(server).infer(server.name, [tensor(X, "FP64", "anything")])
    assert [one.decode() for one in result.as_numpy("predictions")] == ON_FRAME.predict(IRIS.data).tolist()


@pytest.mark.parametrize(
    ("datatype", "dtype", "in_binary"),
    [
        *((f"UINT{8 * size}", f"u{size}", in_binary) for size in (1, 2, 4, 8) for in_binary in (True, False)),
        *((f"INT{8 * size}", f"i{size}", in_binary) for size in (1, 2, 4, 8) for in_binary in (True, False)),
        *((f"FP{8 * size}", f"f{size}", in_binary) for size in (4, 8) for in_binary in (True, False)),
        *(("BOOL", "?", in_binary) for in_binary in (True, False)),
        ("FP16", "f2", True),  # Triton's client sends it in binary only
    ],
)
def test_every_datatype_of_numbers_arrives(start, client, rng, datatype, dtype, in_binary):
    server = start(lambda X: X.sum(axis=1), example=[1, 2, 3], task="regression")
    values = rng.integers(0, 2 if dtype == "?" else 100, (5, 3)).astype(dtype)
    if dtype.startswith("f"):
        values /= 7
    result = client(server).infer(server.name, [tensor(values, datatype, binary_data=in_binary)])
    np.testing.assert_array_equal(result.as_numpy("predictions"), values.astype(float).sum(axis=1))


def test_data_come_flat_or_in_lists_as_deep_as_the_shape(infer):
    rows = X[:3].tolist()
    nested = infer(described(shape=[3, 4], data=rows))
    flat = infer(described(shape=[3, 4], data=X[:3].ravel().tolist()))
    assert nested[0] == flat[0] == 200
    assert nested[1]["outputs"][0] == flat[1]["outputs"][0]
    assert nested[1]["outputs"][0]["data"] == [0, 0, 0]
    assert "id" not in nested[1]


def test_numbers_of_less_precision_are_those_that_the_datatype_holds(start, infer):
    server = start(lambda X: X[:, 0], example=[1.0], task="regression")
    _, answer = infer(described(shape=[1, 1], datatype="FP32", data=[0.1]), to=server)
    assert answer["outputs"][0]["data"] == [float(np.float32(0.1))]


def test_only_the_outputs_that_are_asked_for_come_in_their_order(infer):
    wanted = [{"name": "ids"}, {"name": "predictions"}]
    _, answer = infer(described() | {"outputs": wanted})
    assert [output["name"] for output in answer["outputs"]] == ["ids", "predictions"]


@pytest.mark.parametrize(
    ("predict", "options", "datatype", "data"),
    [
        (lambda X: ["a", "b"], {}, "BYTES", ["a", "b"]),
        (lambda X: X[:, 0] > 1, {}, "BOOL", [False, True]),
        (lambda X: X[:, 0], {}, "FP64", [1.0, 2.0]),
        (lambda X: [1, 2.5], {}, "FP64", [1.0, 2.5]),
        (lambda X: np.array([2**64 - 1, 1], dtype=np.uint64), {}, "BYTES", ["18446744073709551615", "1"]),
        (lambda X: [["a"], ["a", "b"]], {"task": "multilabel"}, "BYTES", ['["a"]', '["a","b"]']),
    ],
)
def test_what_a_function_predicts_is_a_tensor_of_its_type(start, infer, predict, options, datatype, data):
    server = start(predict, example=[1.0], **options)
    _, answer = infer(described(shape=[2, 1], data=[1.0, 2.0]), to=server)
    output = answer["outputs"][0]
    assert (output["datatype"], output["shape"], output["data"]) == (datatype, [2], data)


def test_rows_of_labels_are_a_matrix(start, infer):
    server = start(lambda X: np.array([[1, 0, 1]] * len(X)), example=[1.0], task="multilabel")
    _, answer = infer(described(shape=[2, 1], data=[1.0, 2.0]), to=server)
    output = answer["outputs"][0]
    assert (output["datatype"], output["shape"], output["data"]) == ("INT64", [2, 3], [1, 0, 1, 1, 0, 1])


def test_a_version_is_asked_for_by_name_and_another_is_not_there(infer, flowers):
    assert infer(described(), path="/versions/7")[0] == 200
    code, answer = infer(described(), path="/versions/8")
    assert (code, answer) == (404, {"error": f"version '8' of {flowers.name!r} is not served: version '7' is"})
    flowers.swap(LinearRegression().fit(X, Y), version="8")
    assert infer(described(), path="/versions/8")[1]["outputs"][0]["datatype"] == "FP64"
    assert infer(described(), path="/versions/7")[0] == 404


def test_a_canary_is_told_of_among_the_versions(flowers, http):
    flowers.canary(lambda X: X[:, 0], version="8", share=0.1)
    assert http.get(f"{flowers.url}/v2/models/{flowers.name}", timeout=10).json()["versions"] == ["7", "8"]
    told = http.get(f"{flowers.url}/v2/models/{flowers.name}/versions/8", timeout=10).json()
    assert [output["name"] for output in told["outputs"]] == ["predictions", "ids"]


@pytest.mark.parametrize(
    ("method", "path", "code", "detail"),
    [
        ("GET", "/v2/models/other", 404, "there is no model 'other'"),
        ("POST", "/v2/models/other/infer", 404, "there is no model"),
        ("GET", "/v2/models/{name}/infer", 405, "does not take GET: use POST"),
        ("POST", "/v2/health/live", 405, "does not take POST"),
        ("GET", "/v2/nothing", 404, "there is no /v2/nothing"),
    ],
)
def test_a_wrong_path_is_told_of_in_the_protocols_form_and_counted(
    http, flowers, counts_of, method, path, code, detail
):
    answer = http.request(method, flowers.url + path.format(name=flowers.name), timeout=10)
    assert answer.status_code == code
    assert list(answer.json()) == ["error"]
    assert detail in answer.json()["error"]
    assert counts_of(flowers).by_status == {"client_error": 1}


@pytest.mark.parametrize(
    ("document", "detail"),
    [
        (b"", "the body is empty"),
        (b"{oops", "is not JSON"),
        ([], "the body is a list"),
        ({}, "the key 'inputs' is missing"),
        ({"inputs": {}}, "inputs is an object"),
        ({"inputs": []}, "inputs is empty"),
        ({"inputs": [3]}, "inputs[0] is a number"),
        (described(name=3), "inputs[0].name is a number"),
        (described(datatype="FP8"), "inputs[0].datatype is 'FP8': send one of BOOL"),
        (described(shape="4"), "inputs[0].shape: send a list"),
        (described(shape=[]), "inputs[0].shape: send a list"),
        (described(shape=[1, -4]), "none below 0"),
        (described(shape=[1, 4.0]), "send whole numbers"),
        (described(shape=[True, 4]), "send whole numbers"),
        (described(shape=[0, 4]), "send at least one element"),
        (described(shape=[2**62, 2**62]), "not more than there are"),
        (described(shape=[2, 4]), "does not have the shape [2, 4]"),
        (described(shape=[4]), "inputs[0].shape is [4]: send [rows, 4]"),
        (described(shape=[1, 1, 4]), "inputs[0].shape is [1, 1, 4]: send [rows, 4]"),
        (described(shape=[2, 2]), "the model expects [rows, 4]"),
        (described(data=[[1, 2, 3, 4], [1]]), "does not have the shape"),
        (described(data=[[1, 2], [3, 4]]), "does not have the shape"),
        (described(data=[1, 2, 3, "4"]), "does not fit the datatype FP64: send numbers"),
        (described(data=[1, 2, 3, True]), "does not fit the datatype FP64: send numbers"),
        (described(data=[1, 2, 3, None]), "inputs[0][0][3] is NaN: fill missing values"),
        (described(data=[1, 2, 3, 1e39], datatype="FP32"), "a number that FP32 does not hold"),
        (described(data=[1, 2, 3, 256], datatype="UINT8"), "a number that UINT8 does not hold"),
        (described(data=[1, 2, 3, 2.5], datatype="INT8"), "send whole numbers"),
        (described(data=[1, 0, 1, 0], datatype="BOOL"), "send true or false"),
        (described(data=["a", "b", "c", "d"], datatype="BYTES"), "inputs[0][0][0] is text: send a number"),
        (described(data="abcd"), "inputs[0].data is text"),
        ({"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64"}]}, "inputs[0].data is missing"),
        (
            {"inputs": described()["inputs"] * 2},
            "the model knows no names of columns: send one of shape [rows, 4], or 4",
        ),
        ({"inputs": [column("a", [1]), column("b", [2])]}, "there are 2 inputs and the model knows no names"),
        ({"inputs": [column(name, [1]) for name in "abca"]}, "inputs has two tensors of one name"),
        ({"inputs": [column("a", [1]), *(column(name, [1, 2]) for name in "bcd")]}, "inputs.b has the shape [2]"),
        (described() | {"id": 7}, "id is a number"),
        (described() | {"outputs": [{"name": "loss"}]}, "outputs[0].name is 'loss': the model has predictions"),
        (described() | {"outputs": [{"name": ["ids"]}]}, "the model has predictions"),
        (described() | {"outputs": {"name": "ids"}}, "outputs is an object"),
        (described() | {"outputs": [{"name": "ids", "parameters": {"classification": 2}}]}, "does not do that"),
        (described() | {"parameters": {"binary_data_output": 1}}, "send true or false"),
        (described() | {"parameters": [1]}, "parameters is a list"),
        (described(parameters={"shared_memory_region": "a"}), "shares no memory"),
        (described(parameters={"binary_data_size": 32}), "has data and"),
    ],
)
def test_a_wrong_request_is_refused_with_its_place(infer, flowers, counts_of, document, detail):
    code, answer = infer(document)
    assert code == 400
    assert list(answer) == ["error"]
    assert detail in answer["error"]
    assert counts_of(flowers).by_status == {"client_error": 1}


@pytest.mark.parametrize(
    ("change", "head", "data", "detail"),
    [
        ({"binary_data_size": 32}, 0, np.arange(4.0).tobytes(), None),
        ({"binary_data_size": 32}, 1, np.arange(4.0).tobytes(), "is not JSON"),
        ({"binary_data_size": 32}, 0, b"", "announces 32 bytes and 0 have come"),
        ({"binary_data_size": 32}, 0, b"1" * 40, "8 bytes follow the last input"),
        ({"binary_data_size": 24}, 0, b"1" * 24, "FP64 of shape [1, 4] takes 32"),
        ({"binary_data_size": -1}, 0, b"", "send a number of bytes"),
        ({"binary_data_size": 10**30}, 0, b"", "send a number of bytes"),
        ({"binary_data_size": 32}, 0, np.array([1, np.nan, 2, 3]).tobytes(), "inputs[0][0][1] is NaN"),
        ({"binary_data_size": 32}, 0, np.array([1, 2, np.inf, 3]).tobytes(), "inputs[0][0][2] is infinite"),
    ],
)
def test_binary_data_are_checked(infer, change, head, data, detail):
    document = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "parameters": change}]}
    body = json.dumps(document).encode()
    code, answer = infer(body + data, headers={"Inference-Header-Content-Length": str(len(body) + head)})
    assert code == (200 if detail is None else 400)
    assert detail is None or detail in answer["error"]


@pytest.mark.parametrize("announced", ["0", "-1", "9" * 30, "1e3", "1, 1", "x"])
def test_a_wrong_length_of_the_json_is_refused(infer, announced):
    code, answer = infer(described(), headers={"Inference-Header-Content-Length": announced})
    assert code == 400
    assert "send the length of the JSON" in answer["error"]


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"\x01\x00\x00\x00", "ends within an element"),
        (b"\x01\x00\x00", "ends within an element"),
        (b"\xff\xff\xff\xffa", "ends within an element"),
        (b"\x01\x00\x00\x00\xff", "is no UTF-8"),
        (b"\x01\x00\x00\x00a" * 3, "has 3 elements and its shape 4"),
    ],
)
def test_texts_in_binary_are_checked(infer, data, detail):
    parameters = {"binary_data_size": len(data)}
    document = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "BYTES", "parameters": parameters}]}
    body = json.dumps(document).encode()
    code, answer = infer(body + data, headers={"Inference-Header-Content-Length": str(len(body))})
    assert code == 400
    assert detail in answer["error"]


@pytest.mark.parametrize(
    ("names", "detail"),
    [
        (NAMES[:3], "lacks 'petal width (cm)'"),
        ([*NAMES, "z"], "has 'z', which the model does not know"),
        ([*NAMES, NAMES[0]], "two tensors of one name"),
    ],
)
def test_columns_that_are_not_the_models_are_named(start, infer, names, detail):
    server = start(ON_FRAME)
    inputs = [{"name": name, "shape": [1], "datatype": "FP64", "data": [1.0]} for name in names]
    code, answer = infer({"inputs": inputs}, to=server)
    assert code == 400
    assert detail in answer["error"]


def test_columns_of_unequal_length_are_refused(start, infer):
    server = start(ON_FRAME)
    inputs = [{"name": name, "shape": [1 + (name == NAMES[3])], "datatype": "FP64", "data": [1.0]} for name in NAMES]
    inputs[3]["data"] = [1.0, 2.0]
    code, answer = infer({"inputs": inputs}, to=server)
    assert code == 400
    assert "inputs.petal width (cm) has the shape [2]: send [1]" in answer["error"]


def test_a_name_that_needs_quoting_in_a_path_is_found(start, client):
    server = start(ON_ARRAY, name="Ähren / 1 %")
    result = client(server).infer("Ähren / 1 %", [tensor(X[:2], "FP64")])
    assert result.as_numpy("predictions").tolist() == [0, 0]


def test_inference_is_counted_and_timed_like_predict(flowers, infer, counts_of):
    infer(described())
    counts = counts_of(flowers)
    assert counts.by_status == {"ok": 1}
    assert counts("inference_request_duration_seconds_count") == 1
    assert counts("inference_phase_duration_seconds_count", phase="predict") == 1
    assert counts("model_predictions_total", class_name="0") == 1
