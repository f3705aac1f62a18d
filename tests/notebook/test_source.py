import pytest

from monitorkit import running
from monitorkit.errors import InvalidValue
from monitorkit.notebook.source import Sources
from monitorkit.query import PrometheusClient


@pytest.fixture
def sources(monkeypatch):
    monkeypatch.delenv("MONITORKIT_URL", raising=False)
    monkeypatch.setattr(running, "latest", lambda kind: None)
    sources = Sources()
    yield sources
    sources.close()


def test_a_client_is_made_once_for_an_address(sources):
    assert sources.client("http://127.0.0.1:1") is sources.client("http://127.0.0.1:1")
    assert sources.client("http://127.0.0.1:1") is not sources.client("http://127.0.0.1:2")


def test_the_order_is_address_then_latest_then_environment(sources, monkeypatch):
    monkeypatch.setenv("MONITORKIT_URL", "http://127.0.0.1:3")
    assert sources.client().url == "http://127.0.0.1:3"
    with PrometheusClient("http://127.0.0.1:2") as latest:
        monkeypatch.setattr(running, "latest", lambda kind: latest if kind == "prometheus" else None)
        assert sources.client() is latest
        assert sources.client("http://127.0.0.1:1").url == "http://127.0.0.1:1"
        assert sources.client(latest) is latest


def test_without_any_it_says_what_to_do(sources):
    with pytest.raises(
        InvalidValue, match=r"no Prometheus to ask: start one with mk.start_prometheus\(\).*MONITORKIT_URL"
    ):
        sources.client()
    with pytest.raises(InvalidValue, match="no address of a server"):
        sources.client("ftp://a")
