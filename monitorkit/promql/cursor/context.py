"""What can be written at a place in a query, however unfinished the query is: the ground of completion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from monitorkit.promql.brackets import FILLS, LISTS, Open, open_brackets
from monitorkit.promql.checks import COMPARISONS
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

_MATCH_OPERATORS = frozenset(("=", "!=", "=~", "!~"))
_OPERAND = frozenset(("metrics", "functions", "aggregations", "numbers", "(", "{"))
_DURATIONS = frozenset(("durations", "(", "step", "range", "min_of", "max_of"))
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
    brackets = open_brackets(before if word is None else before[:-1])
    here = brackets[-1]
    kind, expected = _place(here, word)
    start, quote = (cursor, "") if word is None else (word.start, word.text[0])
    start, quote = (start + 1, quote) if quote in {'"', "'", "`"} else (start, "")
    call = next((b for b in reversed(brackets) if b.bracket == "(" and b.head.kind not in LISTS), Open())
    begins = here.bracket == "(" and (here.last is None or here.last.kind == ",")
    return Context(
        kind=kind,
        prefix=query[start:cursor],
        start=start,
        end=_word_end(query, cursor, quote),
        expected=expected,
        type=_wanted(call) if kind == "expression" and begins else None,
        function=call.head.text.lower() if call.head.kind in AGGREGATIONS or call.head.text in FUNCTIONS else None,
        argument=call.commas,
        metric=_metric(here),
        metrics=_metrics(query),
        label=_plain(here.part[0]) if kind == "label value" and here.part else None,
        matchers=_matchers(here) if here.bracket == "{" else (),
        quote=quote,
    )


def _word_under_way(before: list[Token], cursor: int) -> Token | None:
    """The token that the cursor touches, where it is one that may grow."""
    if not before or before[-1].end != cursor:
        return None
    token = before[-1]
    if token.kind in {"string", ":"}:
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


def _place(here: Open, word: Token | None) -> tuple[Kind, frozenset[str]]:  # noqa: PLR0911 - one a place
    last = here.last
    if here.bracket == "{":
        return _in_braces(here)
    if here.bracket == "[":
        return _in_brackets(last)
    if here.bracket == "(" and here.head.kind in LISTS:
        if last is None or last.kind == ",":
            return "label list", frozenset(("labels", ")"))
        return "after label", frozenset((",", ")"))
    if word is not None and word.kind == "error" and word.text[0] in "\"'`":
        return "string", frozenset()
    if last is None or last.kind == ",":
        takes_none = last is None and here.head.text in FUNCTIONS and FUNCTIONS[here.head.text].least == 0
        return "expression", _OPERAND | ({")"} if takes_none else set())
    if here.closed is not None and last.kind == ")" and not here.complete:
        return _behind_list(here.closed.head.kind)
    return _behind_modifier(here, last) or _in_expression(here, last)


def _in_braces(here: Open) -> tuple[Kind, frozenset[str]]:
    part = here.part
    if not part:
        return "label name", frozenset(("labels", "}"))
    if len(part) == 1:
        return "matcher operator", _MATCH_OPERATORS | ({",", "}"} if part[0].kind == "string" else set())
    if part[-1].kind in _MATCH_OPERATORS:
        return "label value", frozenset(("values",))
    return "after matcher", frozenset((",", "}"))


def _in_brackets(last: Token | None) -> tuple[Kind, frozenset[str]]:
    if last is None or last.kind == ":" or last.kind in PRECEDENCE:
        return "duration", _DURATIONS | ({"]"} if last is not None and last.kind == ":" else set())
    more = {"("} if last.kind == "identifier" else set()
    return "after duration", frozenset(("]", ":", "+", "-", "*", "/", "%", "^")) | more


def _behind_list(word: str) -> tuple[Kind, frozenset[str]]:
    """After labels in parentheses, or the value of a fill."""
    if word in {"by", "without"}:
        return "aggregation body", frozenset(("(",))
    more = {"group_left", "group_right"} if word in {"on", "ignoring"} else set()
    return "expression", _OPERAND | FILLS | more


def _behind_modifier(here: Open, last: Token) -> tuple[Kind, frozenset[str]] | None:
    """After ``offset``, ``@`` and the words that labels or a value follow."""
    kinds = [token.kind for token in here.inside[-2:]]
    if (last.kind == "offset" and here.completed_before) or (kinds[0] == "offset" and last.kind in {"+", "-"}):
        return "duration", _DURATIONS | {"-"}
    if last.kind == "@":
        return "at", frozenset(("start()", "end()", "numbers"))
    if last.kind in FILLS:
        return "after expression", frozenset(("(",))
    if last.kind in {"group_left", "group_right"}:
        return "expression", _OPERAND
    if last.kind in LISTS and here.completed_before | (last.kind not in {"by", "without"}):
        return "label list", frozenset(("(",))
    return None


def _in_expression(here: Open, last: Token) -> tuple[Kind, frozenset[str]]:
    if last.kind in AGGREGATIONS:
        return "aggregation body", frozenset(("(", "by", "without")) | _after(here, last)
    if here.complete:
        return "after expression", _after(here, last)
    if last.kind == "bool":
        return "expression", _OPERAND | {"on", "ignoring"}
    if last.kind in PRECEDENCE:
        modifiers = {"on", "ignoring"} | ({"bool"} if last.kind in COMPARISONS else set())
        return "expression", _OPERAND | (modifiers if here.completed_before else set())
    return ("expression", _OPERAND) if last.kind == "=" else ("nothing", frozenset())


def _after(here: Open, last: Token) -> frozenset[str]:
    """What may follow a complete operand."""
    after = set(PRECEDENCE)
    closed = here.closed
    if closed is not None and closed.head.kind in AGGREGATIONS and not closed.grouped:
        after |= {"by", "without"}
    named = last.text[0].isalpha() or last.kind in {"identifier", "metric identifier"}
    if named or last.kind in {"}", "]"}:
        after |= {"offset", "@", "anchored", "smoothed"}
    if last.kind not in {"]", "number", "duration", "string"}:
        after.add("[")
    if named:
        after |= {"{", "("} if last.text in FUNCTIONS else {"{"}
    if here.bracket == "(":
        after |= {")", ","} if here.head.text else {")"}
    return frozenset(after)


def _wanted(call: Open) -> ValueType | None:
    """Type of the argument that begins here."""
    if call.head.kind in AGGREGATIONS:
        first = AGGREGATIONS[call.head.kind].parameter
        return first if first is not None and call.commas == 0 else "vector"
    spec = FUNCTIONS.get(call.head.text)
    if spec is None or not spec.types:
        return None
    return spec.types[min(call.commas, len(spec.types) - 1)]


def _metric(here: Open) -> str | None:
    if here.bracket != "{":
        return None
    if here.head.kind in {"identifier", "metric identifier"} or here.head.text[:1].isalpha():
        return here.head.text
    return next((m.value for m in _matchers(here) if m.name == "__name__" and m.operator == "="), None)


def _plain(token: Token) -> str:
    """A word, or a string's value."""
    value = unquote(token.text) if token.kind == "string" else token.text
    return value if isinstance(value, str) else token.text


def _matchers(here: Open) -> tuple[LabelMatcher, ...]:
    found: list[LabelMatcher] = []
    part: list[Token] = []
    for token in [*here.inside, Token(",", ",", 0, 0)]:
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
