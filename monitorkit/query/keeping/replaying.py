"""Answers from a recording, in place of a server's."""

from __future__ import annotations

import difflib
import io
import json
import math
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from monitorkit.query.connection.retries import Pace
from monitorkit.query.connection.sessions import Session
from monitorkit.query.connection.transport import Transport
from monitorkit.query.keeping.failures import CAUSES, FAILURES
from monitorkit.query.keeping.tape import Exchange, Reading, Request, load, question_text
from monitorkit.query.times import iso

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Player", "player"]

T = TypeVar("T")

N_NEAREST = 3
MOST_COMPARED = 500
_READY = "-/ready"
_TIMES = ("time", "start", "end")


def player(folder: Path) -> Player:
    """Make what answers from a recording.

    Raises
    ------
    InvalidValue
        If there is none in the folder, or it is damaged.
    """
    head, events = load(folder)
    return Player(head.server, head.began, events)


class Player(BaseAdapter):
    """Answers requests from what was recorded, and tells the time of it.

    The same request gets its answers in the order in which they were recorded, then the last one again and again.
    Threads may share it.

    Parameters
    ----------
    server
        URL of the server that was recorded.
    began
        When, as text.
    events
        What happened, in order.
    """

    def __init__(self, server: str, began: str, events: Iterable[Exchange | Reading]) -> None:
        super().__init__()
        self.server = server
        self.began = began
        self._answers: dict[Request, _Turns[Exchange]] = defaultdict(_Turns)
        self._readings: dict[str, _Turns[int]] = defaultdict(_Turns)
        self._latest = 0
        for event in events:
            if isinstance(event, Reading):
                self._readings[event.question].append(event.now)
                self._latest = event.now
            else:
                self._answers[event.request].append(event)

    @property
    def n_answers(self) -> int:
        """How many answers there are."""
        return sum(map(len, self._answers.values()))

    def transport(self) -> Transport:
        """Make what asks this instead of a server, and does not wait before it asks again."""
        session = Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, self)
        transport = Transport(self.server, session=session, pace=Pace(sleep=lambda _: None))
        transport.clock = self.clock
        transport.threads = 1
        transport.taped = True
        return transport

    def clock(self, question: tuple[object, ...]) -> int:
        """Tell when a question was asked, in ms; for one that was not, the last moment of the recording."""
        text = question_text(question)
        return self._readings[text].next() if text in self._readings else self._latest

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401 - requests' own options
        """Answer a request."""
        form = request.body or ""
        asked = Request.of(self.server, request.url or "", form.decode() if isinstance(form, bytes) else str(form))
        exchange = self._answers[asked].next() if asked in self._answers else self._unknown(asked)
        if exchange.failure:
            raise _error(exchange)
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(exchange.body), headers=exchange.headers, status=exchange.status, preload_content=False
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing is open."""

    def _unknown(self, asked: Request) -> Exchange:
        """An error of the API that names what was recorded and looks most like it."""
        if asked.path == _READY:
            return Exchange(asked, 200)
        known = [_shown(request) for request in self._answers if request.path == asked.path]
        near = difflib.get_close_matches(_shown(asked), known[-MOST_COMPARED:], N_NEAREST, cutoff=0)
        told = f"the nearest are: {'; '.join(near)}" if near else "nothing of this kind was"
        message = f"{_shown(asked)} was not recorded; {told}; record again with mk.record"
        body = {"status": "error", "errorType": "not_recorded", "error": message}
        return Exchange(asked, 404, {"Content-Type": "application/json"}, json.dumps(body).encode())


class _Turns(Generic[T]):
    """Values given out one after another, the last one for ever."""

    def __init__(self) -> None:
        self._values: list[T] = []
        self._given = 0
        self._lock = threading.Lock()

    def append(self, value: T) -> None:
        self._values.append(value)

    def next(self) -> T:
        with self._lock:
            value = self._values[min(self._given, len(self._values) - 1)]
            self._given += 1
        return value

    def __len__(self) -> int:
        return len(self._values)


def _shown(request: Request) -> str:
    """A request in a line that a person can compare with another."""
    params = dict(request.params)
    query = params.pop("query", None)
    times = {name: iso(round(float(params.pop(name)) * 1000)) for name in _TIMES if _is_number(params.get(name, ""))}
    more = [f"{name}={value}" for name, value in {**times, **params}.items()]
    what = request.path.removeprefix("api/v1/")
    return " ".join([what, *([repr(query)] if query is not None else []), *more])


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _error(exchange: Exchange) -> requests.RequestException:
    """What the request met when it was recorded."""
    if exchange.failure in CAUSES:
        return requests.ConnectionError(CAUSES[exchange.failure](0, exchange.reason))
    return FAILURES.get(exchange.failure, requests.ConnectionError)(exchange.reason)
