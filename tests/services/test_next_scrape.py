import pytest

from monitorkit.errors import ServerUnavailable
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


def test_a_scrape_that_does_not_come_in_time_is_said(prom):
    with pytest.raises(ServerUnavailable, match=r"not every target was scraped within 0\.001 s; see targets"):
        prom.await_scrape(timeout="1ms")
