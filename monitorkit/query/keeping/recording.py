"""Recording what a client asks and what it is answered, so that a notebook runs again without its server."""

from __future__ import annotations

import base64
import binascii
import io
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import BaseAdapter

from monitorkit import running
from monitorkit.documents import absolute_path
from monitorkit.errors import InvalidType, ServerUnavailable, told
from monitorkit.query import times
from monitorkit.query.decoding.envelope import MAX_BODY_BYTES
from monitorkit.query.keeping import failures
from monitorkit.query.keeping.tape import SECRET_NAME, Exchange, Head, Reading, Request, Tape, question_text

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from monitorkit.query.client import PrometheusClient
    from monitorkit.query.connection.transport import Transport

__all__ = ["Recording", "record"]

KIND = "recording"
CHUNK_BYTES = 1 << 16
LONG_SECRET = 12
"""A secret of so many characters is looked for in data as well; a shorter one may be a word that data are full of."""

_KEPT_HEADERS = ("Content-Type", "Location")
_HIDDEN = "<secret>"
_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


def record(client: PrometheusClient, folder: str | os.PathLike[str]) -> Recording:
    """Record from now on what a client asks and what it is answered; :func:`monitorkit.replay` answers from it.

    Parameters
    ----------
    client
        What ``mk.connect`` or ``mk.start_prometheus`` returned.
    folder
        Where the recording goes; one that is there is replaced.

    Returns
    -------
    Recording
        ``stop()`` ends it, and so does leaving its ``with`` block. Called again for the same client and folder, the
        one that runs comes back.

    Raises
    ------
    InvalidType
        If it is no client.
    InvalidValue
        If the folder cannot be used.

    Notes
    -----
    Queries, answers, errors and the moments of asking are kept as text, one series a line, so that two recordings can
    be compared. Pieces of a long range are asked for one after the other meanwhile, so that a replay asks for the same
    ones. Credentials are not kept: no header but the type of an answer, and what looks like a token in an answer
    is blotted out. The queries and the answers themselves are: share a recording as you would share those.

    Examples
    --------
    >>> import tempfile, monitorkit as mk
    >>> with mk.start_prometheus(name="example", wait=False) as prom, tempfile.TemporaryDirectory() as folder:
    ...     with mk.record(prom, folder):
    ...         recorded = prom.query("vector(1)")
    ...     mk.replay(folder).query("vector(1)").equals(recorded)
    True
    """
    transport: Transport | None = getattr(client, "_transport", None)
    if transport is None:
        raise InvalidType(f"client: {told(client)} is none; pass what mk.connect or mk.start_prometheus returned")
    path = absolute_path(folder, name="folder")
    with running.starting(KIND, str(path)):
        recording = _recordings.get(transport)
        if recording is not None and recording.alive:
            if recording.folder == path:
                return recording
            recording.stop()
        other = running.find(KIND, str(path))
        if other is not None:
            other.stop()
        recording = _recordings[transport] = Recording(client, path)
        running.add(KIND, recording)
    return recording


class Recording(running.Stoppable):
    """A recording that is being made; see :func:`record`."""

    def __init__(self, client: PrometheusClient, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)
        self.url = client.url
        self.alive = True
        self._transport = transport = client._transport  # noqa: SLF001 - the same package
        self._clock = transport.clock
        self._threads = transport.threads
        # A replay knows nothing of the server and asks for one piece after the other: only so it asks for the same.
        transport.threads = 1
        transport.taped = True
        transport.forget()
        client._offer.forget()  # noqa: SLF001 - the same package
        self._tape = Tape(folder, Head(transport.url, times.iso(times.now_ms())))
        self._secrets: set[str] = set()
        self._before = {prefix: transport.session.adapters.get(prefix) for prefix in _prefixes(transport.url)}
        for prefix in self._before:
            inner = transport.session.get_adapter(prefix)
            transport.session.mount(prefix, _Recorder(inner, self._tape, transport, self._secrets))
        transport.clock = self._read_clock
        with suppress(ServerUnavailable):
            transport.engine()

    @property
    def n_answers(self) -> int:
        """How many answers and failures were recorded so far."""
        return self._tape.n_answers

    def stop(self) -> None:
        """End the recording; the client goes on. A second call does nothing."""
        if self.alive:
            self.alive = False
            self._transport.clock = self._clock
            self._transport.threads = self._threads
            self._transport.taped = False
            for prefix, before in self._before.items():
                del self._transport.session.adapters[prefix]
                if before is not None:
                    self._transport.session.mount(prefix, before)
            self._tape.close()
        running.remove(KIND, self)

    def __repr__(self) -> str:
        state = "running" if self.alive else "ended"
        answers = f"{self.n_answers} answer{'s' * (self.n_answers != 1)}"
        return f"Recording of {self.url} in {self.name!r}: {answers}, {state}"

    def _read_clock(self, question: tuple[object, ...]) -> int:
        now = self._clock(question)
        self._tape.add(Reading(_hidden(question_text(question), _long(self._secrets)), now))
        return now


_recordings: weakref.WeakKeyDictionary[Transport, Recording] = weakref.WeakKeyDictionary()


def _prefixes(url: str) -> list[str]:
    """What the addresses of a server begin with; it may lead from http up to https."""
    rest = url.partition("://")[2]
    return [f"{scheme}://{rest}/" for scheme in ("http", "https")]


class _Recorder(BaseAdapter):
    """Sends through another adapter, and keeps what comes."""

    def __init__(self, inner: Any, tape: Tape, transport: Transport, secrets: set[str]) -> None:  # noqa: ANN401 - any adapter
        super().__init__()
        self._secrets = secrets
        self._inner = inner
        self._tape = tape
        self._root = transport.url
        # A replay is a client without them.
        params = transport.access.params.items()
        self._own = {(name, each) for name, given in params for each in ([given] if isinstance(given, str) else given)}

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401 - requests' own options
        """Send a request, and read the whole answer within the time of the request."""
        asked, secrets = self._asked(request)
        deadline = _deadline(options.get("timeout"))
        try:
            response = self._inner.send(request, **{**options, "stream": True})
            body = _body(response.raw, deadline)
        except _FAILURES as error:
            self._tape.add(
                Exchange(asked, failure=failures.kind(error), reason=_hidden(failures.reason(error), secrets))
            )
            raise
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        shown = {name: _hidden(_no_user(text), secrets) for name, text in headers.items()}
        self._tape.add(Exchange(asked, response.status_code, shown, _blotted(body, response.status_code, secrets)))
        return _refilled(response, body)

    def close(self) -> None:
        """Close the other adapter."""
        self._inner.close()

    def _asked(self, request: requests.PreparedRequest) -> tuple[Request, list[str]]:
        form = request.body or ""
        text = form.decode() if isinstance(form, bytes) else str(form)
        secrets = _secrets(request.headers)
        self._secrets |= set(secrets)
        asked = Request.of(self._root, request.url or "", text)
        params = tuple(
            (name, _hidden(value, _long(secrets))) for name, value in asked.params if (name, value) not in self._own
        )
        return Request(asked.path, params), secrets


def _deadline(timeout: Any) -> float:  # noqa: ANN401 - a number, a pair of them, or None
    seconds = timeout[1] if isinstance(timeout, tuple) else timeout
    return time.monotonic() + (seconds or float("inf"))


def _body(raw: Any, deadline: float) -> bytes:  # noqa: ANN401 - urllib3's response
    read = getattr(raw, "read1", raw.read)
    body = bytearray()
    while chunk := read(CHUNK_BYTES, decode_content=True):
        body += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
        if len(body) > MAX_BODY_BYTES:
            raise OSError(f"the answer is longer than the {MAX_BODY_BYTES >> 20} MiB that a recording can keep")
    return bytes(body)


def _refilled(response: requests.Response, body: bytes) -> requests.Response:
    """The response with its body to be read again."""
    old = response.raw
    response.raw = urllib3.HTTPResponse(body=io.BytesIO(body), status=response.status_code, preload_content=False)
    # Cookies are read from there.
    response.raw._original_response = getattr(old, "_original_response", None)  # noqa: SLF001 - as requests does
    old.release_conn()
    for name in ("Content-Encoding", "Transfer-Encoding", "Content-Length"):
        response.headers.pop(name, None)
    return response


# What must not be in a recording.


def _secrets(headers: Mapping[str, Any]) -> list[str]:
    """Texts of a request's headers that give access, the longest first."""
    secrets = set()
    for name, value in headers.items():
        if SECRET_NAME.search(name):
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            scheme, _, rest = text.partition(" ")
            secrets |= {text, rest.strip()}
            if scheme.lower() == "basic":
                with suppress(ValueError, binascii.Error):
                    secrets.add(base64.b64decode(rest).decode().partition(":")[2])
    return sorted(secrets - {""}, key=len, reverse=True)


def _long(secrets: Iterable[str]) -> list[str]:
    return sorted((each for each in secrets if len(each) >= LONG_SECRET), key=len, reverse=True)


def _hidden(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    return text


def _blotted(body: bytes, status: int, secrets: Sequence[str]) -> bytes:
    """A body without secrets; short ones are sought only where there are no data, which they might be words of."""
    least = LONG_SECRET if 200 <= status < 300 else 1  # noqa: PLR2004 - the class of success
    for secret in secrets:
        if len(secret) >= least:
            body = body.replace(secret.encode(), _HIDDEN.encode())
    return body


def _no_user(text: str) -> str:
    """An address without user and password."""
    scheme, sign, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{sign}{host.rpartition('@')[2]}{slash}{path}" if sign else text
