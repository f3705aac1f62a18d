"""The model's port: answers, refusals and what they are counted as."""

import gzip
import http.client
import json
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from monitorkit.processes import wait_until
from monitorkit.serving import Limits

CLEAR_REFS = Path("/proc/self/clear_refs")
GOOD = {"instances": [[2, 1], [1, 2]]}


def test_predictions_come_with_ids_name_and_version(server, post):
    answer = post(GOOD)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert list(document) == ["predictions", "ids", "model_name", "model_version"]
    assert document["predictions"] == [1, 0]
    assert len(set(document["ids"])) == 2
    assert (document["model_name"], document["model_version"]) == (server.name, "1")


@pytest.mark.parametrize(
    ("body", "code", "error", "which"),
    [
        (b"", 400, "empty", None),
        (b"{oops", 400, "not_json", "line 1, column 2"),
        (b'{"instances": [[NaN, 1]]}', 400, "not_json", "line 1, column 17"),
        (b'{"instances": [[null, 1]]}', 400, "not_finite", "instances[0][0]"),
        (b'{"instances": []}', 400, "empty", "instances"),
        (b'{"instances": [[1, 2, 3]]}', 400, "wrong_width", "instances[0]"),
        (b'{"instances": [[1, 2], [3]]}', 400, "wrong_width", "instances[1]"),
        (b'{"instances": [1, 2]}', 400, "wrong_shape", "instances[0]"),
        (b'{"instances": [["1", 2]]}', 400, "wrong_type", "instances[0][0]"),
        (b'{"data": [[1, 2]]}', 400, "missing_key", "instances"),
    ],
)
def test_bad_input_is_refused_counted_and_harms_nothing(post, counts, body, code, error, which):
    post(GOOD)
    answer = post(body)
    assert answer.status_code == code
    document = answer.json()
    assert (document["error"], document.get("which")) == (error, which)
    assert len(document["detail"]) > 20
    assert post(GOOD).status_code == 200
    assert counts.by_status == {"ok": 2, "client_error": 1}
    assert counts("inference_request_duration_seconds_count") == 2


@pytest.mark.parametrize(
    ("method", "path", "code", "allow", "detail"),
    [
        ("GET", "/prdict", 404, None, "the paths are /predict, /feedback, /healthz, /metrics, /"),
        ("POST", "/v1/predict", 404, None, "there is no /v1/predict"),
        ("PUT", "/predict", 405, "POST, GET, HEAD", "/predict does not take PUT: use POST, GET, HEAD"),
        ("DELETE", "/metrics", 405, "GET, HEAD", "/metrics does not take DELETE"),
        ("GET", "/feedback", 405, "POST", "/feedback does not take GET"),
        ("POST", "/", 405, "GET, HEAD", "/ does not take POST"),
    ],
)
def test_an_unknown_path_or_method_is_refused_and_counted(server, http, counts, method, path, code, allow, detail):
    answer = http.request(method, server.url + path, timeout=10)
    assert answer.status_code == code
    assert answer.headers.get("allow") == allow
    assert detail in answer.json()["detail"]
    assert counts.by_status == {"client_error": 1}


def test_a_long_unknown_path_is_not_echoed_whole(server, http):
    assert len(http.get(server.url + "/" + "x" * 5000, timeout=10).json()["detail"]) < 300


@pytest.mark.skipif(not CLEAR_REFS.exists(), reason="no /proc here")
def test_a_body_of_100_mb_is_refused_without_being_kept(server, http, counts):
    def peak_megabytes():
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

    CLEAR_REFS.write_text("5", encoding="ascii")  # the peak starts again from here (proc(5))
    before = peak_megabytes()
    block = b" " * 2**20

    def chunks():
        for _ in range(100):
            yield block

    announced = http.post(server.url + "/predict", data=Repeated(block, 100), timeout=60)
    unannounced = http.post(server.url + "/predict", data=chunks(), timeout=60)
    assert announced.status_code == unannounced.status_code == 413
    assert announced.json()["detail"] == "the body is longer than 33554432 bytes: send fewer instances at a time"
    # At most the 32 MB of the limit are held, twice for the moment in which the buffer grows; never the 100.
    assert peak_megabytes() - before < 90
    assert counts.by_status == {"client_error": 2}
    assert http.post(server.url + "/predict", json=GOOD, timeout=10).status_code == 200


class Repeated:
    """A body of known length that is not in memory."""

    def __init__(self, block, times):
        self.block = block
        self.times = times
        self.left = times

    def __len__(self):
        return len(self.block) * self.times

    def read(self, _size=-1):
        self.left -= 1
        return self.block if self.left >= 0 else b""


def test_the_limit_of_the_body_can_be_set(start, post):
    small = start(limits=Limits(body_bytes=30))
    assert post({"instances": [[1, 2]]}, to=small).status_code == 200
    assert post({"instances": [[1, 2], [3, 4]]}, to=small).status_code == 413


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("GZip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_packed_body_is_unpacked(post, encoding, pack):
    answer = post(pack(b'{"instances": [[1, 2]]}'), headers={"content-encoding": encoding})
    assert answer.json()["predictions"] == [0]


PACKED = gzip.compress(b'{"instances": [[1, 2]]}')


@pytest.mark.parametrize(
    ("encoding", "body", "code", "error"),
    [
        ("br", b"x", 415, "compressed"),
        ("gzip, gzip", PACKED, 415, "compressed"),
        ("gzip", b"", 400, "compressed"),
        ("gzip", b"{}", 400, "compressed"),
        ("gzip", PACKED[:-1], 400, "compressed"),
        ("gzip", PACKED + b"x", 400, "compressed"),
        ("gzip", gzip.compress(b" " * 10**8), 413, "too_large"),
    ],
    ids=["unknown", "twice", "empty", "not packed", "short", "long", "too large"],
)
def test_a_body_that_cannot_be_unpacked_is_refused(post, encoding, body, code, error):
    answer = post(body, headers={"content-encoding": encoding})
    assert (answer.status_code, answer.json()["error"]) == (code, error)


def failing(error):
    def model(X):
        if X[0, 0] < 0:
            raise error
        return X[:, 0]

    return model


@pytest.mark.parametrize("error", [ValueError("no <negative> numbers"), SystemExit(1), MemoryError()])
def test_a_model_that_raises_is_told_about_and_counted(start, post, error):
    server = start(failing(error))
    post({"instances": [[1]]}, to=server)
    answer = post({"instances": [[-1]]}, to=server)
    assert answer.status_code == 500
    assert answer.json()["error"] == "model_raised"
    assert type(error).__name__ in answer.json()["detail"]
    assert post({"instances": [[1]]}, to=server).status_code == 200
    labels = {"model_name": server.name, "model_version": "1"}
    sample = server.registry.get_sample_value
    assert sample("inference_requests_total", labels | {"status": "server_error"}) == 1
    assert sample("inference_requests_total", labels | {"status": "ok"}) == 2
    assert sample("inference_in_flight_requests", labels) == 0


class Unreadable:
    def __array__(self, *_args, **_options):
        raise RuntimeError("not today")


@pytest.mark.parametrize(
    ("result", "detail"),
    [
        ([1, 2, 3], "the model returned 3 predictions for 1 instances"),
        (None, "the model returned one NoneType"),
        (np.array([b"bytes"]), "the model's predictions cannot be written as JSON"),
        (np.array([object()]), "the model's predictions cannot be written as JSON"),
        (Unreadable(), "the model's result cannot be read: RuntimeError: not today"),
    ],
)
def test_a_model_that_returns_something_else_is_told_about(start, post, result, detail):
    answer = post({"instances": [[1]]}, to=start(lambda X: result))
    assert answer.status_code == 500
    assert answer.json()["error"] == "wrong_output"
    assert detail in answer.json()["detail"]


def test_texts_and_scalars_of_numpy_are_written_as_json(start, post):
    server = start(lambda X: np.array(["猫", "dog"], dtype=object)[X[:, 0].astype(int)])
    assert post({"instances": [[0], [1]]}, to=server).json()["predictions"] == ["猫", "dog"]
    server = start(lambda X: [np.float32(0.5), np.float64("nan")])
    assert post({"instances": [[0], [1]]}, to=server).json()["predictions"] == [0.5, None]


def test_health_and_metrics_answer_while_the_model_works(start, http):
    working, release = threading.Event(), threading.Event()

    def slow(X):
        working.set()
        release.wait(20)
        return X[:, 0]

    server = start(slow)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(server.predict, [[1.0]])
        assert working.wait(10)
        assert http.get(server.url + "/healthz", timeout=5).json()["status"] == "ok"
        for url in (server.metrics_url, server.url + "/metrics"):
            text = http.get(url, timeout=5).text
            assert f'inference_in_flight_requests{{model_name="{server.name}",model_version="1"}} 1.0' in text
        release.set()
        assert waiting.result(10).predictions == [1.0]


def test_requests_over_the_queue_are_shed(start, post):
    working, release = threading.Event(), threading.Event()

    def slow(X):
        working.set()
        release.wait(20)
        return X[:, 0]

    server = start(slow, limits=Limits(queue_length=2))
    labels = {"model_name": server.name, "model_version": "1"}
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(server.predict, [[1.0]])
        assert working.wait(10)
        waiting = [pool.submit(server.predict, [[1.0]]) for _ in range(2)]
        full = lambda: server.registry.get_sample_value("inference_queue_length", labels) == 2  # noqa: E731
        assert wait_until(full, timeout_seconds=10)
        answer = post({"instances": [[1]]}, to=server)
        release.set()
        assert [future.result(10).predictions for future in [first, *waiting]] == [[1.0]] * 3
    assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (503, "queue_full", "1")
    assert server.registry.get_sample_value("inference_requests_total", labels | {"status": "shed"}) == 1


def test_what_sixteen_clients_sent_is_what_was_counted(server, counts):
    bodies = [json.dumps(GOOD), '{"instances": [[1]]}', json.dumps({"instances": [[3, 1]]})]
    codes = []

    def client(number):
        connection = http.client.HTTPConnection(server.url.rpartition("//")[2], timeout=30)
        for turn in range(60):
            connection.request("POST", "/predict", bodies[(number + turn) % 3])
            response = connection.getresponse()
            response.read()
            codes.append(response.status)
        connection.close()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(client, range(16)))
    assert len(codes) == 960
    assert counts.by_status == {"ok": codes.count(200), "client_error": codes.count(400)}
    assert counts("inference_request_duration_seconds_count") == codes.count(200) == 640
    assert counts("inference_in_flight_requests") == 0
    phases = [
        counts("inference_phase_duration_seconds_sum", phase=p)
        for p in ("queue", "preprocess", "predict", "postprocess")
    ]
    assert sum(phases) == pytest.approx(counts("inference_request_duration_seconds_sum"), rel=1e-6)


def test_the_last_latency_is_the_last_requests_share_of_the_sum(post, counts):
    post(GOOD)
    first = counts("inference_latency_seconds")
    assert first == counts("inference_request_duration_seconds_sum")
    post(GOOD)
    assert first + counts("inference_latency_seconds") == pytest.approx(
        counts("inference_request_duration_seconds_sum")
    )


def test_feedback_is_joined_and_told_about(post, counts):
    ids = post(GOOD).json()["ids"]
    answer = post({"ids": [*ids, ids[0], "nobody's"], "y_true": [1, 1, 1, 0]}, "/feedback")
    assert answer.status_code == 200
    assert answer.json() == {
        "joined": 2,
        "unknown": 1,
        "expired": 0,
        "duplicate": 1,
        "results": ["joined", "joined", "duplicate", "unknown"],
    }
    assert counts("model_accuracy") == 0.5
    assert counts("model_feedback_total", result="joined") == 2
    assert counts.by_status == {"ok": 1}


def test_wrong_feedback_is_refused_and_counted(post, counts):
    ids = post(GOOD).json()["ids"]
    answer = post({"ids": ids, "y_true": [1]}, "/feedback")
    assert (answer.status_code, answer.json()["error"]) == (400, "wrong_length")
    assert counts.by_status == {"ok": 1, "client_error": 1}
    assert counts("model_accuracy") is None


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return LogisticRegression(max_iter=1000).fit(X, y)


def test_get_predict_explains_itself_with_an_example_that_works(start, http, post, iris):
    server = start(iris)
    told = http.get(server.url + "/predict", timeout=10).json()
    assert told["input"]["n_features"] == 4
    assert told["output"]["classes"] == [0, 1, 2]
    assert f"curl -s {server.url}/predict" in told["curl"]
    assert post(told["request"], to=server).status_code == 200


def test_the_command_line_that_is_shown_works(start, http, iris):
    import shlex
    import shutil
    import subprocess

    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    server = start(iris)
    told = http.get(server.url + "/predict", timeout=10).json()
    done = subprocess.run(shlex.split(told["curl"]), capture_output=True, check=True, timeout=20)
    assert json.loads(done.stdout)["model_name"] == server.name


def test_a_callable_without_an_example_says_that_its_width_is_unknown(start, http):
    told = http.get(start(lambda X: X[:, 0]).url + "/predict", timeout=10).json()
    assert told["input"]["n_features"] is None
    assert "has not told how many numbers a row has" in told["note"]


def test_a_browser_gets_a_page_and_a_program_gets_json(start, http):
    server = start(lambda X: X[:, 0], name="<b>bold</b> & co", example=[1.0])
    page = http.get(server.url + "/", headers={"accept": "text/html,*/*"}, timeout=10)
    assert page.headers["content-type"].startswith("text/html")
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; co" in page.text
    assert "<b>" not in page.text
    assert http.get(server.url + "/", timeout=10).json() == http.get(server.url + "/predict", timeout=10).json()


def test_what_a_browser_asks_for_by_itself_is_no_error(server, http, counts):
    assert http.get(server.url + "/favicon.ico", timeout=10).status_code == 200
    assert counts.by_status == {}


def test_pages_health_and_scrapes_are_not_counted(server, http, counts):
    for path in ("/", "/predict", "/healthz", "/metrics"):
        assert http.get(server.url + path, timeout=10).status_code == 200
        head = http.head(server.url + path, timeout=10)
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) > 0
    assert http.get(server.metrics_url, timeout=10).status_code == 200
    assert counts.by_status == {}


def test_a_scrape_is_answered_in_the_format_that_it_asks_for(server, http):
    plain = http.get(server.metrics_url, headers={"accept-encoding": "identity"}, timeout=10)
    assert plain.headers["content-type"].startswith("text/plain")
    assert "content-encoding" not in plain.headers
    accept = {"accept": "application/openmetrics-text;version=1.0.0", "accept-encoding": "gzip"}
    openmetrics = http.get(server.metrics_url, headers=accept, timeout=10)
    assert openmetrics.headers["content-encoding"] == "gzip"
    assert openmetrics.text.endswith("# EOF\n")
    restricted = http.get(server.metrics_url, params={"name[]": ["memory_usage"]}, timeout=10)
    assert [line.split("{")[0] for line in restricted.text.splitlines() if not line.startswith("#")] == ["memory_usage"]


def test_the_port_of_the_metrics_has_only_metrics(server, http, counts):
    base = server.metrics_url.removesuffix("/metrics")
    answer = http.post(base + "/predict", json=GOOD, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_path")
    assert http.post(server.metrics_url, timeout=10).status_code == 405
    assert counts.by_status == {}


def test_a_client_that_leaves_before_its_body_is_counted(server, counts):
    connection = http.client.HTTPConnection(server.url.rpartition("//")[2], timeout=10)
    connection.putrequest("POST", "/predict")
    connection.putheader("content-length", "100")
    connection.endheaders(b'{"inst')
    assert wait_until(lambda: counts("inference_in_flight_requests") == 1, timeout_seconds=10)
    connection.close()
    assert wait_until(lambda: counts.by_status == {"client_error": 1}, timeout_seconds=10)
    assert counts("inference_in_flight_requests") == 0


def test_a_connection_can_go_on_after_a_refusal(server):
    connection = http.client.HTTPConnection(server.url.rpartition("//")[2], timeout=10)
    connection.connect()
    connection.auto_open = 0  # a second connection would be an error
    codes = []
    for body in ("{", "x" * (40 * 2**20), json.dumps(GOOD)):
        connection.request("POST", "/predict", body)
        response = connection.getresponse()
        response.read()
        codes.append(response.status)
    connection.close()
    assert codes == [400, 413, 200]


def test_a_fault_of_the_server_itself_is_told_about_and_counted(server, http, counts, monkeypatch):
    def broken(*_args):
        raise RuntimeError("a fault")

    monkeypatch.setattr("monitorkit.serving.app.explanation", broken)
    answer = http.get(server.url + "/predict", timeout=10)
    assert answer.status_code == 500
    assert answer.json() == {"error": "internal", "detail": "the server failed: RuntimeError: a fault"}
    assert counts.by_status == {"server_error": 1}
    monkeypatch.undo()
    assert http.get(server.url + "/predict", timeout=10).status_code == 200


def test_health_tells_when_the_model_thread_is_gone(server, http):
    server._worker.stop(5)
    answer = http.get(server.url + "/healthz", timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (503, "no_worker")
    assert not server.alive
