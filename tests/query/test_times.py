import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query.times import Window, default_step, iso, moment, window, wire_text

NOW = 1_700_000_000_191


@pytest.fixture
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("now", NOW),
        (" now-1h ", NOW - 3_600_000),
        ("now - 1h30m", NOW - 5_400_000),
        ("now+500ms", NOW + 500),
        ("1h30m", NOW - 5_400_000),
        ("1700000000.191", 1_700_000_000_191),
        ("2023-11-14T22:13:20.191Z", 1_700_000_000_191),
        ("2023-11-14T23:13:20.191+01:00", 1_700_000_000_191),
        (1_700_000_000, 1_700_000_000_000),
        (1_700_000_000.191, 1_700_000_000_191),
        (np.float64(1_700_000_000.191), 1_700_000_000_191),
        (np.int64(1_700_000_000), 1_700_000_000_000),
        (0, 0),
        (datetime(2023, 11, 14, 22, 13, 20, 191_000, tzinfo=UTC), 1_700_000_000_191),
        (datetime(2023, 11, 15, 3, 43, 20, 191_000, tzinfo=timezone(timedelta(hours=5.5))), 1_700_000_000_191),
        (pd.Timestamp("2023-11-14T22:13:20.191Z"), 1_700_000_000_191),
        (pd.Timestamp("2023-11-14T22:13:20.191000001Z"), 1_700_000_000_191),
        (Decimal("1700000000.191"), 1_700_000_000_191),
        ("2023-11-14T22:13:20.191000001Z", 1_700_000_000_191),
        (datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC), -1),
    ],
)
def test_a_moment_is_exact_to_the_millisecond(value, expected):
    assert moment(value, now=NOW) == expected


@given(st.integers(min_value=0, max_value=10**14 - 1))
def test_every_millisecond_survives_every_way_of_writing_it(milliseconds):
    assert moment(milliseconds / 1000, now=0) == milliseconds
    assert moment(wire_text(milliseconds), now=0) == milliseconds
    assert moment(iso(milliseconds), now=0) == milliseconds
    assert moment(pd.Timestamp(milliseconds, unit="ms", tz="UTC"), now=0) == milliseconds


@pytest.mark.parametrize(
    "naive",
    [
        datetime(2026, 7, 1, 12),  # noqa: DTZ001 - a naive one is what this is about
        pd.Timestamp("2026-07-01 12:00"),
        "2026-07-01T12:00",
        "2026-07-01 12:00",
    ],
)
def test_a_naive_time_is_local_time(naive, berlin):
    assert moment(naive, now=NOW) == 1_782_900_000_000  # 10:00 UTC, in summer


def test_a_local_time_that_a_clock_change_skips_is_read_with_the_offset_before_it(berlin):
    for skipped in (datetime(2026, 3, 29, 2, 30), pd.Timestamp("2026-03-29 02:30"), "2026-03-29T02:30"):  # noqa: DTZ001
        assert moment(skipped, now=NOW) == moment("2026-03-29T01:30Z", now=NOW)


def test_a_local_time_that_there_is_twice_is_the_first_unless_it_says_otherwise(berlin):
    for twice in (datetime(2026, 10, 25, 2, 30), pd.Timestamp("2026-10-25 02:30"), "2026-10-25T02:30"):  # noqa: DTZ001
        assert moment(twice, now=NOW) == moment("2026-10-25T00:30Z", now=NOW)
    second = datetime(2026, 10, 25, 2, 30, fold=1)  # noqa: DTZ001
    assert moment(second, now=NOW) == moment("2026-10-25T01:30Z", now=NOW)


def test_whole_days_are_asked_for_as_in_grafana(berlin):
    now = moment("2026-11-25T14:20", now=NOW)
    asked = window(start="now-1d/d", end="now-1d/d", step="1h", now=now)
    assert (iso(asked.start_ms), iso(asked.end_ms)) == ("2026-11-23T23:00:00.000Z", "2026-11-24T22:59:59.999Z")
    assert asked.n_steps == 24


def test_eight_digits_are_a_date_and_four_are_not_guessed_at(berlin):
    assert moment("20260701", now=NOW) == moment(date(2026, 7, 1), now=NOW)
    with pytest.raises(
        InvalidValue, match="at: '2026' may be a year or a unix time; write '2026-01-01', or the number"
    ):
        moment("2026", now=NOW, name="at")


def test_a_date_is_its_first_moment_in_local_time(berlin):
    assert moment(date(2026, 7, 1), now=NOW) == moment("2026-06-30T22:00:00Z", now=NOW)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("yesterday", "at: 'yesterday' is no time; write 'now', 'now-1h'"),
        ("", "at: '' is no time"),
        ("now-", "at: 'now-' is no time"),
        ("now-1x", "at: '1x' is no duration"),
        (1_700_000_000_000, "at: 1700000000000.0 must be a unix time in seconds .not in ms"),
        (-3600, "at: -3600.0 must be a unix time in seconds"),
        (float("nan"), "at: nan must be a unix time"),
        ("nan", "at: nan must be a unix time"),
        (pd.NaT, "at: NaT is no time"),
    ],
)
def test_a_moment_that_cannot_be_says_why(value, reason):
    with pytest.raises(InvalidValue, match=reason):
        moment(value, now=NOW, name="at")


@pytest.mark.parametrize(
    "value", [None, [1], timedelta(hours=1), True, np.True_, np.array([1.0]), pd.Series([1.0]), pd.NA, 1j]
)
def test_a_moment_of_another_type_is_refused(value):
    with pytest.raises(InvalidType, match="is no time; write 'now'"):
        moment(value, now=NOW)


def test_a_datetime64_could_mean_two_times_and_is_refused():
    with pytest.raises(InvalidType, match=r"start: .* does not say its time zone; write pd.Timestamp\(..., tz='UTC'\)"):
        window(start=np.datetime64("2026-01-01"), now=NOW)


def test_a_window_ends_now_and_begins_before():
    assert window(last="15m", step="5s", now=NOW) == Window(NOW - 900_000, NOW, 5_000)
    assert window(now=NOW) == Window(NOW - 3_600_000, NOW, 5_000)
    assert window(last=60, end="now-1h", now=NOW) == Window(NOW - 3_660_000, NOW - 3_600_000, 1_000)
    assert window(start="2h", step=0.5, now=NOW) == Window(NOW - 7_200_000, NOW, 500)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"last": "5m", "start": "1h"}, r"last='5m' and start='1h': give one of them, not both"),
        ({"start": 100, "end": 99}, r"end: 1970-01-01T00:01:39.000Z is before the start, 1970-01-01T00:01:40.000Z"),
        ({"step": 0}, r"step: 0 must be at least 1 ms; write '15s', or leave it out"),
        ({"step": "0s"}, r"step: '0s' must be at least 1 ms"),
        ({"step": -1}, r"step: -1 must be finite and not negative"),
        ({"step": "soon"}, r"step: 'soon' is no duration"),
        ({"last": "30d", "step": "1ms"}, r"step: 2,592,000,001 steps are too many; take a step of 1s or more"),
    ],
)
def test_an_impossible_range_says_what_would_be_right(arguments, reason):
    with pytest.raises(InvalidValue, match=reason):
        window(now=NOW, **arguments)


@given(st.integers(0, 10**12), st.integers(0, 10**4), st.integers(1, 10**5))
def test_the_grid_has_every_step_from_start_to_end(start, length, step):
    asked = Window(start, start + length, step)
    assert asked.grid().tolist() == list(range(start, start + length + 1, step))
    assert asked.holds(asked.grid())
    assert not asked.holds(np.array([start - step]))
    assert step == 1 or not asked.holds(np.array([start + 1]))


@given(st.integers(0, 8 * 10**10))
def test_the_default_step_gives_a_graph_of_some_thousand_points(range_ms):
    step = default_step(range_ms)
    assert step >= 1000
    assert range_ms / step <= 2001  # the roundest step below may be half the exact one
    assert step == 1000 or range_ms / step >= 400


def test_bytes_are_no_time():
    with pytest.raises(InvalidType, match="at: b'x' is no time"):
        moment(b"x", now=0, name="at")


@given(st.lists(st.integers(-100, 400), max_size=6))
def test_the_steps_of_times_are_those_of_the_grid(times):
    window = Window(3, 300, 7)
    grid = window.grid().tolist()
    found = window.positions(np.array(times, dtype=np.int64))
    if set(times) <= set(grid):
        assert found.tolist() == [grid.index(ms) for ms in times]
    else:
        assert found is None
    assert window.holds(np.array(times, dtype=np.int64)) == (set(times) <= set(grid))
