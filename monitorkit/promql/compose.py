"""Queries put together from parts, without the parts being able to change what the query says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import pairwise

from monitorkit.durations import format_duration, seconds
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.promql.brackets import LISTS
from monitorkit.promql.errors import PromQLError
from monitorkit.promql.formatting import label_name, metric_name
from monitorkit.promql.literals import number_text, quote
from monitorkit.promql.nodes import Expression
from monitorkit.promql.parser import parse
from monitorkit.promql.tokens import Token, tokens

__all__ = ["Query", "escape_regex", "expr"]

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_STAND_IN = "monitorkit_{}_"


class Query(str):
    """Text that is known to be a whole query: `expr` puts it into another one as it is, in parentheses."""

    __slots__ = ()


def escape_regex(value: str) -> str:
    r"""Write text as a pattern that matches just it.

    Examples
    --------
    >>> print(escape_regex("10.0.0.1:9090"))
    10\.0\.0\.1:9090
    """
    return _SPECIAL.sub(r"\\\g<0>", value)


def expr(template: str, /, **values: object) -> Query:
    r"""Fill values into a query, each quoted as its place needs.

    Parameters
    ----------
    template
        A query with ``{name}`` where a value goes. Braces with anything else in them are PromQL's own.
    values
        For each name its value. By place:

        * an expression: a metric name; a number; a timedelta, as seconds; a tree or another `Query`, put in parentheses
        * in brackets and after ``offset``: a duration: ``"5m"``, a number of seconds, a timedelta
        * after ``@``: a Unix time
        * in braces, for a whole matcher: a mapping of labels to values; a list of values matches any of them
        * in braces, before an operator: a label name; after one: a value, or for ``=~`` and ``!~`` a list of values
        * in the parentheses of ``by``, ``without``, ``on``, ``ignoring``, ``group_left``, ``group_right``: label names
        * an argument of type string: quoted text

    Returns
    -------
    Query
        The text, a `str`.

    Raises
    ------
    InvalidValue
        If a name has no value, a value no place, or a value cannot stand in its place.
    PromQLError
        If the result is no valid query.

    Examples
    --------
    >>> expr("rate({m}[{w}])", m="inference_requests_total", w="5m")
    'rate(inference_requests_total[5m])'
    >>> print(expr("up{job={job}}", job='x"} or vector(1) #'))
    up{job="x\"} or vector(1) #"}
    >>> expr("sum by ({labels}) (up{{where}})", labels=["job", "zone"], where={"env": ["prod", "test"]})
    'sum by (job, zone) (up{env=~"prod|test"})'
    """
    return Query(_Filling(template, values).result())


class _Filling:
    """One template under way: each place is marked with a word, so that the tokens tell where it stands."""

    def __init__(self, template: str, values: Mapping[str, object]) -> None:
        self.values = values
        self.names: list[str] = []
        self._quoted = [token for token in tokens(template) if token.kind == "string"]
        self.marked = _PLACE.sub(self._mark, template)
        missing = [name for name in self.names if name not in values]
        if missing:
            raise InvalidValue(f"expr: no value for {{{missing[0]}}}; pass {missing[0]}=…")
        unused = [name for name in values if name not in self.names]
        if unused:
            raise InvalidValue(f"expr: {unused[0]} has no place {{{unused[0]}}} in the template")

    def _mark(self, match: re.Match[str]) -> str:
        name = match[1]
        if any(token.start < match.start() < token.end for token in self._quoted):
            if name not in self.values:
                return match[0]
            raise InvalidValue(
                f"expr: {{{name}}} stands in quotes; write it without, as in job={{{name}}}: it is quoted for you"
            )
        self.names.append(name)
        return _STAND_IN.format(len(self.names) - 1)

    def result(self) -> str:
        """The template with each place filled."""
        pieces: list[str] = []
        opened: list[str] = []  # what stands before each open bracket, if it takes labels; else the bracket
        places = {_STAND_IN.format(i): name for i, name in enumerate(self.names)}
        found = [*tokens(self.marked), Token("eof", "", len(self.marked), len(self.marked))]
        done, before = 0, ""
        for token, after in pairwise(found):
            name = places.pop(token.text, None) if token.kind == "identifier" else None
            if name is not None:
                text = self._filled(name, before, after.kind, opened[-1] if opened else "")
                pieces += [self.marked[done : token.start], text]
                # A metric's name opens the braces itself; an empty set of matchers takes the comma behind it along.
                done = after.end if text.endswith(",") or (not text and after.kind == ",") else token.end
            if token.kind in {"(", "[", "{"}:
                opened.append(before if before in LISTS and token.kind == "(" else token.kind)
            elif token.kind in {")", "]", "}"} and opened:
                opened.pop()
            before = token.kind
        if places:
            raise InvalidValue(f"expr: {{{next(iter(places.values()))}}} cannot stand there; put blanks around it")
        text = "".join([*pieces, self.marked[done:]])
        parse(text)
        return text

    def _filled(self, name: str, before: str, after: str, inside: str) -> str:
        value = self.values[name]
        if inside == "[" or before == "offset":
            return _duration(name, value)
        if inside == "{":
            return _in_braces(name, value, before, after)
        if inside in LISTS:
            return ", ".join(label_name(label) for label in _texts(name, value, "label names"))
        if before == "@":
            return _number(name, value)
        return _operand(name, value, after)


def _duration(name: str, value: object) -> str:
    if not isinstance(value, (str, float, int, timedelta)):
        raise InvalidType(
            f"{name}: {type(value).__name__} is no duration; write '5m', a number of seconds or a timedelta"
        )
    return format_duration(seconds(value, name=name))


def _number(name: str, value: object) -> str:
    if isinstance(value, timedelta):
        return number_text(value.total_seconds())
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise InvalidType(f"{name}: {type(value).__name__} is no number")
    return number_text(float(value))


def _texts(name: str, value: object, what: str) -> list[str]:
    items = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [value]
    texts: list[str] = []
    for item in items:
        if isinstance(item, bool) or not isinstance(item, (str, int, float)):
            raise InvalidType(f"{name}: {type(item).__name__} is no text; {what} are needed here")
        texts.append(item if isinstance(item, str) else number_text(float(item)))
    return texts


def _in_braces(name: str, value: object, before: str, after: str) -> str:
    if before in {"=", "!="}:
        if not isinstance(value, (str, int, float)):
            raise InvalidValue(f"{name}: {type(value).__name__} after {before}; several values need =~ or !~")
        return quote(_texts(name, value, "label values")[0])
    if before in {"=~", "!~"}:
        if isinstance(value, str):
            return quote(value)
        return quote("|".join(escape_regex(text) for text in _texts(name, value, "label values")))
    if isinstance(value, Mapping):
        return ",".join(_matcher(name, label, wanted) for label, wanted in value.items())
    if after in {"=", "!=", "=~", "!~"}:
        if not isinstance(value, str) or not value:
            raise InvalidType(f"{name}: {value!r} is no label name")
        return label_name(value)
    raise InvalidType(f"{name}: {type(value).__name__} is no set of matchers; pass a mapping of labels to values")


def _matcher(name: str, label: object, wanted: object) -> str:
    if not isinstance(label, str) or not label:
        raise InvalidType(f"{name}: {label!r} is no label name")
    if isinstance(wanted, (str, int, float)) and not isinstance(wanted, bool):
        return f"{label_name(label)}={quote(_texts(name, wanted, 'label values')[0])}"
    return f"{label_name(label)}=~{quote('|'.join(map(escape_regex, _texts(name, wanted, 'label values'))))}"


def _operand(name: str, value: object, after: str) -> str:
    if isinstance(value, (Expression, Query)):
        return f"({value if isinstance(value, Expression) else parse(value)})"
    if not isinstance(value, str):
        number = _number(name, value)
        return f"({number})" if number[0] in "+-" else number
    plain = metric_name(value)
    if plain is not None:
        return plain
    if not value:
        raise InvalidValue(f"{name}: a metric name must not be empty")
    try:
        parse(value)
    except PromQLError:
        named = f"__name__={quote(value)}"
        return f"{{{named}," if after == "{" else f"{{{named}}}"
    raise InvalidValue(f"{name}: {value!r} is a query, not a metric name; pass expr({value!r}) to put it in")
