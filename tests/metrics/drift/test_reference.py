"""Reference data: which features are watched, in how many series, and how their shares come about."""

import pickle
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, wasserstein_distance

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics import Drift, Reference
from monitorkit.metrics.drift import reference
from monitorkit.metrics.drift.distances import ks, wasserstein
from monitorkit.metrics.drift.reference import KEPT_ROWS, KEPT_VALUES, prediction_column


@pytest.fixture
def people():
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, 500),
            "town": rng.choice(["Ulm", "Bonn", "Kiel"], 500, p=[0.5, 0.3, 0.2]),
            "member": rng.random(500) < 0.25,
        }
    )


def feature(reference, name):
    return next(feature for feature in reference.watched if feature.name == name)


def shares(reference, name):
    found = feature(reference, name)
    return dict(zip(found.bins.names, found.shares, strict=True))


def test_shares_are_those_of_the_reference(people):
    reference = Reference.of(people)
    assert reference.features == ["age", "town", "member"]
    expected = people["town"].value_counts(normalize=True).to_dict()
    assert shares(reference, "town") == expected | {"other": 0, "missing": 0}
    assert shares(reference, "member")["1"] == people["member"].mean()
    ages = list(shares(reference, "age").values())
    assert sum(ages) == pytest.approx(1)
    counts, _ = np.histogram(people["age"], np.quantile(people["age"], np.linspace(0, 1, 11)))
    assert ages[1:-2] == (counts / 500).tolist()


def test_missing_values_are_a_share_of_their_own():
    reference = Reference.of(pd.DataFrame({"a": [1.0, 2.0, 3.0, np.nan], "b": ["x", None, None, None]}))
    assert (
        shares(reference, "a")[
            "04 missing" if "04 missing" in shares(reference, "a") else feature(reference, "a").bins.names[-1]
        ]
        == 0.25
    )
    assert shares(reference, "b")["missing"] == 0.75


def test_numbers_can_be_names():
    codes = np.column_stack([np.arange(100) % 30, np.arange(100)])
    reference = Reference.of(codes, drift=Drift(categories=4, categorical=["x0"]))
    assert feature(reference, "x0").bins.names == ("0", "1", "2", "3", "other", "missing")
    assert feature(reference, "x0").statistics == ("psi", "js")
    assert (
        Reference.of(codes, drift=Drift(categorical=[0])).series
        == Reference.of(codes, drift=Drift(categorical=["x0"])).series
    )


def test_some_features_are_chosen_by_name_or_place(people):
    assert Reference.of(people, drift=Drift(features=["member", "age"])).features == ["member", "age"]
    assert Reference.of(people, drift=Drift(features=[1])).features == ["town"]


@pytest.mark.parametrize("unknown", ["height", 3, -1])
def test_a_feature_that_is_none_is_refused(people, unknown):
    with pytest.raises(InvalidValue, match=rf"features: {unknown!r} is none of the 3 features \(age, town, member\)"):
        Reference.of(people, drift=Drift(features=[unknown]))


def test_the_number_of_series_is_told_and_kept():
    X = np.random.default_rng(0).normal(size=(200, 60))
    with pytest.warns(
        UserWarning,
        match=r"drift of 57 of 60 features is not watched, because all would take 1800 series and max_series is 100: x3, x4",
    ):
        reference = Reference.of(X, drift=Drift(max_series=100))
    assert reference.features == ["x0", "x1", "x2"]
    assert reference.left_out == tuple(f"x{place}" for place in range(3, 60))
    assert reference.series == 3 * (2 * 13 + 4)
    assert "left out: x3, x4" in repr(reference)


def test_predictions_are_watched_before_features():
    X = np.random.default_rng(0).normal(size=(200, 6))
    with pytest.warns(UserWarning, match="max_series is 40: x1, x2, x3, x4, x5"):
        reference = Reference.of(
            X, drift=Drift(max_series=40), predict=lambda rows: prediction_column(["a", "b"] * 100, "classification")
        )
    assert reference.features == ["x0", "prediction"]


def test_a_class_that_was_not_predicted_has_a_bin_all_the_same():
    reference = Reference.of(
        [[1.0], [2.0]], predict=lambda rows: prediction_column(["cat", "cat"], "classification"), classes=["cat", "dog"]
    )
    assert shares(reference, "prediction") == {"cat": 1, "dog": 0, "other": 0, "missing": 0}


def test_another_model_predicts_the_same_rows_in_its_own_way():
    X = np.arange(10_000.0).reshape(-1, 1)
    seen = []

    def predict(rows):
        seen.append(rows)
        return prediction_column((rows[:, 0] > 5_000).tolist(), "classification")

    reference = Reference.of(X, predict=predict)
    again = reference.predicting(predict)
    assert len(seen[0]) == KEPT_ROWS
    assert np.array_equal(seen[0], seen[1])
    assert shares(again, "prediction") == shares(reference, "prediction")
    assert shares(again, "prediction")["True"] == pytest.approx(0.5, abs=0.03)
    assert reference.predicting(None).features == ["x0"]


def test_a_column_called_prediction_keeps_its_name():
    frame = pd.DataFrame({"prediction": [1.0, 2.0]})
    reference = Reference.of(frame, predict=lambda rows: np.array([1.0, 2.0]))
    assert reference.features == ["prediction", "prediction (2)"]


@pytest.mark.parametrize("n_rows", [KEPT_VALUES + 1, 25_000, 100_000])
def test_of_many_values_fewer_are_compared_and_give_the_same_distances(n_rows):
    rng = np.random.default_rng(0)
    values, current = rng.lognormal(0, 3, n_rows), np.sort(rng.lognormal(0, 3, 1000))
    values[0] = 1e12
    kept = feature(Reference.of(values.reshape(-1, 1)), "x0").sample
    assert len(kept) == KEPT_VALUES
    assert np.all(np.diff(kept) >= 0)
    assert kept.mean() == pytest.approx(values.mean(), rel=1e-12)
    assert wasserstein(current, kept) == pytest.approx(wasserstein_distance(current, values), rel=1e-3)
    assert ks(current, kept) == pytest.approx(ks_2samp(current, values).statistic, abs=1 / KEPT_VALUES)


def test_values_near_the_largest_number_are_condensed_within_their_range():
    values = np.linspace(-1, 1, 3 * KEPT_VALUES // 2).reshape(-1, 1) * 1.7e308
    kept = feature(Reference.of(values), "x0").sample
    assert np.all(np.diff(kept) > 0)
    assert values.min() <= kept[0] < kept[-1] <= values.max()


def test_where_no_number_is_there_is_nothing_to_compare():
    reference = Reference.of([[None, 1.0]] * 3)
    assert feature(reference, "x0").statistics == ("psi", "js")
    assert reference.series == (2 * 2 + 2) + (2 * 4 + 4)


def test_a_column_of_the_type_category_holds_names_even_where_they_are_numbers():
    codes = np.arange(200) % 40
    frame = pd.DataFrame({"code": pd.Categorical(codes), "same": codes})
    reference = Reference.of(frame, drift=Drift(categories=50))
    assert feature(reference, "code").bins.names == (*map(str, range(40)), "other", "missing")
    assert feature(reference, "code").statistics == ("psi", "js")
    assert feature(reference, "same").bins.names[0] == "00 (-inf, 0)"
    assert feature(reference, "code").bins.index(np.array([39.0, 40.0, np.nan])).tolist() == [39, 40, 41]


def test_it_travels_to_another_process(people):
    reference = Reference.of(people)
    again = pickle.loads(pickle.dumps(reference))
    assert again.features == reference.features
    assert all(one.bins == other.bins for one, other in zip(again.watched, reference.watched, strict=True))


def test_the_reference_is_not_the_users_own_array():
    X = np.arange(20.0).reshape(-1, 2)
    reference = Reference.of(X)
    X[:] = 0
    assert reference.rows[-1].tolist() == [18.0, 19.0]
    assert feature(reference, "x1").sample[-1] == 19.0


@pytest.mark.parametrize(
    ("option", "error", "message"),
    [
        ({"bins": 1}, InvalidValue, "bins: 1 must be from 2 to 100"),
        ({"bins": 2.5}, InvalidType, "bins: 2.5 is no whole number"),
        ({"categories": True}, InvalidType, "categories: True is no whole number"),
        ({"window": 0}, InvalidValue, "window: 0 must be from 10 to 1000000"),
        ({"max_series": 0}, InvalidValue, "max_series: 0 must be from 1 to 1000000"),
        ({"features": "age"}, InvalidType, "features: 'age' is no list of features"),
        ({"features": []}, InvalidValue, "features: the list is empty"),
        ({"features": [1.5]}, InvalidType, "features: 1.5 is neither the name nor the position"),
        ({"categorical": 3}, InvalidType, "categorical: 3 is no list of features"),
    ],
)
def test_wrong_settings_are_refused(option, error, message):
    with pytest.raises(error, match=message):
        Drift(**option)


def test_a_large_one_shows_how_far_it_is_and_a_small_one_loads_no_bar(people, monkeypatch):
    seen = []

    @contextmanager
    def bar(total, *, desc, unit):
        seen.append(f"{desc}, {total} {unit}s")
        yield SimpleNamespace(update=lambda: seen.append("one more"))

    monkeypatch.setattr(reference, "progress_bar", bar)
    small = Reference.of(people)
    assert not seen
    monkeypatch.setattr(reference, "_QUICK", people.size)
    large = Reference.of(people)
    more = ["one more"] * 3
    assert seen == ["reading the reference, 3 columns", *more, "binning the reference, 3 columns", *more]
    assert repr(large) == repr(small)
    seen.clear()
    Reference.of(people.to_numpy().tolist(), drift=Drift(features=["x1"]))
    assert seen == ["reading the reference, 3 columns", *more]
