"""Showing a picture in a cell's output, and exchanging it later, from any thread."""

from __future__ import annotations

import sys
import uuid
from base64 import b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitorkit.dashboards.drawing import Picture

__all__ = ["PictureOutput", "in_notebook"]


def in_notebook() -> bool:
    """Whether this process is a Jupyter kernel, which can show pictures; a terminal, IPython's too, cannot.

    Examples
    --------
    >>> in_notebook()
    False
    """
    return hasattr(_shell(), "kernel")


def _shell() -> Any | None:  # noqa: ANN401 - IPython's shell; its class depends on where it runs
    # A kernel has imported IPython long before this; where nobody has, there is no shell, and no reason to import it.
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


class PictureOutput:
    """A picture in the output of the cell that is running, exchangeable for as long as the kernel lives.

    It is plain ``image/png`` with a display id, not a widget: the notebook file holds the picture as it was last, for
    GitHub and for a reader without a kernel, and nothing has to be trusted or stored beside it. It does not use
    ``Output`` or ``print``, so that no output of another cell gets caught, and it keeps IPython's publisher, so that
    ``%%capture`` in another cell does not catch this one.

    Notes
    -----
    Source: Jupyter's messaging documentation, ``display_data`` and ``update_display_data``.
    """

    def __init__(self, picture: Picture) -> None:
        shell = _shell()
        assert shell is not None  # noqa: S101 - callers ask in_notebook() before
        self._publisher = shell.display_pub
        self._display_id = uuid.uuid4().hex
        self._publish(picture, update=False)

    def update(self, picture: Picture) -> None:
        """Put another picture in place of the one that is shown."""
        self._publish(picture, update=True)

    def _publish(self, picture: Picture, *, update: bool) -> None:
        self._publisher.publish(
            data={"image/png": b64encode(picture.png).decode("ascii"), "text/plain": repr(picture)},
            metadata={"image/png": {"width": picture.width, "height": picture.height}},
            transient={"display_id": self._display_id},
            update=update,
        )
