"""A panel's card: ground, title, description, and what stands there instead of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.dashboards.colors import BORDER, INK, MUTED, PAPER, text_color
from monitorkit.dashboards.drawing.sheet import elide, text_width, wrap

if TYPE_CHECKING:
    from monitorkit.dashboards.drawing.sheet import Box, Sheet
    from monitorkit.dashboards.panels import Panel
    from monitorkit.dashboards.reading import Reading

__all__ = ["draw_card", "draw_empty", "draw_error"]

PADDING = 12.0
TITLE_SIZE = 12.5
NOTE_SIZE = 10.0
MONO_SIZE = 10.0
MONO_LEADING = 14.0
DESCRIBED_WIDTH, DESCRIBED_HEIGHT = 240.0, 160.0
"""A smaller card has no room for its description."""


def draw_card(sheet: Sheet, box: Box, panel: Panel, note: str = "") -> Box:
    """Draw ground, title and first sentence of the description; return the box that is left inside.

    Parameters
    ----------
    note
        Stands at the right of the title.
    """
    x, y, width, height = box
    sheet.box(box, face=PAPER, edge=BORDER, radius=4)
    inner = width - 2 * PADDING
    note = elide(note, inner / 2, NOTE_SIZE)
    if note:
        sheet.text(x + width - PADDING, y + 20, note, size=NOTE_SIZE, color=MUTED, ha="right")
    room = inner - (text_width(note, NOTE_SIZE) + 10 if note else 0)
    sheet.text(x + PADDING, y + 20, elide(panel.title, room, TITLE_SIZE, "bold"), size=TITLE_SIZE, weight="bold")
    top = 30.0
    if panel.description and width >= DESCRIBED_WIDTH and height >= DESCRIBED_HEIGHT:
        sheet.text(
            x + PADDING,
            y + 36,
            elide(_first_sentence(panel.description), inner, NOTE_SIZE),
            size=NOTE_SIZE,
            color=MUTED,
        )
        top = 44.0
    return x + PADDING, y + top, inner, height - top - 10


def _first_sentence(text: str) -> str:
    """As far as the first full stop before a space, without it; all where there is none."""
    text = " ".join(text.split())
    for mark in (". ", "。"):
        text = text.split(mark, 1)[0]
    return text.removesuffix(".")


def draw_empty(sheet: Sheet, box: Box, reading: Reading) -> None:
    """Say that there is nothing to show, and why."""
    x, y, width, height = box
    asked = [reading.window.expand(query.expr) for query in reading.panel.targets]
    if reading.panel.no_data:
        reason = reading.panel.no_data
    elif reading.lines:
        reason = "the query returned NaN only"
    else:
        reason = "the query returned no series" if len(asked) == 1 else "no query returned a series"
    n_lines = max(0, min(3, int((height - 44) // MONO_LEADING)))
    lines = wrap(" ; ".join(asked), width - 10, MONO_SIZE, n_lines=n_lines, family="mono") if n_lines else []
    middle = y + (height - 34 - MONO_LEADING * len(lines)) / 2
    sheet.text(x + width / 2, middle + 15, "No data", size=15, color=MUTED, weight="bold", ha="center")
    sheet.text(x + width / 2, middle + 32, elide(reason, width, NOTE_SIZE), size=NOTE_SIZE, color=MUTED, ha="center")
    for index, line in enumerate(lines):
        place = middle + 50 + MONO_LEADING * index
        sheet.text(x + width / 2, place, line, size=MONO_SIZE, color=MUTED, ha="center", family="mono")


def draw_error(sheet: Sheet, box: Box, reading: Reading) -> None:
    """Show what went wrong, as a server's caret under the mistake needs it: in lines, with equally wide letters."""
    x, y, width, height = box
    sheet.text(x, y + 14, "This panel failed", size=12, color=text_color("red"), weight="bold")
    n_lines = max(1, int((height - 22) // MONO_LEADING))
    lines = [line.expandtabs(4) for line in reading.message.splitlines() if line.strip()]
    if len(lines) == 1:
        lines = wrap(lines[0], width, MONO_SIZE, n_lines=n_lines, family="mono")
    for index, line in enumerate(lines[:n_lines]):
        text = elide(line, width, MONO_SIZE, "normal", "mono")
        sheet.text(x, y + 34 + MONO_LEADING * index, text, size=MONO_SIZE, color=INK, family="mono")
