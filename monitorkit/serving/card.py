"""A model server as a card in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from monitorkit import cards
from monitorkit.serving.explanation import in_words

if TYPE_CHECKING:
    from monitorkit.serving.models.shown import Shown

__all__ = ["card"]


def card(served: Shown, *, url: str, metrics_url: str, state: str, step: str) -> str:
    """A model server as HTML for a notebook's output."""
    name, version, what = escape(served.name), escape(served.version), escape(in_words(served.model))
    return cards.card(
        f"<b>{name}</b> version {version} · {what} · {escape(state)}",
        f"model {cards.link(url)} · metrics {cards.link(metrics_url)}",
        f"next: <code>{escape(step)}</code>",
    )
