"""Errors of a regressor, against scikit-learn and plain sums."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from monitorkit.metrics.quality.error_scale import ErrorScale
from monitorkit.metrics.quality.regression import RegressionFamilies

LABELS = {"model_name": "prices", "model_version": "1"}
VALUES = st.floats(-1e6, 1e6)


@pytest.fixture
def registry():
    return CollectorRegistry()


def regression_in(registry, *, window=1000, **scale):
    regression = RegressionFamilies(registry).of("prices", "1")
    regression.configure(window=window, scale=ErrorScale(**scale))
    return regression


def value(registry, name, **labels):
    return registry.get_sample_value(name, LABELS | labels)


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=60, unique_by=lambda pair: pair[0]))
@example(pairs=[(0.0, 0.0), (1.9604165786481868e-156, 1.0)])
def test_scores_are_scikit_learns_on_the_window(pairs):
    registry = CollectorRegistry()
    regression = regression_in(registry, window=25)
    for y_true, y_pred in pairs:
        regression.observe(y_true, y_pred)
    y_true, y_pred = zip(*pairs[-25:], strict=True)
    assume(((y_true - np.mean(y_true)) ** 2).sum() > 0)  # squares of the smallest numbers are 0
    assert value(registry, "model_mae") == mean_absolute_error(y_true, y_pred)
    assert value(registry, "model_rmse") == root_mean_squared_error(y_true, y_pred)
    with np.errstate(over="ignore"):  # a variance of next to nothing
        expected = r2_score(y_true, y_pred, force_finite=False)
    assert value(registry, "model_r2") == expected


def test_scores_of_several_outputs_are_scikit_learns_uniform_average(registry):
    regression = regression_in(registry, window=25)
    rng = np.random.default_rng(2)
    y_true = rng.normal(size=(40, 3)) * [1, 10, 100]
    y_pred = y_true + rng.normal(size=(40, 3)) * [1, 2, 3]
    for pair in zip(y_true.tolist(), y_pred.tolist(), strict=True):
        regression.observe(*pair)
    assert value(registry, "model_mae") == mean_absolute_error(y_true[-25:], y_pred[-25:])
    assert value(registry, "model_rmse") == root_mean_squared_error(y_true[-25:], y_pred[-25:])
    assert value(registry, "model_r2") == r2_score(y_true[-25:], y_pred[-25:])
    assert value(registry, "model_absolute_error_count") is None
    for output, errors in enumerate(np.abs(y_pred - y_true).T):
        assert value(registry, "model_absolute_error_count", output=str(output)) == 40
        assert value(registry, "model_absolute_error_sum", output=str(output)) == pytest.approx(errors.sum())
        squares = value(registry, "model_squared_error_total", output=str(output))
        assert squares == pytest.approx((errors**2).sum())
        signed = [
            value(registry, "model_true_value_total", output=str(output), sign=s) for s in ("positive", "negative")
        ]
        assert signed == pytest.approx([y_true.T[output].clip(0).sum(), -y_true.T[output].clip(max=0).sum()])


def test_an_output_without_variance_is_left_out_of_the_mean_of_r2(registry):
    regression = regression_in(registry)
    for y_true, y_pred in (([1.0, 5.0], [1.5, 5.0]), ([2.0, 5.0], [2.5, 4.0]), ([4.0, 5.0], [4.0, 5.0])):
        regression.observe(y_true, y_pred)
    assert value(registry, "model_r2") == r2_score([1.0, 2.0, 4.0], [1.5, 2.5, 4.0])


def test_one_number_that_has_no_error_leaves_the_whole_prediction_unscored(registry):
    regression = regression_in(registry)
    regression.expect(2)
    regression.observe([1.0, 1e101], [1.0, 2.0])
    regression.observe([1.0, 2.0], [1.0, math.inf])
    assert value(registry, "model_unscored_labels_total") == 2
    assert value(registry, "model_absolute_error_count", output="0") == 0
    assert value(registry, "model_mae") is None


def test_another_number_of_outputs_counts_anew(registry):
    regression = regression_in(registry)
    regression.observe(1.0, 2.0)
    regression.expect(2)
    assert value(registry, "model_absolute_error_count") is None
    assert value(registry, "model_absolute_error_count", output="1") == 0
    regression.observe([0.0, 0.0], [1.0, 3.0])
    regression.expect(2)
    assert value(registry, "model_mae") == 2
    regression.observe(1.0, 5.0)
    assert value(registry, "model_unscored_labels_total") == 1
    assert value(registry, "model_mae") == 2


def test_nothing_is_exported_before_it_is_known_that_numbers_are_predicted(registry):
    regression = regression_in(registry)
    assert list(registry.collect()) == []
    regression.declare()
    assert value(registry, "model_absolute_error_count") == 0
    assert value(registry, "model_true_value_total", sign="negative") == 0
    assert value(registry, "model_mae") is None


def test_a_variance_of_nothing_gives_no_r2(registry):
    regression = regression_in(registry)
    for y_pred in (1.0, 2.0):
        regression.observe(5.0, y_pred)
        assert value(registry, "model_r2") is None
    assert value(registry, "model_mae") == 3.5


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(VALUES, VALUES), max_size=30))
def test_sums_are_those_of_all_labels(pairs):
    registry = CollectorRegistry()
    regression = regression_in(registry, window=2, buckets=(0, 10, 1000), center=50)
    for y_true, y_pred in pairs:
        regression.observe(y_true, y_pred)
    regression.declare()
    errors = [y_pred - y_true for y_true, y_pred in pairs]
    centered = [y_true - 50 for y_true, _ in pairs]
    near = {
        "model_squared_error_total": sum(error**2 for error in errors),
        "model_absolute_error_sum": sum(map(abs, errors)),
        "model_true_value_squared_total": sum(one**2 for one in centered),
    }
    assert {name: value(registry, name) for name in near} == pytest.approx(near)
    for name, numbers in (("model_signed_error_total", errors), ("model_true_value_total", centered)):
        signs = [value(registry, name, sign=sign) for sign in ("positive", "negative")]
        assert signs == pytest.approx([sum(n for n in numbers if n > 0), -sum(n for n in numbers if n < 0)])
    for edge in (0, 10, 1000, math.inf):
        count = value(registry, "model_absolute_error_bucket", le="+Inf" if edge == math.inf else f"{edge}.0")
        assert count == sum(abs(error) <= edge for error in errors)


@pytest.mark.parametrize("y_pred", [math.nan, math.inf, -math.inf, 1e200])
def test_a_prediction_without_an_error_spoils_no_sum(registry, y_pred):
    regression = regression_in(registry)
    regression.observe(1.0, 2.0)
    regression.observe(1.0, y_pred)
    assert value(registry, "model_mae") == 1.0
    assert value(registry, "model_squared_error_total") == 1.0
    assert value(registry, "model_unscored_labels_total") == 1.0


def test_predictions_without_an_error_are_counted_where_there_are_no_others(registry):
    regression = regression_in(registry)
    regression.declare()
    assert value(registry, "model_unscored_labels_total") == 0
    regression.observe(1.0, math.nan)
    assert value(registry, "model_unscored_labels_total") == 1
    assert value(registry, "model_mae") is None


def test_another_scale_counts_anew(registry):
    regression = regression_in(registry)
    regression.observe(1.0, 2.0)
    regression.configure(window=1000, scale=ErrorScale(buckets=(5,)))
    assert value(registry, "model_absolute_error_count") == 0
    assert value(registry, "model_absolute_error_bucket", le="5.0") == 0
    assert value(registry, "model_mae") == 1.0


def test_a_retired_version_shows_no_scores_and_keeps_its_sums(registry):
    regression = regression_in(registry)
    regression.observe(1.0, 2.0)
    regression.active = False
    assert value(registry, "model_mae") is None
    assert value(registry, "model_absolute_error_sum") == 1.0


def test_a_shorter_window_keeps_the_newest(registry):
    regression = regression_in(registry)
    for error in (9.0, 1.0, 2.0):
        regression.observe(0.0, error)
    regression.configure(window=2, scale=ErrorScale())
    assert value(registry, "model_mae") == 1.5
