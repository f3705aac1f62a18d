"""Fonts: DejaVu Sans, which comes with matplotlib, and one for Chinese where the machine has one."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

from matplotlib import font_manager

__all__ = ["Family", "cjk_family", "drawable", "families", "is_bold"]

Family = Literal["sans", "mono"]

_BASE: dict[Family, str] = {"sans": "DejaVu Sans", "mono": "DejaVu Sans Mono"}
# What Linux distributions, macOS and Windows call theirs; Noto and Source Han are the same design.
_CJK = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "STHeiti",
    "Microsoft YaHei",
    "SimHei",
    "Droid Sans Fallback",
    "Noto Sans CJK JP",
    "Noto Sans CJK TC",
    "Arial Unicode MS",
)
_CJK_FILES = ("noto", "sourcehan", "wqy", "pingfang", "hiragino", "heiti", "msyh", "simhei", "droidsansfallback")
_PLACEHOLDER = "□"
_BOLD = {"semibold", "demibold", "demi", "bold", "heavy", "extra bold", "black", 600, 700, 800, 900}


def families(text: str, family: Family = "sans") -> tuple[str, ...]:
    """Font families to draw a text with, best first; only such as are installed, so that nothing warns.

    Examples
    --------
    >>> families("up", "mono")
    ('DejaVu Sans Mono',)
    """
    base = _BASE[family]
    if text.isascii() or all(ord(char) in _characters(base) for char in text) or cjk_family() is None:
        return (base,)
    return (base, cjk_family() or base)


def is_bold(families: tuple[str, ...]) -> bool:
    """Whether each of these families has bold letters."""
    bold = {font.name for font in font_manager.fontManager.ttflist if font.weight in _BOLD}
    return bold.issuperset(families)


@cache
def cjk_family() -> str | None:
    """The first of the known Chinese families that matplotlib can use."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    if not known.intersection(_CJK):
        known |= _found_since()
    return next((name for name in _CJK if name in known), None)


def _found_since() -> set[str]:
    """Families of fonts that were installed after matplotlib wrote its list of fonts, which it never renews itself."""
    listed = list(font_manager.fontManager.ttflist)
    files = {Path(font.fname) for font in listed}
    for file in map(Path, font_manager.findSystemFonts()):
        name = file.name.lower().replace("-", "").replace("_", "")
        if file not in files and name.startswith(_CJK_FILES):
            with suppress(OSError, RuntimeError):  # a font that FreeType cannot read is none
                font_manager.fontManager.addfont(file)
    # One file may hold several families.
    return {font.name for font in font_manager.fontManager.ttflist} - {font.name for font in listed}


def drawable(text: str, family: Family = "sans") -> str:
    r"""Text with what no font has replaced by a small square, and without line breaks or control characters.

    matplotlib would draw the square too, but warn for each one; filtering its warnings is not possible from a thread.

    Examples
    --------
    >>> drawable("p95 of a\nb")
    'p95 of a b'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_glyph(char, family) for char in text)


@cache
def _glyph(char: str, family: Family) -> str:
    if char.isspace():
        return " "
    if not char.isprintable():
        return ""
    return char if any(ord(char) in _characters(name) for name in families(char, family)) else _PLACEHOLDER


@cache
def _characters(family: str) -> frozenset[int]:
    """Code points that a family has glyphs for."""
    return frozenset(font_manager.get_font(font_manager.findfont(family)).get_charmap())
