"""PromQL as it is given by a caller: text that can be sent."""

from __future__ import annotations

from monitorkit.errors import InvalidType, InvalidValue, told

__all__ = ["checked"]


def checked(expr: str, *, name: str = "query", example: str = "PromQL, for example 'up'") -> str:
    """Return a query, or a name in one, that can be sent.

    Parameters
    ----------
    expr
        The text.
    name
        What it is called in an error message.
    example
        What to write instead of nothing.

    Raises
    ------
    InvalidType
        If it is no text.
    InvalidValue
        If it is empty, or holds half a character.

    Examples
    --------
    >>> checked("up")
    'up'
    """
    if not isinstance(expr, str):
        raise InvalidType(f"{name}: {told(expr)} is no text; write {example}")
    if not expr.strip():
        raise InvalidValue(f"{name}: it is empty; write {example}")
    try:
        expr.encode()
    except UnicodeEncodeError as error:
        raise InvalidValue(f"{name}: {expr[error.start]!r} is no character that can be sent") from None
    return expr
