import contextlib
import io
import threading

import flask
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from monitorkit import instrument


@pytest.fixture
def app(registry):
    app = flask.Flask("digits")

    @app.get("/predict")
    def predict():
        return {"prediction": 7}

    @app.get("/users/<int:user>")
    def user(user):
        return str(10 // user)

    return instrument(app, registry=registry)


def environ(path="/predict", method="GET", **more):
    return {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "", **more}


def started():
    """A start_response that keeps what it was called with."""
    calls = []

    def start_response(*arguments):
        calls.append(arguments)
        return lambda data: None

    start_response.calls = calls
    return start_response


def test_a_route_is_counted_under_its_template(app, counts):
    client = app.test_client()
    for user in (1, 2, 5):
        assert client.get(f"/users/{user}").status_code == 200
    assert counts.requests == {("GET", "/users/<int:user>", "200"): 3}
    assert counts("http_request_duration_seconds_count", method="GET", path="/users/<int:user>") == 3


def test_what_clients_make_up_is_no_label(app, counts):
    client = app.test_client()
    for number in range(300):
        client.get(f"/nowhere/{number}")
        client.open(f"/nowhere/{number}", method=f"MADE-UP-{number}")
    assert counts.requests == {("GET", "unmatched", "404"): 300, ("other", "unmatched", "404"): 300}


def test_a_wrong_method_is_counted_under_the_route_that_it_misses(app, counts):
    assert app.test_client().post("/predict").status_code == 405
    assert counts.requests == {("POST", "/predict", "405"): 1}
    assert counts.by_status == {"client_error": 1}


def test_requests_of_the_model_have_the_names_of_a_served_model(app, counts):
    client = app.test_client()
    client.get("/predict")
    client.get("/predict")
    client.get("/users/1")
    client.head("/predict")
    client.options("/predict")
    assert counts.by_status == {"ok": 2}
    assert counts("inference_request_duration_seconds_count") == 2
    assert 0 < counts("inference_latency_seconds") <= counts("inference_request_duration_seconds_sum")
    assert counts("inference_in_flight_requests") == counts("http_requests_in_flight") == 0


def test_an_exception_becomes_flasks_500_and_is_counted(app, counts):
    assert app.test_client().get("/users/0").status_code == 500
    assert counts.requests == {("GET", "/users/<int:user>", "500"): 1}


def test_an_exception_that_flask_lets_through_is_raised_again_and_counted(app, counts):
    app.testing = True
    with pytest.raises(ZeroDivisionError, match="integer"):
        app.test_client().get("/users/0")
    assert counts.requests == {("GET", "/users/<int:user>", "500"): 1}
    assert counts("http_requests_in_flight") == 0


def test_a_stream_lasts_until_its_last_byte(registry, counts, wsgi_url, http):
    app = flask.Flask("digits")
    go_on = threading.Event()

    @app.get("/predict")
    def predict():
        def pieces():
            yield "a"
            go_on.wait(10)
            yield "b"

        return flask.Response(pieces())

    instrument(app, registry=registry)
    with http.get(wsgi_url(app) + "/predict", stream=True) as answer:
        pieces = answer.iter_content(1)
        assert next(pieces) == b"a"
        assert counts.requests == {}
        assert counts("inference_in_flight_requests") == 1
        go_on.set()
        # Without a length nothing tells the last piece before the stream ends.
        assert list(pieces) == [b"b"]
    assert counts.requests == {("GET", "/predict", "200"): 1}
    assert counts("inference_in_flight_requests") == 0


def test_who_has_an_answer_finds_it_counted(app, counts, wsgi_url, http):
    url = wsgi_url(app)
    for number in range(1, 30):
        assert http.get(url + "/predict").json() == {"prediction": 7}
        assert counts.requests == {("GET", "/predict", "200"): number}


def test_a_stream_that_breaks_is_counted_as_failed(registry, counts):
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"a"
        raise RuntimeError("the model broke")

    body = instrument(app, name="digits", registry=registry)(environ(), started())
    with pytest.raises(RuntimeError, match="the model broke"):
        list(body)
    assert counts.requests == {("GET", "/predict", "500"): 1}
    assert counts.by_status == {"server_error": 1}


def test_a_stream_that_its_client_leaves_is_closed_and_counted_once(registry, counts):
    class Body:
        closed = 0

        def __iter__(self):
            return iter([b"a", b"b"])

        def close(self):
            self.closed += 1

    inner = Body()

    def app(environ, start_response):
        start_response("200 OK", [])
        return inner

    body = instrument(app, name="digits", registry=registry)(environ(), started())
    assert next(iter(body)) == b"a"
    body.close()
    body.close()
    assert inner.closed == 2
    assert counts.requests == {("GET", "/predict", "200"): 1}


def test_a_file_goes_to_the_server_as_it_is(registry, counts):
    class Wrapper:
        def __init__(self, file):
            self.file = file

    def app(environ, start_response):
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"model"))

    body = instrument(app, name="digits", registry=registry)(environ(**{"wsgi.file_wrapper": Wrapper}), started())
    assert type(body) is Wrapper
    assert counts.by_status == {"ok": 1}


def test_error_information_and_write_reach_the_server(registry):
    def app(environ, start_response):
        start_response("200 OK", [])
        write = start_response("500 INTERNAL SERVER ERROR", [], (ValueError, ValueError("x"), None))
        write(b"part")
        return [b"rest"]

    start_response = started()
    assert instrument(app, name="digits", registry=registry)(environ(), start_response) == [b"rest"]
    assert [len(call) for call in start_response.calls] == [2, 3]


@pytest.mark.parametrize(
    ("status", "headers", "counted"),
    [
        ("200 OK", [], "ok"),
        ("302 Found", [], "ok"),
        ("404 Not Found", [], "client_error"),
        ("429 Too Many Requests", [], "shed"),
        ("500 Internal Server Error", [], "server_error"),
        ("503 Service Unavailable", [], "server_error"),
        ("503 Service Unavailable", [("Retry-After", "3")], "shed"),
    ],
)
def test_a_code_becomes_a_status(registry, counts, status, headers, counted):
    def app(environ, start_response):
        start_response(status, headers)
        return []

    instrument(app, name="digits", registry=registry)(environ(), started())
    assert counts.by_status == {counted: 1}
    assert counts("inference_request_duration_seconds_count") == (counted == "ok")


def test_an_application_without_routes_has_the_paths_that_it_is_told(registry, counts):
    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    app = instrument(app, name="digits", registry=registry, predict_path=["/ask/<who>", "/score"])
    for path in ("/ask/me", "/ask/you", "/score", "/predict", "/"):
        app(environ(path), started())
    assert counts.requests == {
        ("GET", "/ask/<who>", "200"): 2,
        ("GET", "/score", "200"): 1,
        ("GET", "unmatched", "200"): 2,
    }
    assert counts.by_status == {"ok": 3}


def test_a_mounted_flask_has_its_place_in_its_paths(registry, counts, wsgi_url, http):
    inner = flask.Flask("inner")
    inner.add_url_rule("/users/<user>", view_func=lambda user: user, endpoint="user")
    outer = flask.Flask("outer")
    outer.add_url_rule("/", view_func=lambda: "home", endpoint="home")
    app = instrument(DispatcherMiddleware(outer, {"/inner": inner}), name="digits", registry=registry)
    url = wsgi_url(app)
    for path in ("/", "/inner/users/ann", "/inner/users/bob", "/inner/none"):
        http.get(url + path)
    assert counts.requests == {
        ("GET", "/", "200"): 1,
        ("GET", "/inner/users/<user>", "200"): 2,
        ("GET", "unmatched", "404"): 1,
    }


def test_the_metrics_are_shown_and_scrapes_not_counted(app, counts, wsgi_url, http):
    url = wsgi_url(app)
    http.get(url + "/predict")
    answer = http.get(url + "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'path="/predict"} 1.0' in answer.text
    assert http.head(url + "/metrics").text == ""
    assert counts.requests == {("GET", "/predict", "200"): 1}


def test_a_scrape_can_be_restricted_to_names(app, wsgi_url, http):
    url = wsgi_url(app)
    http.get(url + "/predict")
    text = http.get(url + "/metrics", params={"name[]": "http_requests_total"}).text
    assert [line.partition("{")[0] for line in text.splitlines() if line[0] != "#"] == ["http_requests_total"]


def test_a_page_of_the_applications_own_stays(registry):
    app = flask.Flask("digits")
    app.add_url_rule("/metrics", view_func=lambda: "its own", endpoint="metrics")
    assert instrument(app, registry=registry).test_client().get("/metrics").get_data(as_text=True) == "its own"


def test_several_processes_without_shared_values_are_told_of_once(app):
    client = app.test_client()
    with pytest.warns(UserWarning, match="PROMETHEUS_MULTIPROC_DIR"):
        client.get("/metrics", environ_overrides={"wsgi.multiprocess": True})
    assert client.get("/metrics", environ_overrides={"wsgi.multiprocess": True}).status_code == 200


@pytest.mark.parametrize("fails", [False, True])
def test_a_websocket_lasts_and_is_no_request(registry, counts, fails):
    app = flask.Flask("digits")

    @app.route("/predict", websocket=True)
    def socket():
        assert counts("http_requests_in_flight") == 1
        if fails:
            raise ConnectionError
        return ""

    app.config["PROPAGATE_EXCEPTIONS"] = True
    instrument(app, registry=registry)
    offer = {"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade"}
    asked = environ(**offer, **{"wsgi.url_scheme": "http", "SERVER_NAME": "x", "SERVER_PORT": "80"})
    with pytest.raises(ConnectionError) if fails else contextlib.nullcontext():
        list(app.wsgi_app(asked, started()))
    assert counts.requests == {}
    assert counts.by_status == {}
    assert counts("http_requests_in_flight") == counts("inference_in_flight_requests") == 0
