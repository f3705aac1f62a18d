"""Drawing a dashboard with matplotlib: the only door to it.

Figures are made and rendered without pyplot, so that a thread can draw while a cell of the notebook runs.
"""

from __future__ import annotations

from monitorkit.dashboards.drawing.clock import clock_text
from monitorkit.dashboards.drawing.page import draw_page
from monitorkit.dashboards.drawing.picture import Picture

__all__ = ["Picture", "clock_text", "draw_page"]
