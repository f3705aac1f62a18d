r"""Python source in the making: its statements, brackets and strings, as far as they are written.

Python's own tokenizer gives up at what is unfinished, and each version at something else; code that is being typed is
unfinished most of the time.

Notes
-----
Source: the Python Language Reference, "Lexical analysis".
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Piece", "Text", "in_field", "pieces", "value", "written"]

Kind = Literal["string", "name", "sign", "comment", "line", "magic"]

_PIECE = re.compile(
    r"""
      (?P<blank>[ \t\f\r]+|\\\r?\n)
    | (?P<comment>\#[^\n]*)
    | (?P<prefix>(?:[bft]?r|r[bft]?|[buft]))?(?P<quote>'''|\"\"\"|'|\")
    | (?P<name>\w+)
    | (?P<line>\n)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# What IPython takes for itself: "%line", "!command", also behind "name =".
_MAGIC = re.compile(r"[ \t]*(?:[^\W\d][\w.]*(?:[ \t]*,[ \t]*[^\W\d][\w.]*)*[ \t]*=[ \t]*)?(?=[%!])")
_LINE_END = re.compile(r"(?<!\\)(?=\r?\n)|\Z")
_ESCAPE = re.compile(
    r"\\(?:(?P<line>\r?\n)|(?P<plain>[\\'\"abfnrtv])|(?P<octal>[0-7]{1,3})"
    r"|(?:x|u|U)(?P<code>(?<=x)[0-9a-fA-F]{2}|(?<=u)[0-9a-fA-F]{4}|(?<=U)[0-9a-fA-F]{8})|N\{(?P<named>[^}\n]+)\})"
)
_PLAIN = {"\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_FIELD = re.compile(r"\{\s*([^\W\d]\w*)\s*\}")
_NAMED = re.compile(r"\\N\{[^}\n]*\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of source.

    Parameters
    ----------
    kind
        ``string``, ``name`` (numbers and keywords too), ``sign``, ``comment``, ``line`` (the end of one), ``magic``
        (a line that is IPython's, from its ``%`` or ``!``).
    start, end
        Its span. A string that is not closed ends with its line, or with the source where it has three quotes.
    prefix, quote
        Of a string: the letters before it, in lower case, and what it is quoted with.
    """

    kind: Kind
    start: int
    end: int
    prefix: str = ""
    quote: str = ""
    closed: bool = True

    @property
    def inside(self) -> tuple[int, int]:
        """Span of a string's text."""
        n = len(self.quote)
        return self.start + len(self.prefix) + n, self.end - (n if self.closed else 0)


def pieces(source: str) -> Iterator[Piece]:
    """Cut source into pieces; blanks are left out.

    Examples
    --------
    >>> [source[p.start : p.end] for source in ['f(r"a", 1  # b'] for p in pieces(source)]
    ['f', '(', 'r"a"', ',', '1', '# b']
    """
    at, depth, begins = 0, 0, True
    while at < len(source):
        magic = _MAGIC.match(source, at) if begins and depth <= 0 else None
        if magic is not None:
            start, at, begins = magic.end(), _end_of_line(source, magic.end()), False
            yield Piece("magic", start, at)
            continue
        match = _PIECE.match(source, at)
        assert match is not None  # noqa: S101 - the last choice takes any character
        kind, start, at = match.lastgroup, at, match.end()
        begins = kind == "line"
        if kind == "quote":
            prefix, quote = (match["prefix"] or "").lower(), match["quote"]
            at, closed = _string_end(source, at, prefix, quote)
            yield Piece("string", start, at, prefix, quote, closed)
        elif kind in {"name", "sign", "comment", "line"}:
            depth += (source[start] in "([{") - (source[start] in ")]}")
            yield Piece(kind, start, at)  # type: ignore[arg-type]  # the names of the groups


def _end_of_line(source: str, at: int) -> int:
    match = _LINE_END.search(source, at)
    return match.start() if match is not None else len(source)


def _string_end(source: str, at: int, prefix: str, quote: str) -> tuple[int, bool]:
    """Where a string ends whose text begins at `at`, and whether that is its closing quote."""
    fields = bool({"f", "t"} & set(prefix))
    while at < len(source):
        char = source[at]
        if source.startswith(quote, at):
            return at + len(quote), True
        if char == "\n" and len(quote) == 1:
            return at, False
        if char == "\\":
            at = _escape_end(source, at, prefix)
        elif fields and char == "{":
            at = at + 2 if source.startswith("{{", at) else _field_end(source, at + 1, quote)
        else:
            at += 1
    return len(source), False


def _escape_end(source: str, at: int, prefix: str) -> int:
    """Where a backslash and what belongs to it end; the braces of a field do not belong to it."""
    if source.startswith("{", at + 1):
        return at + 1
    named = _NAMED.match(source, at) if "r" not in prefix else None
    return named.end() if named is not None else at + 2


def _field_end(source: str, at: int, quote: str) -> int:
    """Where a field ends; one that is not closed, before the quote or line that ends its string."""
    depth, begin = 1, at
    for piece in pieces(source[at : at + 1000]):
        text = source[begin + piece.start : begin + piece.end]
        if piece.kind == "line" and len(quote) == 1:
            break
        if piece.kind == "string" and piece.quote == quote and not piece.closed:
            break
        depth += (text in {"{", "[", "("}) - (text in {"}", "]", ")"})
        if depth == 0:
            return begin + piece.end
    return begin


def in_field(source: str, string: Piece, at: int) -> bool:
    """Whether a place in an f-string belongs to a field in braces, that is to Python."""
    place, end = string.inside
    while {"f", "t"} & set(string.prefix) and place < min(at, end):
        begin = place + 1
        if source[place] == "\\":
            place = _escape_end(source, place, string.prefix)
            continue
        if source[place] != "{" or source.startswith("{{", place):
            place += 2 if source[place] == "{" else 1
            continue
        place = _field_end(source, begin, string.quote)
        if place == begin or place > at:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Text:
    """The value of something in a source, and where each of its characters comes from.

    Parameters
    ----------
    value
        The characters.
    origins
        Offset in the source of each, and one more for the end.
    """

    value: str
    origins: tuple[int, ...]

    def __add__(self, other: Text) -> Text:
        return Text(self.value + other.value, (*self.origins[:-1], *other.origins))

    def offset(self, origin: int) -> int:
        """Offset in the value of a place in the source."""
        return sum(place < origin for place in self.origins[:-1])


def value(source: str, string: Piece, fill: Callable[[str], str | None]) -> Text:
    r"""Value of a string, with its escapes read and the fields of an f-string filled.

    Parameters
    ----------
    source, string
        The source, and the string in it.
    fill
        What a name in braces stands for; where it is None, and for any other expression, ``_`` takes its place.

    Examples
    --------
    >>> source = r'f"a\tb{{{x}"'
    >>> value(source, next(pieces(source)), {"x": "5m"}.get)
    Text(value='a\tb{5m', origins=(2, 3, 5, 6, 8, 8, 11))
    """
    start, end = string.inside
    fields = bool({"f", "t"} & set(string.prefix))
    raw = "r" in string.prefix
    chars: list[str] = []
    origins: list[int] = []
    at = start
    while at < end:
        char, after = source[at], at + 1
        if fields and char in "{}":
            if source.startswith(char * 2, at):
                after = at + 2
            elif char == "{":
                after = min(_field_end(source, at + 1, string.quote), end)
                name = _FIELD.fullmatch(source, at, after)
                char = (fill(name[1]) if name else None) or "_"
        elif char == "\\" and not raw:
            char, after = _unescaped(source, at)
        chars.append(char)
        origins += [at] * len(char)
        at = max(after, at + 1)
    return Text("".join(chars), (*origins, end))


def _unescaped(source: str, at: int) -> tuple[str, int]:
    match = _ESCAPE.match(source, at)
    if match is None:
        return "\\", at + 1
    if match["line"]:
        char = ""
    elif match["plain"]:
        char = _PLAIN[match["plain"]]
    elif match["named"]:
        try:
            char = unicodedata.lookup(match["named"])
        except KeyError:
            char = "_"
    else:
        code = int(match["octal"], 8) if match["octal"] else int(match["code"], 16)
        char = chr(code) if code < 0x110000 else "_"  # noqa: PLR2004 - Unicode's last
    return char, match.end()


def written(text: str, string: Piece) -> str | None:
    r"""Write text as it stands within a string of this kind.

    Returns
    -------
    str or None
        None where it cannot stand there, as a quote in a raw string.

    Examples
    --------
    >>> print(written('a="1"', Piece("string", 0, 0, "", '"')))
    a=\"1\"
    """
    if "r" in string.prefix:
        if string.quote[0] in text or _CONTROL.search(text) or text.endswith("\\"):
            return None
    else:
        text = text.replace("\\", "\\\\").replace(string.quote[0], "\\" + string.quote[0])
        text = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
    if {"f", "t"} & set(string.prefix):
        text = text.replace("{", "{{").replace("}", "}}")
    return text
