"""Whatever a server does: the exact result, or an error of ours in time; never a wrong frame, never a wait without end."""

import copy
import gzip
import json
import math
import os
import socket
import struct
import warnings
import zlib
from contextlib import contextmanager, suppress

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitorkit.errors import MonitorkitError, ServerUnavailable
from monitorkit.query import PrometheusClient, ServerWarning

T0 = 1_700_000_000
BUILD = b'{"status":"success","data":{"version":"3.5.3","revision":"r","goVersion":"go1"}}'
GIGABYTE = 1 << 30
MOST_GROWTH = 700 << 20
"""What an answer of 1 GB may add to the memory of this process; it would be several GB if it was kept as it is."""


def vector(*values):
    result = [{"metric": {"__name__": "x", "n": str(n)}, "value": [T0, value]} for n, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def matrix(*rows):
    result = [
        {"metric": {"__name__": "x", "n": str(n)}, "values": [[T0 + i, value] for i, value in enumerate(values)]}
        for n, values in enumerate(rows)
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


VECTOR = json.dumps(vector("1", "NaN", "+Inf", "0.1")).encode()


def head(handler, *lines, status=200):
    """Send the head of an answer as it is given, without what http.server would add."""
    text = "\r\n".join([f"HTTP/1.1 {status} Whatever", "Content-Type: application/json", *lines, "", ""])
    handler.wfile.write(text.encode("latin-1"))


@pytest.fixture
def client(faulty):
    with PrometheusClient(faulty.url, timeout_seconds=1, retries=0) as client:
        yield client


@contextmanager
def answering(faulty, behave):
    """Let a server do something to every request but the one for its version."""

    def with_version(handler):
        if handler.path.endswith("buildinfo"):
            faulty.answer(handler, 200, BUILD)
        else:
            behave(handler)

    faulty.behave = with_version
    yield


def ends(faulty, client, behave, reason, error=ServerUnavailable):
    """Check that a query ends in this error, however it is asked."""
    with answering(faulty, behave):
        for ask in (client.query, client.query_range, client.labels, client.targets):
            arguments = ["up"] if ask in (client.query, client.query_range) else []
            with pytest.raises(error, match=reason):
                ask(*arguments)


def test_two_samples_of_one_series_at_one_time_are_told_of(faulty, client):
    pairs = [[T0, "1"], [T0, "2"], [T0 + 15, "3"]]
    result = [{"metric": {"a": "1"}, "values": pairs}]
    answer = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()
    window = {"start": T0, "end": T0 + 15, "step": "15s"}
    with answering(faulty, lambda handler: faulty.answer(handler, 200, answer)):
        with pytest.raises(ServerUnavailable, match="two samples of one series at one time; tidy=True gives each"):
            client.query_range("x", **window)
        assert client.query_range("x", **window, tidy=True)["value"].tolist() == [1, 2, 3]


# What is cut, mixed up or of another form on its way.


def truncated(handler):
    head(handler, f"Content-Length: {len(VECTOR) + 10}")
    handler.wfile.write(VECTOR[:30])
    handler.close_connection = True


def reset_in_the_middle(handler):
    head(handler, f"Content-Length: {len(VECTOR)}")
    handler.wfile.write(VECTOR[:30])
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection._real_close()
    handler.close_connection = True


def not_compressed(handler):
    head(handler, "Content-Encoding: gzip", f"Content-Length: {len(VECTOR)}")
    handler.wfile.write(VECTOR)


def half_compressed(handler):
    body = gzip.compress(VECTOR)[:-12]
    head(handler, "Content-Encoding: gzip", f"Content-Length: {len(body)}")
    handler.wfile.write(body)


def unknown_encoding(handler):
    body = zlib.compress(VECTOR)
    head(handler, "Content-Encoding: sdch", f"Content-Length: {len(body)}")
    handler.wfile.write(body)


def too_short_a_length(handler):
    head(handler, f"Content-Length: {len(VECTOR) - 10}")
    handler.wfile.write(VECTOR)


def two_lengths(handler):
    head(handler, "Content-Length: 10", f"Content-Length: {len(VECTOR)}")
    handler.wfile.write(VECTOR)
    handler.close_connection = True


def wrong_chunks(handler):
    head(handler, "Transfer-Encoding: chunked")
    handler.wfile.write(b"zz\r\n" + VECTOR)
    handler.close_connection = True


def no_http(handler):
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    handler.close_connection = True


def endless_head(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    try:
        for n in range(100_000):
            handler.wfile.write(b"X-%d: y\r\n" % n)
    except OSError:
        pass
    handler.close_connection = True


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (truncated, "the connection broke off before the answer was complete"),
        (reset_in_the_middle, "the connection (broke off|failed)"),
        (not_compressed, "the body is not compressed as it says"),
        (half_compressed, "HTTP 200, but the body is not JSON|the connection broke off|the body is not compressed"),
        (unknown_encoding, "HTTP 200, but the body is not JSON"),
        (too_short_a_length, "HTTP 200, but the body is not JSON"),
        (two_lengths, "."),
        (wrong_chunks, "the connection broke off"),
        (no_http, "the connection failed .*SSH-2.0"),
        (endless_head, "the connection failed .*got more than 100 headers"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_answer_that_is_damaged_on_its_way_is_no_result(faulty, client, behave, reason):
    ends(faulty, client, behave, reason)
    with answering(faulty, lambda handler: faulty.answer(handler, 200, VECTOR)):
        # What was left over of one answer is no part of the next.
        for _ in range(3):
            assert client.query("up")["value"].tolist()[:1] == [1.0]


@pytest.mark.parametrize(
    ("status", "content_type", "body", "reason"),
    [
        (200, "text/html", b"<!doctype html><title>Log in</title>", "HTTP 200 with a web page instead of data"),
        (503, "application/json", b"", "HTTP 503 with an empty body; the server may be starting or overloaded"),
        (429, "application/json", b"{}", "HTTP 429: too many requests"),
        (204, "application/json", b"", "HTTP 204 with an empty body"),
        (200, "application/json", VECTOR.replace(b'"x"', b'"\xff"'), "HTTP 200, but the body is not JSON"),
        (200, "application/json", b"[" * 100_000, "HTTP 200, but the body is"),
        (200, "application/json", VECTOR[:-2] + b',"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}}", "HTTP 200"),
        (200, "application/json", b"null", "HTTP 200, but the body is"),
        (200, "application/json", b'"up"', "HTTP 200, but the body is"),
        (200, "application/json", b'{"status":"success"}', 'without "status" and "data"'),
        (200, "application/json", VECTOR + VECTOR, "HTTP 200, but the body is not JSON"),
    ],
)
def test_an_answer_of_another_form_is_no_result(faulty, client, status, content_type, body, reason):
    ends(faulty, client, lambda handler: faulty.answer(handler, status, body, content_type), reason)


def test_a_wish_to_wait_is_part_of_the_error(faulty, client):
    ends(
        faulty, client, lambda handler: faulty.answer(handler, 429, b"", Retry_After="60"), "the server asks to wait 1m"
    )


# What does not end.


def stall(handler):
    handler.server.released.wait(30)
    handler.close_connection = True


def stall_in_the_head(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-")
    stall(handler)


def stall_in_the_body(handler):
    head(handler, f"Content-Length: {len(VECTOR)}")
    handler.wfile.write(VECTOR[:-5])
    stall(handler)


def drip(handler, data):
    for byte in data:
        handler.wfile.write(bytes([byte]))
        if handler.server.released.wait(0.05):
            break
    handler.close_connection = True


def drip_in_the_head(handler):
    drip(handler, b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 10_000)


def drip_in_the_body(handler):
    head(handler, "Content-Length: 10000")
    drip(handler, b" " * 10_000)


def drip_in_the_chunks(handler):
    head(handler, "Transfer-Encoding: chunked")
    drip(handler, b"1\r\n \r\n" * 1_000)


def drip_compressed(handler):
    head(handler, "Content-Encoding: gzip")
    drip(handler, gzip.compress(os.urandom(10_000)))


def drip_in_an_error(handler):
    head(handler, "Content-Length: 10000", status=500)
    drip(handler, b" " * 10_000)


@pytest.mark.parametrize(
    "behave",
    [
        stall,
        stall_in_the_head,
        stall_in_the_body,
        drip_in_the_head,
        drip_in_the_body,
        drip_in_the_chunks,
        drip_compressed,
        drip_in_an_error,
    ],
)
def test_no_call_outlasts_its_timeout(faulty, client, behave):
    # Each of these would keep a client for at least 30 s that looks at the time of single packets only.
    with answering(faulty, behave):
        for ask in (client.query, client.query_range):
            with pytest.raises(
                ServerUnavailable, match=r"no complete answer within 1 s; ask for less, or pass a larger"
            ):
                ask("up")
        assert not faulty.released.is_set()


def test_repetitions_do_not_outlast_the_timeout_either(faulty):
    def slow_trouble(handler):
        if handler.server.released.wait(0.3):
            return
        faulty.answer(handler, 503, b"")

    with answering(faulty, slow_trouble), PrometheusClient(faulty.url, timeout_seconds=1, retries=1000) as client:
        with pytest.raises(ServerUnavailable, match=r"HTTP 503|no complete answer within 1 s"):
            client.query("up")
        assert len(faulty.requests) < 10


def test_redirects_without_an_end_are_left(faulty, client):
    ends(
        faulty,
        client,
        lambda handler: faulty.answer(handler, 302, b"", Location=f"/{len(faulty.requests)}"),
        "more than 5 redirects",
    )


# What is too much.


def lazily(handler, start, piece, end=b"", encoding=None):
    """Send some 1 GB that nobody holds in memory."""
    n = GIGABYTE // len(piece)
    lines = [f"Content-Encoding: {encoding}"] if encoding else []
    head(handler, f"Content-Length: {len(start) + n * len(piece) + len(end)}", *lines)
    try:
        handler.wfile.write(start)
        for _ in range(n):
            handler.wfile.write(piece)
        handler.wfile.write(end)
    except OSError:
        pass
    handler.close_connection = True


PIECE = 1 << 16
SERIES_START = b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"x"},"values":['
HUGE = {
    "blanks": (b"", b" " * PIECE, b""),
    "zeros": (b"", b"\0" * PIECE, b""),
    "web page": (b"<html>", b"a" * PIECE, b""),
    "one text": (b'{"status":"success","data":["', b"a" * PIECE, b'"]}'),
    "one label": (SERIES_START[:-12].replace(b'"x"', b'"'), b"a" * PIECE, b""),
    "brackets": (b"", b"[" * PIECE, b""),
    "remarks": (b'{"status":"success","warnings":["', b"a" * PIECE, b""),
}


def grown(process, before):
    return max(process.memory_info().rss - before, 0)


@pytest.mark.parametrize("form", HUGE)
def test_a_gigabyte_that_is_no_answer_is_left_without_being_kept(faulty, form):
    start, piece, end = HUGE[form]
    process = psutil.Process()
    most = 0

    def watched(handler):
        nonlocal most
        lazily(handler, start, piece, end)
        most = max(most, grown(process, before))

    with answering(faulty, watched), PrometheusClient(faulty.url, timeout_seconds=60) as client:
        client.engine  # noqa: B018 - asked for, so that what is loaded for it does not count
        before = process.memory_info().rss
        for ask in (client.query, client.labels):
            with pytest.raises(ServerUnavailable, match=r"HTTP 200|broke off"):
                ask(*["up"] * (ask == client.query))
            most = max(most, grown(process, before))
    assert most < MOST_GROWTH


def test_a_gigabyte_of_samples_is_read_exactly(faulty):
    n_values = 60
    pair = ",".join(f'[{T0 + i},"{i}"]' for i in range(n_values))
    series = [b'{"metric":{"__name__":"x","n":"%d"},"values":[%s]}' % (n, pair.encode()) for n in range(40_000)]
    body = b'{"status":"success","data":{"resultType":"matrix","result":[' + b",".join(series) + b"]}}"
    faulty.behave = lambda handler: faulty.answer(handler, 200, BUILD if "buildinfo" in handler.path else body)
    with PrometheusClient(faulty.url, timeout_seconds=60) as client:
        frame = client.query_range("x", start=T0, end=T0 + n_values - 1, step=1)
    assert frame.shape == (n_values, 40_000)
    assert (frame.to_numpy() == [[i] for i in range(n_values)]).all()


def test_a_small_body_that_unpacks_to_a_gigabyte_is_left(faulty):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(b'{"status":"success","data":["')
    bomb += b"".join(packer.compress(b"a" * (1 << 20)) for _ in range(1024)) + packer.flush()
    assert len(bomb) < 2 << 20
    process = psutil.Process()

    def behave(handler):
        head(handler, "Content-Encoding: gzip", f"Content-Length: {len(bomb)}")
        handler.wfile.write(bomb)
        handler.close_connection = True

    with answering(faulty, behave), PrometheusClient(faulty.url, timeout_seconds=60) as client:
        client.engine  # noqa: B018 - as above
        before = process.memory_info().rss
        with pytest.raises(ServerUnavailable, match="HTTP 200"):
            client.query("up")
        assert grown(process, before) < MOST_GROWTH


# What has the wrong shape.


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["NaN", "1", "vector"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(document, path=()):
    """Every place in a document, as the keys that lead there."""
    yield path
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        yield from places(value, (*path, key))


@st.composite
def misshapen(draw, documents):
    """An answer with another value in one or two places, or without them."""
    document = copy.deepcopy(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(places(document))))
        if not path:
            return draw(JSON)
        *way, last = path
        inner = document
        for key in way:
            inner = inner[key]
        if draw(st.booleans()):
            inner[last] = draw(JSON)
        else:
            del inner[last]
    return document


def success(data):
    return {"status": "success", "data": data}


HISTOGRAM = {"count": "3", "sum": "2.5", "buckets": [[0, "0", "1", "3"]]}
QUERIES = [
    vector("1", "NaN"),
    matrix(["1", "2"], ["3"]),
    success({"resultType": "scalar", "result": [T0, "1"]}),
    success({"resultType": "string", "result": [T0, "a"]}),
    success({"resultType": "vector", "result": [{"metric": {}, "histogram": [T0, HISTOGRAM]}]}),
    success({"resultType": "matrix", "result": [{"metric": {}, "histograms": [[T0, HISTOGRAM]]}]}),
    {**vector("1"), "warnings": ["w"], "infos": ["i"]},
    {"status": "error", "errorType": "bad_data", "error": "no"},
]
LISTINGS = [
    success(["up"]),
    success([{"__name__": "up", "job": "a"}]),
    success({"up": [{"type": "gauge", "help": "h", "unit": ""}]}),
    success(
        {
            "activeTargets": [
                {
                    "labels": {"job": "a", "instance": "b"},
                    "health": "up",
                    "lastError": "",
                    "lastScrape": "2026-01-01T00:00:00.000Z",
                    "scrapeUrl": "http://b/metrics",
                    "scrapePool": "a",
                    "discoveredLabels": {},
                }
            ],
            "droppedTargets": [],
        }
    ),
    success({"alerts": [{"labels": {"alertname": "A"}, "annotations": {}, "state": "firing", "activeAt": "2026-01-01T00:00:00Z", "value": "1e+00"}]}),
    success({"groups": [{"name": "g", "file": "f", "interval": 1, "rules": [{"type": "recording", "name": "r", "query": "up", "health": "ok"}]}]}),
    success([{"seriesLabels": {"a": "b"}, "exemplars": [{"labels": {"t": "1"}, "value": "1", "timestamp": T0}]}]),
    success({"version": "3.5.3", "revision": "r"}),
    success({"storage.tsdb.path": "data"}),
    success({"headStats": {"numSeries": 1}, "seriesCountByMetricName": [{"name": "up", "value": 1}]}),
    success("up"),
]  # fmt: skip


def reference(document):
    """What plain json makes of the answer to an instant query: (labels, value) of each series."""
    data = document["data"]
    if data["resultType"] == "scalar":
        return [({}, number(data["result"]))]
    return [(item["metric"], number(item["value"])) for item in data["result"]]


def number(pair):
    """The value of a sample, which is a text in each answer of the API."""
    time, text = pair
    assert type(time) in {int, float}
    assert type(text) is str
    return float(text)


def rows(frame):
    """The same of a frame."""
    names = list(frame.index.names)
    for labels, value in zip(frame.index, frame["value"], strict=True):
        texts = labels if isinstance(labels, tuple) else (labels,)
        yield {name: text for name, text in zip(names, texts, strict=True) if text}, value


def same(one, other):
    return one == other or (math.isnan(one) and math.isnan(other))


@contextmanager
def remarks_aside():
    """What the server remarks is not what is looked at here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ServerWarning)
        yield


FUZZED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZED
@given(misshapen(QUERIES))
def test_a_query_result_of_a_wrong_shape_is_told_or_exact(faulty, client, document):
    body = json.dumps(document).encode()
    with answering(faulty, lambda handler: faulty.answer(handler, 200, body)), remarks_aside():
        for ask in (client.query, client.query_range):
            try:
                frame = ask("up", **({"start": T0, "end": T0 + 5, "step": 1} if ask == client.query_range else {}))
            except MonitorkitError:
                continue
            json.dumps(frame.attrs)
            if ask == client.query and document["data"]["resultType"] in {"vector", "scalar"} and "count" not in frame:
                expected = reference(json.loads(body))
                found = list(rows(frame))
                assert [labels for labels, _ in found] == [
                    {name: text for name, text in labels.items() if text} for labels, _ in expected
                ]
                assert all(same(one, other) for (_, one), (_, other) in zip(found, expected, strict=True))


@settings(FUZZED, max_examples=25)  # of eleven calls each
@given(misshapen(LISTINGS))
def test_any_other_answer_of_a_wrong_shape_is_told(faulty, client, document):
    body = json.dumps(document).encode()
    calls = [
        client.labels,
        lambda: client.label_values("job"),
        lambda: client.series("up"),
        client.metadata,
        client.targets,
        client.rules,
        client.alerts,
        lambda: client.exemplars("up", last="1h"),
        client.flags,
        client.tsdb_status,
        lambda: client.format_query("up"),
    ]
    with answering(faulty, lambda handler: faulty.answer(handler, 200, body)), remarks_aside():
        for call in calls:
            with suppress(MonitorkitError):
                call()


@FUZZED
@given(st.sampled_from(QUERIES), st.data())
def test_a_damaged_byte_never_makes_a_frame_of_something_else(faulty, client, document, data):
    body = bytearray(json.dumps(document).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with answering(faulty, lambda handler: faulty.answer(handler, 200, bytes(body))), remarks_aside():
        try:
            frame = client.query("up")
        except MonitorkitError:
            return
        received = json.loads(body)
        if received["data"]["resultType"] in {"vector", "scalar"} and "count" not in frame:
            assert [value for _, value in rows(frame)] == pytest.approx(
                [value for _, value in reference(received)], rel=0, abs=0, nan_ok=True
            )
