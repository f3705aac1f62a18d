"""The models that all contenders serve; numpy alone, so that every environment has them."""

from __future__ import annotations

import numpy as np

ROW = [5.1, 3.5, 1.4, 0.2]


def trivial(X: np.ndarray) -> np.ndarray:
    """Compare two columns: as little as a model can do and still look at its rows."""
    return (X[:, 0] > X[:, 1]).astype(int)
