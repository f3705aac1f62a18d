"""Drift of a served model: real requests against its reference data."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import monitorkit as mk
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.processes import wait_until

X, Y = load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def model():
    return LogisticRegression(max_iter=1000).fit(X, Y)


def bins(server, feature, version="1", name="model_feature_bin"):
    """Counts by bin, as exported."""
    family = next(family for family in server.registry.collect() if family.name == name)
    return {
        sample.labels["bin"]: sample.value
        for sample in family.samples
        if sample.labels["feature"] == feature and sample.labels["model_version"] == version
    }


def test_what_comes_is_compared_with_the_reference(start, model, counts_of):
    server = start(model, reference=X)
    counts = counts_of(server)
    assert server.reference.features == [*X.columns, "prediction"]
    current = X.iloc[:100] + 1
    answer = server.predict(current)
    for feature in X.columns:
        expected = ks_2samp(current[feature], X[feature]).statistic
        assert counts("model_feature_drift", feature=feature, statistic="ks") == pytest.approx(expected, abs=1e-12)
        assert sum(bins(server, feature).values()) == 100
    predicted = pd.Series(answer.predictions).value_counts()
    for name in ("0", "1", "2"):
        assert bins(server, "prediction")[name] == predicted.get(int(name), 0)
        share = counts("model_feature_reference_ratio", feature="prediction", bin=name)
        assert share == (model.predict(X) == int(name)).mean()


def test_only_what_was_predicted_is_counted(start, model, post):
    server = start(model, reference=X)
    post({"instances": [[1, 2, 3]]}, to=server)
    post({"instances": [[1, 2, 3, 4]]}, to=server)
    assert sum(bins(server, X.columns[0]).values()) == 1


def test_requests_that_leave_together_are_each_counted(start, model):
    server = start(model, reference=X, batching=mk.Batching(max_size=8, max_wait="5ms"))
    for rows in (X.iloc[:3], X.iloc[3:4], X.iloc[4:9]):
        server.predict(rows)
    assert sum(bins(server, X.columns[0]).values()) == 9


def test_a_model_that_writes_to_its_input_changes_no_count(start):
    def zeroing(X):
        X[:] = -99
        return np.zeros(len(X), dtype=int)

    server = start(zeroing, reference=[[float(value)] for value in range(40)])
    server.predict([[20.0], [21.0]])
    assert next(iter(bins(server, "x0").values())) == 0
    assert server.reference.rows[0].tolist() == [0.0]


def test_another_model_keeps_the_reference(start, model):
    server = start(model, reference=X)
    server.predict(X)
    server.swap(LogisticRegression(C=1e-9).fit(X[Y < 2], Y[Y < 2]), version="2")
    server.predict(X.iloc[:5])
    assert sum(bins(server, X.columns[0]).values()) == 150
    assert sum(bins(server, X.columns[0], version="2").values()) == 5
    assert set(bins(server, "prediction", version="2")) == {"0", "1", "other", "missing"}


def test_a_reference_that_does_not_fit_changes_nothing(start, model):
    server = start(model, reference=X)
    for change in ({"reference": X.to_numpy()[:, :2]}, {"reference": X.drop(columns=X.columns[1])}, {"reference": []}):
        with pytest.raises(InvalidValue, match=r"reference: "):
            server.swap(model, version="2", **change)
    with pytest.raises(
        InvalidValue, match="reference: 4 columns, and the model takes 2: pass data that fit, or pass drift=False"
    ):
        server.swap(LinearRegression().fit([[1, 2]], [1]), version="2")
    with pytest.raises(InvalidValue, match="drift: to compare in another way, pass the reference data again"):
        server.swap(model, version="2", drift=mk.Drift(bins=3))
    assert server.version == "1"
    assert server.reference.features == [*X.columns, "prediction"]


def test_a_model_in_a_process_of_its_own_is_watched_alike(start, model):
    server = start(model, reference=X, process=True)
    server.predict(X.iloc[:7])
    server.swap(model, version="2")
    server.predict(X.iloc[:5])
    assert server.reference.features == [*X.columns, "prediction"]
    assert sum(bins(server, X.columns[0]).values()) == 7
    assert sum(bins(server, X.columns[0], version="2").values()) == 5
    moved = start(model, name=server.name, version="2", process=False)
    moved.predict(X.iloc[:3])
    assert sum(bins(moved, X.columns[0], version="2").values()) == 3


def test_a_canary_and_a_shadow_are_watched_each_under_its_version(start, model):
    server = start(model, reference=X)
    server.canary(model, version="2", share=1.0)
    server.shadow(model, version="3")
    server.predict(X.iloc[:40])
    copies = lambda: bins(server, "prediction", version="3", name="shadow_model_feature_bin")  # noqa: E731
    assert wait_until(lambda: sum(copies().values()) == 40, timeout_seconds=20)
    assert sum(bins(server, "prediction", version="2").values()) == 40
    assert sum(bins(server, "prediction").values()) == 0
    drift = {family.name: family for family in server.registry.collect() if family.name.endswith("model_feature_drift")}
    assert {sample.labels["model_version"] for sample in drift["model_feature_drift"].samples} == {"2"}
    assert {sample.labels["model_version"] for sample in drift["shadow_model_feature_drift"].samples} == {"3"}


def far_apart(n):
    random = np.random.default_rng(3)
    return pd.DataFrame({"near": random.normal(0, 1, n), "far": random.normal(100, 1, n)})


def test_another_order_of_columns_is_the_same_reference(start):
    frame = far_apart(500)
    server = start(LinearRegression().fit(frame, frame["near"]), reference=frame.to_numpy())
    turned = frame[["far", "near"]]
    server.swap(LinearRegression().fit(turned, frame["near"]), version="2")
    server.predict(far_apart(400))
    for feature in ("near", "far", "prediction"):
        counts = bins(server, feature, version="2")
        assert max(counts.values()) < 0.3 * sum(counts.values())
    server.inject(drift=1.0)
    before, after = server.predict(frame[:5]).predictions, frame["near"][:5] + frame["near"].std(ddof=0)
    np.testing.assert_allclose(before, after)


def test_a_shadow_sees_its_columns_in_its_own_order(start, counts_of):
    frame = far_apart(40)
    turned = frame[["far", "near"]]
    server = start(LinearRegression().fit(frame, frame["near"]))
    server.shadow(LinearRegression().fit(turned, frame["near"]), version="2")
    server.feedback(server.predict(frame), frame["near"])
    counts = counts_of(server)
    assert wait_until(lambda: (counts("shadow_model_mae", version="2") or 1) < 1e-9, timeout_seconds=20)


def test_injected_drift_shows(start, model, counts_of):
    server = start(model, reference=X)
    server.inject(drift=2.0)
    server.predict(X)
    counts = counts_of(server)
    assert counts("model_feature_drift", feature=X.columns[0], statistic="ks") > 0.5
    assert counts("model_feature_drift", feature=X.columns[0], statistic="psi") > 0.25


def test_drift_is_ended_by_saying_so(start, model):
    server = start(model, reference=X)
    server.predict(X)
    server.swap(model, drift=False)
    assert server.reference is None
    server.predict(X)
    assert "model_feature_bin" not in {family.name for family in server.registry.collect()}
    server.swap(model)
    assert server.reference is None


def test_columns_are_put_in_the_order_of_the_model(start, model):
    server = start(model, reference=X[X.columns[::-1]])
    assert server.reference.features == [*X.columns, "prediction"]


def test_an_array_takes_the_names_of_the_model(start, model):
    assert start(model, reference=X.to_numpy()).reference.features == [*X.columns, "prediction"]


def test_rows_with_missing_numbers_need_not_be_predicted(start, model, counts_of):
    holes = X.copy()
    holes.iloc[:30, 0] = np.nan
    server = start(model, reference=holes)
    name = next(name for name in bins(server, X.columns[0]) if name.endswith("missing"))
    assert counts_of(server)("model_feature_reference_ratio", feature=X.columns[0], bin=name) == pytest.approx(0.2)


@pytest.fixture
def people():
    rng = np.random.default_rng(3)
    return pd.DataFrame({"age": rng.integers(18, 90, 400), "town": rng.choice(["Ulm", "Bonn", "Kiel"], 400)})


@pytest.fixture
def pipeline(people):
    towns = ColumnTransformer([("towns", OneHotEncoder(handle_unknown="ignore"), ["town"])], remainder="passthrough")
    return make_pipeline(towns, LogisticRegression(max_iter=1000)).fit(people, people["age"] > 50)


@pytest.mark.parametrize(
    "form", [lambda frame: frame, lambda frame: frame.to_numpy(), lambda frame: frame[["town", "age"]]]
)
def test_text_is_watched_by_name(start, pipeline, people, form):
    server = start(pipeline, reference=form(people))
    server.predict(people.iloc[:50])
    server.predict(people.iloc[:5].assign(town="Rome"))
    expected = people["town"][:50].value_counts().to_dict()
    assert bins(server, "town") == expected | {"other": 5, "missing": 0}
    assert sum(bins(server, "age").values()) == sum(bins(server, "prediction").values()) == 55


def test_what_may_be_missing_is_counted_as_missing(start):
    values = np.random.default_rng(0).normal(size=(300, 2))
    values[::3, 1] = np.nan
    model = HistGradientBoostingClassifier(max_iter=5).fit(values, values[:, 0] > 0)
    server = start(model, reference=values, probabilities=False)
    server.predict([[1.0, None], [1.0, 2.0]])
    *_, missing = bins(server, "x1").values()
    assert missing == 1
    assert model.predict(values).mean() == pytest.approx(_shares(server, "prediction")["True"])


def _shares(server, feature):
    found = next(one for one in server.reference.watched if one.name == feature)
    return dict(zip(found.bins.names, found.shares, strict=True))


def test_a_model_that_fails_on_the_reference_is_told_about():
    def fails(X):
        raise ZeroDivisionError("no good")

    with pytest.raises(
        InvalidValue, match="reference: the model cannot predict it: the model raised ZeroDivisionError: no good"
    ):
        mk.serve(fails, name="fails on its reference", reference=[[1.0]])


def test_predicted_numbers_are_watched(start):
    server = start(LinearRegression().fit(X, Y), reference=X, drift=mk.Drift(features=[0]))
    server.predict(X)
    assert server.reference.features == [X.columns[0], "prediction"]
    assert sum(bins(server, "prediction").values()) == 150


def test_sets_of_labels_are_watched_label_by_label(start):
    server = start(lambda X: (X > 0).astype(int), classes=["a", "b"], task="multilabel", reference=[[1, -1], [1, 1]])
    server.predict([[1.0, 1.0], [-1.0, 1.0]])
    assert bins(server, "prediction") == {"a": 1, "b": 2, "other": 0, "missing": 0}


@pytest.mark.parametrize("drift", [None, 5, "yes", {"bins": 3}])
def test_what_is_no_drift_is_refused(drift):
    with pytest.raises(InvalidType, match=r"drift: .* is neither True, False nor monitorkit.Drift"):
        mk.serve(len, name="no drift", drift=drift)


def test_times_are_left_out_and_the_other_columns_watched(start):
    days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=60), "size": np.arange(60.0)})
    days.loc[3, "day"] = pd.NaT

    def late(table):
        return (table["day"].dt.month > 1).to_numpy()

    server = start(late, example=days, reference=days)
    assert (server.reference.features, server.reference.left_out) == (["size", "prediction"], ("day",))
    server.predict(days.iloc[10:50])
    assert sum(bins(server, "size").values()) == 40
    assert bins(server, "prediction") == {"False": 21, "True": 19, "missing": 0, "other": 0}
    server.swap(late, version="2", example=days)
    assert server.reference.left_out == ("day",)
