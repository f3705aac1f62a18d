"""Nothing that a client sends makes more series than were there, or were told in advance."""

import json
import socket

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitorkit.processes import wait_until
from monitorkit.serving import Limits

CLASSES = 5
tokens = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
words = st.text(max_size=20)
numbers = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-5, 5), words, st.none())


def names(X):
    """Whatever the client sent becomes a class."""
    return [f"class {value!r}" for value in X[:, 0]]


@pytest.fixture
def server(start):
    reference = np.random.default_rng(0).normal(size=(50, 2))
    return start(names, example=[0.0, 0.0], reference=reference, limits=Limits(classes=CLASSES))


def series(server):
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in server.registry.collect()
        for sample in family.samples
        if not sample.name.startswith(("process_", "python_"))
    }


def send(server, method, path, headers, body):
    """Send a request as it is, and read the answer to its end."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    request = f"{method} {path} HTTP/1.1\r\n{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(request.encode("utf-8", "surrogatepass") + body)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received.partition(b"\r\n\r\n")[2]


def fill(server):
    """Ask for more classes than there is room for, and tell labels of others, so that all series are there."""
    rows = [[float(value), 1.0] for value in range(3 * CLASSES)]
    answer = server.predict(rows)
    server.feedback(answer, [f"label {value}" for value in range(3 * CLASSES)])
    send(server, "POST", "/predict", [("host", "a")], b"nonsense")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.one_of(st.sampled_from(["GET", "POST", "PUT"]), tokens),
    path=st.one_of(
        st.sampled_from(["/predict", "/feedback", "/v1/models/x:predict", "/v2/models/x/infer"]),
        tokens.map("/".__add__),
    ),
    headers=st.lists(st.tuples(tokens, tokens), max_size=4),
    instances=st.lists(st.lists(numbers, max_size=3), max_size=4),
    labels=st.lists(st.one_of(numbers, words), max_size=4),
)
def test_no_request_makes_a_series(server, method, path, headers, instances, labels):
    fill(server)
    # Usage is a difference between two readings, so it is there from the second one on.
    assert wait_until(lambda: any(key[0] == "cpu_usage" for key in series(server)), timeout_seconds=10)
    before = series(server)
    send(server, method, path, headers, json.dumps({"instances": instances, "y_true": labels}).encode())
    rows = [[value for value in row if isinstance(value, int | float)] for row in instances]
    answer = send(server, "POST", "/predict", [("host", "a")], json.dumps({"instances": rows}).encode())
    ids = json.loads(answer).get("ids", [])
    send(server, "POST", "/feedback", [("host", "a")], json.dumps({"ids": ids, "y_true": labels[: len(ids)]}).encode())
    assert series(server) == before


def test_what_drift_exports_was_told_in_advance(server):
    fill(server)
    drift = [key for key in series(server) if key[0].startswith("model_feature")]
    assert len(drift) == server.reference.series
