"""Requests that nobody should send, on every path and in every dialect: each is answered, none with 500, none hangs."""

import copy
import http.client
import json
import socket
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

FRAME = pd.DataFrame({"color": ["red", "blue"] * 5, "size": np.arange(10.0)})
MIXED = make_pipeline(
    make_column_transformer((OneHotEncoder(), ["color"]), (SimpleImputer(), ["size"])), LogisticRegression()
).fit(FRAME, [0, 1] * 5)
TEXTS = {"name": "color", "shape": [1], "datatype": "BYTES", "data": ["red"]}
SIZES = {"name": "size", "shape": [1], "datatype": "FP32", "data": [2.5]}
GOOD = (
    {"instances": [["red", 1.5]], "probabilities": True},
    {"instances": [{"color": "red", "size": None}, {"size": 1, "color": "blue"}]},
    {"columns": ["size", "color"], "index": [0], "data": [[1.5, "blue"]]},
    {"inputs": {"color": ["red", "blue"], "size": [1, 2]}},
    {"ids": ["a-1", "b-2"], "y_true": [0, "x"]},
    {
        "id": "1",
        "parameters": {"binary_data_output": True},
        "inputs": [TEXTS, SIZES],
        "outputs": [{"name": "ids"}, {"name": "probabilities", "parameters": {"binary_data": False}}],
    },
    {"inputs": [{**SIZES, "data": None, "parameters": {"binary_data_size": 4}}, TEXTS]},
)
PATHS = (
    *("/predict", "/feedback", "/healthz", "/metrics", "/", "/v1/models", "/v1/models/NAME", "/v1/models/NAME:predict"),
    *("/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/NAME", "/v2/models/NAME/ready"),
    *("/v2/models/NAME/infer", "/v2/models/NAME/versions/1/infer", "/v2/models/NAME/versions/2", "/v2/models/x/infer"),
)
ASKING = ("/predict", "/feedback", "/v1/models/NAME:predict", "/v2/models/NAME/infer")

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["", "red", "FP64", "BYTES", "\x00", "\ud83d\ude00", 1e308, -1, 0, 2**62, [], {}, [[]], [1] * 9])
)
json_values = st.recursive(
    leaves,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=8,
)


def places(value, path=()):
    """Every place in a document, as the keys that lead to it."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


@st.composite
def mutated(draw):
    """A good document in which one to three places hold something else, or nothing."""
    document = copy.deepcopy(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(list(places(document))[1:] or [(None,)]))
        if last is None:
            break
        holder = document
        for key in way:
            holder = holder[key]
        if draw(st.booleans()) or isinstance(holder, list):
            holder[last] = copy.deepcopy(draw(json_values))  # so that no change reaches what is drawn from
        else:
            del holder[last]
    return json.dumps(document).encode("utf-8", "surrogatepass")


@st.composite
def damaged(draw):
    """A good document, or more, in which bytes are replaced, left out or added."""
    body = bytearray(json.dumps(draw(st.sampled_from(GOOD))).encode())
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(body)))
        body[place : place + draw(st.integers(0, 9))] = draw(st.binary(max_size=9))
    return bytes(body)


bodies = (
    st.sampled_from(GOOD).map(lambda document: json.dumps(document).encode())
    | mutated()
    | damaged()
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40)
)
lengths = st.none() | st.integers(-1, 300).map(str) | st.text("0123456789 ,x+", max_size=4)
methods = st.sampled_from(["POST"] * 8 + ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
paths = st.sampled_from(ASKING * 5 + PATHS) | st.text("/abv12:%2F.?#", min_size=1, max_size=12).map("/{}".format)


class Client:
    """One connection, made anew where the server closes it."""

    def __init__(self, server):
        self.place = server.url.removeprefix("http://")
        self.connection = http.client.HTTPConnection(self.place, timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, method, path, body, headers):
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError):
            # The server had closed the connection after the answer before.
            self.connection.close()
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()


def send_requests(server, count):
    with Client(server) as client:
        _send_requests(client, server.name, count)


def _send_requests(client, name, count):
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(method=methods, path=paths, body=bodies, length=lengths)
    def check(method, path, body, length):
        headers = {} if length is None else {"Inference-Header-Content-Length": length}
        code, answer = client.ask(method, path.replace("NAME", quote(name)), body, headers)
        assert code in {200, 400, 404, 405}, (code, answer)
        if code != 200 and method != "HEAD":
            assert isinstance(json.loads(answer)["error"], str)

    check()


def send_bytes(server, count):
    good = [
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 38\r\n\r\n" + json.dumps(GOOD[0]).encode()[:38],
        b'POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n',
        b"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n" * 2,
        b"GET /metrics HTTP/1.0\r\n\r\n",
    ]
    pieces = st.sampled_from(
        [b"", b"\r\n", b"\r\n\r\n", b" ", b"\x00", b"\xff", b":", b"HTTP/9.9", b"Content-Length: 9\r\n"]
    )

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        request=st.sampled_from(good),
        changes=st.lists(
            st.tuples(st.integers(0, 200), st.integers(0, 5), pieces | st.binary(max_size=5)), min_size=1, max_size=3
        ),
    )
    def check(request, changes):
        sent = bytearray(request)
        for place, width, piece in changes:
            sent[place : place + width] = piece
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 20) as connection:
            received = b""
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                while chunk := connection.recv(65536):
                    received += chunk
            except ConnectionError:
                pass  # it may be told to go before it has said everything
        assert b"HTTP/1.1 5" not in received

    check()


@pytest.fixture
def mixed(start):
    return start(MIXED)


@pytest.fixture
def unharmed(mixed, counts_of):
    """After all of it the server answers, and no request is counted as its own mistake."""
    yield mixed
    assert mixed.predict(FRAME).predictions == MIXED.predict(FRAME).tolist()
    assert set(counts_of(mixed).by_status) <= {"ok", "client_error"}


def test_a_malformed_request_is_answered_as_the_clients_mistake(unharmed):
    send_requests(unharmed, 500)


def test_bytes_that_are_no_http_are_answered_or_hung_up_on(unharmed):
    send_bytes(unharmed, 150)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_20_000_malformed_requests_are_all_answered(unharmed):
    send_requests(unharmed, 17_000)
    send_bytes(unharmed, 3_000)
