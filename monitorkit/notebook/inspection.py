"""Help on PromQL in cells: Shift-Tab in a notebook, a question mark behind a ``%promql`` line."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.page import page

from monitorkit.notebook import knowledge
from monitorkit.notebook.options import OPTIONS
from monitorkit.notebook.places import Place, place_at
from monitorkit.promql.cursor.help import Help, help_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["inspect", "load", "unload"]

_KEY = "monitorkit.promql.help"
"""Place in the shell's ``meta``, which is for what belongs to a session."""
# As IPython's own: the mark stands right behind a word.
_ASKED = re.compile(r"([ \t]*)%promql[ \t]+(\S.*?(?<=[\w:\"']))\?{1,2}[ \t]*(\r?\n)?")

_log = logging.getLogger(__name__)


def inspect(cell: str, cursor: int, namespace: Mapping[str, Any]) -> Help | None:
    """Tell about what stands at a cursor.

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
    Help or None
        None outside PromQL, and where there is nothing to say.

    Examples
    --------
    >>> inspect("%promql rate(up[5m])", 10, {}).title
    'rate(range)'
    """
    place = place_at(cell, cursor, namespace)
    return None if place is None else _at(place)


def _at(place: Place) -> Help | None:
    if place.kind == "query":
        return help_at(place.text, place.cursor, knowledge.known_at(place))
    option = next((one for one in OPTIONS if one.name == place.option), None)
    return Help(f"{option.name} {option.metavar}".rstrip(), "option of %promql", option.help) if option else None


class _KernelInspection:
    """A kernel's ``do_inspect`` that knows PromQL, and hands on what is none.

    Kernels find the Python name at the cursor first and look that up: nothing further in has the text of the cell.
    """

    def __init__(self, kernel: Any) -> None:  # noqa: ANN401 - ipykernel's, or one like it
        self.kernel = kernel
        self.original: Callable[..., Any] = kernel.do_inspect
        self.loaded = False

    def load(self) -> None:
        self.loaded = True
        self.kernel.do_inspect = self

    def unload(self) -> None:
        self.loaded = False  # somebody may have put another one over it
        if self.kernel.do_inspect is self:
            self.kernel.do_inspect = self.original

    def __call__(self, code: str, cursor_pos: int, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - a reply, or a promise of one
        try:
            place = place_at(code, cursor_pos, self.kernel.shell.user_ns) if self.loaded else None
            found = None if place is None else _at(place)
        except Exception:  # noqa: BLE001 - the reply must come
            _log.debug("no help", exc_info=True)
            place = found = None
        if found is not None:
            return _reply({"text/plain": found.text, "text/html": found.html})
        if place is not None and place.client is None:
            return _reply({})  # a word of PromQL, which may be a name in Python as well
        return self.original(code, cursor_pos, *args, **kwargs)


def _reply(data: dict[str, str]) -> dict[str, Any]:
    return {"status": "ok", "found": bool(data), "data": data, "metadata": {}}


class _ShellHelp:
    """``%promql rate?``: a transformer of what is run, and what it leads to."""

    def __init__(self, shell: Any) -> None:  # noqa: ANN401 - IPython's shell
        self._shell = shell
        kernel = getattr(shell, "kernel", None)
        self._kernel = _KernelInspection(kernel) if hasattr(kernel, "do_inspect") else None

    def load(self) -> None:
        self._shell.input_transformers_cleanup.append(self)
        if self._kernel is not None:
            self._kernel.load()

    def unload(self) -> None:
        if self._kernel is not None:
            self._kernel.unload()
        with suppress(ValueError):
            self._shell.input_transformers_cleanup.remove(self)

    def __call__(self, lines: list[str]) -> list[str]:
        asked = _ASKED.fullmatch(lines[0]) if len(lines) == 1 else None
        if asked is None:
            return lines
        return [f"{asked[1]}get_ipython().meta[{_KEY!r}].show({asked[2]!r}){asked[3] or ''}"]

    def show(self, query: str) -> None:
        """Show help on the last word of a query."""
        cell = f"%promql {query}"
        found = inspect(cell, len(cell), self._shell.user_ns)
        if found is None:
            raise UsageError(f"%promql: nothing is known about {query}")
        page({"text/plain": found.text, "text/html": found.html})


def load(ipython: Any) -> None:  # noqa: ANN401 - IPython's shell
    """Explain PromQL in a shell, and in the kernel around it; what was loaded before is replaced."""
    unload(ipython)
    ipython.meta[_KEY] = help_in_shell = _ShellHelp(ipython)
    help_in_shell.load()


def unload(ipython: Any) -> None:  # noqa: ANN401 - as above
    """Take out what `load` put in; nothing where it was not loaded."""
    if _KEY in ipython.meta:
        ipython.meta.pop(_KEY).unload()
