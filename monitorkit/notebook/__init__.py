"""What needs a notebook: the only package that imports IPython and ipywidgets."""

from __future__ import annotations

from monitorkit.notebook.live import LiveView

__all__ = ["LiveView"]
