"""From text to tokens.

Reading never fails: what is no token becomes one of kind ``error``, so that a half-typed query can be completed and a
wrong one be highlighted. Whitespace and comments are left out; they are what lies between the tokens.

Notes
-----
Source: promql/parser/lex.go of Prometheus 3.x. As there, what a word means depends on the brackets it stands in.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from monitorkit.promql.functions import AGGREGATIONS
from monitorkit.promql.literals import scan_number

__all__ = ["KEYWORDS", "Token", "Tokens", "scan", "tokens"]

KEYWORDS: dict[str, str] = {
    word: word
    for word in (
        *("and", "or", "unless", "atan2"),
        *("by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset"),
        *("anchored", "smoothed", "fill", "fill_left", "fill_right"),
        *("start", "end", "step", "range"),
        *AGGREGATIONS,
    )
} | {"inf": "number", "nan": "number"}
"""Kind of each word that is more than an identifier, in lower case: outside braces case does not matter."""

_SPACE = r"(?:[ \t\r\n]+|\#[^\r\n]*)*+"
_STRING = r""""(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|`[^`]*`"""
_OPEN_STRING = r""""(?:[^"\\\n]|\\.)*+\\?|'(?:[^'\\\n]|\\.)*+\\?|`[^`]*"""
_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?![0-9A-Za-z_.])"
_DURATION = r"(?:[0-9]+(?:ms|[smhdwy]))++(?![0-9A-Za-z_])"
_OPERATOR = r"[(){}\[\],@+*%^-]|==|=~|=|!=|!~|<=|>=|</|>/|<|>|/"


def _pattern(word: str, operator: str) -> re.Pattern[str]:
    return re.compile(
        f"{_SPACE}(?:(?P<word>{word})|(?P<operator>{operator})|(?P<string>{_STRING})|(?P<number>{_NUMBER})"
        f"|(?P<duration>{_DURATION})|(?P<open>{_OPEN_STRING})|(?P<other>.)|(?P<eof>\\Z))",
        re.DOTALL,
    )


_OUTSIDE = _pattern(r"[a-zA-Z_:][a-zA-Z0-9_:]*+", _OPERATOR)
_BRACES = _pattern(r"[a-zA-Z_][a-zA-Z0-9_]*+", r"=~|!~|!=|=|[{},]|[][()]")
_BRACKETS = _pattern(r"[a-zA-Z_][a-zA-Z0-9_]*+", _OPERATOR + "|:")
_PARENTHESIS = re.compile(r"[ \t\r\n]*\(")
_MODES = {"{": _BRACES, "}": _OUTSIDE, "[": _BRACKETS, "]": _OUTSIDE}


class Token(NamedTuple):
    """A token and where it stands."""

    kind: str
    """The operator or keyword itself in lower case, or ``identifier``, ``metric identifier`` (with a colon),
    ``number``, ``duration``, ``string``, ``error``, ``eof``."""
    text: str
    start: int
    end: int


class Tokens(NamedTuple):
    """The tokens of a query as columns, the way the parser reads them fastest. The last is of kind ``eof``."""

    kinds: list[str]
    starts: list[int]
    ends: list[int]


def scan(query: str) -> Tokens:
    """Cut a query into tokens.

    Returns
    -------
    Tokens
        Columns of equal length; the last token is of kind ``eof``.
    """
    kinds: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    pattern, position = _OUTSIDE, 0
    while True:
        match = pattern.match(query, position)
        assert match is not None  # noqa: S101 - the pattern's last choices take any character and the end
        kind = match.lastgroup or ""
        start, position = match.span(kind)
        if kind == "word":
            kind = "identifier" if pattern is not _OUTSIDE else _word(query, start, position)
        elif kind == "operator":
            kind = query[start:position]
            pattern = _MODES.get(kind, pattern)
        elif kind == "other":
            kind, position = _other(query, start, braces=pattern is _BRACES)
        elif kind == "open" or (kind == "string" and "\ufffd" in query[start:position]):
            kind = "error"
        kinds.append(kind)
        starts.append(start)
        ends.append(position)
        if kind == "eof":
            return Tokens(kinds, starts, ends)


def _word(query: str, start: int, end: int) -> str:
    word = query[start:end]
    kind = KEYWORDS.get(word) or KEYWORDS.get(word.lower())
    if kind is None:
        return "metric identifier" if ":" in word else "identifier"
    if kind.startswith("fill") and not _PARENTHESIS.match(query, end):
        return "identifier"
    return kind


def _other(query: str, start: int, *, braces: bool) -> tuple[str, int]:
    """Kind and end of what the patterns do not know: numbers in their rarer forms, and characters out of place."""
    char, after = query[start], query[start + 1 : start + 2]
    if not braces and ("0" <= char <= "9" or (char == "." and "0" <= after <= "9")):
        return scan_number(query, start)
    return "error", start + 1


def tokens(query: str) -> list[Token]:
    """Tokens of a query, without whitespace, comments and the end.

    Examples
    --------
    >>> [token.kind for token in tokens("sum(rate(up[5m]))")]
    ['sum', '(', 'identifier', '(', 'identifier', '[', 'duration', ']', ')', ')']
    """
    kinds, starts, ends = scan(query)
    return [Token(kind, query[start:end], start, end) for kind, start, end in zip(kinds, starts, ends, strict=True)][
        :-1
    ]
