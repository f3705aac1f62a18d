"""The template of the route that takes a request, in applications built like Starlette's, and in Django's."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["django_route", "has_route", "is_django", "routes_of", "template"]

MAX_WRAPPERS = 20
_NONE, _FULL = 0, 2
"""Values of Starlette's ``Match``."""


def routes_of(app: Any) -> list[Any] | None:  # noqa: ANN401 - any application
    """The routes of an application, also through middleware that keeps it as ``app``; None where there are none."""
    for _ in range(MAX_WRAPPERS):
        routes = getattr(app, "routes", None)
        if isinstance(routes, list):
            return routes
        app = getattr(app, "app", None)
        if app is None:
            return None
    return None


def has_route(routes: Iterable[Any], path: str) -> bool:
    """Whether one of the routes is of exactly this path."""
    return any(_path(route) == path for route in _each(routes))


def template(routes: Iterable[Any], asked: Mapping[str, Any], answered: Mapping[str, Any]) -> str | None:
    """Find the template of the route that took a request.

    Parameters
    ----------
    routes
        Routes of the application.
    asked
        The request's scope as it came.
    answered
        The same when the answer begins, with what the application noted in it.

    Returns
    -------
    str or None
        None where no route took it.
    """
    route = answered.get("route")
    mounted = answered.get("root_path") != asked.get("root_path") or "effective_route_context" in answered.get(
        "fastapi", ()
    )
    if route is not None and not mounted and not hasattr(route, "routes") and (path := _path(route)):
        return path
    with suppress(Exception):
        return _search(routes, dict(asked))
    return None


def is_django(app: object) -> bool:
    """Whether an application is Django's, which keeps its routes elsewhere."""
    return type(app).__module__.startswith("django.")


def django_route(path: str) -> str | None:
    """The route of Django's that takes a path, as it is written in ``urlpatterns``; None where there is none."""
    urls: Any = sys.modules.get("django.urls")
    with suppress(Exception):
        # Resolver404, and whatever the application's own modules do when they are loaded for it.
        return f"/{urls.resolve(path).route}"
    return None


def _search(routes: Iterable[Any], scope: dict[str, Any]) -> str | None:
    partial = None
    for route in _each(routes):
        match, child = route.matches(scope)
        if match.value == _NONE:
            continue
        inner = routes_of(route)
        if inner:
            rest = _search(inner, {**scope, **child})
            found = None if rest is None else _path(route) + rest
        else:
            found = _path(route) or None
        if match.value == _FULL:
            return found
        partial = partial or found
    return partial


def _each(routes: Iterable[Any]) -> Iterator[Any]:
    for route in routes:
        # FastAPI keeps an included router as one route, and gives out what it holds.
        contexts = getattr(route, "effective_route_contexts", None)
        if contexts is None:
            yield route
        else:
            yield from (getattr(context, "starlette_route", None) or context for context in contexts())


def _path(route: Any) -> str:  # noqa: ANN401 - any route
    return str(getattr(route, "path", ""))
