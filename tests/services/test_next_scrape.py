import pytest

from monitorkit.errors import ServerUnavailable
from monitorkit.processes import wait_until
from monitorkit.services import start_prometheus
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
