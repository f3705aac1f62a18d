"""The sender: an open loop of HTTP requests on an event loop of its own."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from monitorkit.errors import InvalidType

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Answer", "Plan", "Sender"]

MAX_CONNECTIONS = 256
LABEL_INTERVAL_SECONDS = 0.05
"""Labels that fall due within this time travel in one request."""

JSON_HEADERS = {"Content-Type": "application/json"}
OK, SHED, CLIENT_ERROR, SERVER_ERROR = 200, 503, 400, 500
_SERVER_TIMING = re.compile(r"\btotal;dur=([0-9.]+)")


@dataclass(frozen=True)
class Plan:
    """What is sent when: row ``order[i]`` of `rows` is due ``due_seconds[i]`` after the start.

    With `columns` their names travel with each row.
    """

    rows: np.ndarray[Any, Any]
    order: np.ndarray[Any, Any]
    due_seconds: np.ndarray[Any, Any]
    labels: np.ndarray[Any, Any] | None
    columns: list[str] | None = None


@dataclass
class Answer:
    """What came back for one request."""

    latency_seconds: float = float("nan")
    server_seconds: float = float("nan")
    code: int = 0
    status: str = "no_answer"
    prediction_id: str = ""
    prediction: Any = None
    feedback: str = ""
    error: str = ""

    def read(self, code: int, timing: str, content: bytes) -> None:
        """Fill in what the server said.

        Parameters
        ----------
        code
            HTTP status.
        timing
            The ``Server-Timing`` header, with the server's own measurement in ms.
        content
            Body of the response.
        """
        self.code = code
        self.status = _status(code)
        if found := _SERVER_TIMING.search(timing):
            self.server_seconds = float(found[1]) / 1000
        try:
            body = orjson.loads(content)
            if code == OK:
                self.prediction, self.prediction_id = body["predictions"][0], str(body["ids"][0])
            else:
                self.error = f"{code}: {body.get('detail', body)}"
        except (ValueError, LookupError, TypeError, AttributeError):
            self.error = f"{code}: the answer is not that of a model server"
            self.status = "server_error" if code == OK else self.status


def _status(code: int) -> str:
    """Class of an HTTP status, in the words of ``inference_requests_total``."""
    if code == SHED:
        return "shed"
    if code >= SERVER_ERROR:
        return "server_error"
    return "client_error" if code >= CLIENT_ERROR else "ok"


@dataclass
class Sender:
    """Sends a plan and keeps the answers.

    Parameters
    ----------
    plan
        What is sent when.
    url
        Base URL of the model server.
    feedback_delay_seconds
        Time between an answer and its label.
    timeout_seconds
        How long to wait for one answer.
    """

    plan: Plan
    url: str
    feedback_delay_seconds: float
    timeout_seconds: float
    answers: list[Answer] = field(init=False)
    answered: int = field(init=False, default=0)
    started_at: float = field(init=False, default=0.0)
    failure: Exception | None = field(init=False, default=None)
    _cancelled: bool = field(init=False, default=False, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(init=False, default=None, repr=False)
    _task: asyncio.Task[None] | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        self.answers = [Answer() for _ in self.plan.order]

    def run(self) -> None:
        """Send everything; return when the last answer and the last label are through."""
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - carried over to the thread that waits
            self.failure = error

    def cancel(self) -> None:
        """Stop sending from another thread; what is on its way is dropped."""
        self._cancelled = True
        if self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self._cancelled:
            # Told to stop before there was a task that could be cancelled.
            return
        bodies = self._bodies()
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=self.timeout_seconds),
        ) as session:
            self.started_at = time.time()
            start = self._loop.time()
            async with asyncio.TaskGroup() as group:
                labels = Labels(self, session)
                if self.plan.labels is not None:
                    group.create_task(labels.send())
                for number, due in enumerate(self.plan.due_seconds):
                    await asyncio.sleep(max(0.0, start + due - self._loop.time()))
                    row = int(self.plan.order[number])
                    group.create_task(self._request(session, number, start + due, bodies[row], labels))

    def _bodies(self) -> dict[int, bytes]:
        """Encode every row that is sent, before the clock starts."""
        rows, labels = self.plan.rows, self.plan.labels
        try:
            # Labels travel with those that fall due together; here only whether they can.
            orjson.dumps(None if labels is None else labels.tolist())
            return {row: orjson.dumps(self._document(rows[row].tolist())) for row in set(self.plan.order.tolist())}
        except TypeError as error:
            raise InvalidType(f"X or y cannot be sent as JSON: {error}") from error

    def _document(self, row: list[Any]) -> dict[str, Any]:
        columns = self.plan.columns
        return {"instances": [row]} if columns is None else {"columns": columns, "data": [row]}

    async def _request(
        self, session: aiohttp.ClientSession, number: int, due: float, body: bytes, labels: Labels
    ) -> None:
        answer = self.answers[number]
        loop = asyncio.get_running_loop()
        try:
            async with session.post(f"{self.url}/predict", data=body, headers=JSON_HEADERS) as response:
                content = await response.read()
                answer.latency_seconds = loop.time() - due
                answer.read(response.status, response.headers.get("Server-Timing", ""), content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            answer.error = str(error) or f"no answer within {self.timeout_seconds:g} s"
        self.answered += 1
        labels.add(number, loop.time() + self.feedback_delay_seconds)


class Labels:
    """The true labels of what was answered, each sent when it is due.

    Parameters
    ----------
    sender
        Whose answers are labelled.
    session
        The HTTP session to send them with.
    """

    def __init__(self, sender: Sender, session: aiohttp.ClientSession) -> None:
        self._sender = sender
        self._session = session
        self._due: deque[tuple[float, int]] = deque()
        self._left = len(sender.plan.order)

    def add(self, number: int, due: float) -> None:
        """Note that a request was answered and when its label is due."""
        self._due.append((due, number))

    async def send(self) -> None:
        """Send labels as they fall due until every request has had its turn."""
        loop = asyncio.get_running_loop()
        while self._left:
            await asyncio.sleep(LABEL_INTERVAL_SECONDS)
            numbers = []
            while self._due and self._due[0][0] <= loop.time():
                numbers.append(self._due.popleft()[1])
            self._left -= len(numbers)
            known = [number for number in numbers if self._sender.answers[number].prediction_id]
            if known:
                await self._post(known)

    async def _post(self, numbers: list[int]) -> None:
        answers = [self._sender.answers[number] for number in numbers]
        labels = self._sender.plan.labels
        assert labels is not None  # noqa: S101 - labels are sent only where there are some
        body = {
            "ids": [answer.prediction_id for answer in answers],
            "y_true": labels[self._sender.plan.order[numbers]].tolist(),
        }
        results = ["failed"] * len(answers)
        try:
            async with self._session.post(
                f"{self._sender.url}/feedback", data=orjson.dumps(body), headers=JSON_HEADERS
            ) as response:
                results = _results(response.status, await response.read(), len(answers))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            answers[0].error = answers[0].error or f"labels not taken: {error}"
        for answer, result in zip(answers, results, strict=True):
            answer.feedback = result


def _results(code: int, content: bytes, count: int) -> list[str]:
    """What became of each label, as the server says; a ValueError where it says something else."""
    body = orjson.loads(content)
    results = body.get("results") if isinstance(body, dict) else None
    if code != OK or not isinstance(results, list) or len(results) != count:
        detail = body.get("detail", body) if isinstance(body, dict) else body
        raise ValueError(f"{code}: {detail}")
    return results
