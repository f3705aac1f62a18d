"""JSON in the bodies of requests."""

from __future__ import annotations

from typing import Any

import orjson

from monitorkit.serving.refusals import bad_input, kind_of

__all__ = ["document_of", "field"]


def document_of(body: bytes) -> Any:  # noqa: ANN401 - a JSON document is any value
    """Read a JSON document.

    Raises
    ------
    Refusal
        If it is none; it says where.

    Examples
    --------
    >>> document_of(b'{"a": 1}')
    {'a': 1}
    """
    if not body.strip():
        raise bad_input("empty", "the body is empty: send JSON")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        hint = ""
        if b"NaN" in body or b"Infinity" in body or "infinity" in str(error):
            hint = "; JSON has no NaN and no infinity: fill missing values before sending"
        place = f"line {error.lineno}, column {error.colno}"
        raise bad_input("not_json", f"the body is not JSON: {error.msg}, at {place}{hint}", place) from None


def field(document: Any, key: str, example: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value under a key of an object.

    Parameters
    ----------
    document
        Any JSON value.
    key, example
        What it should have, and how that looks.

    Raises
    ------
    Refusal
        If it is no object, or has no such key.

    Examples
    --------
    >>> field({"ids": [1]}, "ids", '{"ids": ["..."]}')
    [1]
    """
    if not isinstance(document, dict):
        raise bad_input("wrong_type", f"the body is {kind_of(document)}: send an object, as in {example}")
    if key not in document:
        found = ", ".join(sorted(str(name)[:40] for name in document)[:10]) or "none"
        raise bad_input("missing_key", f"the key {key!r} is missing (keys found: {found}): send {example}", key)
    return document[key]
