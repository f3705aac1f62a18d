import numpy as np
import pandas as pd
import pytest

from monitorkit.durations import LONGEST_SECONDS, seconds
from monitorkit.errors import InvalidType, InvalidValue


@pytest.mark.parametrize("duration", [1e30, 10**30, "300y", "9" * 30])
def test_more_than_prometheus_can_count_is_refused(duration):
    with pytest.raises(InvalidValue, match=r"last: .* is longer than Prometheus can count, 292 years"):
        seconds(duration, name="last")


def test_the_longest_that_it_can_count_is_taken():
    assert seconds("292y") == 292 * 365 * 86400 <= LONGEST_SECONDS


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (np.timedelta64(5, "m"), 300.0),
        (np.timedelta64(1500, "ms"), 1.5),
        (np.timedelta64(2, "W"), 1_209_600.0),
        (pd.Timedelta("1h30m"), 5400.0),
        (np.int64(60), 60.0),
        (np.float32(0.5), 0.5),
    ],
)
def test_durations_of_numpy_and_pandas_have_their_length(duration, expected):
    assert seconds(duration) == expected


@pytest.mark.parametrize(
    "duration",
    [
        np.timedelta64(1, "M"),  # a month has no length
        np.timedelta64(5),  # five of what?
        np.array([1, 2], "m8[s]"),
        np.datetime64("2026-01-01"),
        np.True_,
        pd.NaT,
    ],
)
def test_what_of_numpy_and_pandas_has_no_length_is_refused(duration):
    with pytest.raises(InvalidType, match=r"step: .* is no duration; write '5m', a number of seconds or a timedelta"):
        seconds(duration, name="step")


def test_no_time_at_all_is_refused():
    with pytest.raises(InvalidValue, match=r"last: .*NaT.* must be finite and not negative"):
        seconds(np.timedelta64("NaT", "s"), name="last")
