import pandas as pd
import pytest

from monitorkit.errors import ServerUnavailable, Unsupported
from monitorkit.processes import wait_until
from monitorkit.services import start_prometheus
from monitorkit.services.next_scrape import await_next_scrape
from monitorkit.serving import serve


@pytest.fixture(scope="module")
def server():
    with serve(lambda X: X[:, 0], name="next-scrape") as server:
        yield server


@pytest.fixture(scope="module")
def prom(server):
    with start_prometheus(targets=[server], name="next-scrape") as prom:
        yield prom


def test_what_happened_before_can_be_queried_after(server, prom):
    for _ in range(3):
        server.predict([[1.0]])
        exact = server.registry.get_sample_value(
            "inference_requests_total", {"model_name": server.name, "model_version": "1", "status": "ok"}
        )
        prom.await_scrape()
        assert prom.query("sum(inference_requests_total)")["value"].iloc[0] == exact


def test_a_target_that_has_just_come_back_is_awaited():
    with (
        serve(lambda X: X[:, 0], name="comes-back") as server,
        start_prometheus(targets=[server], name="comes-back") as prom,
    ):
        server.stop()
        assert wait_until(lambda: len(prom.query('up{job="ai_model"} == 0')), timeout_seconds=30)
        with serve(lambda X: X[:, 0], name="comes-back"):
            prom.await_scrape()
            assert prom.query('up{job="ai_model"}')["value"].tolist() == [1.0]


def test_a_target_that_has_left_with_its_job_is_not_awaited(server, prom):
    with serve(lambda X: X[:, 0], name="leaves") as other:
        prom.add_target(other, job="leaves")
        prom.remove_target(other, job="leaves")
    assert len(prom.query('up{job="leaves"}')), "Prometheus goes on showing its last sample"
    prom.await_scrape(timeout="30s")


class Told:
    """Answers with these samples of `up`, and with these targets or none."""

    url = "http://127.0.0.1:9090"

    def __init__(self, stamps, targets=None):
        self.stamps, self.scraped = stamps, targets

    def query(self, expr):
        if expr == "time()":
            return pd.DataFrame({"value": [100.0]})
        index = pd.MultiIndex.from_tuples([("", *one) for one in self.stamps], names=["__name__", "instance", "job"])
        return pd.DataFrame({"value": list(self.stamps.values())}, index=index)

    def targets(self):
        if self.scraped is None:
            raise Unsupported("list of targets", server="Mimir")
        return pd.DataFrame(self.scraped, columns=["instance", "job"])


@pytest.mark.parametrize("targets", [None, [], [("a:1", "old"), ("b:1", "new")]])
def test_every_target_is_awaited_where_others_scrape(targets):
    server = Told({("a:1", "old"): 90.0, ("b:1", "new"): 101.0}, targets)
    with pytest.raises(ServerUnavailable, match=r"not every target was scraped within 0\.1 s"):
        await_next_scrape(server, timeout="100ms")


def test_only_what_is_scraped_still_is_awaited():
    await_next_scrape(Told({("a:1", "old"): 90.0, ("b:1", "new"): 101.0}, [("b:1", "new")]), timeout="100ms")


def test_targets_of_which_none_is_up_are_said(tmp_path):
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "scrape_configs: [{job_name: nobody, scrape_interval: 100ms, static_configs: [{targets: ['127.0.0.1:1']}]}]"
    )
    with start_prometheus(config=config, name="nobody", wait=False) as prom:
        assert wait_until(lambda: len(prom.query("up == 0")), timeout_seconds=30)
        with pytest.raises(ServerUnavailable, match=r"not every target was scraped within 1 s, or none is up"):
            prom.await_scrape(timeout="1s")


def test_a_scrape_that_does_not_come_in_time_is_said(prom):
    with pytest.raises(
        ServerUnavailable, match=r"not every target was scraped within 0\.001 s, or none is up; see targets"
    ):
        prom.await_scrape(timeout="1ms")
