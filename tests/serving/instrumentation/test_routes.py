import sys
from types import SimpleNamespace

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route
from starlette.staticfiles import StaticFiles

from monitorkit import instrument
from monitorkit.processes import wait_until
from monitorkit.serving.instrumentation.routes import has_route, routes_of, template


def answer(request):
    return PlainTextResponse("x")


def fastapi(folder):
    deep = APIRouter(prefix="/deep")
    deep.add_api_route("/{item}", lambda item: item)
    router = APIRouter(prefix="/api/{tenant}")
    router.add_api_route("/items/{item}", lambda tenant, item: item)
    router.include_router(deep)
    sub = FastAPI()
    sub.add_api_route("/items/{item}", lambda item: item)
    sub.include_router(deep)
    app = FastAPI()
    app.add_api_route("/files/{file:path}", lambda file: file)
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=folder))
    app.mount("/sub", sub)
    app.mount("/of/{who}", Starlette(routes=[Route("/page/{number}", answer)]))
    return app


def starlette(folder):
    return Starlette(
        routes=[
            Route("/items/{item:int}", answer, methods=["POST"]),
            Mount("/a/{b}", routes=[Route("/", answer), Mount("/c", routes=[Route("/{d}", answer)])]),
            Host("api.example", app=Starlette(routes=[Route("/on-host/{x}", answer)])),
            Mount("/static", app=StaticFiles(directory=folder)),
        ]
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "one.txt").write_text("1", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("make", "path", "expected"),
    [
        (fastapi, "/files/a/b/c", "/files/{file:path}"),
        (fastapi, "/api/ann/items/1", "/api/{tenant}/items/{item}"),
        (fastapi, "/api/ann/deep/1", "/api/{tenant}/deep/{item}"),
        (fastapi, "/sub/items/1", "/sub/items/{item}"),
        (fastapi, "/sub/deep/1", "/sub/deep/{item}"),
        (fastapi, "/sub/none", "unmatched"),
        (fastapi, "/of/ann/page/3", "/of/{who}/page/{number}"),
        (fastapi, "/static/one.txt", "/static"),
        (fastapi, "/docs", "/docs"),
        (fastapi, "/docs/", "unmatched"),
        (starlette, "/items/7", "/items/{item:int}"),
        (starlette, "/items/x", "unmatched"),
        (starlette, "/a/1/c/2", "/a/{b}/c/{d}"),
        (starlette, "/a/1/", "/a/{b}/"),
        (starlette, "/static/none.txt", "/static"),
        (starlette, "/%F0%9F%98%80/" + "x" * 3000, "unmatched"),
    ],
)
def test_a_request_is_counted_under_the_template_of_the_route_that_takes_it(
    registry, counts, asgi_url, http, folder, make, path, expected
):
    url = asgi_url(instrument(make(folder), name="digits", registry=registry))
    http.get(url + path, allow_redirects=False)
    # An answer without a body is complete for its reader before the application is.
    assert wait_until(lambda: counts.requests, timeout_seconds=10)
    assert [counted for _, counted, _ in counts.requests] == [expected]


def test_routes_of_a_host_are_found(registry, counts, asgi_url, http, folder):
    url = asgi_url(instrument(starlette(folder), name="digits", registry=registry))
    http.get(url + "/on-host/1", headers={"Host": "api.example"})
    assert counts.requests == {("GET", "/on-host/{x}", "200"): 1}


def test_routes_are_found_where_the_application_notes_nothing(folder):
    asked = {"type": "http", "method": "GET", "path": "/a/1/c/2", "root_path": "", "headers": []}
    assert template(starlette(folder).routes, asked, {}) == "/a/{b}/c/{d}"


def test_a_route_that_cannot_be_asked_is_nobodys():
    class Broken:
        def matches(self, scope):
            raise ValueError("broken")

    assert template([Broken()], {"path": "/"}, {}) is None


def test_wrappers_in_a_circle_end():
    class Circle:
        @property
        def app(self):
            return self

    assert routes_of(Circle()) is None


def test_a_page_is_found_by_its_path():
    assert has_route([Route("/metrics", answer)], "/metrics")
    assert not has_route([Route("/{any}", answer)], "/metrics")


@pytest.fixture
def django(monkeypatch):
    """What Django keeps of its routes, and a request handler of its own."""

    def resolve(path):
        routes = {"/api/7/predict/": "api/<int:user>/predict/", "/metrics": "metrics"}
        return SimpleNamespace(route=routes[path])

    monkeypatch.setitem(sys.modules, "django.urls", SimpleNamespace(resolve=resolve))


class Asgi:
    __module__ = "django.core.handlers.asgi"

    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"own"})


class Wsgi:
    __module__ = "django.core.handlers.wsgi"

    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        return [b"own"]


@pytest.mark.parametrize(("kind", "served"), [(Asgi, "asgi_url"), (Wsgi, "wsgi_url")])
def test_routes_of_django_are_found_where_it_keeps_them(registry, counts, django, http, request, kind, served):
    url = request.getfixturevalue(served)(instrument(kind(), name="digits", registry=registry))
    assert [http.get(url + path, timeout=10).text for path in ("/api/7/predict/", "/other", "/metrics")] == ["own"] * 3
    assert counts.requests == {
        ("GET", "/api/<int:user>/predict/", "200"): 1,
        ("GET", "unmatched", "200"): 1,
        ("GET", "/metrics", "200"): 1,
    }
    assert counts.by_status == {"ok": 1}
