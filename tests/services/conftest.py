"""Prometheus binaries, a small exporter, and isolation from what is installed on the machine."""

import os
import shutil
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from monitorkit import running, start_prometheus

BINARIES = [
    path
    for path in (os.environ.get("MONITORKIT_TEST_PROMETHEUS") or shutil.which("prometheus") or "").split(os.pathsep)
    if path
]


@pytest.fixture(scope="module", params=BINARIES or [None], ids=lambda path: Path(path).parts[1] if path else "none")
def prometheus_binary(request):
    """Each Prometheus that the tests run on, in turn the one that the package finds."""
    if request.param is None:
        pytest.skip("no Prometheus on this machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MONITORKIT_PROMETHEUS", request.param)
        yield Path(request.param)


@pytest.fixture(scope="module")
def one_prometheus():
    """The first of these, where the version makes no difference."""
    if not BINARIES:
        pytest.skip("no Prometheus on this machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MONITORKIT_PROMETHEUS", BINARIES[0])
        yield Path(BINARIES[0])


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
