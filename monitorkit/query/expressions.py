"""PromQL as it is given by a caller: text that can be sent."""

from __future__ import annotations

from monitorkit.errors import InvalidType, InvalidValue

__all__ = ["checked"]


def checked(expr: str) -> str:
    """Return a query that can be sent.

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
        raise InvalidType(f"query: {expr!r} is no text")
    if not expr.strip():
        raise InvalidValue("query: it is empty; write PromQL, for example 'up'")
    try:
        expr.encode()
    except UnicodeEncodeError as error:
        raise InvalidValue(f"query: {expr[error.start]!r} is no character that can be sent") from None
    return expr
