"""Queries while a canary answers and a shadow listens: only what was answered counts, and the shadow's part is apart."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score

from monitorkit import expr
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics import queries
from monitorkit.processes import wait_until
from monitorkit.services import start_prometheus
from monitorkit.serving import serve

MODEL = "with a shadow"


def labelled(server):
    """How many of the shadow's predictions have their true label."""
    families = {family.name: family for family in server.registry.collect()}
    return sum(sample.value for sample in families["shadow_model_confidence_labels"].samples)


@pytest.fixture(scope="module")
def lived():
    """Prometheus, true labels, what was answered, by version too, and the shadow's predictions and probabilities."""
    X, y = load_digits(return_X_y=True)
    served, canary, shadow = (LogisticRegression(max_iter=300, C=C).fit(X[:200], y[:200]) for C in (1e-4, 1e-2, 1e-6))
    X, y = X[200:500], y[200:500]
    with (
        serve(served, name=MODEL, reference=X) as server,
        start_prometheus(targets=[server], name="with a shadow") as prom,
    ):
        server.canary(canary, version="2", share=0.5, seed=1)
        server.shadow(shadow, version="3")
        prom.await_scrape()
        answered, versions = [], []
        for row in range(0, 300, 10):
            answer = server.predict(X[row : row + 10])
            server.feedback(answer, y[row : row + 10])
            answered += answer.predictions
            versions += [answer.model_version] * 10
        assert wait_until(lambda: labelled(server) == 300, timeout_seconds=30)
        prom.await_scrape()
        yield prom, y, np.array(answered), np.array(versions), shadow.predict(X), shadow.predict_proba(X)


@pytest.fixture
def found(lived):
    def found(query):
        frame = lived[0].query(query, tidy=True)
        labels = [label for label in frame.columns if label not in {"__name__", "timestamp", "value"}]
        return {tuple(row[label] for label in labels): row["value"] for _, row in frame.iterrows()}

    return found


def near(number):
    """A scrape can fall into the requests, and counters that began at 0 with it weigh a little less."""
    return pytest.approx(number, abs=0.02)


def test_scores_are_those_of_what_was_answered(lived, found):
    _, y, answered, versions, predicted, _ = lived
    assert accuracy_score(y, answered) - accuracy_score(y, predicted) > 0.1
    assert found(queries.accuracy(MODEL)) == {(): near(accuracy_score(y, answered))}
    assert found(queries.f1(MODEL)) == {(): near(f1_score(y, answered, average="macro"))}
    assert found(queries.accuracy(MODEL, by="model_version")) == {
        (version,): near(accuracy_score(y[versions == version], answered[versions == version])) for version in "12"
    }
    assert {labels[-1] for labels in found("model_accuracy")} == {"1", "2"}


def test_predictions_and_rows_are_those_that_were_answered(lived, found):
    answered = lived[2]
    assert found(queries.prediction_share(MODEL)) == {
        (str(label),): near((answered == label).mean()) for label in range(10)
    }
    assert {version for _, _, version in found(queries.psi(MODEL))} == {"1", "2"}
    assert found(queries.batch_size(MODEL)) == {(): near(10)}
    assert found(f'sum(inference_phase_duration_seconds_count{{model_name="{MODEL}",phase="predict"}})') == {(): 30}
    assert [labels[-1] for labels in found("cpu_usage")] == ["1"]


def test_those_of_the_shadow_are_its_own(lived, found):
    _, y, answered, _, predicted, probabilities = lived
    assert found(queries.of_shadow(queries.accuracy(MODEL))) == {(): near(accuracy_score(y, predicted))}
    assert found(queries.of_shadow(queries.brier(MODEL, by="model_version"))) == {
        ("3",): near(brier_score_loss(y, probabilities))
    }
    assert {version for _, _, version in found(queries.of_shadow(queries.psi(MODEL)))} == {"3"}
    assert found(queries.shadow_agreement(MODEL)) == {(): near((answered == predicted).mean())}
    assert found(queries.shadow_dropped(MODEL)) == {(): 0}


def test_a_dashboard_s_window_stays():
    query = queries.of_shadow(queries.accuracy(window="$__rate_interval"))
    assert query == queries.accuracy(window="$__rate_interval").replace("model_outcomes", "shadow_model_outcomes")
    assert query.count("[$__rate_interval]") == 2
    assert queries.of_shadow('{__name__="model_recall",job="a"}') == 'shadow_model_recall{job="a"}'


@pytest.mark.parametrize(
    ("query", "what"),
    [
        (queries.throughput(), "inference_requests_total"),
        (queries.latency_quantile(), "inference_request_duration_seconds_bucket"),
        (queries.shadow_agreement(), "model_shadow_predictions_total"),
        ("cpu_usage", "cpu_usage"),
    ],
)
def test_what_a_shadow_does_not_have_is_refused(query, what):
    with pytest.raises(InvalidValue, match=f"of_shadow: a shadow answers nobody, so it has no {what}; ask for"):
        queries.of_shadow(query)


def test_it_stands_beside_those_that_answered(lived, found):
    query = queries.accuracy(MODEL, by="model_version")
    both = found(expr("{a} or {b}", a=query, b=queries.of_shadow(query)))
    assert set(both) == {("1",), ("2",), ("3",)}
    assert both[("3",)] == near(accuracy_score(lived[1], lived[4]))


def test_what_is_no_query_is_refused():
    with pytest.raises(InvalidType, match="of_shadow: 5 is no query; pass PromQL"):
        queries.of_shadow(5)


def test_a_pattern_of_names_is_refused():
    with pytest.raises(InvalidValue, match="names no metric of its"):
        queries.of_shadow('{__name__=~"model_.*"}')
