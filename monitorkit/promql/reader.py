"""A cursor over the tokens of a query, and how a mistake is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from monitorkit.promql.errors import PromQLError
from monitorkit.promql.literals import unquote
from monitorkit.promql.tokens import scan
from monitorkit.promql.versions import FEATURES

if TYPE_CHECKING:
    from monitorkit.promql.versions import Dialect, Feature

__all__ = ["MAX_DEPTH", "Reader"]

MAX_DEPTH = 150
"""How deep expressions may nest: parentheses, arguments, signs, operands on the right. Real queries stay below 30."""

_OPENING = {"(": "parenthesis", "{": "brace", "[": "bracket"}
_CLOSING = {")": "(", "}": "{", "]": "["}
_STRAY = (
    {
        "$": "a template variable must be replaced before the query is sent",
        "&": "write 'and'",
        "|": "write 'or'",
        "!": "write '!=' to compare, 'unless' to exclude",
        ";": "separate queries must be sent one by one",
        "≥": "write '>='",
        "≤": "write '<='",
        "≠": "write '!='",
    }
    | dict.fromkeys("\u201c\u201d\u2018\u2019", "write straight quotes")
    | {"\u2013": "write the ASCII minus '-'", "\u00d7": "write '*'"}
)


class Reader:
    """Reads tokens one by one.

    Parameters
    ----------
    query
        The text.
    dialect
        The server's language; None for the newest with all that is experimental.
    """

    __slots__ = ("depth", "dialect", "ends", "i", "kinds", "query", "starts")

    def __init__(self, query: str, dialect: Dialect | None = None) -> None:
        self.query = query
        self.dialect = dialect
        self.kinds, self.starts, self.ends = scan(query)
        self.i = 0
        self.depth = 0

    def text(self) -> str:
        """Text of the token under the cursor."""
        return self.query[self.starts[self.i] : self.ends[self.i]]

    def take(self, kind: str, expected: str) -> None:
        """Pass a token of this kind."""
        if self.kinds[self.i] != kind:
            self.unexpected(expected)
        self.i += 1

    def string(self) -> str:
        """Pass a string literal; its value."""
        value = unquote(self.text())
        if isinstance(value, int):
            start = self.starts[self.i] + value
            self.fail(
                f"unknown escape {self.query[start : start + 2]!r} in a string",
                start,
                start + 2,
                "write \\\\ for a backslash",
            )
        self.i += 1
        return value

    def deeper(self) -> None:
        """Go down a level of nesting."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"the query nests deeper than {MAX_DEPTH} levels", self.starts[self.i])

    def needs(self, what: str | Feature, start: int, end: int) -> None:
        """Refuse a feature that the server lacks."""
        if self.dialect is not None:
            lack = self.dialect.lacks(FEATURES[what] if isinstance(what, str) else what)
            if lack is not None:
                self.fail(lack, start, end)

    def fail(self, message: str, start: int, end: int | None = None, suggestion: str = "") -> NoReturn:
        """Raise the error for a mistake in ``[start, end)``."""
        raise PromQLError(message, query=self.query, position=start, end=end, suggestion=suggestion)

    def unexpected(self, expected: str, suggestion: str = "") -> NoReturn:
        """Raise the error for the token under the cursor, where something else had to stand."""
        kind, start, end = self.kinds[self.i], self.starts[self.i], self.ends[self.i]
        if kind == "error":
            self._unreadable(start, end)
        if kind == "eof":
            opening = self._unclosed()
            if opening is not None:
                name = _OPENING[self.query[opening]]
                self.fail(f"unclosed {name}: expected {expected} at the end", opening, opening + 1)
            if not self.query.strip():
                self.fail("the query is empty", 0)
            self.fail(f"unexpected end of the query, expected {expected}", start, end, suggestion)
        if kind in _CLOSING and self._unclosed() is None:
            self.fail(f"{self.text()!r} closes nothing", start, end, "remove it")
        self.fail(f"unexpected {self.text()!r}, expected {expected}", start, end, suggestion)

    def _unreadable(self, start: int, end: int) -> NoReturn:
        text = self.query[start:end]
        if "\ufffd" in text:
            self.fail("the character U+FFFD in a string: the text was decoded wrongly", start + text.index("\ufffd"))
        if text[0] in "\"'`":
            self.fail("a string without its closing quote", start, end, f"close it with {text[0]}")
        if text[0].isascii() and (text[0].isdigit() or text[0] == "."):
            self.fail(f"{text!r} is neither a number nor a duration", start, end, _number_advice(text))
        self.fail(f"unexpected character {text!r}", start, end, _STRAY.get(text, ""))

    def _unclosed(self) -> int | None:
        """Offset of the innermost bracket that is open at the cursor."""
        opened: list[int] = []
        for kind, start in zip(self.kinds[: self.i], self.starts, strict=False):
            if kind in _OPENING:
                opened.append(start)
            elif kind in _CLOSING and opened and self.query[opened[-1]] == _CLOSING[kind]:
                opened.pop()
        return opened[-1] if opened else None


def _number_advice(text: str) -> str:
    unit = text.lstrip("0123456789")
    if unit.lower() in {
        "sec",
        "secs",
        "second",
        "seconds",
        "min",
        "mins",
        "minute",
        "minutes",
        "hour",
        "hours",
        "day",
        "days",
    }:
        return f"write {text.removesuffix(unit)}{unit[0].lower()}"
    if unit in {"S", "M", "H", "D", "W", "Y"}:
        return f"write {text.lower()}"
    return "durations are whole numbers with units ms s m h d w y, as in 1h30m"
