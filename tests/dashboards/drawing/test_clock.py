import time
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from monitorkit.dashboards.drawing.clock import clock_text, span_text, time_ticks, zone_text


@pytest.fixture
def zone(monkeypatch):
    def set_zone(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()
        return ZoneInfo(name)

    yield set_zone
    monkeypatch.undo()
    time.tzset()


ZONES = ["UTC", "Asia/Shanghai", "Asia/Kolkata", "America/New_York", "Asia/Kathmandu"]


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize(
    ("seconds", "every"), [(60, 10), (900, 120), (3600, 600), (21600, 3600), (86400, 10800), (7 * 86400, 86400)]
)
def test_ticks_are_round_in_local_time(zone, name, seconds, every):
    local = zone(name)
    start = datetime(2026, 11, 18, 9, 13, 7, tzinfo=local).timestamp()
    ticks = time_ticks(start, start + seconds, 450)
    assert len(ticks) >= 3
    for moment, label in ticks:
        at = datetime.fromtimestamp(moment, local)
        since_midnight = at.hour * 3600 + at.minute * 60 + at.second
        assert since_midnight % min(every, 86400) == 0
        assert label in {f"{at:%H:%M:%S}", f"{at:%H:%M}", f"{at:%m-%d}"}
        assert start <= moment <= start + seconds


@pytest.mark.parametrize("seconds", [5, 45, 300, 5400, 40000, 300000, 3e6, 3e7])
@pytest.mark.parametrize("width", [120, 260, 450, 940])
def test_labels_do_not_run_into_each_other(zone, seconds, width):
    zone("Europe/Berlin")
    ticks = time_ticks(1_700_000_000, 1_700_000_000 + seconds, width)
    distances = [(b - a) * width / seconds for (a, _), (b, _) in pairwise(ticks)]
    assert all(distance >= 45 for distance in distances)
    assert all(a != b for (_, a), (_, b) in pairwise(ticks))


def test_seconds_are_shown_only_where_they_differ(zone):
    zone("UTC")
    assert time_ticks(0, 30, 400)[1][1].count(":") == 2
    assert time_ticks(0, 900, 400)[1][1].count(":") == 1


def test_the_day_shows_at_midnight(zone):
    local = zone("Asia/Shanghai")
    start = datetime(2026, 11, 18, 13, tzinfo=local).timestamp()
    assert "11-19" in [label for _, label in time_ticks(start, start + 86400, 450)]


@pytest.mark.parametrize(
    ("name", "text"),
    [("UTC", "UTC"), ("Asia/Shanghai", "CST (UTC+08:00)"), ("Asia/Kathmandu", "UTC+05:45"), ("Etc/GMT+3", "UTC-03:00")],
)
def test_the_zone_is_named(zone, name, text):
    zone(name)
    assert zone_text(1_700_000_000) == text


def test_a_span_within_a_day_has_one_date(zone):
    zone("UTC")
    assert span_text(1_700_000_000, 1_700_000_900) == "2023-11-14 22:13:20 – 22:28:20 UTC"  # noqa: RUF001 - an en dash
    assert span_text(1_700_000_000, 1_700_090_000).endswith("11-15 23:13:20 UTC")
    assert clock_text(1_700_000_000) == "22:13:20"
