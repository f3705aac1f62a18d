"""A model server as a card in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from monitorkit.serving.explanation import in_words

if TYPE_CHECKING:
    from monitorkit.serving.shown import Shown

__all__ = ["card"]

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
        what=escape(in_words(served.model)),
        **{key: escape(text) for key, text in texts.items()},
    )
