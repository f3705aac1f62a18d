"""What ``%load_ext monitorkit`` loads into IPython: the magics, completion and help."""

from __future__ import annotations

from typing import Any

from monitorkit.notebook import completion, labextension
from monitorkit.notebook.magics import PromQLMagics

__all__ = ["load", "unload"]

_NAME = PromQLMagics.__name__


def load(ipython: Any) -> None:  # noqa: ANN401 - IPython's shell
    """Register the magics and completion; what was loaded before is replaced."""
    unload(ipython)
    magics = PromQLMagics(ipython)
    ipython.register_magics(magics)
    ipython.events.register("post_run_cell", magics.after_cell)
    completion.load(ipython)
    labextension.load(ipython)


def unload(ipython: Any) -> None:  # noqa: ANN401 - as above
    """Take out what `load` registered; nothing where it was not loaded."""
    magics = ipython.magics_manager.registry.pop(_NAME, None)
    if magics is None:
        return
    ipython.events.unregister("post_run_cell", magics.after_cell)
    for of_kind in ipython.magics_manager.magics.values():
        of_kind.pop("promql", None)
    magics.close()
    completion.unload(ipython)
    labextension.unload(ipython)
