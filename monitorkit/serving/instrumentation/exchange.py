"""One request on its way through an application, and the meter that all of them pass."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from monitorkit.metrics.requests.http import UNMATCHED

if TYPE_CHECKING:
    from monitorkit.metrics import RequestStatus
    from monitorkit.metrics.requests.http import ApplicationMetrics
    from monitorkit.serving.instrumentation.paths import PredictPaths

__all__ = ["CLIENT_CLOSED", "FAILED", "Exchange", "Meter"]

CLIENT_CLOSED = 499
"""Code of a request whose client left before the answer began, as nginx counts it."""

FAILED = 500
"""Code of a request whose answer ended with an exception, whatever had been sent of it."""

_UNAVAILABLE = 503
_TOO_MANY = 429
_CLIENT_ERRORS = 400
_SERVER_ERRORS = 500
_ASKS_NOTHING = frozenset({"HEAD", "OPTIONS"})


class Meter:
    """What counts the requests of one application.

    Parameters
    ----------
    metrics
        The application's series.
    paths
        Which paths ask the model.
    """

    def __init__(self, metrics: ApplicationMetrics, paths: PredictPaths) -> None:
        self.metrics = metrics
        self.paths = paths

    def begin(self, method: str, path: str) -> Exchange:
        """Take in a request; `path` is as the client sent it."""
        return Exchange(self, method, self.may_ask_model(method, path))

    def may_ask_model(self, method: str, path: str) -> bool:
        """Whether a request is for the model: a method that only asks about a path is for nobody."""
        return method not in _ASKS_NOTHING and self.paths.covers(path)


class Exchange:
    """One request that is being answered; counted once, by the first call of :meth:`end`.

    Attributes
    ----------
    path
        Template of the route that takes it, :data:`UNMATCHED` where none does; None until the answer begins.
    code
        Status code of the answer.
    """

    __slots__ = ("_asks_model", "_ended", "_meter", "_method", "_started", "code", "path", "retry_later")

    def __init__(self, meter: Meter, method: str, asks_model: bool) -> None:  # noqa: FBT001 - only made by the meter
        self._meter = meter
        self._method = method
        self._asks_model = asks_model
        self._ended = False
        self.path: str | None = None
        self.code = FAILED
        self.retry_later = False
        meter.metrics.add_in_flight(1)
        if asks_model:
            meter.metrics.add_inference_in_flight(1)
        self._started = time.perf_counter()

    def answer(self, code: int, path: str | None, *, retry_later: bool = False) -> None:
        """Note how the answer begins.

        Parameters
        ----------
        code
            Its status code.
        path
            Template of the route that took the request; None where none did.
        retry_later
            Whether the client is asked to come again.
        """
        self.code = code
        self.path = path or UNMATCHED
        self.retry_later = retry_later

    def fail(self, path: str | None = None) -> None:
        """Count a request that ended with an exception."""
        self.answer(FAILED, path or self.path)
        self.end()

    def drop(self) -> None:
        """Count nothing of it: it was no request that gets an answer."""
        if self._ended:
            return
        self._ended = True
        self._meter.metrics.add_in_flight(-1)
        if self._asks_model:
            self._meter.metrics.add_inference_in_flight(-1)

    def end(self) -> None:
        """Count the request as answered."""
        if self._ended:
            return
        seconds = time.perf_counter() - self._started
        self.drop()
        metrics = self._meter.metrics
        path = self.path or UNMATCHED
        metrics.count(self._method, path, self.code, seconds)
        if self._meter.may_ask_model(self._method, path):
            metrics.count_inference(self._status(), seconds)

    def _status(self) -> RequestStatus:
        if self.code == _TOO_MANY or (self.code == _UNAVAILABLE and self.retry_later):
            return "shed"
        if self.code >= _SERVER_ERRORS:
            return "server_error"
        return "client_error" if self.code >= _CLIENT_ERRORS else "ok"
