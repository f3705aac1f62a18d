"""A picture: a drawn dashboard or plot, shown by a notebook and saved to a file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from monitorkit.dashboards.drawing.sheet import png_bytes
from monitorkit.documents import absolute_path
from monitorkit.errors import InvalidValue

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from monitorkit.errors import DashboardError

__all__ = ["Picture"]


class Picture:
    """A drawn dashboard or plot.

    Parameters
    ----------
    figure
        The matplotlib figure, free to be changed before the picture is first shown.
    title
        What is drawn.
    width, height
        Size on the screen in pixels.
    errors
        Of panels that failed; the picture shows them in their place.
    text
        What a terminal shows in its place.
    """

    def __init__(
        self,
        figure: Figure,
        *,
        title: str,
        width: int,
        height: int,
        errors: tuple[DashboardError, ...] = (),
        text: str = "",
    ) -> None:
        self.figure = figure
        self.title = title
        self.width, self.height = width, height
        self.errors = errors
        self.text = text
        self._png: bytes | None = None
        self._lock = threading.Lock()

    @property
    def png(self) -> bytes:
        """The picture as PNG, sharper than its size on the screen; made once."""
        with self._lock:
            if self._png is None:
                self._png = png_bytes(self.figure)
            return self._png

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file.

        Parameters
        ----------
        path
            Ends in ``.png``, or in ``.svg`` or ``.pdf`` for a drawing that can be enlarged.

        Returns
        -------
        Path
            The file, absolute.

        Raises
        ------
        InvalidValue
            If the name ends otherwise.
        """
        path = absolute_path(path)
        kind = path.suffix.lower()
        if kind not in {".png", ".svg", ".pdf"}:
            raise InvalidValue(f"cannot save a picture as {path.name!r}; end the name in .png, .svg or .pdf")
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == ".png":
            path.write_bytes(self.png)
        else:
            self.figure.savefig(path, format=kind[1:], bbox_inches=None)
        return path

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return self.png, {"width": self.width, "height": self.height}

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ANN401, FBT001 - IPython's protocol
        printer.text(repr(self) if cycle or not self.text else self.text)

    def __repr__(self) -> str:
        n_failed = len(self.errors)
        failed = f", {n_failed} panel{'s' if n_failed > 1 else ''} failed" if n_failed else ""
        return f"<Picture {self.title!r}, {self.width} x {self.height}{failed}>"
