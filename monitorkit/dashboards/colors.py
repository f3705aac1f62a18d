"""Colours by Grafana's names, so that one spec looks alike in a picture and in Grafana.

The shades are those of Grafana's light theme, whose contrast is made for a white ground.
"""

from __future__ import annotations

import re

from monitorkit.errors import InvalidValue

__all__ = ["BORDER", "GRID", "INK", "LINE_COLORS", "MUTED", "PAGE", "PAPER", "RAIL", "hex_color", "text_color"]

_SHADES = ("super-light-", "light-", "", "semi-dark-", "dark-")
_HUES = {
    "red": ("#FF7383", "#F2495C", "#E02F44", "#C4162A", "#AD0317"),
    "orange": ("#FFB357", "#FF9830", "#FF780A", "#FA6400", "#E55400"),
    "yellow": ("#FFEE52", "#FADE2A", "#F2CC0C", "#E0B400", "#CC9D00"),
    "green": ("#96D98D", "#73BF69", "#56A64B", "#37872D", "#19730E"),
    "blue": ("#8AB8FF", "#5794F2", "#3274D9", "#1F60C4", "#1250B0"),
    "purple": ("#CA95E5", "#B877D9", "#A352CC", "#8F3BB8", "#7C2EA3"),
}
INK = "#24292E"
"""Colour of text, Grafana's ``text``."""

MUTED, BORDER, GRID, RAIL, PAPER, PAGE = "#6B727C", "#E2E5E9", "#ECEEF1", "#E9EBEE", "#FFFFFF", "#F4F5F7"
"""Colours of secondary text, of a panel's edge, grid lines, a gauge's empty arc, a panel and the ground behind."""

_NAMED = {shade + hue: value for hue, values in _HUES.items() for shade, value in zip(_SHADES, values, strict=True)} | {
    "text": INK,
    "gray": "#8E8E8E",
}
_HEX = re.compile(r"#[0-9a-fA-F]{6}")

LINE_COLORS = (
    "#3274D9",
    "#FF780A",
    "#56A64B",
    "#A352CC",
    "#CC9D00",
    "#1AA5A5",
    "#E0529C",
    "#7A6A58",
    "#8AB8FF",
    "#FFB357",
    "#96D98D",
    "#CA95E5",
)
"""Colours of the lines of one panel, in order. Red is left to thresholds."""


def hex_color(color: str) -> str:
    """Look up a colour by the name that Grafana gives it.

    Parameters
    ----------
    color
        ``red``, ``orange``, ``yellow``, ``green``, ``blue`` or ``purple``, each also with ``super-light-``, ``light-``,
        ``semi-dark-`` or ``dark-`` before it; ``text``, ``gray``; or ``#rrggbb``.

    Raises
    ------
    InvalidValue
        If there is no such colour.

    Examples
    --------
    >>> hex_color("dark-red"), hex_color("#1f77b4")
    ('#AD0317', '#1f77b4')
    """
    if isinstance(color, str):
        if color in _NAMED:
            return _NAMED[color]
        if _HEX.fullmatch(color):
            return color
    hues = ", ".join(_HUES)
    raise InvalidValue(
        f"no colour {color!r}; use {hues}, text or gray (also 'dark-red', 'light-blue' ...), or '#rrggbb'"
    )


def text_color(color: str) -> str:
    """Darker shade of a plain hue, for text: yellow letters on white cannot be read.

    Examples
    --------
    >>> text_color("green") == hex_color("dark-green"), text_color("#112233")
    (True, '#112233')
    """
    return hex_color(f"dark-{color}" if color in _HUES else color)
