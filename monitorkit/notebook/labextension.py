"""What the JupyterLab extension asks for: completions and help, over a comm.

A kernel answers other requests between two cells; a comm of the extension has a thread of its own where there are
subshells (ipykernel 7, JupyterLab 4.5), so that answers come while a cell runs. Without the extension nothing asks, and
IPython completes by itself.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from comm import get_comm_manager

from monitorkit.notebook.completion import complete
from monitorkit.notebook.inspection import inspect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comm.base_comm import BaseComm

__all__ = ["TARGET", "load", "unload"]

TARGET = "monitorkit.promql"
"""Name that the extension opens its comms to."""

_KEY = "monitorkit labextension"

_log = logging.getLogger(__name__)


class _Answers:
    """Answers the comms of one shell.

    A question is ``{id, method, code, cursor}``, its answer ``{id, answer}``: for ``complete`` the span of the cell to
    be replaced and what may stand there, for ``inspect`` a text; null where there is nothing to say. Offsets are in
    characters.
    """

    def __init__(self, shell: Any) -> None:  # noqa: ANN401 - IPython's shell
        self._shell = shell
        self._comms: list[BaseComm] = []
        self._methods: dict[str, Callable[[str, int], object]] = {"complete": self._complete, "inspect": self._inspect}

    def opened(self, comm: BaseComm, _message: object) -> None:
        """Take a comm that a front-end has opened."""
        comm.on_msg(lambda message: comm.send(self.reply(message["content"]["data"])))
        self._comms.append(comm)

    def reply(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a question, whatever it is; a completion never fails."""
        try:
            answer = self._methods[question["method"]](question["code"], question["cursor"])
        except Exception:  # noqa: BLE001 - the front-end waits for a reply
            _log.debug("no answer", exc_info=True)
            answer = None
        return {"id": question.get("id"), "answer": answer}

    def close(self) -> None:
        """End the comms; front-ends open others when there is somebody to answer again."""
        for comm in self._comms:
            comm.close()
        self._comms.clear()

    def _complete(self, code: str, cursor: int) -> dict[str, Any] | None:
        found = complete(code, cursor, self._shell.user_ns)
        if found is None:
            return None
        items = [{"text": entry.text, "type": entry.type} for entry in found.entries]
        return {"start": found.start, "end": found.end, "items": items}

    def _inspect(self, code: str, cursor: int) -> str | None:
        found = inspect(code, cursor, self._shell.user_ns)
        return None if found is None else found.text


def load(ipython: Any) -> None:  # noqa: ANN401 - IPython's shell
    """Answer the extension in a kernel; nothing in a terminal. What was loaded before is replaced."""
    unload(ipython)
    if getattr(ipython, "kernel", None) is not None:
        answers = ipython.meta[_KEY] = _Answers(ipython)
        get_comm_manager().register_target(TARGET, answers.opened)


def unload(ipython: Any) -> None:  # noqa: ANN401 - as above
    """Answer no more; nothing where it was not loaded."""
    answers = ipython.meta.pop(_KEY, None)
    if answers is not None:
        get_comm_manager().unregister_target(TARGET, answers.opened)
        answers.close()
