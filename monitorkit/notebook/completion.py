"""Completion of PromQL in cells, through IPython: in a terminal, in JupyterLab, in VS Code."""

from __future__ import annotations

import logging
import os
import re
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.completer import SimpleCompletion, context_matcher

from monitorkit.notebook import inspection, knowledge
from monitorkit.notebook.options import OPTIONS
from monitorkit.notebook.places import Place, place_at
from monitorkit.promql import Expression
from monitorkit.promql.cursor.completion import Entry
from monitorkit.promql.cursor.completion import complete as complete_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from IPython.core.completer import CompletionContext

__all__ = ["CellCompletion", "complete", "load", "unload"]

IDENTIFIER = "monitorkit.promql"
"""Name of the matcher in IPython's settings, for example to switch it off with ``IPCompleter.disable_matchers``."""

_PRIORITY = 1000  # before Jedi, whose work would be for nothing
_FILLING = (str, int, float, timedelta, list, tuple, set, frozenset, dict, Expression)
_VALUES = {
    "DURATION": ("5m", "15m", "1h", "6h", "1d", "7d", "15s", "30s", "1m"),
    "TIME": ("now", "now-5m", "now-1h", "now-1d"),
}
"""What one often writes, by what the option takes."""

_MOST_FILES = 2000
"""Files of a folder that are looked at: completion must not wait for a large one."""

_log = logging.getLogger(__name__)


class CellCompletion(NamedTuple):
    """What to offer at a cursor in a cell.

    Parameters
    ----------
    start, end
        Span of the cell that a chosen entry replaces; `end` is the cursor.
    entries
        The best first.
    """

    start: int
    end: int
    entries: tuple[Entry, ...]


def complete(cell: str, cursor: int, namespace: Mapping[str, Any]) -> CellCompletion | None:
    """Tell what may be written at a cursor.

    Parameters
    ----------
    cell
        The whole cell.
    cursor
        Offset in characters.
    namespace
        The user's variables.

    Returns
    -------
    CellCompletion or None
        None outside PromQL.

    Examples
    --------
    >>> found = complete("%promql up off", 14, {})
    >>> found.start, [entry.text for entry in found.entries]
    (11, ['offset'])
    """
    place = place_at(cell, cursor, namespace)
    if place is None:
        return None
    if place.kind != "query":
        return CellCompletion(place.origins[0], cursor, tuple(_of_the_magic(place, namespace)))
    found = complete_query(place.text, place.cursor, knowledge.known_at(place), mark=place.mark)
    start = place.origins[found.start] if found.start < place.cursor else cursor
    entries = [entry for entry in found.entries if entry.text]
    written = [Entry(text, entry.kind, entry.detail) for entry in entries if (text := place.written(entry.text))]
    if place.opens:
        written += _options(place)
    return CellCompletion(start, cursor, tuple(written))


def _of_the_magic(place: Place, namespace: Mapping[str, Any]) -> Iterable[Entry]:
    """Options, their values, and variables for a template."""
    if place.kind == "option":
        return _options(place)
    if place.kind == "variable":
        return (
            Entry(name, "variable", type(value).__name__)
            for name, value in sorted(dict(namespace).items())
            if name.startswith(place.text) and not name.startswith("_") and isinstance(value, _FILLING)
        )
    metavar = next((option.metavar for option in OPTIONS if option.name == place.option), "")
    if metavar == "FOLDER":
        return (Entry(text, "value") for text in _folders(place.text))
    return (Entry(text, "value") for text in _VALUES.get(metavar, ()) if text.startswith(place.text))


def _folders(text: str) -> list[str]:
    """Folders whose path begins so, as one writes on: none that is hidden unless its dot is there."""
    above, slash, start = text.rpartition("/")
    if re.search(r"[\s'\"{}]", text):
        return []
    try:
        with os.scandir(Path(above + slash or ".").expanduser()) as found:
            names = [each.name for each in islice(found, _MOST_FILES) if each.is_dir()]
    except (OSError, ValueError, RuntimeError):
        return []
    shown = (name for name in sorted(names) if name.startswith(start) and (start or not name.startswith(".")))
    return [f"{above}{slash}{name}/" for name in shown if not re.search(r"[\s'\"{}]", name)]


def _options(place: Place) -> Iterator[Entry]:
    written = place.text if place.kind == "option" else ""
    given = place.options or {}
    for option in OPTIONS:
        if option.name.startswith(written) and option.name not in given:
            yield Entry(option.name, "option")


class _Nothing(list[SimpleCompletion]):
    """No completions, though IPython takes it for some: only then does it leave Python's names and files out."""

    def __len__(self) -> int:
        return 1


class _Completing:
    """Completion in one shell: the matcher, and the event after which names are fetched."""

    def __init__(self, shell: Any) -> None:  # noqa: ANN401 - IPython's shell
        self._shell = shell

        @context_matcher(identifier=IDENTIFIER, priority=_PRIORITY)  # type: ignore[untyped-decorator]  # none published
        def matcher(context: CompletionContext) -> dict[str, Any]:
            return self._match(context)

        self._matcher = matcher

    def load(self) -> None:
        self._shell.Completer.custom_matchers.append(self._matcher)
        self._shell.events.register("post_run_cell", self._after_cell)
        self._after_cell()

    def unload(self) -> None:
        with suppress(ValueError):  # somebody else may have taken them out
            self._shell.Completer.custom_matchers.remove(self._matcher)
        with suppress(ValueError):
            self._shell.events.unregister("post_run_cell", self._after_cell)

    def _match(self, context: CompletionContext) -> dict[str, Any]:
        cell = context.full_text
        lines = cell.split("\n")
        cursor = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
        try:
            found = complete(cell, cursor, self._shell.user_ns)
        except Exception:  # noqa: BLE001 - IPython would print it into the cell
            _log.debug("no completion", exc_info=True)
            found = None
        if found is None:
            return {"completions": [], "suppress": False}
        entries = [SimpleCompletion(text=entry.text, type=entry.type) for entry in found.entries]
        return {
            "completions": entries or _Nothing(),
            "matched_fragment": cell[found.start : cursor],
            "suppress": True,
            "ordered": True,
        }

    def _after_cell(self, _result: object = None) -> None:
        with suppress(Exception):
            knowledge.warm()


def load(ipython: Any) -> None:  # noqa: ANN401 - IPython's shell
    """Complete and explain PromQL in a shell; what was loaded before is replaced."""
    unload(ipython)
    ipython.meta[IDENTIFIER] = completing = _Completing(ipython)
    completing.load()
    inspection.load(ipython)


def unload(ipython: Any) -> None:  # noqa: ANN401 - as above
    """Take out what `load` put in; nothing where it was not loaded."""
    if IDENTIFIER in ipython.meta:
        ipython.meta.pop(IDENTIFIER).unload()
    inspection.unload(ipython)
