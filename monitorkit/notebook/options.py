"""The options of the magics: what there is, and how they are told from the query that follows them."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from monitorkit.errors import InvalidValue
from monitorkit.notebook.template import variable
from monitorkit.promql import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OPTIONS", "Option", "Options", "help_text", "misplaced", "read_options", "variable_name"]


@dataclass(frozen=True)
class Option:
    """One option.

    Parameters
    ----------
    name
        With its two dashes.
    metavar
        What its value is; empty where it takes none.
    help
        What it does, in a line.
    """

    name: str
    metavar: str
    help: str


OPTIONS = (
    Option("--last", "DURATION", "length of the range, up to --end: 15m, 1h30m; one hour unless given"),
    Option("--start", "TIME", "first moment: now-1h, 2026-01-31T12:00, a unix time, or a variable: {{name}}"),
    Option("--end", "TIME", "last moment; now unless given"),
    Option("--step", "DURATION", "distance between two steps: 15s; fitting the range unless given"),
    Option("--at", "TIME", "moment of an instant query; now unless given"),
    Option("--as", "NAME", "variable that keeps the frame"),
    Option("--plot", "", "show a picture in place of the frame"),
    Option("--tidy", "", "one row per value, labels as columns"),
    Option("--url", "URL", "server to ask; the Prometheus last started or connected unless given, then MONITORKIT_URL"),
    Option("--legend", "TEXT", 'names of the series: "{{instance}} of {{job}}"'),
    Option("--cache", "FOLDER", "where steps that no longer change are kept, so that a range is asked for once"),
)
"""In the order of the help; any of --last, --start, --end, --step makes the query one over a range."""

_BY_NAME = {option.name: option for option in OPTIONS}
_RANGE = ("last", "start", "end", "step")
_OPTION = re.compile(r"\s*(--[A-Za-z][\w-]*)(=?)")
_QUOTED = re.compile(r'"([^"]*)"|' + r"'([^']*)'")
_WORD = re.compile(rf"(?:{_QUOTED.pattern}|\{{\{{[^{{}}]*\}}\}}|[^\s\"'])+")
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Options:
    """The options of one call; None where one was not given.

    Durations, moments, the URL and the folder are texts, or what a variable held.
    """

    last: Any = None
    start: Any = None
    end: Any = None
    step: Any = None
    at: Any = None
    as_: str | None = None
    plot: bool = False
    tidy: bool = False
    url: Any = None
    legend: str | None = None
    cache: Any = None
    help: bool = False

    @property
    def ranged(self) -> bool:
        """Whether the query is one over a range of time."""
        return any(getattr(self, name) is not None for name in _RANGE)


def read_options(line: str, namespace: Mapping[str, object]) -> tuple[Options, str]:
    """Part the options at the beginning of a line from the query.

    Parameters
    ----------
    line
        Text behind the magic's name. The query is left as it is, to the letter.
    namespace
        Variables, for values such as ``--start {{incident}}``.

    Raises
    ------
    InvalidValue
        If an option does not exist, lacks its value, is given twice, or does not go with another.

    Examples
    --------
    >>> options, query = read_options('--last 1h --plot rate(x{job="a b"}[5m])', {})
    >>> options.last, options.plot, query
    ('1h', True, 'rate(x{job="a b"}[5m])')
    """
    given: dict[str, Any] = {}
    rest = line
    while match := _OPTION.match(rest):
        option = _option(match[1])
        field = option.name[2:]
        if field in given:
            raise InvalidValue(f"{option.name} is given twice; leave one out")
        rest = rest[match.end() :]
        if option.metavar:
            text, rest = _value(option, rest)
            given[field] = text if field in {"as", "legend"} else _resolved(text, namespace)
        elif match[2]:
            raise InvalidValue(f"{option.name} takes no value")
        else:
            given[field] = True
    if "as" in given:
        given["as_"] = variable_name(given.pop("as"), "--as")
    options = Options(**given)
    if options.at is not None and options.ranged:
        other = next(name for name in _RANGE if name in given)
        raise InvalidValue(f"--at asks for one moment, --{other} for a range of time; leave one out")
    if options.cache is not None and not (options.ranged or options.help):
        raise InvalidValue("--cache keeps ranges of time, and this asks for one moment; add --last 1h, or leave it out")
    return options, rest.strip()


def _option(name: str) -> Option:
    if name == "--help":
        return Option("--help", "", "")
    if name in _BY_NAME:
        return _BY_NAME[name]
    near = get_close_matches(name, _BY_NAME, n=1)
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(_BY_NAME)}"
    raise InvalidValue(f"no option {name}; {advice}")


def _value(option: Option, rest: str) -> tuple[str, str]:
    rest = rest.lstrip()
    match = _WORD.match(rest)
    end = match.end() if match else 0
    if match is None or match[0].startswith("--") or not match[0]:
        if rest[:1] in {"'", '"'}:
            raise InvalidValue(f"{option.name}: the value's quotation mark {rest[0]} is not closed")
        raise InvalidValue(f"{option.name} needs a value: {option.name} {option.metavar}, {option.help}")
    if rest[end : end + 1] in {"'", '"'}:
        raise InvalidValue(f"{option.name}: the value's quotation mark {rest[end]} is not closed")
    return _QUOTED.sub(lambda quoted: quoted[1] if quoted[1] is not None else quoted[2], match[0]), rest[end:]


def _resolved(text: str, namespace: Mapping[str, object]) -> object:
    """The text, or the value of the variable that it names."""
    match = _VARIABLE.fullmatch(text)
    return variable(match[1], namespace) if match else text


def variable_name(name: str, place: str) -> str:
    """Check that a frame can be kept under a name.

    Raises
    ------
    InvalidValue
        If it is no name of a variable; `place` says where it was given.
    """
    if not name.isidentifier():
        raise InvalidValue(f"{place}: {name!r} is no name of a variable; use letters, digits and _, as in 'latency'")
    if keyword.iskeyword(name):
        raise InvalidValue(f"{place}: {name!r} is a word of Python; take another name")
    return name


def misplaced(query: str) -> str:
    """Option that stands behind or in a query, where it would be subtraction; empty where there is none.

    Examples
    --------
    >>> misplaced("up --plot"), misplaced('up{a="x --plot"}')
    ('--plot', '')
    """
    found = tokens(query)
    for first, second, word in zip(found, found[1:], found[2:], strict=False):
        dashes = first.text == second.text == "-" and first.end == second.start and second.end == word.start
        apart = first.start == 0 or query[first.start - 1].isspace()
        if dashes and apart and f"--{word.text}" in _BY_NAME:
            return f"--{word.text}"
    return ""


def help_text() -> str:
    """List of the options, one a line."""
    width = max(len(f"{option.name} {option.metavar}") for option in OPTIONS)
    return "\n".join(f"{option.name} {option.metavar}".ljust(width + 2) + option.help for option in OPTIONS)
