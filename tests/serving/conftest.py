"""A model server for one test, and clients that do not forgive."""

import itertools
import json
import socket

import numpy as np
import pytest
import requests

from monitorkit.serving import serve

_numbers = itertools.count()


def greater(X):
    """1 where the first number is greater than the second, else 0."""
    return (X[:, 0] > X[:, 1]).astype(int)


class Counts:
    """Reads a server's registry as a scraper would see it."""

    def __init__(self, server):
        self.server = server

    def __call__(self, name, version=None, **labels):
        labels = {"model_name": self.server.name, "model_version": version or self.server.version, **labels}
        return self.server.registry.get_sample_value(name, labels)

    @property
    def by_status(self):
        counts = {
            status: self("inference_requests_total", status=status)
            for status in ("ok", "client_error", "server_error", "shed")
        }
        return {status: count for status, count in counts.items() if count}


@pytest.fixture
def start():
    """Start servers that end with the test, each under a name of its own unless it is given one."""
    servers = []

    def start(model=greater, **options):
        server = serve(model, **{"name": f"test {next(_numbers)}", **options})
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(params=[False, True], ids=["kernel", "process"])
def live(request, start):
    """A server, wherever its model runs."""

    def live(model=None, **options):
        return start((lambda X: X[:, 0].astype(int)) if model is None else model, process=request.param, **options)

    return live


@pytest.fixture
def server(start):
    return start(example=[1.0, 0.0])


@pytest.fixture
def counts(server):
    return Counts(server)


@pytest.fixture
def counts_of():
    return Counts


@pytest.fixture
def http():
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def post(http, server):
    """Post text or a document to a server."""

    def post(document, path="/predict", to=server, **options):
        data = document if isinstance(document, bytes | str) else json.dumps(document)
        return http.post(to.url + path, data=data, timeout=30, **options)

    return post


@pytest.fixture
def raw(server):
    """Send bytes as they are, or what a function returns, and return the answer: code, headers, body."""

    def raw(*pieces, to=server, timeout=20):
        with socket.create_connection(
            (to.url.rpartition("//")[2].split(":")[0], int(to.url.rpartition(":")[2])), timeout
        ) as sock:
            for piece in pieces:
                sock.sendall(piece() if callable(piece) else piece)
            received = b""
            while chunk := sock.recv(65536):
                received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode().lower(), body

    return raw


@pytest.fixture
def rng():
    return np.random.default_rng(0)
