"""Applications of others behind real servers, and what a scraper sees of them."""

import threading

import pytest
import requests
import uvicorn
from prometheus_client import CollectorRegistry
from werkzeug.serving import make_server

from monitorkit import ports
from monitorkit.processes import wait_until


class Counts:
    """Reads a registry as a scraper would see it, under the labels of one application."""

    def __init__(self, registry, name="digits", version="1"):
        self.registry = registry
        self.labels = {"model_name": name, "model_version": version}

    def __call__(self, metric, **labels):
        return self.registry.get_sample_value(metric, self.labels | labels)

    @property
    def requests(self):
        """Counts by method, path and code."""
        return {
            (sample.labels["method"], sample.labels["path"], sample.labels["code"]): sample.value
            for family in self.registry.collect()
            if family.name == "http_requests"
            for sample in family.samples
            if sample.name == "http_requests_total" and sample.labels["model_version"] == self.labels["model_version"]
        }

    @property
    def by_status(self):
        """Counts of requests that asked the model, by status, without those that are 0."""
        statuses = ("ok", "client_error", "server_error", "shed")
        counts = {status: self("inference_requests_total", status=status) for status in statuses}
        return {status: count for status, count in counts.items() if count}


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def counts(registry):
    return Counts(registry)


@pytest.fixture
def counts_of():
    return Counts


@pytest.fixture
def http():
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def wsgi_url():
    """Serve a WSGI application with werkzeug's server, in a thread; returns its address."""
    servers = []

    def serve(app):
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def asgi_url():
    """Serve an ASGI application with uvicorn, in a thread; returns its address."""
    servers = []

    def serve(app):
        bound = ports.bind("instrumented")
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        servers.append((server, thread, bound))
        assert wait_until(lambda: server.started, timeout_seconds=20)
        return f"http://127.0.0.1:{bound.getsockname()[1]}"

    yield serve
    for server, thread, bound in servers:
        server.should_exit = True
        thread.join()
        bound.close()
