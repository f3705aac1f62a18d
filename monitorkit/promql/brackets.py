"""The brackets that are open at the end of some tokens, and what stands in each so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitorkit.promql.functions import AGGREGATIONS
from monitorkit.promql.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CLOSING", "FILLS", "LISTS", "OPENING", "Open", "open_brackets"]

OPENING = frozenset(("(", "{", "["))
CLOSING = frozenset((")", "}", "]"))
LISTS = frozenset(("by", "without", "on", "ignoring", "group_left", "group_right"))
FILLS = frozenset(("fill", "fill_left", "fill_right"))

_GROUPING = frozenset(("by", "without"))
_OPERANDS = frozenset(("number", "duration", "string", "identifier", "metric identifier", "anchored", "smoothed"))
_NOTHING = Token("", "", 0, 0)


@dataclass(slots=True)
class Open:
    """An open bracket; the query itself is one too.

    Parameters
    ----------
    bracket
        The sign; empty for the query itself.
    head
        The token that it belongs to: a function, a metric, ``by``; the aggregation, also behind its ``by (job)``.
    grouped
        Whether ``by`` or ``without`` stands before it.
    """

    bracket: str = ""
    head: Token = _NOTHING
    grouped: bool = False
    commas: int = 0
    inside: list[Token] = field(default_factory=list)
    complete: bool = False
    """Whether an operand ends with the last token."""
    completed_before: bool = False
    """Whether an operand ended with the token before that."""
    closed: Open | None = None
    """The bracket that the last token closed."""
    _aggregation: Token | None = None

    @property
    def last(self) -> Token | None:
        """The last token."""
        return self.inside[-1] if self.inside else None

    @property
    def part(self) -> list[Token]:
        """The tokens since the last comma."""
        for i in range(len(self.inside) - 1, -1, -1):
            if self.inside[i].kind == ",":
                return self.inside[i + 1 :]
        return self.inside

    def push(self, token: Token) -> None:
        """Take a token that is no bracket."""
        kind = token.kind
        self.completed_before, closed = self.complete, self.closed
        self.closed = None
        if kind in _GROUPING and closed is not None and closed.head.kind in AGGREGATIONS:
            self.closed = closed  # labels behind the body: what was complete stays so
        elif kind in _OPERANDS or kind in _GROUPING:
            self.complete = True
        else:
            word = token.text[0].isalpha() and kind not in {"bool", "error"} and kind not in LISTS | FILLS
            self.complete = word and not self.complete
        if kind in AGGREGATIONS:
            self._aggregation = token
        self.commas += kind == ","
        self.inside.append(token)

    def open(self, token: Token) -> Open:
        """Take an opening bracket."""
        head = self.last or _NOTHING
        grouped = self.closed is not None and self.closed.head.kind in _GROUPING and not self.complete
        if grouped and self._aggregation is not None:
            head = self._aggregation
        behind = self.closed is not None and head.kind in _GROUPING
        self.inside.append(token)
        return Open(token.kind, head, grouped or behind)

    def close(self, inner: Open, token: Token) -> None:
        """Take a closing bracket."""
        self.completed_before = self.complete
        kind = inner.head.kind
        if inner.bracket == "(" and kind in LISTS | FILLS:
            self.complete = kind in _GROUPING and inner.grouped
        else:
            self.complete = True
        self.closed = inner
        self.inside.append(token)


def open_brackets(tokens: Iterable[Token]) -> list[Open]:
    """Brackets that are open after these tokens, outermost first; the first is the query itself."""
    found = [Open()]
    for token in tokens:
        if token.kind in OPENING:
            found.append(found[-1].open(token))
        elif token.kind in CLOSING:
            if len(found) > 1:
                inner = found.pop()
                found[-1].close(inner, token)
        else:
            found[-1].push(token)
    return found
