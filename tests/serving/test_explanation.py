"""What a model server says about how to call it: each example works as it is written."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

FRAME = pd.DataFrame({"color": ["red", "blue"] * 5, "size": np.arange(10.0)})
MODELS = {
    "numbers": LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0]], [0, 1]),
    "names": LinearRegression().fit(FRAME[["size"]], range(10)),
    "text": make_pipeline(
        make_column_transformer((OneHotEncoder(), ["color"]), remainder="passthrough"), LogisticRegression()
    ).fit(FRAME, [0, 1] * 5),
    "texts": make_pipeline(CountVectorizer(), LogisticRegression()).fit(FRAME["color"], [0, 1] * 5),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_example_is_answered(start, http, name):
    server = start(MODELS[name], name=f"{name} / 100 %")
    told = http.get(f"{server.url}/predict", timeout=10).json()
    assert http.post(f"{server.url}/predict", json=told["request"], timeout=10).status_code == 200
    for protocol in ("kserve_v1", "inference_v2"):
        answer = http.post(server.url + told[protocol]["path"], json=told[protocol]["request"], timeout=10)
        assert answer.status_code == 200, answer.text
    *_, body = shlex.split(told["curl"])
    assert json.loads(body) == told["request"]


def test_a_model_with_names_is_shown_by_name(start, http):
    told = http.get(start(MODELS["text"]).url + "/predict", timeout=10).json()
    assert told["request"] == {"instances": [{"color": "blue", "size": 0.0}]}
