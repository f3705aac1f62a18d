"""A sheet: a matplotlib figure drawn on in pixels from the upper left corner, as pages and screens are.

Everything is given to matplotlib with the text, and nothing taken from ``rcParams`` or pyplot: a style that the user
has set does not change a dashboard, and a dashboard drawn in a thread does not change the user's plots.
"""

from __future__ import annotations

import io
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.patheffects import AbstractPathEffect
from matplotlib.transforms import Affine2D

from monitorkit.dashboards.colors import INK
from monitorkit.dashboards.drawing.fonts import Family, drawable, families, is_bold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["Box", "Sheet", "elide", "elide_apart", "png_bytes", "text_width", "wrap"]

PIXELS_PER_INCH = 100.0
POINTS_PER_PIXEL = 72.0 / PIXELS_PER_INCH
MEASURE_SCALE = 2.0
"""Dots per pixel at which widths are measured: letters are put on whole dots, so that widths depend on it a little."""

# One picture at a time: FreeType faces and font caches are shared by all figures of a process.
_RENDERING = threading.RLock()

Weight = Literal["normal", "bold"]
Box = tuple[float, float, float, float]
"""x, y, width, height in pixels, y downwards."""


class Sheet:
    """A figure with its size and a place to write.

    Parameters
    ----------
    width, height
        In pixels.
    scale
        Dots of the picture per pixel; 2 is sharp on the screens of today.
    ground
        Colour of the paper.
    """

    def __init__(self, width: float, height: float, *, scale: float, ground: str) -> None:
        self.width, self.height = width, height
        size = (width / PIXELS_PER_INCH, height / PIXELS_PER_INCH)
        self.figure = Figure(figsize=size, dpi=PIXELS_PER_INCH * scale, facecolor=ground, layout=None)
        self.figure.set_layout_engine("none")  # not the one of rcParams, which would move our axes
        down = Affine2D().scale(1 / PIXELS_PER_INCH, -1 / PIXELS_PER_INCH).translate(0, height / PIXELS_PER_INCH)
        self.pixels = down + self.figure.dpi_scale_trans

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 12,
        color: str = INK,
        weight: Weight = "normal",
        ha: Literal["left", "center", "right"] = "left",
        va: Literal["baseline", "center", "top", "bottom"] = "baseline",
        family: Family = "sans",
    ) -> None:
        """Write one line of text; `size` is in pixels."""
        text = drawable(text, family)
        style = {"color": color, "ha": ha, "va": va, "transform": self.pixels, **text_style(text, size, weight, family)}
        self.figure.text(x, y, text, **style)

    def box(
        self,
        box: Box,
        *,
        face: str = "none",
        edge: str = "none",
        radius: float = 0,
        alpha: float = 1,
        zorder: float = 0,
    ) -> None:
        """Draw a rectangle with rounded corners."""
        x, y, width, height = box
        patch = FancyBboxPatch(
            (x, y),
            width,
            height,
            boxstyle=f"round,pad=0,rounding_size={radius}" if radius else "square,pad=0",
            facecolor=face,
            edgecolor=edge,
            linewidth=POINTS_PER_PIXEL,
            alpha=alpha,
            transform=self.pixels,
            zorder=zorder,
        )
        self.figure.add_artist(patch)

    def line(
        self, xs: Sequence[float], ys: Sequence[float], *, color: str, width: float = 1, zorder: float = 1
    ) -> None:
        """Draw a line through points."""
        points = POINTS_PER_PIXEL * width
        artist = Line2D(xs, ys, color=color, linewidth=points, transform=self.pixels, zorder=zorder)
        self.figure.add_artist(artist)

    def axes(self, box: Box) -> Axes:
        """Add axes without frame, ticks or ground."""
        x, y, width, height = box
        place = (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(place)
        axes.set_axis_off()
        return axes


def text_style(text: str, size: float, weight: Weight = "normal", family: Family = "sans") -> dict[str, Any]:
    """Properties of text that is only text: no mathematics between dollar signs, no TeX.

    A family without bold letters, as many Chinese ones are, gets them by a thin outline.
    """
    names = families(text, family)
    style: dict[str, Any] = {
        "fontsize": size * POINTS_PER_PIXEL,
        "fontfamily": list(names),
        "fontweight": weight,
        "parse_math": False,
        "usetex": False,
    }
    if weight == "bold" and not is_bold(names):
        return style | {"fontweight": "normal", "path_effects": [Thicker(size * 0.02 * POINTS_PER_PIXEL)]}
    return style


class Thicker(AbstractPathEffect):
    """Draws letters with an outline of their own colour."""

    def __init__(self, points: float) -> None:
        super().__init__()
        self._points = points

    def draw_path(self, renderer: Any, gc: Any, tpath: Any, affine: Any, rgbFace: Any = None) -> None:  # noqa: ANN401 - matplotlib's signature
        """Fill the path, and go around it."""
        outline = renderer.new_gc()
        outline.copy_properties(gc)
        outline.set_linewidth(renderer.points_to_pixels(self._points))
        outline.set_foreground(rgbFace or gc.get_rgb())
        renderer.draw_path(outline, tpath, affine, rgbFace)
        outline.restore()


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: Weight = "normal", family: Family = "sans") -> float:
    """Width of a line of text in pixels."""
    with _RENDERING:
        style = FontProperties(family=list(families(text, family)), size=size * POINTS_PER_PIXEL)
        if weight == "bold" and is_bold(families(text, family)):
            style.set_weight("bold")
        width, _, _ = _measure().get_text_width_height_descent(drawable(text, family), style, ismath=False)
    return float(width) / MEASURE_SCALE


@lru_cache(maxsize=1)
def _measure() -> Any:  # noqa: ANN401 - a renderer of matplotlib, which has no public type for it
    canvas: Any = FigureCanvasAgg(Figure(figsize=(1, 1), dpi=PIXELS_PER_INCH * MEASURE_SCALE))
    return canvas.get_renderer()


def elide(text: str, width: float, size: float, weight: Weight = "normal", family: Family = "sans") -> str:
    """Text, cut with an ellipsis where it is wider than `width` pixels.

    Examples
    --------
    >>> elide("inference", 500, 12), elide("inference", 40, 12)[-1]
    ('inference', '…')
    """
    if text_width(text, size, weight, family) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = text_width(text[:middle].rstrip() + "…", size, weight, family) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip() + "…"


def elide_apart(texts: Sequence[str], width: float, size: float) -> list[str]:
    """Texts as :func:`elide` cuts them; in their middle where they begin alike and would look the same.

    Examples
    --------
    >>> ks, psi = elide_apart(["feature=income statistic=ks", "feature=income statistic=psi"], 90, 12)
    >>> ks[:4], ks[-3:], psi[-3:]
    ('feat', '=ks', 'psi')
    """
    cut = [elide(text, width, size) for text in texts]
    alike = {shown for shown in cut if cut.count(shown) > 1}
    return [
        _elide_middle(text, width, size) if shown in alike and shown != text else shown
        for text, shown in zip(texts, cut, strict=True)
    ]


def _elide_middle(text: str, width: float, size: float) -> str:
    """The beginning and the end of a text, with an ellipsis between them."""
    low, high = 0, len(text) - 1
    while low < high:
        kept = (low + high + 1) // 2
        fits = text_width(_ends(text, kept), size) <= width
        low, high = (kept, high) if fits else (low, kept - 1)
    return _ends(text, low)


def _ends(text: str, kept: int) -> str:
    tail = kept // 2
    return text[: kept - tail].rstrip() + "…" + text[len(text) - tail :].lstrip()


def wrap(text: str, width: float, size: float, *, n_lines: int, family: Family = "sans") -> list[str]:
    """Break text into at most `n_lines` lines of `width` pixels, at spaces where there are any; the rest is elided."""
    lines: list[str] = []
    rest = " ".join(text.split())
    while rest and len(lines) < n_lines - 1 and text_width(rest, size, "normal", family) > width:
        fits = elide(rest, width, size, "normal", family).removesuffix("…")
        cut = fits.rfind(" ") + 1 if rest[len(fits) : len(fits) + 1] != " " else len(fits)
        cut = cut if cut > len(fits) // 2 else max(len(fits), 1)
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*lines, elide(rest, width, size, "normal", family)] if rest else lines


def png_bytes(figure: Figure) -> bytes:
    """PNG of a figure; the same figure gives the same bytes."""
    file = io.BytesIO()
    with _RENDERING:
        canvas = _canvas(*figure.get_size_inches(), figure.dpi)
        blank, canvas.figure = canvas.figure, figure
        figure.set_canvas(canvas)
        try:
            # print_png, not savefig: that one crops as rcParams say. Level 3 takes half the time of the default 6.
            canvas.print_png(file, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
        finally:
            canvas.figure = blank
            FigureCanvasBase(figure)
    return file.getvalue()


@lru_cache(maxsize=2)
def _canvas(width: float, height: float, dpi: float) -> Any:  # noqa: ANN401 - its methods have no types
    """Canvas to draw figures of one size on, one after the other.

    A canvas holds every dot, some 15 MB, and each text that was drawn on it keeps it alive until the garbage collector
    finds the figure. With a canvas for each picture a live view grows by hundreds of megabytes; with one it stays flat.
    """
    return FigureCanvasAgg(Figure(figsize=(width, height), dpi=dpi))
