import pandas as pd
import pytest

from monitorkit.dashboards.scraping import scrape_seconds
from monitorkit.errors import QueryError, ServerUnavailable


class Samples:
    def __init__(self, **by_selector):
        self.by_selector = {"up[1m]": by_selector.get("minute", {}), "up[5m]": by_selector.get("more", {})}

    def samples(self, selector, *, at):
        rows = [
            ("up", instance, pd.Timestamp(at + second, unit="s", tz="UTC"), 1.0)
            for instance, seconds in self.by_selector[selector].items()
            for second in seconds
        ]
        return pd.DataFrame(rows, columns=["__name__", "instance", "timestamp", "value"])


@pytest.mark.parametrize(
    ("samples", "seconds"),
    [
        (Samples(minute={"a": [0, 1, 2, 3.004]}), 1),
        (Samples(minute={"a": [0, 1, 2], "b": [0, 15, 30]}), 15),
        (Samples(minute={"a": [0, 1, 2, 40, 41]}), 1),
        (Samples(minute={"a": [0, 0.2, 0.4]}), 0.2),
        (Samples(minute={"a": [0]}, more={"a": [0, 60, 120]}), 60),
        (Samples(minute={"a": [0]}, more={"a": [0]}), 15),
        (Samples(), 15),
        (object(), 15),
    ],
)
def test_the_interval_is_read_from_the_samples(samples, seconds):
    assert scrape_seconds(samples, 1_700_000_000.0) == pytest.approx(seconds)


class Failing:
    def __init__(self, error):
        self.error = error

    def samples(self, selector, *, at):
        raise self.error


def test_a_server_without_raw_samples_gets_grafanas_default():
    assert scrape_seconds(Failing(QueryError("no")), 0) == 15


def test_a_dead_server_is_told():
    with pytest.raises(ServerUnavailable, match="refused"):
        scrape_seconds(Failing(ServerUnavailable("http://x", "refused")), 0)


def test_a_real_prometheus_scrapes_each_second(prometheus):
    from datetime import UTC, datetime

    from monitorkit.processes import wait_until

    assert wait_until(lambda: len(prometheus.samples("up[1m]")) >= 3, timeout_seconds=20)
    assert scrape_seconds(prometheus, datetime.now(UTC).timestamp()) == 1
