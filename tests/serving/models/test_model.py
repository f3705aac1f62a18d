"""Models as the server sees them."""

import functools
import itertools

import numpy as np
import orjson
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.serving.models.model import Model
from monitorkit.serving.refusals import Refusal

X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
Y = np.array(["no", "yes", "yes", "no"])


async def asynchronous(X):
    return X[:, 0]


class Asynchronous:
    async def predict(self, X):
        return X[:, 0]


@pytest.fixture
def classifier():
    return LogisticRegression().fit(X, Y)


def test_an_estimator_tells_what_it_is(classifier):
    model = Model(classifier)
    assert (model.name, model.classes, model.n_features, model.task) == (
        "LogisticRegression",
        ["no", "yes"],
        2,
        "classification",
    )
    assert model.example == [0.0, 0.0]
    told = model.description
    assert (told.framework, told.n_features, told.n_classes) == ("scikit-learn", "2", "2")
    assert told.framework_version


def test_a_pipeline_is_named_after_its_last_step():
    assert Model(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)).name == "LogisticRegression"


def test_predictions_of_a_classifier_are_classes(classifier):
    outputs = Model(classifier).predict(X)
    assert outputs.predictions == list(Y)
    assert outputs.task == "classification"


def test_predictions_of_a_regressor_are_none(classifier):
    model = Model(LinearRegression().fit(X, [1, 2, 3, 4]))
    assert model.task == "regression"
    assert model.predict(X).task != "classification"


def test_several_outputs_have_no_classes_of_one():
    tree = DecisionTreeClassifier().fit(X, [[0, "a"], [1, "b"], [2, "b"], [0, "a"]])
    model = Model(tree)
    assert model.classes is None
    assert model.predict(X[:1]).predictions == [["0", "a"]]
    assert model.predict(X).task != "classification"


def test_clusters_are_classes_that_were_not_told():
    model = Model(KMeans(2, n_init=1, random_state=0).fit(X))
    assert model.classes is None
    assert model.predict(X).task == "classification"


def test_a_method_of_a_classifier_is_served_with_what_its_owner_knows(classifier):
    model = Model(classifier.predict_proba)
    outputs = model.predict(X)
    assert (model.name, model.n_features) == ("LogisticRegression", 2)
    assert np.allclose(outputs.predictions, classifier.predict_proba(X))
    assert outputs.task != "classification"
    assert Model(classifier.decision_function).predict(X).task != "classification"


@pytest.mark.parametrize(
    ("result", "values", "are_classes"),
    [
        (np.array([1, 2]), [1, 2], True),
        (np.array([1.0, 2.0]), [1.0, 2.0], False),
        (np.array(["a", "b"]), ["a", "b"], True),
        (np.array([True, False]), [True, False], True),
        ([1, 2], [1, 2], True),
        (("a", "b"), ["a", "b"], True),
        (pd.Series(["a", "b"]), ["a", "b"], True),
        (pd.Categorical(["a", "b"]), ["a", "b"], True),
        (np.array([np.int64(1), "b"], dtype=object), [1, "b"], True),
        (np.array([[0.1, 0.9], [0.8, 0.2]]), [[0.1, 0.9], [0.8, 0.2]], False),
        (np.array([None, "b"], dtype=object), [None, "b"], False),
        ([1, "b"], [1, "b"], True),
        ((n for n in [1, 2]), [1, 2], True),
        (map(str, [1, 2]), ["1", "2"], True),
        (np.array([[1], [2]]), [1, 2], True),
        (np.array([["a"], ["b"]]), ["a", "b"], True),
        (pd.DataFrame({"y": [0.5, 1.5]}), [0.5, 1.5], False),
        ([[1], [2]], [[1], [2]], False),
        (np.ma.masked_equal([1, 2], 2), [1, None], False),
        (np.ma.masked_equal([1, 2], 3), [1, 2], True),
    ],
)
def test_results_of_any_kind_become_plain_values(result, values, are_classes):
    outputs = Model(lambda X: result).predict(X[:2])
    assert outputs.predictions == values
    assert (outputs.task == "classification") is are_classes
    assert orjson.loads(orjson.dumps(outputs.predictions)) == values


def test_a_masked_number_is_missing():
    outputs = Model(lambda X: np.ma.masked_greater([0.5, 1.5], 1)).predict(X[:2])
    assert np.isnan(outputs.predictions).tolist() == [False, True]
    assert outputs.task == "regression"


def test_a_column_of_predictions_is_judged_like_a_row_of_them():
    assert Model(lambda X: X[:, :1]).predict(X).task == "regression"


def test_a_generator_without_an_end_is_refused():
    with pytest.raises(Refusal, match="returned 5 predictions for 4 instances"):
        Model(lambda X: itertools.count()).predict(X)


def test_a_generator_that_raises_is_a_model_that_raises():
    with pytest.raises(Refusal, match="the model raised ZeroDivisionError"):
        Model(lambda X: (1 / n for n in [1, 0])).predict(X)


def test_floats_are_classes_where_they_are_declared():
    assert Model(lambda X: X[:, 0], classes=[0.0, 1.0, 2.0]).predict(X).task == "classification"


def test_a_model_fitted_on_a_frame_is_given_one():
    frame = pd.DataFrame(X, columns=["a", "b"])
    scale = ColumnTransformer([("scale", StandardScaler(), ["b"])])
    pipeline = make_pipeline(scale, LogisticRegression()).fit(frame, Y)
    model = Model(pipeline)
    assert model.feature_names == ["a", "b"]
    assert model.predict(X).predictions == list(pipeline.predict(frame))


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (LogisticRegression, InvalidType, "LogisticRegression is a class; pass a fitted instance"),
        (LogisticRegression(), InvalidValue, "LogisticRegression is not fitted; call its fit method"),
        (make_pipeline(StandardScaler(), LogisticRegression()), InvalidValue, "is not fitted"),
        (StandardScaler().fit(X), InvalidType, "StandardScaler has no predict method"),
        (3, InvalidType, "int has no predict method and cannot be called"),
        (None, InvalidType, "NoneType has no predict method"),
        (asynchronous, InvalidType, r"asynchronous is async; .* lambda X: asyncio.run\(asynchronous\(X\)\)"),
        (functools.partial(asynchronous), InvalidType, "is async"),
        (Asynchronous(), InvalidType, "Asynchronous is async"),
    ],
)
def test_what_cannot_predict_is_refused(model, error, message):
    with pytest.raises(error, match=message):
        Model(model)


def test_an_example_tells_the_width_of_a_callable():
    model = Model(len, example=pd.Series([1, 2, 3]))
    assert (model.n_features, model.example) == (3, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("example", [[1.0], [], [np.nan, 1.0], [[1, 2, 3]]])
def test_an_example_that_does_not_fit_is_refused(classifier, example):
    with pytest.raises(InvalidValue, match="example: a row of 2 finite numbers is needed"):
        Model(classifier, example=example)


def test_an_example_of_text_is_refused(classifier):
    with pytest.raises(InvalidType, match="is no row of numbers"):
        Model(classifier, example=["a", "b"])


@pytest.mark.parametrize("classes", [["no"], ["No", "Yes"], [0, 1]])
def test_classes_hold_those_that_the_model_predicts(classifier, classes):
    with pytest.raises(InvalidValue, match="lack some that the model predicts"):
        Model(classifier, classes=classes)
    assert Model(classifier, classes=["no", "yes", "maybe"]).class_set == {"no", "yes", "maybe"}


@pytest.mark.parametrize("classes", [[], ["a", "a"]])
def test_classes_must_be_named_once(classes):
    with pytest.raises(InvalidValue, match="must name at least one class, and each once"):
        Model(len, classes=classes)


def raising(error):
    def model(X):
        raise error

    return model


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ValueError("bad row"), "the model raised ValueError: bad row"),
        (SystemExit(3), "the model raised SystemExit: 3"),
        (KeyError(), "the model raised KeyError: no message"),
        (RuntimeError("x" * 1000), "the model raised RuntimeError: " + "x" * 500),
    ],
)
def test_a_model_that_raises_is_told_about(error, detail):
    with pytest.raises(Refusal, match="the model raised") as caught:
        Model(raising(error)).predict(X)
    assert (caught.value.code, caught.value.error, caught.value.detail) == (500, "model_raised", detail)


@pytest.mark.parametrize(
    ("result", "detail"),
    [
        ([1, 2, 3], "the model returned 3 predictions for 4 instances: it must return one for each"),
        (7, "the model returned one int for 4 instances"),
        (None, "the model returned one NoneType for 4 instances"),
        ([[1], [2, 3], [4], [5]], "the model returned a list, no array"),
        ({"a": 1, "b": 2}, "the model returned one dict for 4 instances"),
        ({1, 2, 3, 4}, "the model returned one set for 4 instances"),
    ],
)
def test_a_model_that_returns_something_else_is_told_about(result, detail):
    with pytest.raises(Refusal, match="the model returned") as caught:
        Model(lambda X: result).predict(X)
    assert (caught.value.code, caught.value.error) == (500, "wrong_output")
    assert caught.value.detail.startswith(detail)


def test_a_coroutine_is_no_result_and_leaves_no_warning():
    with pytest.raises(Refusal, match="the model returned a coroutine: it must return predictions"):
        Model(lambda X: asynchronous(X + 0)).predict(X)


def test_callables_of_any_kind_have_a_name():
    assert Model(lambda X: X).name == "model"
    assert Model(raising).name == "raising"
    assert Model(functools.partial(max, key=len)).name == "partial"


TOLD = {"classes": ["a", "b"]}


def objects(values):
    values = list(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (lambda X: (X[:, 0] > 0).astype(int), {}),
        (lambda X: X[:, 0].astype(int), {"classes": [0, 1]}),
        (lambda X: X[:, 0] / 2, {"classes": [0.0, 0.5]}),
        (lambda X: X[:, 0] / 2, {"task": "regression"}),
        (lambda X: X[:, :1] / 2, {"task": "regression"}),
        (lambda X: np.where(X[:, 0] > 1, "b", "a"), TOLD),
        (lambda X: objects(["b"] if value > 1 else "a" for value in X[:, 0]), TOLD),
        (lambda X: np.array([["b"] if value > 1 else ["a"] for value in X[:, 0]], dtype=object), TOLD),
        (lambda X: X[:, :1] / 2, {}),
        (lambda X: [int(value) if value > 1 else value / 2 for value in X[:, 0]], {}),
        (lambda X: np.c_[X[:, 0], X[:, 0] > 1], TOLD),
        (lambda X: X, {}),
    ],
)
def test_each_of_several_requests_gets_what_it_would_have_got_alone(function, options):
    tables = [np.array([[0.0]]), np.array([[1.0], [2.0]]), np.array([[3.0]]), np.array([[1.0]])]
    together = Model(function, **options).predict_together(tables)
    alone = [Model(function, **options).predict(X) for X in tables]
    assert [repr(one) for one in together] == [repr(one) for one in alone]
