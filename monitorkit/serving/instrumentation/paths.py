"""Which paths of an application ask its model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from monitorkit.errors import InvalidType, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PredictPaths"]

VERBS = ("predict", "predictions", "infer", "inference", "invocations", "score", "classify")
"""Last words of paths that ask a model, as tutorials, MLflow, SageMaker, KServe and Triton have them."""

_USUAL = re.compile(rf"(?:.*[/:])(?:{'|'.join(VERBS)})/?")
_PLACEHOLDER = re.compile(r"<[^<>]*>|\{[^{}]*\}")


class PredictPaths:
    """Paths, or templates of routes, whose requests ask the model.

    Parameters
    ----------
    paths
        One or several, as the application writes its routes: ``"/score/<user>"``, ``"/score/{user}"``. None for every
        path whose last word is ``predict``, ``infer``, ``invocations`` or the like.

    Raises
    ------
    InvalidType, InvalidValue
        If one is no path.

    Examples
    --------
    >>> PredictPaths().covers("/v1/models/digits:predict"), PredictPaths("/ask/{who}").covers("/ask/me")
    (True, True)
    """

    def __init__(self, paths: str | Iterable[str] | None = None) -> None:
        self._templates = None if paths is None else {path: _pattern(path) for path in _several(paths)}

    def covers(self, path: str) -> bool:
        """Whether requests of this path, or of this template, ask the model."""
        if self._templates is None:
            return _USUAL.fullmatch(path) is not None
        return path in self._templates or any(pattern.fullmatch(path) for pattern in self._templates.values())

    def template(self, path: str) -> str | None:
        """Name a path in an application that has no routes to ask, by what is known beforehand; else None."""
        if self._templates is None:
            return path if path[1:].removesuffix("/") in VERBS else None
        return next((name for name, pattern in self._templates.items() if pattern.fullmatch(path)), None)


def _several(paths: str | Iterable[str]) -> list[str]:
    several = [paths] if isinstance(paths, str) else paths
    try:
        listed = list(several)
    except TypeError:
        raise InvalidType(f"predict_path: {paths!r} is no path; write one such as '/predict', or a list") from None
    for path in listed:
        checked_path("predict_path", path)
    return listed


def checked_path(what: str, path: str) -> str:
    """Check that something is the path of a URL.

    Raises
    ------
    InvalidType, InvalidValue
        If it is not.
    """
    if not isinstance(path, str):
        raise InvalidType(f"{what}: {path!r} is no text; write a path such as '/predict'")
    if not path.startswith("/") or any(character.isspace() or character in "?#" for character in path):
        raise InvalidValue(f"{what}: {path!r} is no path; write one such as '/predict'")
    return path


def _pattern(path: str) -> re.Pattern[str]:
    """Match what a template stands for; a placeholder that takes slashes says so (``path``) in Flask and Starlette."""
    parts, end = [], 0
    for found in _PLACEHOLDER.finditer(path):
        parts += [re.escape(path[end : found.start()]), ".+" if "path:" in found[0] or ":path" in found[0] else "[^/]+"]
        end = found.end()
    return re.compile("".join(parts) + re.escape(path[end:]))
