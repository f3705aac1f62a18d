"""The page at the root of a model server: what the model is, a form to try it, command lines."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from monitorkit.serving.explanation import curl, example_row, explanation, in_words, true_label
from monitorkit.serving.http.asgi import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.serving.reading.features import Features
    from monitorkit.serving.work.feedback import Served

__all__ = ["front_page"]

MAX_CATEGORIES = 100
"""How many known values a field offers."""


def front_page(served: Served, url: str, notes: Sequence[str] = ()) -> Answer:
    """The page, complete in one answer: it loads nothing, and runs no script but its own.

    Parameters
    ----------
    served
        What is served.
    url
        Where, for the command lines.
    notes
        What is out of the ordinary now.

    Notes
    -----
    Its scripts and styles are told by their hashes: "Content Security Policy Level 3", W3C.
    """
    told = explanation(served, url, notes)
    # "<" could end the element that the data stand in, whatever quotes them.
    model = json.dumps(_model(served), ensure_ascii=False).replace("<", "\\u003c")
    html = _part("page.html").format(
        name=escape(served.name),
        version=escape(served.version),
        what=escape("; ".join([in_words(served.model), *notes])),
        note=escape(told["note"]),
        curl=escape(told["curl"]),
        feedback=escape(told["feedback"]),
        inference_v2=escape(curl(f"{url}{told['inference_v2']['path']}", told["inference_v2"]["request"])),
        kserve_v1=escape(curl(f"{url}{told['kserve_v1']['path']}", told["request"])),
        model=model,
        style=_part("style.css"),
        script=_part("script.js"),
    )
    headers = (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", _policy()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    )
    return Answer(200, html.encode("utf-8", "replace"), headers)


def _model(served: Served) -> dict[str, Any]:
    """What the form needs to know."""
    model = served.model
    features = model.features
    return {
        "columns": None if features.columns is None else _columns(features),
        "row": example_row(model),
        "task": model.task,
        "classes": model.classes,
        "label": true_label(model),
        "probabilities": model.probabilities is not None,
    }


def _columns(features: Features) -> list[dict[str, Any]]:
    names = (
        ["text"]
        if features.bare
        else features.names or [f"feature {number + 1}" for number in range(features.count or 0)]
    )
    return [
        {
            "name": name,
            "kind": "text" if column.kind == "time" else column.kind,
            "missing": column.missing,
            "categories": sorted(column.categories, key=str)[:MAX_CATEGORIES] if column.categories else None,
        }
        for name, column in zip(names, features.columns or (), strict=True)
    ]


@cache
def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _policy() -> bytes:
    style, script = (_hash(_part(name)) for name in ("style.css", "script.js"))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'"
    ).encode()


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
