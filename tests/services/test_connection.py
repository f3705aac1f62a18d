import pytest

from monitorkit import connect, running
from monitorkit.errors import ServerUnavailable, ServiceError


def test_a_client_connects_and_leaves_it_running(start):
    prom = start(name="connected to")
    client = connect(prom.url)
    try:
        assert running.latest("prometheus") is client
        assert client.query("1")["value"].tolist() == [1]
        assert repr(client) == f"Prometheus('{prom.url}', connected)"
        with pytest.raises(ServiceError, match="it was connected to, not started here"):
            client.reload()
    finally:
        client.stop()
    assert not client.alive
    assert prom.ready()
    assert running.latest("prometheus") is prom


def test_what_the_client_takes_is_taken(start, tmp_path):
    prom = start(name="connected to")
    with connect(prom.url, timeout_seconds=7, cache=tmp_path) as client:
        assert client._transport.timeout_seconds == 7
        assert client._cache is not None


def test_connecting_to_nothing_fails():
    before = running.latest("prometheus")
    with pytest.raises(ServerUnavailable, match=r"http://127\.0\.0\.1:1: nothing listens there"):
        connect("127.0.0.1:1")
    assert running.latest("prometheus") is before
