import asyncio
import threading

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from monitorkit import instrument


@pytest.fixture
def app(registry):
    app = FastAPI(title="digits")

    @app.post("/predict")
    def predict():
        return {"prediction": 7}

    @app.get("/users/{user}")
    def user(user: int):
        return 10 // user

    return instrument(app, registry=registry)


def scope(path="/predict", method="GET", **more):
    headers, query = [], b""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "headers": headers,
        "query_string": query,
        "root_path": "",
    } | more


async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}


def run(app, asked):
    """Ask an application without a server; returns what it sent."""
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(app(asked, receive, send))
    return sent


def plain(status=200, headers=()):
    """A bare ASGI application."""

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": b"7"})

    return app


def test_a_route_is_counted_under_its_template(app, counts, asgi_url, http):
    url = asgi_url(app)
    for user in (1, 2, 5):
        assert http.get(f"{url}/users/{user}").status_code == 200
    assert http.get(f"{url}/users/ann").status_code == 422
    assert counts.requests == {("GET", "/users/{user}", "200"): 3, ("GET", "/users/{user}", "422"): 1}


def test_what_clients_make_up_is_no_label(app, counts):
    for number in range(100):
        run(app, scope(f"/nowhere/{number}"))
        run(app, scope(f"/nowhere/{number}", method=f"MADE-UP-{number}"))
    assert counts.requests == {("GET", "unmatched", "404"): 100, ("other", "unmatched", "404"): 100}


def test_requests_of_the_model_have_the_names_of_a_served_model(app, counts, asgi_url, http):
    url = asgi_url(app)
    http.post(url + "/predict")
    http.get(url + "/predict")
    http.head(url + "/predict")
    http.options(url + "/predict")
    http.get(url + "/users/1")
    assert counts.by_status == {"ok": 1, "client_error": 1}
    assert counts("inference_request_duration_seconds_count") == 1
    assert counts("inference_latency_seconds") == counts("inference_request_duration_seconds_sum")
    assert counts("inference_in_flight_requests") == counts("http_requests_in_flight") == 0


def test_who_has_an_answer_finds_it_counted(app, counts, asgi_url, http):
    url = asgi_url(app)
    for number in range(1, 30):
        assert http.post(url + "/predict").json() == {"prediction": 7}
        assert counts.requests == {("POST", "/predict", "200"): number}


def test_an_exception_is_counted_and_raised_again(app, counts):
    with pytest.raises(ZeroDivisionError, match="integer"):
        run(app, scope("/users/0"))
    assert counts.requests == {("GET", "/users/{user}", "500"): 1}
    assert counts("http_requests_in_flight") == 0


def test_a_bare_application_that_fails_is_counted_and_raises(registry, counts):
    async def app(scope, receive, send):
        raise LookupError("no model")

    with pytest.raises(LookupError, match="no model"):
        run(instrument(app, name="digits", registry=registry), scope())
    assert counts.requests == {("GET", "/predict", "500"): 1}
    assert counts.by_status == {"server_error": 1}


def test_an_answer_that_never_comes_is_counted_as_failed(registry, counts):
    async def app(scope, receive, send):
        pass

    assert run(instrument(app, name="digits", registry=registry), scope()) == []
    assert counts.requests == {("GET", "/predict", "500"): 1}


def test_a_client_that_leaves_before_the_answer_is_its_own_fault(registry, counts):
    async def app(scope, receive, send):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(instrument(app, name="digits", registry=registry), scope())
    assert counts.requests == {("GET", "/predict", "499"): 1}
    assert counts.by_status == {"client_error": 1}


def test_a_stream_lasts_until_its_last_byte(registry, counts, asgi_url, http):
    go_on = threading.Event()

    async def pieces():
        yield "a"
        await asyncio.to_thread(go_on.wait, 10)
        yield "b"

    app = Starlette(routes=[Route("/predict", lambda request: StreamingResponse(pieces()))])
    instrument(app, name="digits", registry=registry)
    with http.get(asgi_url(app) + "/predict", stream=True) as answer:
        received = answer.iter_content(1)
        assert next(received) == b"a"
        assert counts.requests == {}
        assert counts("inference_in_flight_requests") == 1
        go_on.set()
        assert list(received) == [b"b"]
    assert counts.requests == {("GET", "/predict", "200"): 1}


def test_what_is_done_in_the_background_does_not_count(registry, counts, asgi_url, http):
    go_on, done = threading.Event(), threading.Event()

    def later():
        go_on.wait(10)
        done.set()

    def answer(request):
        return PlainTextResponse("7", background=BackgroundTask(later))

    app = instrument(Starlette(routes=[Route("/predict", answer)]), name="digits", registry=registry)
    assert http.get(asgi_url(app) + "/predict").text == "7"
    assert counts.requests == {("GET", "/predict", "200"): 1}
    assert counts("http_requests_in_flight") == 0
    go_on.set()
    assert done.wait(10)


def test_a_failure_in_the_background_is_raised_and_not_counted_again(registry, counts):
    def later():
        raise RuntimeError("in the background")

    def answer(request):
        return PlainTextResponse("7", background=BackgroundTask(later))

    app = instrument(Starlette(routes=[Route("/predict", answer)]), name="digits", registry=registry)
    with pytest.raises(RuntimeError, match="in the background"):
        run(app, scope())
    assert counts.requests == {("GET", "/predict", "200"): 1}


def test_middleware_of_the_applications_own_is_measured_and_keeps_its_state(registry, counts, asgi_url, http):
    made = []

    class Own(BaseHTTPMiddleware):
        def __init__(self, app):
            super().__init__(app)
            made.append(self)

        async def dispatch(self, request, call_next):
            if request.url.path == "/closed":
                return PlainTextResponse("closed", 503, {"Retry-After": "5"})
            return await call_next(request)

    app = Starlette(routes=[Route("/users/{user}", lambda request: PlainTextResponse("x")), Route("/closed", plain())])
    app.add_middleware(Own)
    url = asgi_url(app)
    assert http.get(url + "/users/1").status_code == 200
    instrument(app, name="digits", registry=registry)
    assert http.get(url + "/users/2").status_code == 200
    assert http.get(url + "/closed").status_code == 503
    assert counts.requests == {("GET", "/users/{user}", "200"): 1, ("GET", "/closed", "503"): 1}
    assert len(made) == 1


def test_middleware_around_an_application_hides_no_routes(registry, counts, asgi_url, http):
    class Around:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            await self.app({**scope}, receive, send)

    app = Around(Starlette(routes=[Route("/users/{user}", lambda request: PlainTextResponse("x"))]))
    url = asgi_url(instrument(app, name="digits", registry=registry))
    http.get(url + "/users/1")
    assert counts.requests == {("GET", "/users/{user}", "200"): 1}


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_what_is_no_http_passes_untouched(registry, counts, kind):
    seen = []

    async def app(scope, receive, send):
        seen.append((scope, receive, send))

    asked = {"type": kind}

    async def send(message):
        raise AssertionError

    asyncio.run(instrument(app, name="digits", registry=registry)(asked, receive, send))
    assert seen == [(asked, receive, send)]
    assert counts.requests == {}


def test_a_lifespan_runs(registry, asgi_url, http):
    events = []

    async def lifespan(app):
        events.append("up")
        yield
        events.append("down")

    from contextlib import asynccontextmanager

    app = FastAPI(lifespan=asynccontextmanager(lifespan))
    asgi_url(instrument(app, registry=registry))
    assert events == ["up"]


@pytest.mark.parametrize(("status", "headers", "counted"), [
    (429, [], "shed"),
    (503, [], "server_error"),
    (503, [(b"Retry-After", b"3")], "shed"),
    (307, [], "ok"),
])  # fmt: skip
def test_a_code_becomes_a_status(registry, counts, status, headers, counted):
    run(instrument(plain(status, headers), name="digits", registry=registry), scope())
    assert counts.by_status == {counted: 1}


def test_an_application_without_routes_has_the_paths_that_it_is_told(registry, counts):
    app = instrument(plain(), name="digits", registry=registry, predict_path="/ask/{who}")
    for path in ("/ask/me", "/ask/you", "/predict"):
        run(app, scope(path))
    assert counts.requests == {("GET", "/ask/{who}", "200"): 2, ("GET", "unmatched", "200"): 1}
    assert counts.by_status == {"ok": 2}


def test_the_place_of_the_whole_application_is_no_part_of_its_paths(registry, counts):
    app = instrument(plain(), name="digits", registry=registry)
    run(app, scope("/here/predict", root_path="/here"))
    assert counts.requests == {("GET", "/predict", "200"): 1}
    assert run(app, scope("/here/metrics", root_path="/here"))[0]["status"] == 200


def test_the_metrics_are_shown_and_scrapes_not_counted(app, counts, asgi_url, http):
    url = asgi_url(app)
    http.post(url + "/predict")
    answer = http.get(url + "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'path="/predict"} 1.0' in answer.text
    assert http.head(url + "/metrics").text == ""
    assert counts.requests == {("POST", "/predict", "200"): 1}


def test_a_page_of_the_applications_own_stays(registry, asgi_url, http):
    app = Starlette(routes=[Route("/metrics", lambda request: PlainTextResponse("its own"))])
    assert http.get(asgi_url(instrument(app, registry=registry)) + "/metrics").text == "its own"
