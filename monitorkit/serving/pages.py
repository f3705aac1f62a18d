"""What a model server says about itself: how to call it, as JSON, as a page and as a card in a notebook."""

from __future__ import annotations

import json
import shlex
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.serving.feedback import Served
    from monitorkit.serving.shown import Shown

__all__ = ["card", "explanation", "page"]


def explanation(served: Served, url: str, notes: Sequence[str] = ()) -> dict[str, Any]:
    """How to call the model, with an example that works for this very one.

    Returns
    -------
    dict
        A JSON document: the model, its input, a request, a command line.
    """
    model = served.model
    row = model.example
    note = "The values of the example are only of the right form; send your own."
    if row is None:
        row = [1.0, 2.0]
        note = "The model has not told how many numbers a row has; two stand for as many as it takes."
    request = {"instances": [row]}
    return {
        "model_name": served.name,
        "model_version": served.version,
        "model_class": model.class_name,
        "input": {"n_features": model.n_features, "feature_names": model.feature_names},
        "output": {"classes": model.classes},
        "how": "POST a JSON body with a list of rows; the answer has a prediction and an id for each",
        "note": note,
        "request": request,
        "curl": _curl(f"{url}/predict", request),
        "feedback": _curl(f"{url}/feedback", {"ids": ["an id from an answer"], "y_true": [_label(served)]}),
        "now": list(notes),
        "paths": ["/predict", "/feedback", "/healthz", "/metrics"],
    }


def _label(served: Served) -> object:
    """A true label of the right form."""
    model = served.model
    if model.task == "multilabel":
        return [] if model.classes is None else [0] * len(model.classes)
    return model.classes[0] if model.classes else 0


def _curl(url: str, document: object) -> str:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return f"curl -s {shlex.quote(url)} -H 'Content-Type: application/json' -d {shlex.quote(body)}"


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{name}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
pre {{ background: #f2f2f2; color: #111; padding: .8rem; overflow-x: auto; }}
</style>
<h1>{name}, version {version}</h1>
<p>{what}</p>
<h2>Ask for a prediction</h2>
<pre>{curl}</pre>
<p>{note}</p>
<h2>Tell the true label when you know it</h2>
<pre>{feedback}</pre>
<p><a href="/metrics">metrics</a> · <a href="/healthz">health</a> · <a href="/predict">this as JSON</a></p>
</html>
"""


def page(served: Served, url: str, notes: Sequence[str] = ()) -> str:
    """The page of a model server, as HTML."""
    told = explanation(served, url)
    texts = {key: escape(str(told[key])) for key in ("curl", "note", "feedback")}
    return _PAGE.format(
        name=escape(served.name),
        version=escape(served.version),
        what=escape("; ".join([_what(served), *notes])),
        **texts,
    )


def _what(served: Shown) -> str:
    model = served.model
    parts = [model.class_name]
    if model.n_features is not None:
        parts.append(f"{model.n_features} features")
    if model.classes is not None:
        parts.append(f"{len(model.classes)} classes")
    return ", ".join(parts)


_CARD = """<div style="font-family:system-ui,sans-serif;border:1px solid #8884;border-radius:6px;padding:.6em .9em;
display:inline-block"><b>{name}</b> version {version} · {what} · {state}<br>
model <a href="{url}" target="_blank">{url}</a> · metrics <a href="{metrics_url}" target="_blank">{metrics_url}</a><br>
next: <code>{step}</code></div>"""


def card(served: Shown, *, url: str, metrics_url: str, state: str, step: str) -> str:
    """A model server as HTML for a notebook's output."""
    texts = {"url": url, "metrics_url": metrics_url, "state": state, "step": step}
    return _CARD.format(
        name=escape(served.name),
        version=escape(served.version),
        what=escape(_what(served)),
        **{key: escape(text) for key, text in texts.items()},
    )
