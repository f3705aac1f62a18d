"""Text in the quotes of one's choice, and text in quotes that are not closed yet."""

from __future__ import annotations

from monitorkit.promql.literals import quote, unquote

__all__ = ["quoted", "unquoted"]


def quoted(text: str, mark: str) -> str:
    r"""Write text as a string literal in ``'`` or ``"``.

    Examples
    --------
    >>> print(quoted("it's", "'"))
    'it\'s'
    """
    written = quote(text)
    if mark == '"':
        return written
    # Each double quote in it has a backslash of its own before it.
    return "'" + written[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"


def unquoted(written: str, mark: str) -> str:
    r"""Value of what stands behind an open quotation mark; as it is where there is none, or an escape is wrong.

    Examples
    --------
    >>> print(unquoted(r"a\\b", '"'))
    a\b
    """
    if not mark:
        return written
    value = unquote(f"{mark}{written}{mark}")
    return value if isinstance(value, str) else written
