"""Measuring a bare function: no server around it, only its metrics on a port."""

from __future__ import annotations

from monitorkit.serving.watching.decorator import watch

__all__ = ["watch"]
