import importlib
import warnings

import flask
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from monitorkit import InvalidType, InvalidValue, instrument
from monitorkit.serving.instrumentation import application


def flask_app(name="digits"):
    app = flask.Flask(name)
    app.add_url_rule("/predict", view_func=lambda: "7", endpoint="predict")
    return app


def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [b"7"]


def environ(path="/predict"):
    return {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": ""}


def ask(app):
    """One request; whatever the application is."""
    if isinstance(app, flask.Flask):
        return app.test_client().get("/predict")
    return list(app(environ(), lambda *arguments: None))


def test_flask_fastapi_and_starlette_come_back_themselves(registry):
    for app in (flask_app(), FastAPI(), Starlette()):
        assert instrument(app, registry=registry) is app


def test_the_line_run_again_counts_once(registry, counts):
    app = flask_app()
    for _ in range(3):
        instrument(app, registry=registry)
    ask(app)
    assert counts.by_status == {"ok": 1}


def test_the_line_run_again_on_a_running_starlette_counts_once(registry, counts, asgi_url, http):
    app = Starlette(routes=[Route("/predict", lambda request: PlainTextResponse("7"))])
    url = asgi_url(instrument(app, name="digits", registry=registry))
    http.get(url + "/predict")
    instrument(app, name="digits", registry=registry)
    http.get(url + "/predict")
    assert counts.by_status == {"ok": 2}


def test_a_bare_callable_run_again_counts_once(registry, counts):
    app = instrument(wsgi, name="digits", registry=registry)
    assert instrument(wsgi, name="digits", registry=registry) is app
    assert instrument(app, name="digits", registry=registry) is app
    ask(app)
    assert counts.by_status == {"ok": 1}


def test_a_callable_without_attributes_is_counted_once(registry, counts):
    class Bare:
        __slots__ = ()

        def __call__(self, environ, start_response):
            return wsgi(environ, start_response)

    bare = Bare()
    for _ in range(2):
        ask(instrument(bare, name="digits", registry=registry))
    assert counts.by_status == {"ok": 2}


def test_the_cell_run_again_goes_on_counting(registry, counts):
    for _ in range(3):
        app = instrument(flask_app(), registry=registry)
        ask(app)
    assert counts.by_status == {"ok": 3}


def test_a_module_loaded_again_goes_on_counting(registry, counts):
    app = flask_app()
    ask(instrument(app, registry=registry))
    importlib.reload(application).instrument(app, registry=registry)
    ask(app)
    assert counts.by_status == {"ok": 2}


def test_another_version_has_series_of_its_own(registry, counts, counts_of):
    app = flask_app()
    ask(instrument(app, registry=registry))
    ask(instrument(app, registry=registry, version="2"))
    second = counts_of(registry, version="2")
    assert counts.by_status == second.by_status == {"ok": 1}
    # A last latency of a version that is gone would be averaged in for ever.
    assert counts("inference_latency_seconds") is None
    assert second("inference_latency_seconds") > 0
    assert counts("memory_usage") is None
    assert second("memory_usage") > 0
    ask(instrument(app, registry=registry, version="1"))
    assert counts("inference_latency_seconds") > 0


def test_two_applications_share_a_registry(registry, counts, counts_of):
    ask(instrument(flask_app(), registry=registry))
    other = instrument(wsgi, name="other", registry=registry)
    ask(other)
    ask(other)
    assert counts.by_status == {"ok": 1}
    assert counts_of(registry, "other").by_status == {"ok": 2}


def test_without_a_registry_metrics_go_where_everybody_looks(counts_of):
    ask(instrument(flask_app("on the default registry")))
    assert counts_of(REGISTRY, "on the default registry").by_status == {"ok": 1}


@pytest.mark.parametrize(
    ("app", "name"),
    [
        (flask.Flask("shop"), "shop"),
        (FastAPI(title="Scores"), "Scores"),
        (FastAPI(), "app"),
        (Starlette(), "app"),
    ],
)
def test_an_application_has_the_name_that_it_gives_itself(registry, counts_of, app, name):
    instrument(app, registry=registry)
    assert counts_of(registry, name)("http_requests_in_flight") == 0


def test_metrics_of_the_users_own_stay_and_are_named(registry, counts):
    own = Counter("inference_requests_total", "Own.", registry=registry)
    Gauge("inference_latency_seconds", "Own.", registry=registry).set(0.5)
    Gauge("cpu_usage", "Own.", registry=registry).set(12)
    app = flask_app()
    names = "cpu_usage, inference_latency_seconds, inference_requests_total"
    with pytest.warns(UserWarning, match=f"instrument: {names}: your own, left as they are; the other") as told:
        instrument(app, registry=registry)
    assert [one.filename for one in told] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        instrument(app, registry=registry)
    own.inc(3)
    ask(app)
    text = generate_latest(registry).decode()
    assert registry.get_sample_value("inference_requests_total") == 3
    assert counts.by_status == {}
    assert counts("inference_request_duration_seconds_count") == 1
    assert counts("memory_usage") > 0
    for name in ("inference_requests_total counter", "inference_latency_seconds gauge", "cpu_usage gauge"):
        assert text.count(f"# TYPE {name}") == 1


def test_metrics_that_the_user_defines_later_are_the_users(registry, counts):
    app = instrument(flask_app(), registry=registry)
    ask(app)
    assert counts.by_status == {"ok": 1}
    Histogram("inference_request_duration_seconds", "Own.", registry=registry).observe(1)
    assert counts("inference_request_duration_seconds_count") is None
    assert registry.get_sample_value("inference_request_duration_seconds_count") == 1


def test_a_metrics_path_of_none_shows_nothing(registry):
    app = instrument(flask_app(), registry=registry, metrics_path=None)
    assert app.test_client().get("/metrics").status_code == 404


def test_the_metrics_path_can_be_another(registry):
    app = instrument(flask_app(), registry=registry, metrics_path="/internal/metrics")
    assert b"http_requests" in app.test_client().get("/internal/metrics").data


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"app": 7}, InvalidType, "app: int is no application; pass a Flask"),
        ({"app": None}, InvalidType, "app: NoneType is no application"),
        ({"app": "app:app"}, InvalidType, "app: str is no application"),
        ({"app": lambda: None}, InvalidType, "app: function is no application"),
        ({"app": flask.Flask}, InvalidType, r"app: Flask is a class; pass an application, as in Flask\(\)"),
        ({"name": ""}, InvalidValue, "name: '' must be 1 to 128 printable"),
        ({"name": 7}, InvalidType, "name: 7 is no text"),
        ({"version": 2}, InvalidType, "version: 2 is no text; write '2'"),
        ({"metrics_path": "metrics"}, InvalidValue, "metrics_path: 'metrics' is no path"),
        ({"metrics_path": 8000}, InvalidType, "metrics_path: 8000 is no text"),
        ({"predict_path": "/a b"}, InvalidValue, "predict_path: '/a b' is no path"),
        ({"predict_path": ["/a", 7]}, InvalidType, "predict_path: 7 is no text"),
        ({"predict_path": 7}, InvalidType, "predict_path: 7 is no path"),
        ({"registry": "default"}, InvalidType, "registry: 'default' is no CollectorRegistry"),
    ],
)
def test_wrong_arguments_are_told(arguments, error, message):
    with pytest.raises(error, match=message):
        instrument(**{"app": wsgi, "registry": CollectorRegistry()} | arguments)


def test_wrong_arguments_leave_the_application_as_it_was(registry):
    app = flask_app()
    before = app.wsgi_app
    with pytest.raises(InvalidValue, match="name"):
        instrument(app, name=" ", registry=registry)
    assert app.wsgi_app == before
    assert list(registry.collect()) == []
