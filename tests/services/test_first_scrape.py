import warnings
from datetime import UTC, datetime, timedelta

import pytest

from monitorkit.services import first_scrape
from monitorkit.services.first_scrape import await_first_scrape

START = datetime(2026, 1, 1, tzinfo=UTC)


def target(address, job="ai_model", health="up", scraped=START, error="", interval="1s"):
    return {
        "discoveredLabels": {"__address__": address, "job": job},
        "labels": {"instance": address, "job": job},
        "scrapePool": job,
        "scrapeUrl": f"http://{address}/metrics",
        "health": health,
        "lastError": error,
        "lastScrape": f"{scraped:%Y-%m-%dT%H:%M:%S}.123456789Z",
        "scrapeInterval": interval,
        "scrapeTimeout": interval,
    }


class Server:
    """Answers what it is told, one state a call, the last one for ever."""

    def __init__(self, *states):
        self.states, self.asked = list(states), 0

    def __call__(self, path, _):
        if path == "api/v1/query":
            labels = [one["labels"] for one in self.state["activeTargets"]]
            stamps = self.state["stamps"]
            return {"result": [{"metric": one, "value": [0, str(at)]} for one, at in zip(labels, stamps, strict=False)]}
        self.state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        self.asked += 1
        return self.state


def state(*active, stamps=None, dropped=()):
    stamps = [START.timestamp()] * len(active) if stamps is None else stamps
    return {"activeTargets": list(active), "droppedTargets": list(dropped), "stamps": stamps}


EXPECTED = [("ai_model", "a:1")]


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    monkeypatch.setattr(first_scrape, "_POLL_SECONDS", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_it_waits_until_an_expected_target_appears_and_is_scraped():
    server = Server(state(), state(target("a:1", health="unknown")), state(target("a:1")))
    await_first_scrape(server, EXPECTED)
    assert server.asked == 3


def test_it_waits_until_the_first_sample_is_committed():
    server = Server(state(target("a:1"), stamps=[]), state(target("a:1")))
    await_first_scrape(server, EXPECTED)
    assert server.asked == 2


def test_a_sample_of_an_earlier_run_does_not_count():
    old = (START - timedelta(seconds=5)).timestamp()
    server = Server(state(target("a:1"), stamps=[old]), state(target("a:1")))
    await_first_scrape(server, EXPECTED)
    assert server.asked == 2


def test_targets_of_discovery_are_awaited_too():
    other = target("b:2", job="found")
    server = Server(state(target("a:1"), other | {"health": "unknown"}), state(target("a:1"), other))
    await_first_scrape(server, EXPECTED)
    assert server.asked == 2


def test_a_target_that_relabelling_dropped_is_not_awaited():
    await_first_scrape(Server(state(dropped=[target("a:1")])), EXPECTED)


def test_it_waits_until_what_was_removed_is_gone():
    server = Server(state(target("a:1"), target("b:2")), state(target("a:1")))
    await_first_scrape(server, EXPECTED, gone=[("ai_model", "b:2")])
    assert server.asked == 2


def test_nothing_expected_and_nothing_there_is_done_at_once():
    server = Server(state())
    await_first_scrape(server, [])
    assert server.asked == 1


def test_every_trouble_is_in_one_warning():
    server = Server(state(target("a:1", health="down", error="refused"), target("b:2", health="unknown")))
    with pytest.warns(UserWarning, match="Prometheus goes on trying") as caught:
        await_first_scrape(server, [*EXPECTED, ("ai_model", "c:3")], timeout_seconds=0)
    (only,) = caught
    assert str(only.message).splitlines()[:3] == [
        "target http://a:1/metrics (job ai_model) is down: refused",
        "target c:3 (job ai_model) is not known yet after 0 s",
        "target http://b:2/metrics (job ai_model) has not been scraped after 0 s",
    ]
    assert only.filename == __file__


def test_a_slow_target_is_given_its_interval_and_its_timeout(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(first_scrape.time, "monotonic", lambda: next(clock))
    server = Server(state(target("a:1", health="unknown", interval="30s")))
    with pytest.warns(UserWarning, match=r"has not been scraped after 72 s"):
        await_first_scrape(server, EXPECTED)
    assert server.asked > 60
