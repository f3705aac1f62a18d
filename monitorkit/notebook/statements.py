"""The statements of a cell: queries, each with the name of the variable that keeps its frame, or without one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitorkit.errors import InvalidValue
from monitorkit.notebook.options import variable_name
from monitorkit.promql import PromQLError, Token, context, parse, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Statement", "statements"]

_REST_OF_LINE = re.compile(r"[^\r\n]*")
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")
_CONTINUING = frozenset(
    ("and", "or", "unless", "atan2", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset",
     "anchored", "smoothed", "fill", "fill_left", "fill_right")
)  # fmt: skip
_DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


@dataclass(frozen=True)
class Statement:
    """A query of a cell.

    Parameters
    ----------
    name
        Variable that keeps the frame; empty where the result is to be shown.
    query
        As it was written, from its first word to the end of the line of its last.
    """

    name: str
    query: str


def statements(text: str) -> list[Statement]:
    r"""Cut the text of a cell into statements.

    ``name = query`` begins one at the beginning of a line. What then still is no single query is cut at line breaks
    behind which an operand begins where none can follow.

    Raises
    ------
    InvalidValue
        If a name cannot be a variable's, or no query follows it.

    Examples
    --------
    >>> for one in statements('errors = sum(\n  rate(x{code="500"}[5m])\n)\n# both\nup\n\ndown'):
    ...     print(one)
    Statement(name='errors', query='sum(\n  rate(x{code="500"}[5m])\n)')
    Statement(name='', query='up')
    Statement(name='', query='down')
    """
    found: list[Statement] = []
    for name, part in _named(text, tokens(text)):
        if name and not part:
            raise InvalidValue(f"{name} =: no query follows")
        for index, piece in enumerate(_queries(text, part)):
            found.append(Statement("" if index else name, _written(text, piece)))
    return found


def _named(text: str, found: Sequence[Token]) -> Iterator[tuple[str, list[Token]]]:
    """Names and the tokens behind each; first, without a name, those before the first name."""
    name, part, braces = "", list[Token](), 0
    skip = False
    for index, token in enumerate(found):
        if skip:
            skip = False
            continue
        braces += _DEPTH[token.kind] if token.kind in {"{", "}"} else 0
        after = found[index + 1].kind if index + 1 < len(found) else ""
        begins_line = index == 0 or "\n" in text[found[index - 1].end : token.start]
        if after == "=" and begins_line and braces == 0:
            if name or part:
                yield name, part
            name, part, skip = variable_name(token.text, f"{token.text} ="), [], True
        else:
            part.append(token)
    if name or part:
        yield name, part


def _queries(text: str, part: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The queries in a run of tokens: one, where it is a valid one as a whole."""
    if not part or _valid(_written(text, part)):
        if part:
            yield part
        return
    start = depth = 0
    for index, token in enumerate(part):
        if index > start and depth == 0 and _ends(text, part[start], part[index - 1], token):
            yield part[start:index]
            start = index
        depth = max(depth + _DEPTH.get(token.kind, 0), 0)
    yield part[start:]


def _valid(query: str) -> bool:
    try:
        parse(query)
    except PromQLError:
        return False
    return True


def _ends(text: str, first: Token, before: Token, token: Token) -> bool:
    """Whether a query that begins with `first` ends with `before`, and `token` begins another."""
    gap = text[before.end : token.start]
    if "\n" not in gap or token.kind in _CONTINUING:
        return False
    if token.kind in {"(", "{"}:
        # After a name they belong to it, unless a blank line parts them.
        begins = bool(_BLANK_LINE.search(gap)) or not (before.text[-1].isalnum() or before.text[-1] in "_:")
    else:
        begins = token.text[0].isalnum() or token.text[0] in "_:.\"'`"
    return begins and context(text[first.start : token.start]).kind == "after expression"


def _written(text: str, part: Sequence[Token]) -> str:
    """The text of a run of tokens, with the comment on its last line."""
    rest = _REST_OF_LINE.match(text, part[-1].end)
    end = rest.end() if rest else part[-1].end
    return text[part[0].start : end].rstrip()
