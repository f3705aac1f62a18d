"""What one server offers of the API: tried once, then remembered.

No version number tells it: VictoriaMetrics gives a false one, proxies take parts away, Debian builds leave parts out.
So each part is asked for, and what answers like an unknown path is kept in mind.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from monitorkit.errors import MonitorkitError, QueryError, ServerUnavailable, Unsupported
from monitorkit.query import remarks
from monitorkit.query.decoding import envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitorkit.query.connection.parts import Part
    from monitorkit.query.connection.transport import Transport
    from monitorkit.query.decoding.envelope import Answer

__all__ = ["Offer"]

T = TypeVar("T")

_NO_SUCH_PATH = {404, 405, 410, 501}
_UNSUPPORTED = (
    "unsupported path",
    "unavailable with Prometheus Agent",
    "not implemented",
    "cardinality analysis is disabled",
)
"""What servers write about a part that they do not have (VictoriaMetrics, Prometheus in agent mode, proxies, Mimir)."""


class Offer:
    """The parts of the API that a server has.

    Parameters
    ----------
    transport
        What talks to the server.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._missing: set[str] = set()

    def ask(
        self,
        part: Part,
        params: Mapping[str, Any] | None = None,
        *,
        path: str = "",
        method: str = "GET",
        remember: bool = True,
    ) -> Answer[Any]:
        """Ask for a part of the API.

        Parameters
        ----------
        part
            What is asked for.
        params
            Its parameters.
        path
            Its path, where it is not that of the part.
        method
            ``GET`` or ``POST``.
        remember
            Whether it need not be asked for again where it is missing.

        Raises
        ------
        Unsupported
            If the server does not have it.
        QueryError, ServerUnavailable
            As for any other call.
        """
        if part.what in self._missing:
            raise self._unsupported(part)
        try:
            decoder = envelope.BareDecoder if part.bare else envelope.PlainDecoder
            return self._transport.call(path or part.path, params, method=method, decoder=decoder)
        except MonitorkitError as error:
            if not self._tells_of_absence(error):
                raise
        if remember:
            self._missing.add(part.what)
        with suppress(ServerUnavailable):
            # So that the error says whose lack it is.
            self._transport.engine()
        raise self._unsupported(part)

    def forget(self) -> None:
        """Find out anew what the server has."""
        self._missing.clear()

    def read(self, part: Part, answer: Answer[Any], reader: Callable[[Any], T]) -> T:
        """Bring an answer into form.

        Raises
        ------
        ServerUnavailable
            If it has another form than the API's.
        """
        try:
            return reader(answer.data)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
            address = f"{self._transport.url}/{part.path}"
            why = f"the answer is no {part.what} of the Prometheus API ({type(error).__name__}: {error})"
            raise ServerUnavailable(address, f"{why}; is this another program?") from None

    def remark_if_hollow(self, part: Part, *, empty: bool) -> None:
        """Warn that an empty answer was to be expected, where an engine has a path but nothing behind it."""
        if empty and (advice := part.hollow.get(self._transport.engine().name)):
            remarks.issue([advice])

    def _unsupported(self, part: Part) -> Unsupported:
        return Unsupported(part.what, server=self._transport.server, advice=part.advice)

    def _tells_of_absence(self, error: MonitorkitError) -> bool:
        if isinstance(error, QueryError):
            return any(text in error.message for text in _UNSUPPORTED)
        if not isinstance(error, ServerUnavailable) or error.status is None:
            return False
        if any(text in error.reason for text in _UNSUPPORTED):
            return True
        # Under a wrong root nothing is found; that is another mistake, with another cure.
        return error.status in _NO_SUCH_PATH and self._answers_queries()

    def _answers_queries(self) -> bool:
        try:
            self._transport.call("api/v1/query", {"query": "1"})
        except MonitorkitError:
            return False
        return True
