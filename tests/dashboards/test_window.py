from datetime import UTC, datetime, timedelta, timezone

import pytest

from monitorkit.dashboards.window import Window, moment, round_interval
from monitorkit.errors import InvalidType, InvalidValue

AT = 1_700_000_000.0


def test_the_rate_interval_is_grafanas():
    # grafana#84063: max($__interval + scrape, 4 * scrape)
    assert Window(0, 900, 2, scrape_seconds=1).rate_interval == 4
    assert Window(0, 900, 60, scrape_seconds=15).rate_interval == 75


def test_macros_become_durations():
    window = Window(0, 3600, 15, scrape_seconds=5)
    text = "a[$__rate_interval] b[${__interval}] c[$__range] $__range_s $__range_ms $__interval_ms ${__range:text}"
    assert window.expand(text) == "a[20s] b[15s] c[1h] 3600 3600000 15000 1h"


def test_other_dollar_signs_stay():
    assert Window(0, 60, 1).expand('label_replace(up, "a", "$1", "b", "$x") $__unknown') == (
        'label_replace(up, "a", "$1", "b", "$x") $__unknown'
    )


def test_grafana_takes_30_s_for_six_hours_on_800_pixels():
    # rangeUtil.calculateInterval of @grafana/data 13.2.3
    assert Window.ending(AT, "6h", n_points=800, scrape_seconds=15).step == 30


@pytest.mark.parametrize("last", ["10s", "1m", "15m", "1h", "7d", "1y"])
@pytest.mark.parametrize("scrape", [0.2, 1, 15, 60])
def test_both_ends_lie_on_the_grid_of_steps(last, scrape):
    window = Window.ending(AT + 0.3, last, n_points=400, scrape_seconds=scrape)
    assert window.end % window.step == pytest.approx(0, abs=1e-6) or window.step < 1
    assert (window.end - window.start) / window.step == pytest.approx(round((window.end - window.start) / window.step))
    assert 0 <= AT + 0.3 - window.end < window.step
    assert window.step >= scrape


def test_one_moment_later_asks_for_the_same_samples():
    first = Window.ending(1_700_000_001.0, "1h", n_points=400)
    assert Window.ending(1_700_000_004.0, "1h", n_points=400) == first


def test_intervals_are_rounded_to_what_people_read():
    assert [round_interval(x) for x in (0.004, 0.3, 2.25, 8, 100, 5000, 1e9)] == [
        0.001,
        0.2,
        2,
        10,
        120,
        3600,
        31536000,
    ]


def test_no_length_is_refused():
    with pytest.raises(InvalidValue, match="longer than 0 s"):
        Window.ending(AT, 0, n_points=10)


def test_moments_are_numbers_or_datetimes():
    east = timezone(timedelta(hours=8))
    assert moment(AT) == AT
    assert moment(datetime.fromtimestamp(AT, UTC)) == moment(datetime.fromtimestamp(AT, east)) == AT
    assert abs(moment(None) - datetime.now(UTC).timestamp()) < 5


def test_a_datetime_without_zone_is_refused():
    with pytest.raises(InvalidValue, match="has no time zone"):
        moment(datetime(2026, 1, 1))  # noqa: DTZ001 - what is tested


@pytest.mark.parametrize(("at", "error"), [("now", InvalidType), (True, InvalidType), (float("nan"), InvalidValue)])
def test_what_is_no_moment_is_refused(at, error):
    with pytest.raises(error, match="at: "):
        moment(at)
