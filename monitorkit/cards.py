"""What runs, as a card in a notebook: one look for everything that starts something."""

from __future__ import annotations

from html import escape

__all__ = ["card", "link"]

_FRAME = (
    '<div style="font-family:system-ui,sans-serif;border:1px solid #8884;border-radius:6px;padding:.6em .9em;'
    'display:inline-block;max-width:100%;box-sizing:border-box;overflow-wrap:anywhere">{lines}</div>'
)


def card(*lines: str) -> str:
    """Frame lines of HTML, in which everything from outside has been escaped.

    Examples
    --------
    >>> card("<b>digits</b> · running", link("http://127.0.0.1:8000")).count("<br>")
    1
    """
    return _FRAME.format(lines="<br>".join(lines))


def link(url: str) -> str:
    """A link that opens in a page of its own, and cannot reach this one.

    Examples
    --------
    >>> link("http://h/?a&b")
    '<a href="http://h/?a&amp;b" target="_blank" rel="noopener noreferrer">http://h/?a&amp;b</a>'
    """
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(url)}</a>'
