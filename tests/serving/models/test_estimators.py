"""What estimators tell about themselves."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.serving.models.estimators import given_classes, name_of, own_classes, own_task

X = np.array([[0.0, 1], [1, 0], [2, 1], [3, 0], [4, 2], [5, 3]])
SINGLE = np.array([0, 1, 0, 1, 1, 0])
SEVERAL = np.array([[0, 1], [1, 0], [0, 0], [1, 1], [1, 0], [0, 1]])


class Told:
    """An estimator of a library that does not build on scikit-learn's, as CatBoost's are."""

    def __init__(self, kind, classes):
        if kind is not None:
            self._estimator_type = kind
        self.classes_ = classes

    def predict_proba(self, X):
        return X


@pytest.mark.parametrize(
    ("estimator", "task", "classes"),
    [
        (Told("classifier", np.array(["a", "b"])), "classification", ["a", "b"]),
        (Told("regressor", []), "regression", None),
        (Told(None, [1, 2]), "classification", [1, 2]),
        (Told(None, None), "", None),
        (Told(3, []), "", None),
        (LogisticRegression().fit(X, SINGLE), "classification", [0, 1]),
        (make_pipeline(StandardScaler(), LogisticRegression()).fit(X, SINGLE), "classification", [0, 1]),
        (OneVsRestClassifier(LogisticRegression()).fit(X, SINGLE), "classification", [0, 1]),
        (OneVsRestClassifier(LogisticRegression()).fit(X, SEVERAL), "multilabel", [0, 1]),
        (RandomForestClassifier(2).fit(X, SEVERAL), "multilabel", [0, 1]),
        (make_pipeline(StandardScaler(), RandomForestClassifier(2)).fit(X, SEVERAL), "multilabel", [0, 1]),
        (
            GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1]}, cv=2).fit(X, SEVERAL.astype(bool)),
            "multilabel",
            [0, 1],
        ),
        (DecisionTreeClassifier().fit(X, SEVERAL * [1, 2]), "classification", None),
        (DecisionTreeClassifier().fit(X, SEVERAL.astype(str)), "classification", None),
        (LinearRegression().fit(X, SINGLE), "regression", None),
        (LinearRegression().fit(X, SEVERAL), "regression", None),
        (KMeans(2, n_init=1).fit(X), "", None),
        (len, "", None),
    ],
)
def test_task_and_classes_are_those_it_was_fitted_for(estimator, task, classes):
    assert own_task(estimator) == task
    assert own_classes(estimator) == classes


def test_a_pipeline_and_a_lambda_have_names():
    assert name_of(lambda X: X) == "model"
    assert name_of(make_pipeline(StandardScaler(), LinearRegression())) == "LinearRegression"


@pytest.mark.parametrize("classes", [[[1], [2]], [None, 1], "ab", b"ab", 5, [{1}]])
def test_classes_that_are_none_are_refused(classes):
    with pytest.raises(InvalidType, match="classes: "):
        given_classes(classes)


@pytest.mark.parametrize("classes", [[], [1, 1], [1, 1.0], [True, 1]])
def test_classes_are_named_once_and_at_least_one(classes):
    with pytest.raises(InvalidValue, match="each once"):
        given_classes(classes)
