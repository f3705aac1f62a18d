"""The error tree.

.. code-block:: text

    MonitorkitError
    ├── QueryError          a server refused a query
    ├── ServerUnavailable   no usable answer from a server
    ├── Unsupported         a server does not have a part of the API
    ├── RuleError           a rule or rule file is wrong
    ├── DashboardError      a panel or dashboard is wrong
    ├── ServiceError        a process did not start, or ended
    ├── InvalidValue        a wrong argument, also a ValueError
    └── InvalidType         an argument of a wrong type, also a TypeError

Each message says what is wrong, which thing it is, and what to do. In IPython an error of this tree is shown as that
message alone: its traceback would show frames of this package, which are of no use to the person who made the mistake.
"""

from __future__ import annotations

import reprlib
import unicodedata

__all__ = [
    "DashboardError",
    "InvalidType",
    "InvalidValue",
    "MonitorkitError",
    "QueryError",
    "RuleError",
    "ServerUnavailable",
    "ServiceError",
    "Unsupported",
    "told",
]

_WIDEST = 120
_MOST_LINES = 20
"""What an error shows of a query at most: columns, and lines."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80


def told(value: object) -> str:
    """Write a wrong value for an error message: in one line, and a short one.

    Examples
    --------
    >>> told("5x"), told(list(range(1000)))
    ("'5x'", '[0, 1, 2, 3, 4, 5, ...]')
    """
    text = _SHORT.repr(value)
    return type(value).__name__ if "\n" in text else text


class MonitorkitError(Exception):
    """What every error of this package derives from."""

    def _render_traceback_(self) -> list[str]:
        """Lines that IPython prints in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class InvalidValue(MonitorkitError, ValueError):
    """An argument has a value that cannot be used."""


class InvalidType(MonitorkitError, TypeError):
    """An argument has a type that cannot be used."""


class QueryError(MonitorkitError):
    """A server refused a query.

    Parameters
    ----------
    message
        The server's own words.
    query
        The PromQL text as it was sent.
    error_type
        The server's class of error, for example ``bad_data``, ``execution`` or ``timeout``.
    position
        Offset into `query` of the mistake, in characters, where the server gives one.
    server
        URL and version of the server, as one line.

    Examples
    --------
    >>> print(QueryError("unclosed left parenthesis", query="sum(up", error_type="bad_data", position=3))
    bad_data: unclosed left parenthesis
      sum(up
         ^
    """

    def __init__(
        self,
        message: str,
        *,
        query: str = "",
        error_type: str = "bad_data",
        position: int | None = None,
        server: str = "",
    ) -> None:
        self.message = message
        self.query = query
        self.error_type = error_type
        self.position = position
        self.server = server
        super().__init__("\n".join([f"{error_type}: {message}", *self._context()]))

    def _context(self) -> list[str]:
        """The query with a caret under the mistake, of a long one what is around it; then the server."""
        lines: list[str] = []
        start, here = 0, 0
        for text in self.query.splitlines(keepends=True):
            end = start + len(text)
            if self.position is not None and (start <= self.position < end or self.position == end == len(self.query)):
                shown, before = _around(text.rstrip(), self.position - start)
                here = len(lines)
                lines += [f"  {shown}", " " * (before + 2) + "^"]
            else:
                lines.append(f"  {_around(text.rstrip(), 0)[0]}")
            start = end
        first = max(min(here - _MOST_LINES // 2, len(lines) - _MOST_LINES), 0)
        cut = first + _MOST_LINES < len(lines)
        lines = ["  …"] * (first > 0) + lines[first : first + _MOST_LINES] + ["  …"] * cut
        if self.server:
            lines.append(f"  {self.server}")
        return lines


def _around(line: str, offset: int) -> tuple[str, int]:
    """A line, shortened around an offset in it, and how many columns of a terminal are before that."""
    line = line.replace("\t", " ")
    first = max(min(offset - _WIDEST // 2, len(line) - _WIDEST), 0)
    shown = line[first : first + _WIDEST]
    cut = "…" * (first > 0)
    before = f"{cut}{shown[: offset - first]}".ljust(offset - first)
    return f"{cut}{shown}{'…' * (first + _WIDEST < len(line))}", _columns(before)


def _columns(text: str) -> int:
    """How wide a terminal shows a text: Chinese characters take two columns, combining accents none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in {"W", "F"} for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


class ServerUnavailable(MonitorkitError):
    """A server gave no answer that can be used.

    Parameters
    ----------
    url
        What was asked.
    reason
        What happened, and what to do about it.
    status
        Status of the HTTP answer, where one came.
    """

    def __init__(self, url: str, reason: str, *, status: int | None = None) -> None:
        self.url = url
        self.reason = reason
        self.status = status
        super().__init__(f"{url}: {reason}")


class Unsupported(MonitorkitError):
    """A server does not have a part of the API.

    Parameters
    ----------
    what
        The part that it does not have.
    server
        URL and version of the server, as one line.
    advice
        What to do instead.

    Examples
    --------
    >>> print(Unsupported("list of flags", server="http://m:8428 (VictoriaMetrics)", advice="see how it was started"))
    http://m:8428 (VictoriaMetrics): this server has no list of flags; see how it was started
    """

    def __init__(self, what: str, *, server: str, advice: str = "") -> None:
        self.what = what
        self.server = server
        self.advice = advice
        super().__init__(f"{server}: this server has no {what}" + (f"; {advice}" if advice else ""))


class RuleError(MonitorkitError):
    """An alerting or recording rule is wrong.

    Parameters
    ----------
    message
        What is wrong.
    file
        The rule file, where there is one.
    line
        Line in that file, counted from 1.
    """

    def __init__(self, message: str, *, file: str = "", line: int | None = None) -> None:
        self.file = file
        self.line = line
        place = f"{file}:{line}" if file and line else file or (f"line {line}" if line else "")
        super().__init__(f"{place}: {message}" if place else message)


class DashboardError(MonitorkitError):
    """A dashboard cannot be drawn or written.

    Parameters
    ----------
    message
        What is wrong.
    panel
        Title of the panel, where it is one panel's fault.
    """

    def __init__(self, message: str, *, panel: str = "") -> None:
        self.panel = panel
        super().__init__(f"panel {panel!r}: {message}" if panel else message)


class ServiceError(MonitorkitError):
    """A process did not start, was refused, or ended.

    Parameters
    ----------
    message
        What happened, and what to do.
    service
        Name of the service.
    log_tail
        The last lines that the process wrote.
    """

    def __init__(self, message: str, *, service: str = "", log_tail: str = "") -> None:
        self.service = service
        self.log_tail = log_tail
        text = f"{service}: {message}" if service else message
        if log_tail:
            text += "\n" + "\n".join(f"  | {line}" for line in log_tail.splitlines())
        super().__init__(text)
