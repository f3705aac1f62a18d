"""A query as HTML, its words in classes for colours; everything from outside is escaped."""

from __future__ import annotations

import re
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from monitorkit.promql.brackets import LISTS
from monitorkit.promql.functions import AGGREGATIONS, FUNCTIONS
from monitorkit.promql.tokens import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["STYLE", "classes", "highlight"]

STYLE = """\
.mk-promql{font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap}
.mk-promql-function,.mk-promql-aggregation{color:var(--jp-mirror-editor-def-color,#00f)}
.mk-promql-keyword{color:var(--jp-mirror-editor-keyword-color,#008000);font-weight:bold}
.mk-promql-label{color:var(--jp-mirror-editor-attribute-color,#7928a1)}
.mk-promql-string{color:var(--jp-mirror-editor-string-color,#ba2121)}
.mk-promql-number,.mk-promql-duration{color:var(--jp-mirror-editor-number-color,#098658)}
.mk-promql-comment{color:var(--jp-mirror-editor-comment-color,#408080);font-style:italic}
.mk-promql-error{text-decoration:underline wavy #d00}
"""
"""Colours of the classes: JupyterLab's own for code, so that they follow its theme."""

_COMMENT = re.compile(r"#[^\r\n]*")
_PLAIN = {"number": "number", "duration": "duration", "string": "string", "error": "error"}


def highlight(query: str, *, error: tuple[int, int] | None = None) -> str:
    """Write a query as HTML.

    Parameters
    ----------
    query
        Any text; it need not be valid.
    error
        Span to underline, as of a `PromQLError`'s ``position`` and ``end``.

    Returns
    -------
    str
        A ``code`` element of class ``mk-promql`` whose text is exactly `query`. Classes within: ``mk-promql-`` followed
        by ``metric function aggregation keyword label operator string number duration comment error``. `STYLE` gives
        colours.

    Examples
    --------
    >>> print(highlight("rate(up[5m])"))  # doctest: +ELLIPSIS
    <code class="mk-promql"><span class="mk-promql-function">rate</span>(<span class="mk-promql-metric">up</span>[...
    """
    parts: list[str] = []
    for start, end, name in _pieces(query):
        parts += _marked(query, start, end, name, error)
    return f'<code class="mk-promql">{"".join(parts)}</code>'


def classes(query: str) -> list[tuple[Token, str]]:
    """Each token of a query and its class: ``metric``, ``function``, ``label``, …; empty for brackets and commas."""
    found = tokens(query)
    kinds = [token.kind for token in found] + [""]
    named: list[tuple[Token, str]] = []
    opened: list[str] = []
    for i, token in enumerate(found):
        kind, before = token.kind, kinds[i - 1] if i else ""
        if kind in {"(", "{", "["}:
            opened.append("list" if kind == "(" and before in LISTS else kind)
        elif kind in {")", "}", "]"} and opened:
            opened.pop()
        named.append((token, _class(token, kinds[i + 1], opened[-1] if opened else "")))
    return named


def _class(token: Token, after: str, inside: str) -> str:  # noqa: PLR0911 - one a class
    kind = token.kind
    if kind in {"(", ")", "{", "}", "[", "]", ","}:
        return ""
    word = token.text[0].isalpha() or token.text[0] in "_:"
    if word and inside in {"{", "list"}:
        return "label"
    if kind in _PLAIN:
        return _PLAIN[kind]
    if not word:
        return "operator"
    if kind in AGGREGATIONS and after in {"(", "by", "without"}:
        return "aggregation"
    if after == "(" and (token.text in FUNCTIONS or kind == "identifier"):
        return "function" if token.text in FUNCTIONS or inside == "[" else "error"
    return "metric" if kind in {"identifier", "metric identifier"} or kind in AGGREGATIONS else "keyword"


def _pieces(query: str) -> Iterator[tuple[int, int, str]]:
    """The whole text in order: tokens with their class, comments, and what lies between."""
    done = 0
    for token, name in classes(query):
        yield from _between(query, done, token.start)
        yield token.start, token.end, name
        done = token.end
    yield from _between(query, done, len(query))


def _between(query: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    for comment in _COMMENT.finditer(query, start, end):
        yield start, comment.start(), ""
        yield comment.start(), comment.end(), "comment"
        start = comment.end()
    yield start, end, ""


def _marked(query: str, start: int, end: int, name: str, error: tuple[int, int] | None) -> Iterator[str]:
    """A piece as HTML, cut where the underlined span begins and ends."""
    if error is None:
        cuts = [start, end]
    else:
        low, high = error[0], max(error[1], error[0] + 1)
        cuts = sorted({start, end, *(cut for cut in (low, high) if start < cut < end)})
    for left, right in pairwise(cuts):
        names = [f"mk-promql-{name}"] if name else []
        if error is not None and error[0] <= left < max(error[1], error[0] + 1) and name != "error":
            names.append("mk-promql-error")
        text = escape(query[left:right])
        if text:
            yield f'<span class="{" ".join(names)}">{text}</span>' if names else text
