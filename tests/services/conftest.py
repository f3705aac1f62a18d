"""Prometheus binaries, a small exporter, and isolation from what is installed on the machine."""

import prometheus_server
import pytest
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from monitorkit import running, start_prometheus

BINARIES = prometheus_server.binaries()


@pytest.fixture(scope="module", params=BINARIES or [None], ids=str)
def prometheus_binary(request):
    """Each Prometheus that the tests run on, in turn the one that the package finds."""
    if request.param is None:
        pytest.skip("no Prometheus on this machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MONITORKIT_PROMETHEUS", str(request.param))
        yield request.param


@pytest.fixture(scope="module")
def one_prometheus():
    """The first of these, where the version makes no difference."""
    if not BINARIES:
        pytest.skip("no Prometheus on this machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MONITORKIT_PROMETHEUS", str(BINARIES[0]))
        yield BINARIES[0]


@pytest.fixture(scope="session")
def exporter():
    """Address of a program with one metric, ``temperature`` = 21."""
    registry = CollectorRegistry()
    Gauge("temperature", "Degrees", registry=registry).set(21)
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def start(prometheus_binary):
    """Start a Prometheus that is stopped after the test."""
    started = []

    def begin(*arguments, **options):
        prometheus = start_prometheus(*arguments, **({"wait": False} | options))
        started.append(prometheus)
        return prometheus

    yield begin
    for prometheus in started:
        prometheus.stop()
    assert running.latest("prometheus") not in started
