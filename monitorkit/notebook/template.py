"""Variables in a query: ``{{name}}`` stands for the value of a variable, quoted as its place needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.promql import Expression, expr, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["fill", "variable"]

_PLACE = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")
_SINGLE = re.compile(r"(?<!\{)\{([^\W\d]\w*)\}(?!\})")
_USABLE = "use a text, a number, a duration, a list of texts, a mapping of labels to values, or a query: mk.expr(…)"


def fill(query: str, namespace: Mapping[str, object]) -> str:
    r"""Fill variables into a query.

    Parameters
    ----------
    query
        PromQL, with ``{{name}}`` where the value of a variable goes; see :func:`monitorkit.expr` for what can go where.
        What stands in quotes or comments is text; single braces are PromQL's own.
    namespace
        The variables.

    Returns
    -------
    str
        The same text, to the letter, where there is nothing to fill in; else without its comments.

    Raises
    ------
    InvalidValue
        If there is no such variable, or its value cannot stand in its place.
    InvalidType
        If its value is of a type that no query can hold, such as a frame.
    PromQLError
        If the result is no valid query.

    Examples
    --------
    >>> print(fill("rate(x{job={{job}}}[{{window}}])", {"job": 'say "hi"', "window": "5m"}))
    rate(x{job="say \"hi\""}[5m])
    """
    _refuse_quoted(query, namespace)
    bare = "".join(text if kind != "comment" else "" for kind, text in _pieces(query)).strip()
    if not any("{{" in text for kind, text in _pieces(query) if kind == "code"):
        return query
    places = _Places(query)
    marked = "".join(places.marked(text) if kind == "code" else text for kind, text in _pieces(bare))
    values = {place: _usable(name, variable(name, namespace)) for name, place in places.by_name.items()}
    try:
        return expr(marked, **values)
    except (InvalidValue, InvalidType) as error:
        raise type(error)(places.named(str(error))) from None


def variable(name: str, namespace: Mapping[str, object]) -> object:
    """Value of a variable.

    Raises
    ------
    InvalidValue
        If there is none of this name.
    """
    if name in namespace:
        return namespace[name]
    usable = [known for known, value in namespace.items() if not known.startswith("_") and not callable(value)]
    near = get_close_matches(name, usable, n=1)
    advice = f"did you mean {{{{{near[0]}}}}}?" if near else f"set {name} = … in a cell before"
    raise InvalidValue(f"{{{{{name}}}}}: there is no variable {name}; {advice}")


def _pieces(query: str) -> Iterator[tuple[str, str]]:
    """The whole text in order, as ``code``, ``string`` and ``comment``."""
    done = 0
    for token in tokens(query):
        if token.kind == "string" or token.text[0] in "\"'`":
            yield from _between(query[done : token.start])
            yield "string", token.text
            done = token.end
    yield from _between(query[done:])


def _between(text: str) -> Iterator[tuple[str, str]]:
    for piece in re.split(r"(#[^\r\n]*)", text):
        yield "comment" if piece.startswith("#") else "code", piece


def _refuse_quoted(query: str, namespace: Mapping[str, object]) -> None:
    """A template in quotes is text; where it names a variable, that was hardly meant."""
    for kind, text in _pieces(query):
        match = _PLACE.search(text) if kind == "string" else None
        if match and match[1] in namespace:
            raise InvalidValue(
                f"{match[0]} stands in quotes; write it without, as in job={match[0]}: it is quoted for you"
            )


class _Places:
    """The variables of a query, each with a stand-in that `expr` takes and no text holds."""

    def __init__(self, query: str) -> None:
        self.by_name: dict[str, str] = {}
        self._stem = "monitorkit_value"
        while self._stem in query:
            self._stem += "_"

    def marked(self, code: str) -> str:
        """Code with its places in the form that `expr` takes."""
        rest = _PLACE.sub("", code)
        if single := _SINGLE.search(rest):
            raise InvalidValue(f"{single[0]} is no matcher; to fill in a variable write {{{single[0]}}}")
        if "{{" in rest:
            raise InvalidValue("{{…}} takes the name of a variable, nothing else; set one in a cell before")
        return _PLACE.sub(lambda match: f"{{{self._place(match[1])}}}", code)

    def _place(self, name: str) -> str:
        return self.by_name.setdefault(name, f"{self._stem}_{len(self.by_name)}_")

    def named(self, message: str) -> str:
        """A message of `expr`, in the words of the template."""
        message = message.removeprefix("expr: ").replace("pass expr(", "write mk.expr(")
        for name, place in self.by_name.items():
            message = message.replace(f"{{{place}}}", place).replace(place, f"{{{{{name}}}}}")
        return message


def _usable(name: str, value: object) -> object:
    """The value as `expr` takes it."""
    value = _plain(value)
    if isinstance(value, date):
        from monitorkit.query.times import moment  # noqa: PLC0415 - loads pandas, which few queries need

        return moment(value, now=0, name=f"{{{{{name}}}}}") / 1000
    known = (str, int, float, timedelta, list, Mapping, Expression)
    if isinstance(value, bool) or not isinstance(value, known):
        raise InvalidType(f"{{{{{name}}}}}: a {type(value).__name__} cannot stand in a query; {_USABLE}")
    return value


def _plain(value: object) -> object:
    """Plain Python in place of numpy's and pandas' numbers and columns, and a list for each collection."""
    times = getattr(getattr(value, "dtype", None), "kind", "") in {"M", "m"}
    if hasattr(value, "tolist") and not times:  # a time without a zone is no number
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, Mapping):
        return {label: _plain(wanted) for label, wanted in value.items()}
    return value
