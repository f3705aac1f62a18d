"""Refusals: the answers to what cannot be answered, as values that can be raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitorkit.metrics import RequestStatus

__all__ = ["Refusal", "bad_input", "kind_of", "stopping"]

_KINDS = {type(None): "null", str: "text", dict: "an object", list: "a list", bool: "true or false"}
SERVER_ERRORS = 500


class Refusal(Exception):
    """A request that is not answered with predictions.

    Parameters
    ----------
    code
        HTTP status code.
    error
        Short name of the kind of mistake, for programs.
    detail
        What is wrong and what to do, for people.
    which
        Which part of the request it is, such as ``instances[2]``; empty where it is the whole.
    headers
        Headers of the answer beside those of every answer.

    Examples
    --------
    >>> Refusal(400, "empty", "instances is empty: send at least one row", which="instances").body()
    {'error': 'empty', 'which': 'instances', 'detail': 'instances is empty: send at least one row'}
    """

    def __init__(
        self, code: int, error: str, detail: str, *, which: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.error = error
        self.detail = detail
        self.which = which
        self.headers = dict(headers or {})

    @property
    def status(self) -> RequestStatus:
        """What the request is counted as."""
        if self.error == "queue_full":
            return "shed"
        return "server_error" if self.code >= SERVER_ERRORS else "client_error"

    def body(self) -> dict[str, str]:
        """The answer as a JSON document."""
        which = {"which": self.which} if self.which else {}
        return {"error": self.error, **which, "detail": self.detail}


def stopping() -> Refusal:
    """The refusal of a request that comes when the server is about to end."""
    return Refusal(503, "stopping", "the server is stopping: start it again and repeat the request")


def bad_input(error: str, detail: str, which: str = "") -> Refusal:
    """The refusal of what a client sent."""
    return Refusal(400, error, detail, which=which)


def kind_of(value: object) -> str:
    """What a JSON value is, in words.

    Examples
    --------
    >>> kind_of(None), kind_of(1.5)
    ('null', 'a number')
    """
    return _KINDS.get(type(value), "a number")
