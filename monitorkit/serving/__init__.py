"""The model server: serve a model over HTTP from a notebook, measured.

:func:`serve` starts one; the answer to ``GET /predict`` tells how to call it.
"""

from __future__ import annotations

from monitorkit.serving.client import Predictions
from monitorkit.serving.instrumentation import instrument
from monitorkit.serving.limits import Limits
from monitorkit.serving.server import ModelServer, serve
from monitorkit.serving.watching import watch
from monitorkit.serving.work.batching import Batching

__all__ = ["Batching", "Limits", "ModelServer", "Predictions", "instrument", "serve", "watch"]
