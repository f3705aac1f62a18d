"""What true labels count, through a real server: against scikit-learn on what the client knows."""

import numpy as np
import pandas as pd
import pytest
import requests
from scipy import sparse
from sklearn.datasets import make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    mean_absolute_error,
    multilabel_confusion_matrix,
    precision_score,
    r2_score,
    recall_score,
    root_mean_squared_error,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

X, Y = make_multilabel_classification(200, n_features=6, n_classes=4, random_state=2)
OUTCOMES = ("tn", "fp", "fn", "tp")


@pytest.fixture
def see(start, counts_of):
    """Serve a model, tell it true labels, and return how to read its metrics and what it predicted."""

    def see(model, y_true, rows=X, **options):
        server = start(model, **options)
        answer = server.predict(rows)
        assert server.feedback(answer, y_true)["joined"] == len(answer)
        return counts_of(server), answer.predictions

    return see


@pytest.mark.parametrize(
    "model",
    [
        OneVsRestClassifier(LogisticRegression()),
        MultiOutputClassifier(LogisticRegression()),
        ClassifierChain(LogisticRegression()),
        RandomForestClassifier(10, random_state=0),
        DecisionTreeClassifier(max_depth=4, random_state=0),
        KNeighborsClassifier(),
        MLPClassifier((5,), max_iter=20, random_state=0),
        RidgeClassifier(),
        make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression())),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_multi_label_model_is_scored_by_sets_and_by_labels(see, model):
    counts, predictions = see(model.fit(X, Y), Y)
    assert predictions == model.predict(X).astype(int).tolist()
    scores = [counts(f"model_{name}") for name in ("accuracy", "recall", "precision", "f1")]
    macro = {"average": "macro", "zero_division": 0}
    assert scores == [
        accuracy_score(Y, predictions),
        recall_score(Y, predictions, **macro),
        precision_score(Y, predictions, **macro),
        f1_score(Y, predictions, **macro),
    ]
    for label, matrix in enumerate(multilabel_confusion_matrix(Y, predictions)):
        counted = [counts("model_outcomes_total", class_name=str(label), outcome=outcome) for outcome in OUTCOMES]
        assert counted == matrix.ravel().tolist()
        assert counts("model_predictions_total", class_name=str(label)) == np.sum(predictions, axis=0)[label]
    exact = accuracy_score(Y, predictions, normalize=False)
    assert counts("model_label_sets_total", result="exact") == exact
    assert counts("model_label_sets_total", result="inexact") == len(X) - exact
    assert counts("model_brier_score") is None


def test_columns_get_the_names_that_are_given(see):
    names = ["a", "b", "c", "d"]
    counts, predictions = see(RandomForestClassifier(5, random_state=0).fit(X, Y), Y, classes=names)
    tp = np.logical_and(predictions, Y).sum(axis=0)
    assert [counts("model_outcomes_total", class_name=name, outcome="tp") for name in names] == tp.tolist()


@pytest.mark.parametrize(
    "form", [Y, Y.tolist(), Y.astype(bool), pd.DataFrame(Y), sparse.csr_matrix(Y)], ids=lambda form: type(form).__name__
)
def test_true_label_sets_come_in_any_form(see, form):
    model = OneVsRestClassifier(LogisticRegression()).fit(X, sparse.csr_matrix(Y))
    counts, predictions = see(model, form)
    assert counts("model_accuracy") == accuracy_score(Y, predictions)


def tags(table):
    """Text labels, as many as there are."""
    return [[name for name, wanted in zip("abc", row > 0, strict=False) if wanted] for row in table]


@pytest.mark.parametrize("kind", [list, set, tuple, frozenset, np.array])
def test_lists_of_labels_are_scored_like_their_indicators(see, kind):
    rows = np.array([[1.0, 0, 1], [0, 0, 0], [1, 1, 0], [0, 1, 1]])
    y_true = [["a"], [], ["b", "a"], ["c", "b"]]
    counts, predictions = see(lambda table: [kind(one) for one in tags(table)], y_true, rows, task="multilabel")
    assert predictions == [["a", "c"], [], ["a", "b"], ["b", "c"]]
    assert counts("model_accuracy") == 0.75
    truth = [[1, 0, 0], [0, 0, 0], [1, 1, 0], [0, 1, 1]]
    assert counts("model_precision") == precision_score(truth, rows, average="macro")
    assert counts("model_outcomes_total", class_name="c", outcome="fp") == 1
    assert counts("model_outcomes_total", class_name="b", outcome="tn") == 2


def test_a_function_with_named_classes_may_return_a_column_for_each(see):
    counts, _ = see(lambda table: table > 0, [[1, 1, 0]], [[1.0, 1.0, -1.0]], classes=["x", "y", "z"])
    assert counts("model_accuracy") == 1.0
    assert counts("model_outcomes_total", class_name="z", outcome="tn") == 1


def test_a_regressor_is_scored_by_its_errors(see):
    y = X @ np.arange(6) + np.random.default_rng(0).normal(size=len(X))
    model = LinearRegression().fit(X, y)
    counts, predictions = see(model, y)
    assert counts("model_mae") == mean_absolute_error(y, predictions)
    assert counts("model_rmse") == root_mean_squared_error(y, predictions)
    assert counts("model_r2") == r2_score(y, predictions)
    assert counts("model_absolute_error_count") == len(X)
    assert counts("model_accuracy") is None


@pytest.mark.parametrize("process", [False, True], ids=["kernel", "process"])
def test_a_regressor_with_several_outputs_is_scored_by_their_mean(see, process):
    rng = np.random.default_rng(4)
    y_true = X @ rng.normal(size=(X.shape[1], 3)) + rng.normal(size=(len(X), 3)) * [0.1, 5, 20]
    counts, predictions = see(LinearRegression().fit(X[:50], y_true[:50]), y_true, process=process)
    assert counts("model_mae") == mean_absolute_error(y_true, predictions)
    assert counts("model_rmse") == root_mean_squared_error(y_true, predictions)
    assert counts("model_r2") == r2_score(y_true, predictions)
    assert [counts("model_absolute_error_count", output=output) for output in ("0", "2")] == [len(X)] * 2
    assert counts("model_absolute_error_count") is None


@pytest.mark.parametrize(
    ("label", "error", "which"),
    [
        (1.0, "wrong_type", "y_true[0]"),
        ([1.0], "wrong_width", "y_true[0]"),
        ([1.0, 2.0, 3.0], "wrong_width", "y_true[0]"),
        ([1.0, "a"], "wrong_type", "y_true[0][1]"),
        ([1.0, True], "wrong_type", "y_true[0][1]"),
        ([1e300, 1.0], "too_large", "y_true[0][0]"),
    ],
)
def test_a_label_that_does_not_fit_several_outputs_is_refused(start, counts_of, label, error, which):
    server = start(lambda table: table[:, :2], task="regression")
    answer = server.predict([[1.0, 2.0, 3.0]])
    refused = requests.post(f"{server.url}/feedback", json={"ids": answer.ids, "y_true": [label]}, timeout=20)
    assert refused.status_code == 400
    assert (refused.json()["error"], refused.json().get("which", which)) == (error, which)
    assert counts_of(server)("model_absolute_error_count", output="0") == 0
    assert server.feedback(answer, [[1.5, 2.0]])["joined"] == 1
    assert counts_of(server)("model_mae") == 0.25


def test_more_outputs_than_there_are_series_for_are_joined_and_not_scored(see):
    counts, _ = see(lambda table: np.zeros((len(table), 101)), np.ones((2, 101)), X[:2], task="regression")
    assert counts("model_mae") is None
    assert counts("model_feedback_total", result="joined") == 2


def test_drift_of_several_outputs_is_that_of_the_features(start, counts_of):
    server = start(LinearRegression().fit(X, X[:, :2]), reference=X)
    server.predict(X)
    assert "prediction" not in server.reference.features
    assert counts_of(server)("model_feature_drift", feature="x0", statistic="psi") == 0


def test_a_regressor_fitted_on_a_column_predicts_numbers(see):
    y = X @ np.arange(6)
    counts, predictions = see(LinearRegression().fit(X, y[:, np.newaxis]), y)
    assert predictions == pytest.approx(y.tolist())
    assert counts("model_mae") == pytest.approx(0, abs=1e-9)


def test_whole_numbers_are_scored_as_numbers_when_told_to(see):
    counts, _ = see(lambda table: table[:, 0].astype(int), [3, 5], [[1.0], [2.0]], task="regression")
    assert (counts("model_mae"), counts("model_accuracy")) == (2.5, None)
    assert counts("model_predictions_total", class_name="1") is None


def test_floats_are_classes_when_told_to(see):
    counts, _ = see(lambda table: table[:, 0], [1, 3], [[1.0], [2.0]], task="classification")
    assert (counts("model_accuracy"), counts("model_mae")) == (0.5, None)


def test_a_prediction_that_is_no_number_is_joined_and_not_scored(see):
    counts, predictions = see(lambda table: np.where(table[:, 0] > 0, 2.0, np.nan), [1.0, 1.0], [[1.0], [0.0]])
    assert predictions == [2.0, None]
    assert (counts("model_mae"), counts("model_absolute_error_count")) == (1.0, 1)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_scored_where_a_classifier_tells_them(see, n_classes):
    y = Y.sum(axis=1).clip(1, n_classes)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    counts, _ = see(model, y)
    probabilities = model.predict_proba(X)
    expected = brier_score_loss(
        y, probabilities[:, 1] if n_classes == 2 else probabilities, **({"pos_label": 2} if n_classes == 2 else {})
    )
    assert counts("model_brier_score") == pytest.approx(expected, rel=1e-12)
    confidence, right = probabilities.max(axis=1), model.predict(X) == y
    bins = np.digitize(confidence, np.arange(1, 10) / 10, right=True)
    error = sum(abs((confidence - right)[bins == index].sum()) for index in range(10)) / len(X)
    assert counts("model_calibration_error") == pytest.approx(error)


def test_probabilities_are_left_alone_when_told_to(see):
    y = Y[:, 0]
    counts, _ = see(LogisticRegression().fit(X, y), y, probabilities=False)
    assert counts("model_brier_score") is None
    assert counts("model_confidence_labels_total", bin="1.0") is None
    assert counts("model_accuracy") is not None


@pytest.mark.parametrize(
    ("model", "name", "labels"),
    [
        (LogisticRegression().fit(X, Y[:, 0]), "model_outcomes_total", {"class_name": "1", "outcome": "tp"}),
        (LogisticRegression().fit(X, Y[:, 0]), "model_confidence_hits_total", {"bin": "0.9"}),
        (LinearRegression().fit(X, Y[:, 0]), "model_true_value_total", {"sign": "negative"}),
        (RandomForestClassifier(2).fit(X, Y), "model_outcomes_total", {"class_name": "3", "outcome": "fn"}),
        (RandomForestClassifier(2).fit(X, Y), "model_label_sets_total", {"result": "exact"}),
    ],
)
def test_what_an_estimator_will_count_is_there_from_0_on(start, counts_of, model, name, labels):
    assert counts_of(start(model))(name, **labels) == 0


MODELS = {
    "class": (lambda table: (table[:, 0] > 0).astype(int), {"classes": [0, 1]}),
    "text": (lambda table: np.where(table[:, 0] > 0, "yes", "no"), {}),
    "number": (lambda table: table[:, 0], {}),
    "columns": (lambda table: table > 0, {"classes": ["x", "y"]}),
    "tags": (tags, {"task": "multilabel", "classes": ["a", "b", "c"]}),
}


@pytest.mark.parametrize(
    ("kind", "label", "error", "which"),
    [
        ("class", 2, "wrong_class", "y_true[1]"),
        ("class", "1", "wrong_class", "y_true[1]"),
        ("class", [1], "wrong_type", "y_true[1]"),
        ("class", 10**30, "wrong_class", "y_true[1]"),
        ("text", 1, "wrong_type", "y_true[1]"),
        ("text", ["yes"], "wrong_type", "y_true[1]"),
        ("number", "1.5", "wrong_type", "y_true[1]"),
        ("number", True, "wrong_type", "y_true[1]"),
        ("number", [1.5], "wrong_type", "y_true[1]"),
        ("number", 1e101, "too_large", "y_true[1]"),
        ("number", -(10**200), "too_large", "y_true[1]"),
        ("columns", 1, "wrong_type", "y_true[1]"),
        ("columns", [1], "wrong_width", "y_true[1]"),
        ("columns", [1, 0, 0], "wrong_width", "y_true[1]"),
        ("columns", [1, 2], "wrong_class", "y_true[1][1]"),
        ("columns", ["x", "y"], "wrong_class", "y_true[1][0]"),
        ("tags", "a", "wrong_type", "y_true[1]"),
        ("tags", ["a", "d"], "wrong_class", "y_true[1]"),
        ("tags", [1], "wrong_class", "y_true[1]"),
    ],
)
def test_a_wrong_label_is_refused_and_nothing_is_counted(start, counts_of, post, kind, label, error, which):
    model, options = MODELS[kind]
    server = start(model, **options)
    answer = server.predict([[1.0, -1.0], [-1.0, 1.0]])
    right = {"class": 1, "text": "yes", "number": 1.5, "columns": [1, 0], "tags": ["a"]}[kind]
    refused = post({"ids": answer.ids, "y_true": [right, label]}, "/feedback", to=server)
    assert refused.status_code == 400
    assert (refused.json()["error"], refused.json()["which"]) == (error, which)
    counts = counts_of(server)
    assert counts("model_feedback_total", result="joined") == 0
    assert counts("model_accuracy") is None
    assert counts("model_mae") is None
    assert server.feedback(answer, [right, right])["joined"] == 2


@pytest.mark.parametrize("prediction", [{"label": "a"}, [0.1, 0.9], None, np.datetime64("2026-01-31")])
def test_any_label_may_come_for_a_prediction_that_nothing_can_be_compared_with(start, prediction):
    def model(X):
        predictions = np.empty(len(X), dtype=object)
        predictions[:] = [prediction] * len(X)
        return predictions

    server = start(model)
    answer = server.predict([[1.0], [2.0]])
    assert server.feedback(answer, ["a", 3])["joined"] == 2


def test_a_model_whose_columns_do_not_fit_its_classes_is_told(start, post):
    server = start(lambda table: np.ones((len(table), 3)), task="multilabel", classes=["x", "y"])
    answer = post({"instances": [[1.0]]}, to=server)
    assert answer.status_code == 500
    assert "rows of 3 labels and its classes are 2" in answer.json()["detail"]


def test_a_model_that_turns_out_to_be_of_another_kind_takes_over_no_scores(start, counts_of):
    X = [[1.0], [-2.0]]
    server = start(lambda X: X[:, 0] > 0)
    server.feedback(server.predict(X), [True, True])
    assert counts_of(server)("model_accuracy") == 0.5
    server.swap(lambda X: X[:, 0] * 1.5)
    server.feedback(server.predict(X), [1.0, -3.0])
    assert counts_of(server)("model_accuracy") is None
    assert counts_of(server)("model_mae") == 0.25
    server.swap(lambda X: X[:, 0] > 0)
    server.feedback(server.predict(X), [True, False])
    assert counts_of(server)("model_accuracy") == 1.0
    assert counts_of(server)("model_mae") is None
