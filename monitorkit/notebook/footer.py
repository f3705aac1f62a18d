"""What stands under a result: the link to the same query in the server's pages, and what the server remarked."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["footer"]

_STYLE = "font-size:var(--jp-ui-font-size1,13px);color:var(--jp-ui-font-color2,#616161);margin:2px 0 6px"


def footer(link: str, asked: Mapping[str, Any]) -> dict[str, str]:
    """The same as HTML and as plain text, by MIME type; empty where there is nothing to say.

    Parameters
    ----------
    link
        Address of the query in the server's pages, or nothing.
    asked
        The frame's attrs.
    """
    remarks = [f"warning: {text}" for text in asked["warnings"]] + [f"info: {text}" for text in asked["infos"]]
    remarks += _cache(asked["cache"]) if "cache" in asked else []
    html = (
        [f'<a href="{escape(link)}" target="_blank" rel="noopener noreferrer">Open in Prometheus</a>'] if link else []
    )
    html += [f"<div>{escape(remark)}</div>" for remark in remarks]
    plain = ([f"Open in Prometheus: {link}"] if link else []) + remarks
    if not plain:
        return {}
    return {
        "text/html": f'<div class="mk-promql-footer" style="{_STYLE}">{"".join(html)}</div>',
        "text/plain": "\n".join(plain),
    }


def _cache(use: Mapping[str, Any]) -> list[str]:
    """What a cache did for the query, in words."""
    reused, asked = use["reused_steps"], use["asked_steps"]
    why = f"; nothing is kept: {use['reason']}" if use["reason"] else ""
    return [f"cache: {reused:,} of {reused + asked:,} steps were there{why}"]
