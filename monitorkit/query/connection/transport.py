"""Requests to one server: the only module that talks to any.

Every request has a timeout; credentials go to the server they were given for and to no other; whatever comes back that
is no answer of the Prometheus API becomes one clear error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
import urllib3

from monitorkit.errors import MonitorkitError, ServerUnavailable
from monitorkit.query import times
from monitorkit.query.connection import bodies, faults
from monitorkit.query.connection.access import access
from monitorkit.query.connection.address import is_loopback, root, same_server
from monitorkit.query.connection.bodies import Reply
from monitorkit.query.connection.deadlines import answered_by
from monitorkit.query.connection.engine import UNKNOWN, Engine, recognise
from monitorkit.query.connection.forks import keep_apart
from monitorkit.query.connection.limits import Limits
from monitorkit.query.connection.retries import Attempts, Pace, may_be_over, may_pass
from monitorkit.query.connection.sessions import Session
from monitorkit.query.connection.skew import Skew
from monitorkit.query.decoding import envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Unpack

    from monitorkit.query.connection.access import Options

__all__ = ["Reply", "Transport"]

T = TypeVar("T")

CONNECT_TIMEOUT_SECONDS = 10.0
MAX_REDIRECTS = 5
THREADS = 4
"""How many pieces of a long range are asked for at once."""
THREADS_ON_LOOPBACK = 2
"""The same where the server is on this machine: it needs the processors as well, and no way has to be waited for."""

_METHOD_NOT_ALLOWED = 405
_SERVER_ERROR = 500
_REDIRECTS = {301, 302, 307, 308}


class Transport:
    """Requests to one server.

    Parameters
    ----------
    url
        Root of the server, with its path prefix if it has one. A user and password in it are taken out and used as
        `auth`.
    pace
        What times and draws the pauses between attempts.
    options
        How the server is reached; see :class:`monitorkit.query.PrometheusClient`.

    Raises
    ------
    InvalidValue, InvalidType
        If the URL or one of the options cannot be used.
    """

    def __init__(self, url: str, *, pace: Pace | None = None, **options: Unpack[Options]) -> None:
        self.url, from_url = root(url)
        self.access = access(from_url, **options)
        self.clock: Callable[[tuple[object, ...]], int] = _machine_clock
        self.taped = False
        """Whether what is asked is recorded, or answered from a recording."""
        self._pace = pace or Pace()
        self.skew = Skew()
        self._owns_session = self.access.session is None
        self.threads = _threads(self.url, shared=self._owns_session)
        self.forget()
        self.session = self.access.session or self.access.equipped(Session())
        for adapter in self.session.adapters.values():
            if isinstance(adapter, requests.adapters.HTTPAdapter):
                keep_apart(adapter)
        if self._owns_session and is_loopback(self.url):
            # Compressing costs more than sending where nothing leaves the machine.
            self.session.headers["Accept-Encoding"] = "identity"

    def __repr__(self) -> str:
        return f"Transport({self.url!r})"

    def forget(self) -> None:
        """Begin anew to learn what answers, and what it allows in one query: of steps, and of raw samples."""
        self._engine: Engine | None = None
        self._only_get = False
        self.limits = Limits()
        self.raw_limits = Limits(max_points=None)

    @property
    def timeout_seconds(self) -> float:
        """How long one call may take as a whole."""
        return self.access.timeout_seconds

    @property
    def server(self) -> str:
        """URL and engine in one line, the engine once it is known."""
        return f"{self.url} ({self._engine})" if self._engine and str(self._engine) else self.url

    def now_ms(self, *question: object) -> int:
        """Return the present for a question, in ms: this machine's, or, in a replay, that of when it was recorded."""
        return self.clock(question)

    def engine(self) -> Engine:
        """Return the program behind the URL, asked once."""
        if self._engine is not None:
            return self._engine
        reply = self.receive("api/v1/status/buildinfo")
        try:
            found = recognise(envelope.plain(reply.body).data)
        except (envelope.Malformed, envelope.Refused, AttributeError):
            found = UNKNOWN
        if reply.status < _SERVER_ERROR:
            # A server that is starting may know later what it is.
            self._engine = found
        return found

    def close(self) -> None:
        """Close the connections, unless the session is the caller's."""
        if self._owns_session:
            self.session.close()

    def call(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        method: str = "GET",
        decoder: Callable[[], envelope.Decoder[T]] = envelope.PlainDecoder,
    ) -> envelope.Answer[T]:
        """Call an end point of the API.

        Parameters
        ----------
        path
            Path below the server's root, such as ``api/v1/query``.
        params
            Its parameters; with ``POST`` they are sent as a form, so that a long query fits.
        method
            ``GET`` or ``POST``.
        decoder
            Makes what turns the body into an answer, a new one for each attempt; it is fed while the body arrives.

        Raises
        ------
        QueryError
            If the API answered with an error.
        ServerUnavailable
            If no answer came, or what came is none of the API.
        """
        reply = self.receive(path, params, method="GET" if self._only_get else method, decoder=decoder)
        if reply.status == _METHOD_NOT_ALLOWED and method == "POST" and not self._only_get:
            # Some proxies let only GET through.
            self._only_get = True
            reply = self.receive(path, params, decoder=decoder)
        address = f"{self.url}/{path.lstrip('/')}"
        try:
            answer: envelope.Answer[T] = reply.answer()
        except envelope.Refused as refusal:
            query = faults.asked(params or {})
            raise faults.refused(refusal, query=query, server=self.server, note=reply.note) from None
        except envelope.Malformed as error:
            raise ServerUnavailable(address, faults.no_use(reply, error), status=reply.status) from None
        if not reply.ok:
            raise ServerUnavailable(address, faults.no_use(reply), status=reply.status)
        return answer

    def fetch(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        method: str = "GET",
        timeout_seconds: float | None = None,
    ) -> Reply:
        """Ask for a path and return whatever answer comes, after redirects within the server.

        Raises
        ------
        ServerUnavailable
            If none comes in time, or it leads to another host.
        """
        return self.receive(path, params, method=method, timeout_seconds=timeout_seconds, retries=0)

    def receive(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        method: str = "GET",
        timeout_seconds: float | None = None,
        retries: int | None = None,
        decoder: Callable[[], envelope.Decoder[Any]] | None = None,
    ) -> Reply:
        """Ask for a path, as :meth:`fetch` does, again where that may help, all within the one timeout.

        The body of a success goes to a new `decoder` while it arrives.

        Raises
        ------
        ServerUnavailable
            As for :meth:`fetch`.
        """
        limit = timeout_seconds or self.timeout_seconds
        params = {**self.access.params, **(params or {})}
        attempts = Attempts(self.access.retries if retries is None else retries, limit, self._pace)
        while True:
            try:
                reply = self._followed(method, path, params, attempts.deadline, decoder)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                # A ValueError comes from a redirect to what is no address.
                if isinstance(error, MonitorkitError):
                    raise
                if may_pass(error, self.url) and attempts.again():
                    continue
                reason = faults.no_answer(error, timeout_seconds=limit)
                raise ServerUnavailable(self.url, faults.noted(reason, attempts.note)) from error
            if not (may_be_over(reply) and attempts.again(reply.headers.get("Retry-After"))):
                return replace(reply, note=attempts.note)

    def _followed(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any],
        deadline: float,
        decoder: Callable[[], envelope.Decoder[Any]] | None,
    ) -> Reply:
        """One attempt: a request, and those that redirects within the server lead to."""
        address = f"{self.url}/{path.lstrip('/')}"
        for _ in range(MAX_REDIRECTS + 1):
            location, reply = self._exchange(method, address, params, deadline, decoder)
            if location is None:
                return reply
            address = self._redirected(address, location)
        raise ServerUnavailable(self.url, f"more than {MAX_REDIRECTS} redirects; check the address")

    def _exchange(
        self,
        method: str,
        address: str,
        params: Mapping[str, Any],
        deadline: float,
        decoder: Callable[[], envelope.Decoder[Any]] | None,
    ) -> tuple[str | None, Reply]:
        """One request; the address that it redirects to, if any, and its reply."""
        remaining = max(deadline - self._pace.monotonic(), 0.001)
        sent = self._pace.unix()
        with answered_by(deadline):
            response = self.session.request(
                method,
                address,
                params=None if method == "POST" else params,
                data=params if method == "POST" else None,
                timeout=(min(remaining, CONNECT_TIMEOUT_SECONDS), remaining),
                allow_redirects=False,
                stream=True,
                **self.access.request_options,
            )
        with response:
            self.skew.see(response.headers, sent=sent, received=self._pace.unix())
            reply = bodies.read(response, deadline, decoder)
        location = response.headers.get("Location") if response.status_code in _REDIRECTS else None
        return location, reply

    def _redirected(self, address: str, location: str) -> str:
        """Address to ask next; credentials and query must not follow a redirect to somebody else."""
        target = urljoin(address, location)
        if not same_server(address, target):
            host = urlsplit(target).netloc.rpartition("@")[2]
            raise ServerUnavailable(self.url, f"redirects to another host, {host}; connect to that one if you trust it")
        # The parameters are sent again, so a copy of them in the new address must not stay.
        return urlunsplit(urlsplit(target)._replace(query="", fragment=""))


def _threads(url: str, *, shared: bool) -> int:
    """How many requests may be under way at once; nothing promises that a session of the caller's may be shared."""
    if not shared:
        return 1
    return THREADS_ON_LOOPBACK if is_loopback(url) else THREADS


def _machine_clock(_question: tuple[object, ...]) -> int:
    return times.now_ms()
