"""What a listing of series, labels or values is restricted to, as the API takes it."""

from __future__ import annotations

import re

__all__ = ["label_path"]

_PLAIN_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def label_path(label: str) -> str:
    """Write a label as part of a path.

    Notes
    -----
    A name beyond letters, digits and _ takes the form that Prometheus reads since 3.0 (documentation, "HTTP API",
    "Querying label values").

    Examples
    --------
    >>> label_path("a.b_c")
    'U__a_2e_b__c'
    """
    if _PLAIN_LABEL.fullmatch(label):
        return label
    return "U__" + "".join(
        "__" if each == "_" else each if each.isascii() and each.isalnum() else f"_{ord(each):x}_" for each in label
    )
