import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from monitorkit.errors import InvalidType, InvalidValue, ServerUnavailable
from monitorkit.scenarios import traffic
from monitorkit.serving import serve

X = np.arange(12.0).reshape(6, 2)
Y = np.arange(6) % 2


@pytest.fixture(scope="module")
def server():
    with serve(lambda X: (X[:, 0] > 5).astype(int), name="traffic", example=[0.0, 1.0]) as server:
        yield server


def count(server, status):
    labels = {"status": status, "model_name": server.name, "model_version": server.version}
    return server.registry.get_sample_value("inference_requests_total", labels)


def test_every_request_is_a_row_and_is_counted_by_the_server(server):
    before = count(server, "ok")
    sent = traffic(server, X, rate=200, duration="250ms")
    assert len(sent) == sent.attrs["requests"] == sent.attrs["ok"] == 50
    assert count(server, "ok") - before == 50
    assert list(sent["status"].unique()) == ["ok"]
    assert (sent["prediction"] == (X[sent["row"], 0] > 5)).all()
    assert sent["id"].is_unique


def test_requests_are_due_at_equal_distances(server):
    sent = traffic(server, X, rate=100, duration="100ms")
    assert sent["due"].dtype == "datetime64[ms, UTC]"
    assert set(sent["due"].diff().dropna()) == {pd.Timedelta("10ms")}


def test_every_row_is_sent_once_before_any_is_sent_again(server):
    sent = traffic(server, X, rate=200, duration="60ms")
    assert sorted(sent["row"][:6]) == sorted(sent["row"][6:]) == list(range(6))


def test_the_seed_decides_the_order(server):
    first, same, other = (traffic(server, X, rate=200, duration="60ms", seed=seed)["row"] for seed in (1, 1, 2))
    assert list(first) == list(same)
    assert list(first) != list(other)


def test_poisson_arrivals_are_in_order_and_uneven(server):
    sent = traffic(server, X, rate=200, duration="100ms", arrivals="poisson")
    assert sent["due"].is_monotonic_increasing
    gaps = sent["due"].diff().dropna()
    assert (gaps != gaps.iloc[0]).any()


def test_the_summary_is_that_of_the_rows(server):
    sent = traffic(server, X, rate=200, duration="200ms")
    latency = sent["latency_seconds"].to_numpy()
    assert sent.attrs["latency_mean_seconds"] == pytest.approx(latency.mean())
    assert sent.attrs["latency_p95_seconds"] == pytest.approx(np.quantile(latency, 0.95))
    assert sent.attrs["errors"] == {}
    assert (sent["server_seconds"] < latency).all()


def test_true_labels_follow_and_are_joined(server):
    sent = traffic(server, X, Y, rate=200, duration="100ms", feedback_delay="100ms")
    assert sent.attrs["labels_sent"] == 20
    assert set(sent["feedback"]) == {"joined"}


def test_labels_come_after_their_delay(server):
    began = time.monotonic()
    traffic(server, X, Y, rate=100, duration="50ms", feedback_delay="400ms")
    assert time.monotonic() - began > 0.4


def test_without_labels_no_feedback_is_sent(server):
    sent = traffic(server, X, rate=100, duration="50ms")
    assert set(sent["feedback"]) == {""}
    assert sent.attrs["labels_sent"] == 0


def test_waiting_behind_a_stall_counts_as_latency():
    stalled = threading.Event()

    def stall_once(X):
        if not stalled.is_set():
            stalled.set()
            time.sleep(0.3)
        return X[:, 0]

    with serve(stall_once, name="stall") as server:
        sent = traffic(server, X, rate=50, duration="200ms")
    # The last request was due 180 ms after the first, and waited for what was left of the 300 ms.
    assert sent["latency_seconds"].iloc[0] > 0.3
    assert sent["latency_seconds"].iloc[-1] > 0.1


@pytest.mark.parametrize(("width", "status", "code"), [(3, "client_error", 400)])
def test_refused_requests_are_rows_of_their_own(server, width, status, code):
    before = count(server, status)
    sent = traffic(server, np.ones((2, width)), rate=100, duration="50ms")
    assert sent.attrs["errors"] == {status: 5}
    assert set(sent["code"]) == {code}
    assert count(server, status) - before == 5
    assert "3 numbers" in sent.attrs["first_error"]


def test_a_model_that_raises_is_a_server_error():
    def fail(X):
        raise RuntimeError("no luck")

    with serve(fail, name="fail") as server:
        sent = traffic(server, X, Y, rate=100, duration="30ms")
    assert sent.attrs["errors"] == {"server_error": 3}
    assert "no luck" in sent.attrs["first_error"]
    assert set(sent["feedback"]) == {""}


def test_a_dataframe_is_sent_by_its_values(server):
    frame = pd.DataFrame(X, columns=["a", "b"])
    assert traffic(server, frame, rate=100, duration="30ms").attrs["ok"] == 3


def test_a_dataframe_goes_with_the_names_of_its_columns():
    frame = pd.DataFrame({"a": [0.0, 1.0], "b": [5.0, 7.0]})
    with serve(LinearRegression().fit(frame, frame["b"]), name="named traffic") as named:
        sent = traffic(named, frame[["b", "a"]], rate=50, duration="100ms")
    np.testing.assert_allclose(sent["prediction"].astype(float), frame["b"].to_numpy()[sent["row"]])


def test_times_are_sent_as_text():
    days = pd.DataFrame({"day": pd.date_range("2026-01-31", periods=2), "size": [1.0, 2.0]})
    with serve(lambda frame: frame["day"].dt.day.to_numpy(), name="traffic of times", example=days) as server:
        sent = traffic(server, days, [31, 1], rate=100, duration="40ms")
    assert sent["feedback"].tolist() == ["joined"] * 4
    assert days["day"].dtype.kind == "M"


def test_texts_are_rows_of_one():
    with serve(lambda texts: [len(text) for text in texts], name="traffic of texts", example="a text") as server:
        sent = traffic(server, ["a", "ab"], [1, 2], rate=100, duration="40ms")
    assert sent["feedback"].tolist() == ["joined"] * 4


def test_a_url_stands_for_a_server(server):
    assert traffic(server.url + "/", X, rate=100, duration="30ms").attrs["ok"] == 3


def test_nobody_there_is_said_so():
    with pytest.raises(ServerUnavailable, match=r"http://127.0.0.1:9: no request was answered .*is the server running"):
        traffic("http://127.0.0.1:9", X, rate=100, duration="30ms")


def test_something_else_there_is_said_so(server):
    sent = traffic(server.url + "/healthz", X, rate=100, duration="20ms")
    assert sent.attrs["errors"] == {"client_error": 2}


def test_the_input_is_left_alone(server):
    before = X.copy()
    traffic(server, X, rate=100, duration="30ms")
    assert (before == X).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"X": [1.0, 2.0]}, InvalidValue, r"X has shape \(2,\); give one row per sample"),
        ({"X": np.empty((0, 2))}, InvalidValue, "X has no rows"),
        ({"y": [1]}, InvalidValue, r"y has shape \(1,\), X has 6 rows"),
        ({"rate": 0}, InvalidValue, "makes 0 requests"),
        ({"rate": -5}, InvalidValue, "makes -5 requests"),
        ({"rate": float("inf")}, InvalidValue, "makes inf requests"),
        ({"rate": 1e9}, InvalidValue, "1 to 5,000,000 can be sent"),
        ({"rate": "50"}, InvalidType, "'50' is no number"),
        ({"duration": "ten"}, InvalidValue, "duration: 'ten' is no duration"),
        ({"feedback_delay": "-1s"}, InvalidValue, "feedback_delay"),
        ({"rate": 10**30}, InvalidValue, "1 to 5,000,000 can be sent"),
        ({"seed": -1}, InvalidValue, "seed: -1 must be a whole number"),
        ({"seed": "x"}, InvalidValue, "seed: 'x' must be a whole number"),
        ({"X": [[1], [1, 2]]}, InvalidValue, "its rows do not have the same length"),
        ({"X": [[1j, 2]], "y": None}, InvalidType, "X or y cannot be sent as JSON"),
        ({"y": [object()] * 6}, InvalidType, "X or y cannot be sent as JSON"),
        ({"arrivals": "bursts"}, InvalidValue, "choose 'constant' or 'poisson'"),
    ],
)
def test_wrong_arguments_are_named(server, arguments, error, message):
    with pytest.raises(error, match=message):
        traffic(server, **{"X": X, "y": None, "rate": 1, "duration": "1s", **arguments})


def test_an_interrupt_stops_the_sending(server, monkeypatch):
    join = threading.Thread.join

    def interrupted(thread, timeout=None):
        if thread.name == "monitorkit traffic" and timeout is not None:
            raise KeyboardInterrupt
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        traffic(server, X, rate=10, duration="1m")
    assert time.monotonic() - began < 5
    assert "monitorkit traffic" not in {thread.name for thread in threading.enumerate()}


def test_labels_that_are_refused_are_told(server):
    sent = traffic(server, X, [float("nan")] * 6, rate=100, duration="30ms")
    assert set(sent["feedback"]) == {"failed"}
    assert sent.attrs["first_error"].startswith("labels not taken: 400: ")


@pytest.mark.parametrize("body", [b"[]", b"null", b'{"results": ["joined", "joined"]}', b"<html>"])
def test_a_server_that_answers_feedback_otherwise_fails_the_labels_only(body):
    def answer(handler):
        handler.rfile.read(int(handler.headers["Content-Length"]))
        content = b'{"predictions": [1], "ids": ["a"]}' if handler.path == "/predict" else body
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    handlers = type("Handler", (BaseHTTPRequestHandler,), {"do_POST": answer, "log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), handlers) as other:
        threading.Thread(target=other.serve_forever).start()
        sent = traffic(f"http://127.0.0.1:{other.server_port}", X, Y, rate=10, duration="100ms")
        other.shutdown()
    assert list(sent["status"]) == ["ok"]
    assert list(sent["feedback"]) == ["failed"]
    assert "labels not taken" in sent.attrs["first_error"]
