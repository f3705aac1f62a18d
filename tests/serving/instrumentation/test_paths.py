import pytest

from monitorkit.serving.instrumentation.paths import PredictPaths


@pytest.mark.parametrize(
    ("path", "asks"),
    [
        ("/predict", True),
        ("/predict/", True),
        ("/api/v1/predict", True),
        ("/v1/models/{name}:predict", True),
        ("/v2/models/digits/infer", True),
        ("/invocations", True),
        ("/", False),
        ("/predictor", False),
        ("/predict/explain", False),
        ("/health", False),
        ("unmatched", False),
        ("predict", False),
    ],
)
def test_the_last_word_tells_what_asks_the_model(path, asks):
    assert PredictPaths().covers(path) is asks


@pytest.mark.parametrize(
    ("template", "path", "covered"),
    [
        ("/ask", "/ask", True),
        ("/ask", "/ask/", False),
        ("/ask", "/predict", False),
        ("/<int:user>/ask", "/<int:user>/ask", True),
        ("/<int:user>/ask", "/7/ask", True),
        ("/{user}/ask", "/a/b/ask", False),
        ("/{rest:path}/ask", "/a/b/ask", True),
        ("/<path:rest>", "/a/b", True),
        ("/a.b", "/axb", False),
        ("/{rest:path}", "/" + "a/" * 20000, True),
    ],
)
def test_a_template_covers_itself_and_what_it_stands_for(template, path, covered):
    assert PredictPaths(template).covers(path) is covered


def test_a_path_is_named_by_what_is_known_beforehand():
    assert PredictPaths().template("/predict") == "/predict"
    assert PredictPaths().template("/predict/") == "/predict/"
    assert PredictPaths().template("/predict//") is None
    assert PredictPaths().template("/ann/predict") is None
    assert PredictPaths(["/{who}/ask", "/b"]).template("/ann/ask") == "/{who}/ask"
    assert PredictPaths([]).template("/predict") is None


def test_long_paths_take_no_longer_than_they_are_long():
    hostile = "/" + "predict/" * 50000 + "x"
    assert not PredictPaths().covers(hostile)
    assert not PredictPaths("/{a:path}/{b:path}/ask").covers("/" + "a/" * 2000)
