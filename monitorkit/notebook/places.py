"""Where in a cell PromQL is: in the magics, and in the strings that go to a client."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from monitorkit.notebook.options import OPTIONS
from monitorkit.notebook.python_code import Piece, Text, in_field, pieces, value, written
from monitorkit.promql.compose import Query
from monitorkit.promql.cursor.context import context
from monitorkit.promql.functions import AGGREGATIONS
from monitorkit.promql.tokens import KEYWORDS, Token, tokens
from monitorkit.query import PrometheusClient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Place", "place_at"]


METHODS = frozenset(("query", "query_range", "samples", "explain", "lint"))
"""Methods of a client whose first argument is PromQL."""
_PARAMETER = "expr"

_NAME = "%promql"
_CELL = re.compile(r"\s*%%promql(?![\w.])")
_LINE = re.compile(r"%promql(?=[ \t\r\n]|\Z)")
_CHANGED = re.compile(r"\{\{[ \t]*([^\W\d]\w*)[ \t]*\}\}|\\(?=\r?\n)")
_TEMPLATE_BEGUN = re.compile(r"\{\{[ \t]*(\w*)\Z")
_WORD = re.compile(r"[\w:]+")
_VARIABLE = re.compile(r"[A-Za-z_]\w*")
_OPTION = re.compile(r"[ \t]*(--[\w-]*|-(?=[ \t\r\n]|\Z))")
_OPTION_VALUE = re.compile(r"(?:[ \t]*=[ \t]*|[ \t]+|\Z)(\"[^\"\n]*\"?|'[^'\n]*'?|[^\s\"']*)")
_VALUED = {option.name for option in OPTIONS if option.metavar}
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")
_CONTINUING = KEYWORDS.keys() - AGGREGATIONS.keys() - {"start", "end", "step", "range", "inf", "nan"}
_BRACES = 1000
_DEPTHS = {"(": 1, "[": 1, "{": _BRACES, ")": -1, "]": -1, "}": -_BRACES}
_CALLED = re.compile(rf"\.\s*(?:{'|'.join(METHODS)})\s*\(")


class Span(NamedTuple):
    """A stretch of text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a cell where PromQL, or an option of the magic, is being written.

    Parameters
    ----------
    kind
        ``query``; ``option`` for its name, ``option value``; ``variable`` in double braces.
    text, cursor
        The query and the place in it; of the others what is already written.
    origins
        Offset in the cell of each character of `text`, and of its end.
    option
        Name of the option that is meant.
    options
        Options that are written, by name.
    opens
        Whether an option may begin there as well.
    client
        Whose method the string goes to; None in the magics.
    written
        Writes text as it stands there; None where it cannot.
    mark
        Quotation mark for text in the query.
    """

    kind: Literal["query", "option", "option value", "variable"]
    text: str
    cursor: int
    origins: tuple[int, ...]
    option: str = ""
    options: Mapping[str, str] | None = None
    opens: bool = False
    client: PrometheusClient | None = None
    written: Callable[[str], str | None] = str
    mark: str = '"'


def place_at(cell: str, cursor: int, namespace: Mapping[str, Any]) -> Place | None:
    r"""Tell which PromQL the cursor stands in.

    Parameters
    ----------
    cell
        The whole cell.
    cursor
        Offset in characters.
    namespace
        The user's variables: nothing of them is called or evaluated.

    Returns
    -------
    Place or None
        None where it is no PromQL.

    Examples
    --------
    >>> place = place_at("%%promql --last 1h\nrate(up", 26, {})
    >>> place.text, place.cursor, place.options
    ('\nrate(up', 8, {'--last': '1h'})
    """
    if "%promql" not in cell and not _CALLED.search(cell):
        return None
    magic = _CELL.match(cell)
    if magic is not None:
        return _in_magic(cell, cursor, Span(magic.end(), len(cell)), namespace) if cursor > magic.end() else None
    before: list[Piece] = []
    for piece in pieces(cell):
        if piece.kind == "magic":
            begin = piece.start + len(_NAME)
            if begin < cursor <= piece.end and _LINE.match(cell, piece.start):
                return _in_magic(cell, cursor, Span(begin, piece.end), namespace)
        elif piece.start >= cursor:
            break
        elif piece.kind == "string" and piece.inside[0] <= cursor <= piece.inside[1]:
            return _in_string(cell, cursor, [*before, piece], namespace)
        if piece.kind not in {"comment", "line"}:
            before.append(piece)
    return None


# In a magic


def _in_magic(cell: str, cursor: int, span: Span, namespace: Mapping[str, Any]) -> Place | None:
    found = _options(cell, cursor, span)
    if isinstance(found, Place):
        return found
    start, options = found
    begun = _TEMPLATE_BEGUN.search(cell, start, cursor)
    if begun is not None:
        return Place("variable", begun[1], len(begun[1]), tuple(range(begun.start(1), cursor + 1)), options=options)
    text = _filled(cell, Span(start, span.end), namespace)
    first, end = _statement(text.value, text.offset(cursor))
    text = Text(text.value[first:end], text.origins[first : end + 1])
    return Place(
        "query",
        text.value,
        text.offset(cursor),
        text.origins,
        options=options,
        # Between the options and the first letter of the query.
        opens=not cell[start:cursor].strip(" \t"),
        # Double braces would be taken for a variable.
        written=lambda written: None if "{{" in written else written,
    )


def _options(cell: str, cursor: int, span: Span) -> Place | tuple[int, dict[str, str]]:
    """The option that the cursor stands in; else where the query begins, and the options before it."""
    at, options = span.start, dict[str, str]()
    while (match := _OPTION.match(cell, at, span.end)) is not None:
        name = match[1]
        if match.start(1) <= cursor <= match.end():
            return _option("option", cell, match.start(1), cursor, name, options)
        if not name.startswith("--"):
            break  # a minus sign
        at = match.end()
        options[name] = ""
        if name in _VALUED:
            value = _OPTION_VALUE.match(cell, at, span.end)
            if value is None:
                break
            if value.start(1) <= cursor <= value.end(1):
                return _option("option value", cell, value.start(1), cursor, name, options)
            options[name], at = value[1].strip("'\""), value.end()
    return at, options


def _option(
    kind: Literal["option", "option value"], cell: str, start: int, cursor: int, name: str, options: dict[str, str]
) -> Place:
    return Place(kind, cell[start:cursor], cursor - start, tuple(range(start, cursor + 1)), name, options)


def _filled(cell: str, span: Span, namespace: Mapping[str, Any]) -> Text:
    """The query as Prometheus will see it, as far as that can be told: variables filled in, broken lines joined."""
    text = Text("", (span.start,))
    at = span.start
    for match in _CHANGED.finditer(cell, *span):
        word = " "
        if match[1]:
            told = _told(match[1], namespace)
            word = told if told is not None and _WORD.fullmatch(told) else "_"
        text += _plain(cell, at, match.start()) + Text(word, (*[match.start()] * len(word), match.end()))
        at = match.end()
    return text + _plain(cell, at, span.end)


def _plain(cell: str, start: int, end: int) -> Text:
    return Text(cell[start:end], tuple(range(start, end + 1)))


def _statement(text: str, cursor: int) -> Span:
    """The query around the cursor, where a cell holds several: ``name = query``, or one below the other."""
    start = depth = 0
    before = Token("", "", 0, 0)
    for token, after in pairwise([*tokens(text), Token("eof", "", len(text), len(text))]):
        gap = text[before.end : token.start]
        if not depth and token.start >= cursor and _BLANK_LINE.search(text, before.end, cursor):
            return Span(cursor, cursor)
        named = after.kind == "=" and _VARIABLE.fullmatch(token.text) is not None
        # A name stands before "=" in braces only, so an unclosed parenthesis does not hide the next query.
        begins = named and depth < _BRACES if named else depth == 0 and _begins(text[start : before.end], gap, token)
        if begins and ("\n" in gap or not before.end):
            if (after.end if named else token.start) > cursor:
                return Span(start, token.start)
            start, depth = (after.end if named else token.start), 0
        depth = max(depth + _DEPTHS.get(token.kind, 0), 0)
        before = token
    if not depth and _BLANK_LINE.search(text, before.end, cursor):
        return Span(cursor, cursor)
    return Span(start, len(text))


def _begins(query: str, gap: str, token: Token) -> bool:
    """Whether a token behind a query begins another, not one that goes on."""
    if "\n" not in gap or token.kind in _CONTINUING or not query.strip():
        return False
    begins = (
        bool(_BLANK_LINE.search(gap)) if token.kind in {"(", "{"} else token.text[0].isalnum() or token.text[0] in "_:"
    )
    return begins and context(query + " ").kind == "after expression"


# In a string


def _in_string(cell: str, cursor: int, code: list[Piece], namespace: Mapping[str, Any]) -> Place | None:
    """The place in the last of these pieces, a string, if it is what a client's method is called with."""
    strings = [code.pop()]
    while code and code[-1].kind == "string":
        strings.insert(0, code.pop())
    client = _client(_called([cell[piece.start : piece.end] for piece in code]), namespace)
    here = strings[-1]
    if client is None or any("b" in each.prefix for each in strings) or in_field(cell, here, cursor):
        return None
    text = Text("", (here.inside[0],))
    for string in strings:
        text += value(cell, string, lambda name: _told(name, namespace))
    return Place(
        "query",
        text.value,
        text.offset(cursor),
        text.origins,
        client=client,
        written=lambda plain: written(plain, here),
        mark='"' if here.quote[0] == "'" else "'",
    )


def _called(code: list[str]) -> list[str]:
    """Names of the path to the method whose first argument begins behind this code: ``prom.query`` for ``prom.query(``.

    Empty where it is no call of such a method, or no first argument.
    """
    opened = _last_open(code)
    if opened is None or code[opened] != "(":
        return []
    inside = code[opened + 1 :]
    if inside and not (inside[-2:] == [_PARAMETER, "="] and (len(inside) == 2 or inside[-3] == ",")):  # noqa: PLR2004 - name and sign
        return []
    path: list[str] = []
    at = opened - 1
    while at >= 0 and code[at].isidentifier():
        path.insert(0, code[at])
        if at == 0 or code[at - 1] != ".":
            return path if path[-1] in METHODS else []
        at -= 2
    return []


def _last_open(code: list[str]) -> int | None:
    depth = 0
    for at in range(len(code) - 1, -1, -1):
        if code[at] in {")", "]", "}"}:
            depth += 1
        elif code[at] in {"(", "[", "{"}:
            if depth == 0:
                return at
            depth -= 1
    return None


def _client(path: list[str], namespace: Mapping[str, Any]) -> PrometheusClient | None:
    """The client that a path leads to, over the attributes that are stored: no code runs, no property either."""
    found = namespace.get(path[0]) if path else None
    for name in path[1:-1]:
        try:
            stored = object.__getattribute__(found, "__dict__")
        except AttributeError:
            return None
        found = stored.get(name)
    return found if issubclass(type(found), PrometheusClient) else None


def _told(name: str, namespace: Mapping[str, Any]) -> str | None:
    """What a variable stands for in a query, where it is plain text or a number."""
    found = namespace.get(name)
    return str(found) if type(found) in {str, int, float, Query} else None
