"""What a server remarks beside its answer, passed on as Python warnings at the line that asked."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ServerWarning", "issue"]

_PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"


class ServerWarning(UserWarning):
    """A server answered, but the answer may not be what it seems."""


def issue(texts: Iterable[str]) -> None:
    """Warn of each text, as the doing of the first caller outside this package.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as issued:
    ...     warnings.simplefilter("always")
    ...     issue(["partial response"])
    >>> print(issued[0].message)
    partial response
    """
    for text in texts:
        warnings.warn(text, ServerWarning, stacklevel=_depth_of_caller())


def _depth_of_caller() -> int:
    """How many frames above :func:`issue` the caller outside this package is, as `warnings.warn` counts."""
    depth, frame = 1, sys._getframe(1)  # noqa: SLF001 - the one way to see the stack that costs nothing
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        depth, frame = depth + 1, frame.f_back
    return depth
