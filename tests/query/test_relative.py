import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.errors import InvalidValue
from monitorkit.query.relative import relative

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def berlin():
    """The time zone of this process, with its changes of the clocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def at(*moment, zone=BERLIN):
    return round(datetime(*moment, tzinfo=zone).timestamp() * 1000)


WEDNESDAY = at(2026, 11, 25, 14, 20, 30)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("now/s", (2026, 11, 25, 14, 20, 30), (2026, 11, 25, 14, 20, 31)),
        ("now/m", (2026, 11, 25, 14, 20), (2026, 11, 25, 14, 21)),
        ("now/h", (2026, 11, 25, 14), (2026, 11, 25, 15)),
        ("now/d", (2026, 11, 25), (2026, 11, 26)),
        ("now-1d/d", (2026, 11, 24), (2026, 11, 25)),
        ("now - 2d / d", (2026, 11, 23), (2026, 11, 24)),
        ("now/w", (2026, 11, 23), (2026, 11, 30)),
        ("now-1w/w", (2026, 11, 16), (2026, 11, 23)),
        ("now/M", (2026, 11, 1), (2026, 12, 1)),
        ("now-1M/M", (2026, 10, 1), (2026, 11, 1)),
        ("now+1M/M", (2026, 12, 1), (2027, 1, 1)),
        ("now/Q", (2026, 10, 1), (2027, 1, 1)),
        ("now-1Q/Q", (2026, 7, 1), (2026, 10, 1)),
        ("now/y", (2026, 1, 1), (2027, 1, 1)),
        ("now-1y6M/M", (2025, 5, 1), (2025, 6, 1)),
    ],
)
def test_a_rounding_is_a_place_in_the_local_calendar(berlin, text, first, last):
    assert relative(text, now=WEDNESDAY, name="start") == at(*first)
    assert relative(text, now=WEDNESDAY, name="end", round_up=True) == at(*last) - 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now/d+8h", (2026, 11, 25, 8)),
        ("now-7d/d+8h30m", (2026, 11, 18, 8, 30)),
        ("now-1M", (2026, 10, 25, 14, 20, 30)),
        ("now-1M/M+1M", (2026, 11, 1)),
    ],
)
def test_what_stands_after_a_rounding_is_counted_from_there(berlin, text, expected):
    assert relative(text, now=WEDNESDAY, name="start") == at(*expected)


def test_a_month_later_is_at_most_the_last_of_the_month(berlin):
    assert relative("now-1M", now=at(2026, 3, 31, 12), name="at") == at(2026, 2, 28, 12)
    assert relative("now-1M", now=at(2024, 3, 31, 12), name="at") == at(2024, 2, 29, 12)


def test_a_day_of_the_calendar_may_have_23_or_25_hours(berlin):
    after_the_gap = at(2026, 3, 30, 0, 30)  # a Monday; its Sunday had 23 hours
    assert relative("now-1d/d", now=after_the_gap, name="start") == at(2026, 3, 29)
    assert relative("now-1d/d", now=after_the_gap, name="end", round_up=True) - at(2026, 3, 29) == 23 * 3_600_000 - 1
    assert relative("now/d", now=at(2026, 10, 25, 23), name="end", round_up=True) - at(2026, 10, 25) == 90_000_000 - 1


def test_without_a_rounding_a_day_has_24_hours(berlin):
    assert relative("now-1d", now=at(2026, 3, 30, 0, 30), name="at") == at(2026, 3, 28, 23, 30)


def test_an_hour_that_there_is_twice_is_rounded_to_its_own_beginning(berlin):
    first, second = at(2026, 10, 25, 0, 40, zone=UTC), at(2026, 10, 25, 1, 40, zone=UTC)  # 02:40 both
    assert relative("now/h", now=first, name="at") == at(2026, 10, 25, 0, zone=UTC)
    assert relative("now/h", now=second, name="at") == at(2026, 10, 25, 1, zone=UTC)


def test_an_hour_begins_where_the_local_clock_says(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")  # 5 h 30 min ahead of UTC
    time.tzset()
    try:
        now = at(2026, 11, 25, 14, 50, zone=ZoneInfo("Asia/Kolkata"))
        assert relative("now/h", now=now, name="at") == at(2026, 11, 25, 14, zone=ZoneInfo("Asia/Kolkata"))
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.integers(0, 4 * 10**12), st.sampled_from("smhdwMQy"))
def test_a_rounding_holds_the_time_and_ends_where_the_next_begins(berlin, now, unit):
    first = relative(f"now/{unit}", now=now, name="at")
    last = relative(f"now/{unit}", now=now, name="at", round_up=True)
    assert first <= now <= last
    assert relative(f"now/{unit}", now=last + 1, name="at") == last + 1


@given(st.integers(0, 4 * 10**12), st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h", "d", "w"]))
def test_without_a_rounding_a_distance_is_a_prometheus_duration(now, n, unit):
    length = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}[unit]
    if n * length < 9 * 10**15 / 1000:
        assert relative(f"now-{n}{unit}", now=now, name="at") == now - n * length
        assert relative(f"now+{n}{unit}-{n}{unit}", now=now, name="at") == now


@pytest.mark.parametrize("text", ["nowhere", "1h", "", "NOW", "today", "nowd/d"])
def test_what_does_not_begin_with_now_is_left_to_others(text):
    assert relative(text, now=0, name="at") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("now-", "at: 'now-' is no time; write 'now-1h30m', or 'now-1d/d' for a whole day"),
        ("now 1h", "at: 'now 1h' is no time"),
        ("now-1d/", "at: 'now-1d/' is no time"),
        ("now-1x", "at: '1x' is no duration; write numbers with units"),
        ("now-1x/d", "at: '1x' is no distance in the calendar; write numbers with units y Q M w d h m s, as in '1d'"),
        ("now/x", "at: '/x' is no unit to round to; write one of /s /m /h /d /w /M /Q /y"),
        ("now-1d/D", "at: '/D' is no unit to round to"),
        ("now-9999y/y", "at: 'now-9999y/y' is out of range"),
        ("now-99999999d/d", "at: 'now-99999999d/d' is out of range"),
        ("now+99999999999999999999d/d", "at: .* is out of range"),
    ],
)
def test_what_cannot_be_read_says_what_would_be_right(text, reason):
    with pytest.raises(InvalidValue, match=reason):
        relative(text, now=WEDNESDAY, name="at")
