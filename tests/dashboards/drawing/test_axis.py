import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.dashboards.drawing.axis import value_axis
from monitorkit.dashboards.panels import TimeSeries, above, below


def axis(values, unit="short", **options):
    return value_axis(TimeSeries("T", "x", unit=unit, **options), np.asarray(values, dtype=float), 5)


@given(
    st.lists(st.floats(-1e12, 1e12, allow_subnormal=False), min_size=1, max_size=20),
    st.sampled_from(["short", "s", "bytes", "percent", "percentunit"]),
)
def test_all_values_are_on_the_axis_and_ticks_have_labels(values, unit):
    found = axis(values, unit)
    assert found.low < found.high
    slack = (found.high - found.low) * 1e-6
    assert found.low - slack <= min(values) <= max(values) <= found.high + slack
    assert len(found.ticks) == len(found.labels) >= 2
    assert len(found.ticks) <= 8


@pytest.mark.parametrize(
    ("values", "unit", "thresholds", "low", "high"),
    [
        pytest.param([20, 55], "reqps", (), 0, 60, id="zero is near"),
        pytest.param([0.94, 0.97], "percentunit", (), 0.935, 0.975, id="zero is far"),
        pytest.param([0.94, 0.97], "percentunit", below(0.9), 0.88, 0.98, id="a near threshold is on it"),
        pytest.param([0.001, 0.004], "s", above(1.0), 0, 0.005, id="a far one is not"),
        pytest.param([0.3, 0.5], "s", above(1.0), 0, 1.5, id="twice as high is near"),
        pytest.param([0.98, 1.0], "percentunit", below(0.9), 0.85, 1.0, id="no more than 100 %"),
        pytest.param([0, 0], "reqps", (), 0, 0.5, id="only zeros"),
    ],
)
def test_ends(values, unit, thresholds, low, high):
    found = axis(values, unit, thresholds=thresholds)
    assert found.low == pytest.approx(low, abs=(high - low) * 0.15)
    assert found.high == pytest.approx(high, abs=(high - low) * 0.15)


def test_a_flat_line_is_not_blown_up():
    found = axis([0.9431, 0.9438], "percentunit")
    assert found.high - found.low >= 0.018


def test_given_ends_are_kept():
    found = axis([20, 150], "percent", min=0, max=100)
    assert (found.low, found.high, found.ticks[0], found.ticks[-1]) == (0, 100, 0, 100)


@pytest.mark.parametrize("options", [{"min": 10}, {"max": -10}])
def test_an_end_beyond_all_values_gives_an_axis_still(options):
    found = axis([1, 2], **options)
    assert found.low < found.high


def test_bytes_have_ticks_at_powers_of_two():
    assert axis([0, 3.1e9], "bytes").labels[1] in {"0.5 GiB", "1 GiB", "1.0 GiB"}
