"""What needs a notebook: the only package that imports IPython."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.lazy import lazy_names

if TYPE_CHECKING:
    from monitorkit.notebook.live import LiveView

__all__ = ["LiveView"]

# Loading the magics must not wait for matplotlib, which the live view needs.
__getattr__ = lazy_names(__name__, {"live": ("LiveView",)})
