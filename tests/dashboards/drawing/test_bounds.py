import numpy as np
import pytest

from monitorkit.dashboards.drawing.bounds import BoundScale, bound_axis

PROMETHEUS_DEFAULT = [0, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, np.inf]


@pytest.mark.parametrize(
    ("bounds", "kind"),
    [
        (PROMETHEUS_DEFAULT, "log"),
        ([0, 10, 20, 30, 40, np.inf], "linear"),
        ([0, 1, 2, 4, 8, np.inf], "log"),
        ([0, 1, np.inf], "linear"),
        ([-np.inf, -4, -2, -1, 0, 1, 2, 4, np.inf], "log"),
        ([0, np.inf], "linear"),
    ],
)
def test_the_scale_is_that_on_which_rows_are_alike(bounds, kind):
    assert BoundScale.of(np.array(bounds, dtype=float)).kind == kind


@pytest.mark.parametrize("kind", ["log", "linear"])
@pytest.mark.parametrize(
    "bounds",
    [PROMETHEUS_DEFAULT, [-np.inf, -4, -1, 0, 3, np.inf], [0, np.inf], [-1e-128, 1e-128], [1e300, np.inf], [2, 4]],
)
def test_places_ascend_as_the_bounds_do(kind, bounds):
    places = BoundScale.of(np.array(bounds, dtype=float), kind).place(np.array(bounds, dtype=float))
    assert np.isfinite(places).all()
    assert (np.diff(places) > 0).all()


def test_on_a_logarithmic_scale_equal_ratios_are_equally_high_and_below_zero_mirrors_above():
    bounds = np.array([-4.0, -2, -1, 0, 1, 2, 4, np.inf])
    steps = np.diff(BoundScale.of(bounds, "log").place(bounds))
    np.testing.assert_allclose(steps, np.log10(2))


def test_a_bucket_without_end_is_one_row_high():
    bounds = np.array([-np.inf, 10.0, 20, 30, np.inf])
    assert BoundScale.of(bounds).place(bounds).tolist() == [0, 10, 20, 30, 40]


def axis(bounds, height=230, unit="s"):
    bounds = np.array(bounds, dtype=float)
    return bound_axis(bounds, BoundScale.of(bounds), unit, height)


def test_bounds_are_written_where_there_is_room_and_the_endless_end_always():
    tall = axis(PROMETHEUS_DEFAULT)
    assert tall.labels == (
        "0 s", "5 ms", "10 ms", "25 ms", "50 ms", "100 ms", "250 ms", "500 ms", "1 s", "2.5 s", "5 s", "10 s", "∞"
    )  # fmt: skip
    low = axis(PROMETHEUS_DEFAULT, height=60)
    assert 2 <= len(low.labels) <= 5
    assert low.labels[-1] == "∞"
    assert low.ticks[-1] == low.high
    assert (np.diff(low.ticks) >= 14 * (low.high - low.low) / 60).all()


def test_where_bounds_are_too_many_round_values_are_written():
    assert axis(2.0 ** (np.arange(-50, 10) / 8)).labels == (
        "20 ms",
        "50 ms",
        "100 ms",
        "200 ms",
        "500 ms",
        "1 s",
        "2 s",
    )
    assert axis(np.arange(0, 101.0), unit="short").labels[:3] == ("0", "20", "40")
    both = 2.0 ** (np.arange(-50, 10) / 8)
    assert "0 s" in axis([*-both[::-1], *both]).labels


def test_a_label_has_no_more_digits_than_can_be_read():
    assert axis([0, 1e8, np.inf], unit="bytes").labels == ("0 B", "95.4 MiB", "∞")
