"""Feedback of any form, to a model of any kind: an answer in JSON, never a 5xx, and nothing counted where it is refused."""

import json

import numpy as np
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.serving import serve

MODELS = {
    "class": (lambda table: (table[:, 0] > 0).astype(int), {"classes": [0, 1]}),
    "any class": (lambda table: np.where(table[:, 0] > 0, "yes", "no"), {}),
    "number": (lambda table: table[:, 0], {}),
    "columns": (lambda table: table > 0, {"classes": ["x", "y"]}),
    "tags": (lambda table: [["a"] if row[0] > 0 else [] for row in table], {"task": "multilabel"}),
    "rows": (lambda table: table, {}),
}
RIGHT = {"class": 1, "any class": "no", "number": 0.5, "columns": [0, 1], "tags": ["a", "b"], "rows": 1}
COUNTED = ("model_outcomes_total", "model_absolute_error_count", "model_label_sets_total", "model_predictions_total")

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=True)
    | st.text(max_size=300)
)
LABELS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2), max_leaves=5
)


@pytest.fixture(scope="module")
def asked():
    """Servers by kind of model, and ids that they have given out."""
    servers = {}
    try:
        for kind, (model, options) in MODELS.items():
            servers[kind] = serve(model, name=f"wrong feedback: {kind}", **options)
        yield {kind: (server, iter(server.predict([[1.0, -1.0]] * 3000).ids)) for kind, server in servers.items()}
    finally:
        for server in servers.values():
            server.stop()


@pytest.fixture(scope="module")
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


def everything(server):
    """All that has been counted of true labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in server.registry.collect()
        for sample in family.samples
        if sample.name in COUNTED or sample.name.startswith(("model_feedback", "model_accuracy", "model_mae"))
    }


@pytest.mark.parametrize("kind", MODELS)
@settings(deadline=None, max_examples=100)
@given(label=LABELS, data=st.data())
def test_any_label_is_counted_or_refused_whole(asked, session, kind, label, data):
    server, ids = asked[kind]
    good = next(ids)
    bad = data.draw(st.sampled_from(["a known id", "unknown", good]))
    document = {"ids": [good, next(ids) if bad == "a known id" else bad], "y_true": [RIGHT[kind], label]}
    before = everything(server)
    answer = session.post(f"{server.url}/feedback", data=json.dumps(document), timeout=30)
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    if answer.status_code == 200:
        assert told["joined"] + told["unknown"] + told["duplicate"] == 2
        assert all(np.isfinite(value) for value in everything(server).values())
    else:
        assert answer.status_code == 400
        assert {"error", "detail"} <= set(told)
        assert everything(server) == before


@pytest.mark.parametrize("kind", MODELS)
@settings(deadline=None, max_examples=60)
@given(document=st.dictionaries(st.sampled_from(["ids", "y_true", "x"]), LABELS) | LABELS)
def test_any_document_is_answered(asked, session, kind, document):
    answer = session.post(f"{asked[kind][0].url}/feedback", data=json.dumps(document), timeout=30)
    assert answer.status_code in {200, 400}
    assert answer.headers["content-type"] == "application/json"
