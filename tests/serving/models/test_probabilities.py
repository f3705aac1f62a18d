"""Probabilities beside predictions, and when one call of the model gives both."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from monitorkit.errors import InvalidValue
from monitorkit.serving.models.model import Model
from monitorkit.serving.models.probabilities import Probabilities
from monitorkit.serving.refusals import Refusal

RNG = np.random.default_rng(7)
X = RNG.integers(0, 3, (120, 4)).astype(float)
Y = {
    2: X.sum(axis=1) + RNG.normal(size=120) > 4,
    3: np.array(["a", "b", "c"])[(X.sum(axis=1) // 3).astype(int).clip(0, 2)],
}

ONE_CALL = [
    LogisticRegression(),
    LogisticRegressionCV(cv=2),
    LinearDiscriminantAnalysis(),
    QuadraticDiscriminantAnalysis(reg_param=0.1),
    DecisionTreeClassifier(max_depth=2),
    ExtraTreeClassifier(max_depth=2),
    RandomForestClassifier(4, max_depth=2),
    ExtraTreesClassifier(4, max_depth=2),
    GradientBoostingClassifier(n_estimators=3),
    HistGradientBoostingClassifier(max_iter=3),
    MLPClassifier((3,), max_iter=10),
    GaussianNB(),
    MultinomialNB(),
    BernoulliNB(),
    CategoricalNB(),
    make_pipeline(StandardScaler(), LogisticRegression()),
    GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2),
]
TWO_CALLS = [
    KNeighborsClassifier(),
    DummyClassifier(strategy="prior"),
    make_pipeline(StandardScaler(), KNeighborsClassifier()),
]


def watched(model, monkeypatch):
    """Count what is called of a model."""
    calls = []
    for name in ("predict", "predict_proba"):
        method = getattr(model, name)
        monkeypatch.setattr(model, name, lambda rows, m=method, n=name: calls.append(n) or m(rows), raising=False)
    return calls


def named(model):
    return type(model).__name__ if not hasattr(model, "steps") else "-".join(name for name, _ in model.steps)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("model", [*ONE_CALL, *TWO_CALLS], ids=named)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_predictions_are_those_of_predict_and_probabilities_those_of_predict_proba(model, n_classes):
    model.fit(X, Y[n_classes])
    outputs = Model(model).predict(X)
    assert outputs.predictions == model.predict(X).tolist()
    assert outputs.probabilities.tolist() == model.predict_proba(X).tolist()


@pytest.mark.parametrize("model", ONE_CALL, ids=named)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_one_call_is_enough_where_predict_takes_the_greatest(model, monkeypatch):
    model.fit(X, Y[3])
    first = model.predict_proba(X)
    clear = X[np.ptp(np.partition(first, -2, axis=1)[:, -2:], axis=1) > 1e-3]
    calls = watched(model, monkeypatch)
    Model(model).predict(clear)
    assert calls == ["predict_proba"]


@pytest.mark.parametrize("model", TWO_CALLS, ids=named)
def test_predict_is_asked_where_it_may_say_something_else(model, monkeypatch):
    model.fit(X, Y[3])
    calls = watched(model, monkeypatch)
    Model(model).predict(X)
    assert calls == ["predict", "predict_proba"]


def test_predict_is_asked_where_two_classes_are_equally_probable(monkeypatch):
    model = LogisticRegression().fit(X, Y[2])
    model.coef_[:], model.intercept_[:] = 0.0, 1e-17
    calls = watched(model, monkeypatch)
    outputs = Model(model).predict(X[:1])
    assert outputs.probabilities.tolist() == [[0.5, 0.5]]
    assert outputs.predictions == [True]
    assert calls == ["predict_proba", "predict"]


def test_a_threshold_that_was_tuned_is_kept():
    model = TunedThresholdClassifierCV(LogisticRegression(), scoring="recall", cv=2).fit(X, Y[2])
    greatest = model.predict_proba(X).argmax(axis=1).astype(bool)
    outputs = Model(model).predict(X)
    assert outputs.predictions == model.predict(X).tolist()
    assert outputs.predictions != greatest.tolist()


class Own(ClassifierMixin, BaseEstimator):
    """A classifier of a user's own, whose probabilities can fail."""

    def __init__(self, answer=None):
        self.answer = answer

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))

    def predict_proba(self, X):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [RuntimeError("no"), None, np.ones((1, 2)), np.ones((2, 3)), np.ones(2), [["a", "b"], ["c", "d"]], [[1], [1, 2]]],
)
def test_probabilities_that_fail_cost_no_prediction(answer):
    outputs = Model(Own(answer).fit(X, Y[2])).predict(X[:2])
    assert outputs.predictions == [False, False]
    assert outputs.probabilities is None


def test_several_requests_in_one_call_get_their_own_probabilities():
    model = Model(LogisticRegression().fit(X, Y[3]))
    parts = model.predict_together([X[:3], X[3:4]])
    assert [len(part.probabilities) for part in parts] == [3, 1]
    assert parts[1].probabilities.tolist() == pytest.approx(model.predict(X[3:4]).probabilities)


def test_there_are_none_where_none_are_told_or_wanted():
    y = Y[2]
    logistic = LogisticRegression().fit(X, y)
    for model in (
        Model(logistic, probabilities=False),
        Model(LinearSVC().fit(X, y)),
        Model(logistic.predict),
        Model(len),
    ):
        assert model.probabilities is None
    many = GaussianNB().fit(np.arange(202.0)[:, np.newaxis] // 2, np.arange(202) // 2)
    assert Probabilities.of(many) is None


def test_to_want_them_where_there_are_none_is_refused():
    with pytest.raises(InvalidValue, match="probabilities: this LinearSVC tells none"):
        Model(LinearSVC().fit(X, Y[2]), probabilities=True)


def test_a_model_that_raises_says_so_in_either_call():
    with pytest.raises(Refusal, match="the model raised ValueError"):
        Model(LogisticRegression().fit(X, Y[2])).predict(X[:, :2])


def test_an_answer_holds_them_when_they_are_asked_for(start):
    model = LogisticRegression(max_iter=1000).fit(X, Y[3])
    answer = start(model).predict(X[:2], probabilities=True)
    assert answer.probabilities == model.predict_proba(X[:2]).tolist()
    assert answer.classes == ["a", "b", "c"]


def test_an_answer_holds_none_when_they_are_not_asked_for(start, post):
    answer = post({"instances": X[:1].tolist()}, to=start(LogisticRegression().fit(X, Y[2]))).json()
    assert set(answer) == {"predictions", "ids", "model_name", "model_version"}


@pytest.mark.parametrize("options", [{}, {"probabilities": False}])
def test_to_ask_a_model_without_them_is_refused(start, post, options):
    model = len if not options else LogisticRegression().fit(X, Y[2])
    server = start(model, **options)
    answer = post({"instances": X[:1].tolist(), "probabilities": True}, to=server)
    assert answer.status_code == 400
    assert answer.json()["error"] == "no_probabilities"
    with pytest.raises(InvalidValue, match="without probabilities"):
        server.predict(X[:1], probabilities=True)
