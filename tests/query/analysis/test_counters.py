import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from remote_writing import remote_write, sample, series

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query import PrometheusClient, increase

T0 = 1_700_000_000_000


def samples(*rows, **labels):
    """Tidy samples from (seconds, value)."""
    times = pd.to_datetime([T0 + round(s * 1000) for s, _ in rows], unit="ms", utc=True).as_unit("ms")
    values = np.array([value for _, value in rows], dtype=float)
    return pd.DataFrame({"__name__": "x_total", "job": "a", **labels, "timestamp": times, "value": values})


def by_hand(rows):
    """Growth from sample to sample, one after the other."""
    rows = sorted(rows)
    return sum(now - before if now >= before else now for (_, before), (_, now) in itertools.pairwise(rows))


def test_a_counter_grows_by_the_difference_of_its_ends():
    found = increase(samples((0, 5), (10, 8), (20, 20)))
    assert found.index.names == ["__name__", "job"]
    assert found.index.tolist() == [("", "a")]
    assert found["value"].tolist() == [15]


def test_after_a_restart_all_that_it_shows_is_new():
    assert increase(samples((0, 100), (10, 130), (20, 7), (30, 9), (40, 0), (50, 0)))["value"].tolist() == [39]


def test_whole_numbers_stay_whole_and_a_huge_count_before_a_restart_swallows_nothing():
    assert increase(samples((0, 2**53 - 3), (1, 2**53 - 1), (2, 0.1), (3, 0.3)))["value"].tolist() == [2.3]
    tenths = [(n, n * 0.1) for n in range(1000)]
    assert increase(samples(*tenths))["value"].tolist() == [999 * 0.1]


def test_order_and_repetition_change_nothing():
    frame = samples((0, 5), (10, 8), (20, 1), (30, 4))
    twice = pd.concat([frame.iloc[::-1], frame])
    assert increase(twice)["value"].tolist() == increase(frame)["value"].tolist() == [7]
    corrected = pd.concat([samples((30, 400)), frame])
    assert increase(corrected)["value"].tolist() == [7]


def test_nan_is_left_out_and_a_single_sample_says_nothing():
    assert increase(samples((0, 5), (10, np.nan), (20, 9)))["value"].tolist() == [4]
    assert math.isnan(increase(samples((0, 5)))["value"].item())
    assert math.isnan(increase(samples((0, np.nan)))["value"].item())


def test_each_series_has_a_row_in_order_of_first_sight():
    both = pd.concat([samples((0, 5), (10, 8), job="b"), samples((0, 1), (10, 2))])
    found = increase(both)
    assert found.index.get_level_values("job").tolist() == ["b", "a"]
    assert found["value"].tolist() == [3, 1]
    assert increase(both[both["job"] == "a"])["value"].tolist() == [1]


def test_several_metrics_keep_their_names():
    both = pd.concat([samples((0, 5), (10, 8)), samples((0, 1), (10, 2)).assign(__name__="y_total")])
    assert increase(both).index.get_level_values("__name__").tolist() == ["x_total", "y_total"]


def test_intervals_end_at_whole_multiples_and_hold_what_came_after_the_one_before():
    # 1,700,000,000 s is 20 s past a whole minute.
    found = increase(samples((0, 5), (40, 8), (41, 9), (99, 11), (101, 2)), every="1m")
    assert found.index.name == "timestamp"
    assert str(found.index.dtype) == "datetime64[ms, UTC]"
    assert [(time.timestamp() - T0 / 1000) for time in found.index] == [40, 100, 160]
    assert found.to_numpy().tolist() == [[3], [3], [2]]
    assert found.columns.names == ["__name__", "job"]
    assert found.attrs["step"] == 60


def test_over_a_gap_the_later_interval_counts_and_the_empty_one_is_not_known():
    found = increase(samples((0, 5), (200, 9), (210, 10)), every=60)
    np.testing.assert_array_equal(found.to_numpy()[:, 0], [np.nan, np.nan, np.nan, 5])


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 50)), unique_by=lambda row: row[0], min_size=2),
    st.integers(1, 200),
)
def test_the_intervals_add_up_to_the_whole(rows, every):
    whole = increase(samples(*rows))["value"].item()
    assert whole == by_hand(rows)
    assert np.nansum(increase(samples(*rows), every=every).to_numpy()) == whole


def test_attributes_stay_and_the_samples_too():
    frame = samples((0, 5), (10, 8))
    frame.attrs = {"query": "x_total[1m]", "step": None}
    before = frame.copy(deep=True)
    assert increase(frame).attrs == frame.attrs
    assert increase(frame, "5m").attrs == {"query": "x_total[1m]", "step": 300}
    pd.testing.assert_frame_equal(frame, before)
    assert frame.attrs["step"] is None


@pytest.fixture(scope="module")
def prom(prometheus_binary, start_server):
    """Client of a server with a counter that restarts now and then."""
    url = start_server(prometheus_binary, "global: {}\n", "--web.enable-remote-write-receiver")
    rng = np.random.default_rng(0)
    with PrometheusClient(url) as client:
        for job in "ab":
            value, points = 0, []
            for n in range(240):
                value = 0 if rng.random() < 0.05 else value + int(rng.integers(0, 9))
                points.append(sample(T0 + 15_000 * n + 191, value))
            remote_write(url, series({"__name__": "x_total", "job": job}, *points))
        yield client


def test_it_sees_the_restarts_that_prometheus_sees(prom):
    end = T0 / 1000 + 3600
    raw = prom.samples("x_total[1h]", at=end)
    resets = prom.query("resets(x_total[1h])", at=end)["value"].droplevel("__name__")
    found = increase(raw)["value"].droplevel("__name__")
    for job, rows in raw.groupby("job"):
        values = rows["value"].to_numpy()
        lost = values[:-1][np.diff(values) < 0]
        assert len(lost) == resets[job] > 3
        assert found[job] == values[-1] - values[0] + lost.sum()


def test_it_differs_from_promql_only_by_the_extrapolation(prom):
    end = T0 / 1000 + 3600
    found = increase(prom.samples("x_total[1h]", at=end))["value"]
    theirs = prom.query("increase(x_total[1h])", at=end)["value"]
    # 240 samples span 239 x 15 s of the hour.
    np.testing.assert_allclose(found, theirs[found.index] * (239 * 15 / 3600), rtol=0.002)


def test_no_samples_give_an_empty_frame_of_the_same_form(prom):
    raw = prom.samples("nothing_here[1h]")
    found = increase(raw)
    assert found.empty
    assert found.index.names == ["__name__"]
    assert found.dtypes.to_dict() == {"value": np.float64}
    over_time = increase(raw, every="5m")
    assert over_time.empty
    assert str(over_time.index.dtype) == "datetime64[ms, UTC]"
    assert over_time.columns.names == ["__name__"]
    assert increase(samples()).index.names == ["__name__", "job"]


def test_what_holds_no_raw_samples_is_told_in_a_line(prom):
    with pytest.raises(InvalidValue, match=r"result of an instant query; pass raw samples, as prom.samples\("):
        increase(prom.query("vector(1)"))
    with pytest.raises(InvalidValue, match="result of an instant query"):
        increase(prom.query("vector(1)", tidy=True))
    with pytest.raises(InvalidValue, match="a range query, which skips some samples and repeats others"):
        increase(prom.query_range("vector(1)", last="1m", step="10s"))
    with pytest.raises(InvalidValue, match="native histograms have no single value"):
        increase(
            samples((0, 1)).assign(lower=0.0, upper=1.0, closed="right", count=1.0, histogram_count=1, histogram_sum=1)
        )
    with pytest.raises(InvalidValue, match="values of this frame are no numbers"):
        increase(samples((0, 1)).assign(value="x"))
    with pytest.raises(InvalidValue, match="the column 'timestamp' holds no times"):
        increase(samples((0, 1)).assign(timestamp=1.7e9))
    with pytest.raises(InvalidType, match="increase: list is no frame"):
        increase([1, 2])


@pytest.mark.parametrize(
    ("every", "said"),
    [("0s", "every: '0s' must be at least 1 ms"), (0.0015, "whole milliseconds"), ("x", "'x' is no duration")],
)
def test_an_interval_that_is_none_is_told(every, said):
    with pytest.raises(InvalidValue, match=said):
        increase(samples((0, 1), (1, 2)), every=every)


def test_intervals_without_number_are_refused():
    with pytest.raises(InvalidValue, match=r"every: '1ms' parts these samples into \d+ intervals; take a longer one"):
        increase(samples((0, 1), (1e6, 2)), every="1ms")
