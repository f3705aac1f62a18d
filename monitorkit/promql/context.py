"""What can be written at a place in a query, however unfinished the query is: the ground of completion."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from monitorkit.promql.functions import AGGREGATIONS, FUNCTIONS
from monitorkit.promql.highlight import classes
from monitorkit.promql.literals import unquote
from monitorkit.promql.nodes import LabelMatcher
from monitorkit.promql.parser import PRECEDENCE
from monitorkit.promql.tokens import Token, tokens

if TYPE_CHECKING:
    from monitorkit.promql.functions import ValueType

__all__ = ["Context", "Kind", "context"]

Kind = Literal[
    "expression",
    "after expression",
    "aggregation body",
    "label name",
    "matcher operator",
    "label value",
    "after matcher",
    "label list",
    "after label",
    "duration",
    "after duration",
    "at",
    "string",
    "nothing",
]
"""Where the cursor stands.

``expression``: an operand begins · ``after expression``: an operator or modifier may follow · ``aggregation body``:
after the name of an aggregation · ``label name``, ``matcher operator``, ``label value``, ``after matcher``: in braces,
in this order · ``label list``, ``after label``: in the parentheses of ``by`` and its like · ``duration``, ``after
duration``: in brackets or after ``offset`` · ``at``: after ``@`` · ``string``: in quotes, as an argument ·
``nothing``: in a comment, or where nothing fits
"""

_LISTS = frozenset(("by", "without", "on", "ignoring", "group_left", "group_right"))
_OPENING = frozenset(("(", "{", "["))
_CLOSING = frozenset((")", "}", "]"))
_MATCH_OPERATORS = frozenset(("=", "!=", "=~", "!~"))
_OPERAND_ENDS = frozenset((")", "}", "]", "number", "duration", "string", "identifier", "metric identifier"))
_COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">="))
_COMMENT = re.compile(r"#[^\r\n]*\Z")


@dataclass(frozen=True, slots=True)
class Context:
    """A place in a query.

    Parameters
    ----------
    kind
        Where it is; see `Kind`.
    prefix
        What is already written of the word that goes there; in quotes, what follows the quote.
    start, end
        Span of the query that a completion replaces: the word under way, up to its end behind the cursor.
    expected
        Words and signs of the language that may stand there: keywords, operators, ``functions``, ``aggregations``,
        ``metrics``, ``labels``, ``values``, ``numbers``, ``durations``.
    type
        Type that an expression must have there; None where any will do.
    function, argument
        Function or aggregation whose argument this is, and which one, counted from 0.
    metric
        Metric of the selector around the place.
    metrics
        All metrics that the query names.
    label
        Label whose value goes there.
    matchers
        Finished matchers of the selector around the place.
    quote
        Quotation mark that is open there; empty where none is.
    """

    kind: Kind
    prefix: str = ""
    start: int = 0
    end: int = 0
    expected: frozenset[str] = frozenset()
    type: ValueType | None = None
    function: str | None = None
    argument: int = 0
    metric: str | None = None
    metrics: tuple[str, ...] = ()
    label: str | None = None
    matchers: tuple[LabelMatcher, ...] = ()
    quote: str = ""


@dataclass(slots=True)
class _Frame:
    """An open bracket: what stands before it and what has come since."""

    bracket: str = ""
    word: str = ""  # text of the token before the bracket
    kind: str = ""  # kind of that token
    commas: int = 0
    inside: list[Token] = field(default_factory=list)


def context(query: str, cursor: int | None = None) -> Context:
    """Tell what can be written at the cursor.

    Parameters
    ----------
    query
        Any text; what stands behind the cursor counts for `Context.metrics` and for the end of the word only.
    cursor
        Offset in characters; None for the end.

    Returns
    -------
    Context
        Never an exception, whatever the text is.

    Examples
    --------
    >>> here = context('sum(rate(up{job="ai_')
    >>> here.kind, here.label, here.metric, here.prefix
    ('label value', 'job', 'up', 'ai_')
    >>> context("rate(htt").type
    'matrix'
    """
    cursor = len(query) if cursor is None else max(0, min(cursor, len(query)))
    before = tokens(query[:cursor])
    if _COMMENT.search(query[before[-1].end if before else 0 : cursor]):
        return Context("nothing", start=cursor, end=cursor)
    word = _word_under_way(before, cursor)
    frames = _frames(before if word is None else before[:-1])
    kind, expected = _place(frames, word)
    start = cursor if word is None else word.start
    prefix, quote = query[start:cursor], ""
    if word is not None and word.text[0] in "\"'`":
        quote, prefix, start = word.text[0], word.text[1:], start + 1
    frame = frames[-1]
    call = next((f for f in reversed(frames) if f.bracket == "(" and f.kind not in _LISTS), _Frame())
    metrics = _metrics(query)
    return Context(
        kind=kind,
        prefix=prefix,
        start=start,
        end=_word_end(query, cursor, quote),
        expected=frozenset(expected),
        type=_wanted(call) if kind == "expression" and _starts_argument(frame) else None,
        function=call.word if call.kind in AGGREGATIONS or call.word in FUNCTIONS else None,
        argument=call.commas,
        metric=_metric(frame),
        metrics=metrics,
        label=_label(frame) if kind == "label value" else None,
        matchers=_matchers(frame) if frame.bracket == "{" else (),
        quote=quote,
    )


def _word_under_way(before: list[Token], cursor: int) -> Token | None:
    """The token that the cursor touches, where it is one that may grow."""
    if not before or before[-1].end != cursor:
        return None
    token = before[-1]
    if token.kind == "string" or token.text[0] in _OPENING | _CLOSING | {","}:
        return None
    grows = token.text[0].isalnum() or token.text[0] in "_:" or (token.kind == "error" and token.text[0] in "\"'`")
    return token if grows else None


def _word_end(query: str, cursor: int, quote: str) -> int:
    end = cursor
    if quote:
        while end < len(query) and query[end] not in {quote, "\n"}:
            end += 1
        return end if end < len(query) and query[end] == quote else cursor
    while end < len(query) and (query[end] in "_:" or (query[end].isascii() and query[end].isalnum())):
        end += 1
    return end


def _frames(before: list[Token]) -> list[_Frame]:
    """Open brackets at the end of these tokens, outermost first; the first is the query itself."""
    frames = [_Frame()]
    for token in before:
        frame = frames[-1]
        if token.kind in _OPENING:
            last = frame.inside[-1] if frame.inside else Token("", "", 0, 0)
            frame.inside.append(token)
            frames.append(_Frame(token.kind, last.text, last.kind))
        elif token.kind in _CLOSING:
            if len(frames) > 1:
                closed = frames.pop()
                frames[-1].inside.append(token._replace(text=_closed_by(closed, token)))
        else:
            frame.commas += token.kind == ","
            frame.inside.append(token)
    return frames


def _closed_by(closed: _Frame, token: Token) -> str:
    """A closing bracket's text with what it closes, for what may follow: ``) by``, ``) sum``, ``)``."""
    return f"{token.kind} {closed.kind}" if closed.kind in _LISTS or closed.kind in AGGREGATIONS else token.kind


def _place(frames: list[_Frame], word: Token | None) -> tuple[Kind, set[str]]:
    frame = frames[-1]
    last = frame.inside[-1] if frame.inside else None
    if frame.bracket == "{":
        return _in_braces(frame)
    if frame.bracket == "[":
        return _in_brackets(last)
    if frame.kind in _LISTS and frame.bracket == "(":
        return ("label list", {"labels", ")"}) if last is None or last.kind == "," else ("after label", {",", ")"})
    if word is not None and word.kind == "error" and word.text[0] in "\"'`":
        return "string", set()
    if _offset_open(frame):
        return "duration", {"durations", "-"}
    return _in_expression(frame, last)


def _in_braces(frame: _Frame) -> tuple[Kind, set[str]]:
    since = _since_comma(frame)
    if not since:
        return "label name", {"labels", "}"}
    if len(since) == 1:
        return "matcher operator", {"=", "!=", "=~", "!~"} | ({",", "}"} if since[0].kind == "string" else set())
    if since[-1].kind in _MATCH_OPERATORS:
        return "label value", {"values"}
    return "after matcher", {",", "}"}


def _in_brackets(last: Token | None) -> tuple[Kind, set[str]]:
    if last is None or last.kind == ":" or last.kind in PRECEDENCE:
        return "duration", {"durations"} | ({"]"} if last is not None and last.kind == ":" else set())
    return "after duration", {"]", ":", "+", "-", "*", "/"}


def _offset_open(frame: _Frame) -> bool:
    kinds = [token.kind for token in frame.inside[-2:]]
    return (kinds[-1:] == ["offset"] and _is_modifier(frame)) or (
        kinds[:1] == ["offset"] and kinds[1:] in (["-"], ["+"])
    )


def _is_modifier(frame: _Frame) -> bool:
    """Whether the last word follows an operand; else it is the name of a metric."""
    return len(frame.inside) > 1 and _ends_operand(frame.inside[:-1])


def _ends_operand(inside: list[Token]) -> bool:
    """Whether an operand is complete at the end of these tokens."""
    if not inside:
        return False
    last, earlier = inside[-1], inside[:-1]
    if last.kind == ")":
        return last.text.removeprefix(") ") not in {"on", "ignoring", "group_left", "group_right"} and not (
            last.text in {") by", ") without"} and not _list_follows_body(earlier)
        )
    if last.kind in _OPERAND_ENDS:
        return True
    return last.text[0].isalpha() and last.kind not in {"bool", "error"} and not _ends_operand(earlier)


def _list_follows_body(earlier: list[Token]) -> bool:
    """Whether the labels of ``by`` stand behind the body, as in ``sum(x) by (job)``: before "(" and "by" is a ")"."""
    return len(earlier) > 2 and earlier[-3].kind == ")"  # noqa: PLR2004 - ")", "by", "("


def _in_expression(frame: _Frame, last: Token | None) -> tuple[Kind, set[str]]:  # noqa: PLR0911 - one a place
    operand = {"metrics", "functions", "aggregations", "numbers", "(", "{"}
    if last is None or last.kind == ",":
        return "expression", operand
    if last.kind == "@":
        return "at", {"start()", "end()", "numbers"}
    if last.kind == ")" and not _ends_operand(frame.inside):
        word = last.text.removeprefix(") ")
        if word in {"by", "without"}:
            return "aggregation body", {"("}
        more = {"group_left", "group_right"} if word in {"on", "ignoring"} else set()
        return "expression", operand | more
    if last.kind in AGGREGATIONS:
        return "aggregation body", {"(", "by", "without"} | _after(frame, last)
    if last.kind in _LISTS and (last.kind not in {"by", "without"} or len(frame.inside) > 1):
        return (
            ("label list", {"("}) if last.kind not in {"group_left", "group_right"} else ("expression", operand | {"("})
        )
    if _ends_operand(frame.inside):
        return "after expression", _after(frame, last)
    if last.kind == "bool":
        return "expression", operand | {"on", "ignoring"}
    if last.kind in PRECEDENCE:
        modifiers = {"on", "ignoring"} | ({"bool"} if last.kind in _COMPARISONS else set())
        return "expression", operand | (modifiers if len(frame.inside) > 1 else set())
    return ("expression", operand) if last.kind in {"+", "-", "="} else ("nothing", set())


def _after(frame: _Frame, last: Token) -> set[str]:
    """What may follow a complete operand."""
    after = set(PRECEDENCE) - {"</", ">/"}
    if last.text.startswith(") ") and last.text[2:] in AGGREGATIONS and _plain_aggregation(frame):
        after |= {"by", "without"}
    if last.kind in {"identifier", "metric identifier", "}", "]"} or last.text[0].isalpha():
        after |= {"offset", "@"} | ({"["} if last.kind != "]" else set())
    if frame.bracket == "(":
        after |= {")", ","} if frame.word else {")"}
    return after


def _plain_aggregation(frame: _Frame) -> bool:
    """Whether the aggregation that just closed has no ``by`` or ``without`` before its body."""
    return len(frame.inside) < 3 or not frame.inside[-3].text.startswith((") by", ") without"))  # noqa: PLR2004 - name, "(", ")"


def _since_comma(frame: _Frame) -> list[Token]:
    since: list[Token] = []
    for token in frame.inside:
        since = [] if token.kind == "," else [*since, token]
    return since


def _starts_argument(frame: _Frame) -> bool:
    return frame.bracket == "(" and (not frame.inside or frame.inside[-1].kind == ",")


def _wanted(call: _Frame) -> ValueType | None:
    """Type of the argument that begins here."""
    if call.kind in AGGREGATIONS:
        first = AGGREGATIONS[call.kind].parameter
        return first if first is not None and call.commas == 0 else "vector"
    spec = FUNCTIONS.get(call.word)
    if spec is None or not spec.types:
        return None
    return spec.types[min(call.commas, len(spec.types) - 1)]


def _metric(frame: _Frame) -> str | None:
    if frame.bracket != "{":
        return None
    if frame.kind in {"identifier", "metric identifier"} or (frame.word and frame.word[0].isalpha()):
        return frame.word
    return next((m.value for m in _matchers(frame) if m.name == "__name__" and m.operator == "="), None)


def _label(frame: _Frame) -> str | None:
    since = _since_comma(frame)
    return _plain(since[0]) if since else None


def _plain(token: Token) -> str:
    """A word, or a string's value."""
    value = unquote(token.text) if token.kind == "string" else token.text
    return value if isinstance(value, str) else token.text


def _matchers(frame: _Frame) -> tuple[LabelMatcher, ...]:
    found: list[LabelMatcher] = []
    part: list[Token] = []
    for token in [*frame.inside, Token(",", ",", 0, 0)]:
        if token.kind != ",":
            part.append(token)
            continue
        if len(part) == 3 and part[1].kind in _MATCH_OPERATORS and part[2].kind == "string":  # noqa: PLR2004 - name, operator, value
            found.append(LabelMatcher(_plain(part[0]), part[1].kind, _plain(part[2]), part[0].start, part[2].end))
        elif len(part) == 1 and part[0].kind == "string":
            found.append(LabelMatcher("__name__", "=", _plain(part[0]), part[0].start, part[0].end))
        part = []
    return tuple(found)


def _metrics(query: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(token.text for token, name in classes(query) if name == "metric"))
