"""Queries of a regressor's quality on a real Prometheus, against scikit-learn on the same labelled predictions."""

import numpy as np
import pytest
from known_history import History
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from monitorkit.errors import InvalidValue
from monitorkit.metrics import ErrorScale, queries

WINDOW = "60s"
STEADY, QUIET, FRESH = 50, 70, 5


def drive(replica, rng, turns, *, mean, pairs, restart_at=None, spread=10.0):
    for turn in turns:
        if turn == restart_at:
            replica.restart()
        for y_true in rng.normal(mean, spread, 30):
            y_pred = y_true + rng.normal(1, 4)
            replica.metrics.regression.observe(y_true, y_pred)
            pairs.setdefault(turn, []).append((y_true, y_pred))
        replica.scrape(turn)
    for turn in range(turns.stop, 80):
        replica.scrape(turn)


@pytest.fixture(scope="module")
def known():
    """The history, and the labelled predictions by model and turn."""
    rng = np.random.default_rng(11)
    history = History()
    pairs = {name: {} for name in ("near", "kelvin", "constant", "fresh")}
    for instance, restart_at in (("a:1", None), ("b:1", 48)):
        near, kelvin = (
            history.replica("near", instance),
            history.replica("kelvin", instance, error_scale=ErrorScale(center=300)),
        )
        drive(near, rng, range(52), mean=-5, pairs=pairs["near"], restart_at=restart_at)
        drive(kelvin, rng, range(52), mean=3e5, pairs=pairs["kelvin"], restart_at=restart_at)
    drive(history.replica("constant", "a:1"), rng, range(52), mean=0.1, spread=0.0, pairs=pairs["constant"])
    fresh = history.replica("fresh", "a:1")
    fresh.metrics.declare("regression")
    fresh.scrape(0)
    drive(fresh, rng, range(1, 52), mean=0, pairs=pairs["fresh"])
    several = history.replica("several", "a:1")
    for turn in range(52):
        for y_true in rng.normal([0, 50], [1, 20], (30, 2)):
            y_pred = y_true + rng.normal([0.1, 3], [0.5, 8])
            several.metrics.regression.observe(y_true.tolist(), y_pred.tolist())
            pairs.setdefault("several", {}).setdefault(turn, []).append((y_true, y_pred))
        several.scrape(turn)
    return history, pairs


@pytest.fixture(scope="module")
def value(evaluator, known):
    return evaluator(known[0])


@pytest.fixture
def window(known):
    def window(model, last=STEADY, n_steps=5):
        pairs = [pair for turn in range(last - n_steps + 1, last + 1) for pair in known[1][model][turn]]
        return np.array(pairs).T

    return window


def test_errors_are_those_of_the_window_over_replicas_and_a_restart(value, window):
    y_true, y_pred = window("near")
    assert value(queries.mae("near", window=WINDOW), STEADY) == {
        (): pytest.approx(mean_absolute_error(y_true, y_pred), rel=1e-12)
    }
    assert value(queries.rmse("near", window=WINDOW), STEADY) == {
        (): pytest.approx(root_mean_squared_error(y_true, y_pred), rel=1e-12)
    }
    assert value(queries.bias("near", window=WINDOW), STEADY) == {
        (): pytest.approx((y_pred - y_true).mean(), rel=1e-12)
    }
    assert value(queries.r2("near", window=WINDOW), STEADY) == {(): pytest.approx(r2_score(y_true, y_pred), rel=1e-12)}


def test_r2_keeps_its_digits_where_values_are_far_from_the_centre(value, window):
    # d = 30,000 standard deviations, n = 10: 1e-16 * d ** 2 * n is 1e-6.
    assert value(queries.r2("kelvin", window=WINDOW), STEADY) == {
        (): pytest.approx(r2_score(*window("kelvin")), rel=1e-5)
    }


def test_a_fresh_model_is_measured_from_its_first_label(value, window):
    y_true, y_pred = window("fresh", FRESH)
    assert value(queries.mae("fresh", window="5m"), FRESH) == {(): pytest.approx(mean_absolute_error(y_true, y_pred))}
    assert value(queries.r2("fresh", window="5m"), FRESH) == {(): pytest.approx(r2_score(y_true, y_pred))}


def test_no_variance_gives_no_r2(value):
    assert value(queries.r2("constant", window=WINDOW), STEADY) == {}
    assert value(queries.mae("constant", window=WINDOW), STEADY) != {}


def test_a_quantile_of_errors_lies_in_the_bucket_of_the_exact_one(value, window):
    y_true, y_pred = window("near")
    exact = np.quantile(abs(y_pred - y_true), 0.5)
    (estimate,) = value(queries.error_quantile("near", quantile=0.5, window=WINDOW), STEADY).values()
    assert 2 < exact < 5
    assert 2 < estimate < 5


@pytest.mark.parametrize("query", [queries.mae, queries.rmse, queries.r2, queries.bias, queries.error_quantile])
def test_no_labels_give_no_sample(value, query):
    assert value(query("near", window=WINDOW), QUIET) == {}
    assert value(query("no such model"), QUIET) == {}


def test_a_quantile_that_is_no_share_is_refused():
    with pytest.raises(InvalidValue, match="quantile: 95 is no share"):
        queries.error_quantile(quantile=95)


def test_several_outputs_are_scikit_learns_uniform_average_or_told_apart(value, window):
    y_true, y_pred = (both.T for both in window("several").swapaxes(0, 1))
    for query, score in ((queries.mae, mean_absolute_error), (queries.rmse, root_mean_squared_error)):
        assert value(query("several", window=WINDOW), STEADY) == {(): pytest.approx(score(y_true, y_pred))}
        each = score(y_true, y_pred, multioutput="raw_values")
        assert value(query("several", window=WINDOW, by="output"), STEADY) == {
            (str(output),): pytest.approx(one) for output, one in enumerate(each)
        }
    assert value(queries.r2("several", window=WINDOW), STEADY) == {(): pytest.approx(r2_score(y_true, y_pred))}
    assert value(queries.bias("several", window=WINDOW), STEADY) == {(): pytest.approx((y_pred - y_true).mean())}
