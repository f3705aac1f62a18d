"""What fitted models of scikit-learn tell about their columns, and that what is told holds for them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from monitorkit.serving.models.model import Model
from monitorkit.serving.reading.features import Feature, Features

N = 40
FRAME = pd.DataFrame(
    {
        "color": ["red", "green", "blue", "red"] * (N // 4),
        "size": np.arange(N, dtype=float),
        "rooms": [1, 2, 3, 4] * (N // 4),
        "note": ["good light", "dark", "good view", "no view"] * (N // 4),
    }
)
Y = [0, 1, 0, 1] * (N // 4)


def fitted(*steps, frame=FRAME):
    return make_pipeline(*steps).fit(frame, Y)


def told(model):
    features = Model(model).features
    return [(column.kind, column.missing, column.categories is not None) for column in features.columns]


COLORS = FRAME[["color", "size"]]


@pytest.mark.parametrize(
    ("transformer", "color", "size"),
    [
        ((OneHotEncoder(), ["color"]), ("text", False, True), ("any", True, False)),
        ((OneHotEncoder(handle_unknown="ignore"), ["color"]), ("text", True, False), ("any", True, False)),
        (
            (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), ["color"]),
            ("text", True, True),
            ("any", True, False),
        ),
        ((OrdinalEncoder(), [0]), ("text", False, True), ("any", True, False)),
        ((OneHotEncoder(), slice("color", "color")), ("text", False, True), ("any", True, False)),
        ((OneHotEncoder(), [True, False]), ("text", False, True), ("any", True, False)),
        ((OneHotEncoder(), make_column_selector("color")), ("text", False, True), ("any", True, False)),
        ((StandardScaler(), ["size"]), ("any", True, False), ("number", False, False)),
        ((make_pipeline(SimpleImputer(), StandardScaler()), ["size"]), ("any", True, False), ("number", True, False)),
        ((make_pipeline(StandardScaler(), KNNImputer()), slice(1, 2)), ("any", True, False), ("number", True, False)),
        (("passthrough", ["size"]), ("any", True, False), ("number", False, False)),
    ],
)
def test_each_column_is_what_its_transformer_takes(transformer, color, size):
    model = fitted(make_column_transformer(transformer), LogisticRegression(), frame=COLORS)
    assert told(model) == [color, size]


def test_what_a_later_step_fills_may_be_missing():
    scaled = make_column_transformer((StandardScaler(), ["size", "rooms"]))
    columns = FRAME[["size", "rooms"]]
    assert told(fitted(scaled, SimpleImputer(), LogisticRegression(), frame=columns)) == [("number", True, False)] * 2
    assert told(fitted(scaled, RandomForestClassifier(), frame=columns)) == [("number", True, False)] * 2
    assert told(fitted(scaled, LogisticRegression(), frame=columns)) == [("number", False, False)] * 2


def test_a_column_of_sentences_is_text():
    chosen = make_column_transformer((TfidfVectorizer(), "note"), remainder="drop")
    assert told(fitted(chosen, LogisticRegression()))[3] == ("text", False, False)


def test_numbers_that_stand_for_categories_are_checked():
    model = fitted(OneHotEncoder(), LogisticRegression(), frame=FRAME[["rooms"]])
    assert Model(model).features.columns[0].categories == {1, 2, 3, 4}


def test_a_search_is_what_its_best_estimator_is():
    search = GridSearchCV(fitted(OneHotEncoder(), LogisticRegression(), frame=COLORS), {}, cv=2)
    search.estimator[0].set_params(handle_unknown="ignore")
    assert [kind for kind, *_ in told(search.fit(COLORS, Y))] == ["text", "number"]


def test_missing_values_that_were_there_when_it_was_fitted_are_known():
    frame = pd.DataFrame({"color": pd.Series(["red", None] * 20, dtype=object)})
    column = Model(fitted(OneHotEncoder(), LogisticRegression(), frame=frame)).features.columns[0]
    assert (column.missing, column.null, column.categories) == (True, None, {"red"})


@pytest.mark.parametrize(
    ("model", "missing"),
    [
        (HistGradientBoostingClassifier(max_iter=2), True),
        (RandomForestClassifier(n_estimators=2), True),
        (LogisticRegression(), False),
        (make_pipeline(SimpleImputer(), LogisticRegression()), True),
        (make_pipeline(StandardScaler(), LogisticRegression()), False),
        (make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=2)), True),
        (make_pipeline(FunctionTransformer(), LogisticRegression()), False),
        (make_pipeline(SimpleImputer(missing_values=-1), LogisticRegression()), False),
    ],
)
def test_a_value_may_be_missing_exactly_where_the_model_predicts_without_it(model, missing):
    X = FRAME[["size", "rooms"]].to_numpy(dtype=float)
    model.fit(X, Y)
    assert {column.missing for column in Model(model).features.columns} == {missing}
    X[0, 0] = np.nan
    if missing:
        model.predict(X)
    else:
        with pytest.raises(ValueError, match="NaN"):
            model.predict(X)


def test_gradient_boosting_on_categories_takes_text():
    frame = FRAME[["color", "size"]].astype({"color": "category"})
    model = HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype").fit(frame, Y)
    assert told(model) == [("text", True, False), ("number", True, False)]
    outputs = Model(model).predict(np.array([["red", 1.0], [None, np.nan], ["pink", 2.0]], dtype=object))
    assert len(outputs.predictions) == 3


@pytest.mark.parametrize(
    "steps",
    [
        (TfidfVectorizer(), LogisticRegression()),
        ("passthrough", HashingVectorizer(), LogisticRegression()),
        (
            FeatureUnion([("words", CountVectorizer()), ("letters", CountVectorizer(analyzer="char"))]),
            LogisticRegression(),
        ),
        (make_pipeline(TfidfVectorizer()), LogisticRegression()),
    ],
)
def test_a_model_whose_first_step_reads_texts_takes_a_list_of_them(steps):
    model = make_pipeline(*steps).fit(FRAME["note"], Y)
    served = Model(model)
    assert (served.features.bare, served.n_features, served.example) == (True, 1, ["text"])
    texts = FRAME[["note"]].to_numpy(dtype=object)
    assert served.predict(texts).predictions == model.predict(FRAME["note"]).tolist()


class Tagged(LogisticRegression):
    """An estimator of another library with scikit-learn's tags, as XGBoost's and LightGBM's are."""

    __module__ = "another.library"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def test_the_tags_of_other_libraries_count():
    X = FRAME[["size", "rooms"]].to_numpy()
    for model in (Tagged(), make_pipeline(StandardScaler(), Tagged())):
        assert {column.missing for column in Model(model.fit(X, Y)).features.columns} == {True}


class CatBoost:
    """What CatBoost 1.2 tells of a model that was fitted on these columns."""

    __module__ = "catboost.core"

    def __init__(self, names, nan_mode="Min"):
        self.feature_names_ = names
        self.n_features_in_ = len(names)
        self._nan_mode = nan_mode

    def get_cat_feature_indices(self):
        return [1]

    def get_text_feature_indices(self):
        return []

    def get_all_params(self):
        return {"nan_mode": self._nan_mode}

    def predict(self, table):
        return [type(table).__name__] * len(table)


def test_catboost_tells_in_its_own_way():
    assert told(CatBoost(["size", "color"])) == [("number", True, False), ("text", False, False)]
    assert told(CatBoost(["size", "color"], "Forbidden"))[0] == ("number", False, False)
    rows = np.array([[1.0, "red"]], dtype=object)
    assert Model(CatBoost(["size", "color"])).predict(rows).predictions == ["DataFrame"]
    assert Model(CatBoost(["0", "1"])).predict(rows).predictions == ["ndarray"]


def test_nothing_is_known_of_a_function():
    assert Model(len).features.count is None
    assert Features([Feature()] * 2).numeric


class XGBoost:
    """What XGBoost 3 tells of a model that was trained without scikit-learn's interface."""

    def __init__(self, names):
        self.feature_names = names

    def num_features(self):
        return 2

    def predict(self, table):
        raise TypeError("expecting a DMatrix")

    def inplace_predict(self, table):
        return [type(table).__name__] * len(table)


class LightGBM:
    """As above, of LightGBM 4."""

    def __init__(self, names):
        self._names = names

    def feature_name(self):
        return self._names

    def num_feature(self):
        return 2

    def predict(self, table):
        return [type(table).__name__] * len(table)


XGBoost.__name__ = LightGBM.__name__ = "Booster"
XGBoost.__module__, LightGBM.__module__ = "xgboost.core", "lightgbm.basic"


@pytest.mark.parametrize(("kind", "unnamed"), [(XGBoost, None), (LightGBM, ["Column_0", "Column_1"])])
def test_a_booster_tells_its_columns_and_takes_missing_values(kind, unnamed):
    rows = np.array([[1.0, np.nan]])
    named = Model(kind(["size", "rooms"]))
    assert (named.feature_names, named.n_features) == (["size", "rooms"], 2)
    assert named.predict(rows).predictions == ["DataFrame"]
    plain = Model(kind(unnamed))
    assert plain.predict(rows).predictions == ["ndarray"]
    assert told(kind(unnamed)) == [("number", True, False)] * 2
