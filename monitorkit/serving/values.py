"""What goes into a model and comes out of it, as the server handles it."""

from __future__ import annotations

import numpy as np

__all__ = ["LABEL_TYPES", "Label", "Matrix", "TrueLabel"]

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
"""Rows, one a prediction; of objects where there is text among them."""

Label = str | int | float | bool
"""A class or a number, as JSON has them."""

LABEL_TYPES = frozenset({str, int, float, bool})
"""The types of a label."""

TrueLabel = Label | list[Label]
"""A class or a number; for several labels a list of them, or of 0 and 1."""
