"""Arguments of a call, found by their names."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Named"]

_POSITIONAL = frozenset({inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD})


class Named:
    """Where a function takes an argument of one of these names.

    Parameters
    ----------
    function
        What is called.
    names
        Names that the argument may have, the first one that is given counts.

    Examples
    --------
    >>> Named(lambda a, y=None: a, "y", "y_true").of((1, 2), {})
    2
    """

    def __init__(self, function: Callable[..., Any], *names: str) -> None:
        parameters: Mapping[str, inspect.Parameter]
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):
            # Some that are written in C tell nothing.
            parameters = {}
        order = [name for name, one in parameters.items() if one.kind in _POSITIONAL]
        self._places = [(name, order.index(name) if name in order else None) for name in names]

    def of(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any argument
        """The argument of a call; None where it was not given."""
        for name, place in self._places:
            if name in kwargs:
                return kwargs[name]
            if place is not None and place < len(args):
                return args[place]
        return None
