"""``instrument``: one line that measures an application of whatever kind."""

from __future__ import annotations

import inspect
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from prometheus_client import REGISTRY, CollectorRegistry

from monitorkit.errors import InvalidType
from monitorkit.metrics.requests.beside import Beside
from monitorkit.serving.instrumentation.asgi import AsgiInstrument
from monitorkit.serving.instrumentation.exchange import Meter
from monitorkit.serving.instrumentation.page import MetricsPage
from monitorkit.serving.instrumentation.paths import PredictPaths, checked_path
from monitorkit.serving.instrumentation.wsgi import WsgiInstrument
from monitorkit.serving.settings import checked_text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["instrument"]

App = TypeVar("App")

_ATTRIBUTE = "_monitorkit_instrument"
_ASGI_PARAMETERS = 3
_WSGI_PARAMETERS = 2


def instrument(
    app: App,
    *,
    name: str | None = None,
    version: str = "1",
    metrics_path: str | None = "/metrics",
    predict_path: str | Iterable[str] | None = None,
    registry: CollectorRegistry | None = None,
) -> App:
    """Measure an application that you have: Flask, FastAPI, Starlette, Django, any WSGI or ASGI callable.

    Every request is counted and timed under its route's template; those that ask the model also under the names that
    :func:`monitorkit.serve` uses, so that the same queries, dashboards and alerts fit. Metrics of your own stay as they
    are, also those that have one of these names: then yours is exported, ours is not, and a warning names it.

    Run the line again, or with a new application under the same name, and the counters go on.

    Parameters
    ----------
    app
        The application. Flask, FastAPI and Starlette are changed in place; around any other callable a new one is put.
    name
        Value of the label ``model_name``; by default what the application calls itself, else ``app``.
    version
        Value of the label ``model_version``.
    metrics_path
        Where the application shows its metrics, unless it has a route of its own there; None for nowhere.
    predict_path
        Path or paths that ask the model, written as the application's routes are, with their placeholders; by default
        all whose last word is ``predict``, ``predictions``, ``infer``, ``inference``, ``invocations``, ``score`` or
        ``classify``.
    registry
        Where the metrics go; by default prometheus_client's own, which ``start_http_server(8000)`` shows.

    Returns
    -------
    application
        What to run from now on: `app` itself, or what was put around it.

    Raises
    ------
    InvalidType, InvalidValue
        If `app` is no application, or an argument cannot be used.

    Warns
    -----
    UserWarning
        Once for each set of metrics of your own that have the name of one of these.

    Notes
    -----
    Exported are ``http_requests_total``, ``http_request_duration_seconds``, ``http_requests_in_flight`` for all
    requests; ``inference_requests_total``, ``inference_latency_seconds``, ``inference_request_duration_seconds`` and
    ``inference_in_flight_requests`` for those that ask the model; ``cpu_usage`` and ``memory_usage``. Requests that no
    route takes have the path ``unmatched``, methods that HTTP does not know are ``other``: nothing that a client makes
    up becomes a label. An exception is counted as 500 and raised again, a client that left before its answer as 499;
    429, and 503 with Retry-After, have the status ``shed``. A streamed answer lasts until its last byte; what is done
    in the background after it does not count.

    Several processes, as under gunicorn: set ``PROMETHEUS_MULTIPROC_DIR`` to an empty folder before the server starts.
    The page then adds up the counters and histograms of all workers, also of those that have ended, and the requests in
    flight of those that live; ``inference_latency_seconds`` is that of the latest request. What does not work there,
    as prometheus_client's documentation ("Multiprocess Mode") says: collectors of your own, ``process_*`` and
    ``python_*``, gauges with a function; and all that needs one memory, such as scores over a window and drift.

    Examples
    --------
    >>> import monitorkit as mk
    >>> def app(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [b"7"]
    >>> app = mk.instrument(app, name="digits", registry=CollectorRegistry())
    >>> app({"REQUEST_METHOD": "GET", "PATH_INFO": "/predict"}, lambda status, headers: None)
    [b'7']
    """
    kind = _kind(app)
    name = checked_text("name", _own_name(app) if name is None else name)
    checked_text("version", version)
    if metrics_path is not None:
        checked_path("metrics_path", metrics_path)
    if registry is not None and not isinstance(registry, CollectorRegistry):
        raise InvalidType(f"registry: {registry!r} is no CollectorRegistry of prometheus_client")
    paths = PredictPaths(predict_path)
    beside = Beside.of(REGISTRY if registry is None else registry)
    meter = Meter(beside.families.of(name, version), paths)
    page = MetricsPage(metrics_path, beside)
    known = getattr(app, _ATTRIBUTE, None)
    if known is not None:
        known.meter, known.page = meter, page
        wrapped = app if kind in _IN_PLACE or known is app else known
    else:
        wrapped = _WAYS[kind](app, meter, page)
    _tell_what_stays(beside)
    return wrapped


def _kind(app: Any) -> str:  # noqa: ANN401 - anything
    if inspect.isclass(app):
        raise InvalidType(f"app: {app.__name__} is a class; pass an application, as in {app.__name__}()")
    if callable(getattr(app, "wsgi_app", None)) and hasattr(app, "url_map"):
        return "flask"
    if callable(getattr(app, "build_middleware_stack", None)) and hasattr(app, "middleware_stack"):
        return "starlette"
    if callable(app):
        counts = _parameters(app)
        if _ASGI_PARAMETERS in counts:
            return "asgi"
        if _WSGI_PARAMETERS in counts:
            return "wsgi"
    raise InvalidType(
        f"app: {type(app).__name__} is no application; pass a Flask, FastAPI or Starlette one, or a WSGI callable "
        "(environ, start_response) or an ASGI callable (scope, receive, send)"
    )


def _parameters(app: Any) -> range:  # noqa: ANN401 - any callable
    """With how many positional arguments something can be called."""
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return range(0)
    positional = [one for one in parameters if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
    most = len(positional) if all(one.kind != one.VAR_POSITIONAL for one in parameters) else _ASGI_PARAMETERS
    return range(sum(one.default is one.empty for one in positional), most + 1)


def _own_name(app: Any) -> str:  # noqa: ANN401 - any application
    for attribute, unnamed in (("name", "__main__"), ("title", "FastAPI")):
        own = getattr(app, attribute, None)
        if isinstance(own, str) and own.strip() and own != unnamed:
            return own
    return "app"


def _around_flask(app: Any, meter: Meter, page: MetricsPage) -> Any:  # noqa: ANN401 - a Flask application
    app.wsgi_app = WsgiInstrument(app.wsgi_app, meter, page, url_map=app.url_map)
    setattr(app, _ATTRIBUTE, app.wsgi_app)
    return app


def _around_starlette(app: Any, meter: Meter, page: MetricsPage) -> Any:  # noqa: ANN401 - FastAPI or Starlette
    """Put the meter around all middleware, so that it sees what clients see; also in one that has begun to answer."""
    build = app.build_middleware_stack
    instrument = AsgiInstrument(app.middleware_stack, meter, page, routed=app)

    def build_measured() -> AsgiInstrument:
        instrument.wrap(build())
        return instrument

    app.build_middleware_stack = build_measured
    if app.middleware_stack is not None:
        app.middleware_stack = instrument
    setattr(app, _ATTRIBUTE, instrument)
    return app


def _around_wsgi(app: Any, meter: Meter, page: MetricsPage) -> Any:  # noqa: ANN401 - a WSGI callable
    return _marked(app, WsgiInstrument(app, meter, page))


def _around_asgi(app: Any, meter: Meter, page: MetricsPage) -> Any:  # noqa: ANN401 - an ASGI callable
    return _marked(app, AsgiInstrument(app, meter, page))


def _marked(app: Any, instrument: Any) -> Any:  # noqa: ANN401 - as above
    """Note on both that one is around the other, so that the line can run again with either."""
    setattr(instrument, _ATTRIBUTE, instrument)
    # What takes no attributes is wrapped anew each time, and still counted once: the old wrapper is not run.
    with suppress(AttributeError):
        setattr(app, _ATTRIBUTE, instrument)
    return instrument


_WAYS = {"flask": _around_flask, "starlette": _around_starlette, "wsgi": _around_wsgi, "asgi": _around_asgi}
_IN_PLACE = frozenset({"flask", "starlette"})


def _tell_what_stays(beside: Beside) -> None:
    left = beside.untold()
    if left:
        warnings.warn(
            f"instrument: {', '.join(left)}: your own, left as {'it is' if len(left) == 1 else 'they are'}; "
            "the other metrics stand beside",
            stacklevel=3,
        )
