"""Measuring applications that were written elsewhere: Flask and other WSGI, FastAPI, Starlette and other ASGI.

Nothing here imports a web framework: what an application is shows in what it can do.
"""

from __future__ import annotations

from monitorkit.serving.instrumentation.application import instrument

__all__ = ["instrument"]
