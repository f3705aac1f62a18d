"""Answers of a server, fetched by a thread of their own and kept: who asks does not wait for the server."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitorkit.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Answers", "Key"]

FRESH_SECONDS = 20.0
"""How old an answer may be before it is fetched again, once it is used."""
REST_FACTOR = 20
"""A fetch that takes long is repeated the more rarely: no more than a twentieth of the time goes into it."""
RETRY_SECONDS = 15.0
"""How long a server that did not answer is left alone, and a question that it refused is not repeated."""
MOST_KEPT = 300
"""Answers that are kept; the one longest unused goes first."""

Key = tuple[str, ...]


@dataclass(slots=True)
class _Answer:
    """What is kept for one question."""

    value: Any = None
    due: float = 0.0
    """When it may be fetched again."""
    used: float = 0.0
    known: bool = False
    waiting: bool = False


class Answers:
    """Answers by question, and the thread that fetches them.

    Examples
    --------
    >>> answers = Answers()
    >>> answers.look(("one",), lambda: 1, deadline=time.monotonic() + 5)
    1
    """

    def __init__(self) -> None:
        self._answers: dict[Key, _Answer] = {}
        self._wanted: list[tuple[Key, Callable[[], Any]]] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._silent_until = 0.0

    def __bool__(self) -> bool:
        """Whether anything was asked yet."""
        return bool(self._answers)

    def look(self, key: Key, fetch: Callable[[], Any], deadline: float | None) -> Any:  # noqa: ANN401 - whatever was fetched
        """Return what is known of a question, and see to it that it is fetched when it is due.

        Parameters
        ----------
        key
            The question.
        fetch
            Asks the server.
        deadline
            Until when a first answer is awaited, on the clock of `time.monotonic`; None for not at all.

        Returns
        -------
        object
            What `fetch` returned at its last success; None where there was none.
        """
        with self._changed:
            now = time.monotonic()
            answer = self._answers.setdefault(key, _Answer())
            answer.used = now
            if not answer.waiting and now >= max(answer.due, self._silent_until):
                answer.waiting = True
                self._wanted.append((key, fetch))
                self._start()
            while answer.waiting and not answer.known and deadline is not None:
                if not self._changed.wait(max(deadline - time.monotonic(), 0)):
                    break
            return answer.value

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="monitorkit catalog", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        """Fetch what is wanted, the latest first, until nothing is."""
        while True:
            with self._changed:
                if not self._wanted:
                    self._thread = None
                    return
                key, fetch = self._wanted.pop()
                silent = time.monotonic() < self._silent_until
            found = None if silent else self._fetched(fetch)
            with self._changed:
                answer = self._answers[key]
                answer.waiting = False
                if found is not None:
                    answer.value, answer.due = found
                    answer.known = True
                elif not silent:
                    answer.due = time.monotonic() + RETRY_SECONDS
                self._forget()
                self._changed.notify_all()

    def _fetched(self, fetch: Callable[[], Any]) -> tuple[Any, float] | None:
        """The answer, and when to ask again; None where there is none."""
        began = time.monotonic()
        try:
            value = fetch()
        except ServerUnavailable:
            self._silent_until = time.monotonic() + RETRY_SECONDS
            return None
        except Exception:  # noqa: BLE001 - completion must not fail, whatever a server sends
            return None
        ended = time.monotonic()
        return value, ended + max(FRESH_SECONDS, REST_FACTOR * (ended - began))

    def _forget(self) -> None:
        while len(self._answers) > MOST_KEPT:
            idle = [key for key, answer in self._answers.items() if not answer.waiting]
            if not idle:
                return
            del self._answers[min(idle, key=lambda key: self._answers[key].used)]
