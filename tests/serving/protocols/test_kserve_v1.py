"""KServe's first protocol."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

IRIS = load_iris(as_frame=True)
X, Y = IRIS.data.to_numpy(), IRIS.target.to_numpy()
NAMED = LogisticRegression(max_iter=1000).fit(IRIS.data, Y)
NAMES = list(IRIS.data.columns)


@pytest.fixture
def flowers(start):
    return start(NAMED)


@pytest.fixture
def ask(post, flowers):
    def ask(document):
        answer = post(document, f"/v1/models/{flowers.name}:predict", flowers)
        return answer.status_code, answer.json()

    return ask


def test_models_are_listed_and_ready(http, flowers):
    assert http.get(f"{flowers.url}/v1/models", timeout=10).json() == {"models": [flowers.name]}
    ready = http.get(f"{flowers.url}/v1/models/{flowers.name}", timeout=10).json()
    assert ready == {"name": flowers.name, "ready": True}


@pytest.mark.parametrize(
    "document",
    [
        {"instances": X[:60:20].tolist()},
        {"inputs": X[:60:20].tolist()},
        {"instances": [dict(zip(NAMES[::-1], row[::-1], strict=True)) for row in X[:60:20].tolist()]},
        {"inputs": {name: X[:60:20, column].tolist() for column, name in reversed(list(enumerate(NAMES)))}},
        {"instances": X[:60:20].tolist(), "signature_name": "serving_default"},
    ],
)
def test_rows_and_columns_are_predicted(ask, flowers, document):
    code, answer = ask(document)
    assert code == 200
    assert answer["predictions"] == NAMED.predict(IRIS.data[:60:20]).tolist()
    assert flowers.feedback(answer["ids"], Y[:60:20])["joined"] == 3


def test_probabilities_come_where_they_are_asked_for(ask):
    _, answer = ask({"instances": X[:3].tolist(), "probabilities": True})
    np.testing.assert_array_equal(answer["probabilities"], NAMED.predict_proba(IRIS.data[:3]))


def test_columns_are_taken_in_their_order_where_the_model_has_no_names(start, post):
    server = start(LogisticRegression(max_iter=1000).fit(X, Y))
    inputs = {name: X[::50, place].tolist() for place, name in enumerate("zyxw")}
    answer = post({"inputs": inputs}, f"/v1/models/{server.name}:predict", server)
    assert answer.json()["predictions"] == [0, 1, 2]


def test_one_tensor_under_a_name_is_taken_where_columns_have_none(start, post):
    server = start(LogisticRegression(max_iter=1000).fit(X, Y))
    answer = post({"inputs": {"x": X[:2].tolist()}}, f"/v1/models/{server.name}:predict", server)
    assert answer.json()["predictions"] == [0, 0]


@pytest.mark.parametrize(
    ("document", "detail"),
    [
        ("", "the body is empty"),
        ({}, "the key 'instances' is missing"),
        ({"instances": []}, "instances is empty"),
        ({"inputs": []}, "inputs is empty"),
        ({"inputs": {}}, "inputs is empty"),
        ({"inputs": 3}, "inputs is a number"),
        ({"inputs": {"a": 1}}, "inputs.a is no list"),
        ({"inputs": {"a": [1], "b": [1, 2]}}, "have 1 to 2 values"),
        ({"inputs": {"a": []}}, "inputs is empty"),
        ({"inputs": {"a": [1]}}, "inputs[0] lacks 'sepal length (cm)'"),
        ({"instances": [[1, 2]]}, "instances[0] has 2 numbers and the model expects 4"),
        ({"instances": [[1, 2, 3, 4]], "probabilities": 1}, "send true or false"),
    ],
)
def test_a_wrong_request_is_refused_in_the_protocols_form_and_counted(ask, flowers, counts_of, document, detail):
    code, answer = ask(document)
    assert code == 400
    assert list(answer) == ["error"]
    assert detail in answer["error"]
    assert counts_of(flowers).by_status == {"client_error": 1}


@pytest.mark.parametrize(
    ("method", "path", "code", "detail"),
    [
        ("GET", "/v1/models/other", 404, "there is no model 'other'"),
        ("POST", "/v1/models/other:predict", 404, "there is no model"),
        ("POST", "/v1/models/{name}:explain", 404, "to ask that"),
        ("GET", "/v1/models/{name}:predict", 405, "use POST"),
    ],
)
def test_a_wrong_path_is_refused_in_the_protocols_form(http, flowers, method, path, code, detail):
    answer = http.request(method, flowers.url + path.format(name=flowers.name), timeout=10)
    assert answer.status_code == code
    assert detail in answer.json()["error"]
