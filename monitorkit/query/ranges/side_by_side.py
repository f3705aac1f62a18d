"""Pieces of one question asked side by side: answers in the order of time, few of them waiting, and all or nothing."""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from monitorkit.errors import QueryError
from monitorkit.query.connection.cancellation import Cancellation

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

__all__ = ["answers"]

P = TypeVar("P")
A = TypeVar("A")

AHEAD = 2
"""How many answers a thread may be ahead of the one that is waited for; more would only fill the memory."""
THREAD_NAME = "monitorkit-query"
END_SECONDS = 1.0
"""How long threads may take to end; one that waits for a connection to be made may need longer, and ends then."""


@dataclass(eq=False)
class _Place(Generic[P, A]):
    """A piece in the line, its answer once it has been asked for, and whether that is there."""

    piece: P
    answer: Future[A] | None = None
    here: bool = False


def answers(
    pieces: Iterable[P],
    ask: Callable[[P], A],
    *,
    fit: Callable[[P], list[P]],
    refused: Callable[[P, QueryError], bool],
    threads: int,
    spare: Callable[[P, A], object] | None = None,
) -> Generator[tuple[P, A]]:
    """Ask for pieces, several at a time, and give each with its answer, in their order.

    Parameters
    ----------
    pieces
        What to ask for.
    ask
        Asks for one.
    fit
        Cuts a piece into those that are within the limits known by now; a list of itself where it is.
    refused
        Takes in that a piece was refused, and says whether `fit` will now cut it.
    threads
        How many to ask for at once; with 1 they are asked for in the calling thread.
    spare
        Takes what has come, and waits for what was before it, when an error or an interrupt ends it all.

    Yields
    ------
    tuple
        A piece and its answer. At most `AHEAD` answers a thread wait to be taken.

    Raises
    ------
    Exception
        The first error that occurs; it ends all other requests, and so does an interrupt.
    """
    rest = deque(part for piece in pieces for part in fit(piece))
    if threads == 1 or len(rest) == 1:
        # Nothing stands beside a single piece; what it may be cut into does.
        yield from _in_turn(rest, ask, fit, refused, threads)
    if not rest:
        return
    line: list[_Place[P, A]] = []
    crew = _Crew(ask, threads)
    try:
        while line or rest:
            while rest and len(line) < AHEAD * threads:
                line.append(_Place(rest.popleft()))
            _start(line, AHEAD * threads, fit, crew.submit)
            expected = [place.answer for place in line if place.answer is not None and not place.here]
            wait(expected, return_when=FIRST_COMPLETED)
            _take_in(line, refused)
            while line and line[0].here:
                first = line.pop(0)
                yield first.piece, cast("Future[A]", first.answer).result()
    except BaseException:
        for place in line:
            if spare is not None and place.answer is not None and place.answer.done() and not place.answer.exception():
                spare(place.piece, place.answer.result())
        raise
    finally:
        crew.end()


class _Crew(Generic[P, A]):
    """Threads that ask; unlike those of an executor they do not keep the interpreter from ending."""

    def __init__(self, ask: Callable[[P], A], n_threads: int) -> None:
        self._ask = ask
        self._cancellation = Cancellation()
        self._jobs: SimpleQueue[tuple[P, Future[A]] | None] = SimpleQueue()
        self._threads = [Thread(target=self._work, name=THREAD_NAME, daemon=True) for _ in range(n_threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, piece: P) -> Future[A]:
        """Ask for a piece as soon as a thread is free."""
        answer: Future[A] = Future()
        self._jobs.put((piece, answer))
        return answer

    def end(self) -> None:
        """End all requests, and the threads."""
        self._cancellation.cancel()
        deadline = monotonic() + END_SECONDS
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(max(deadline - monotonic(), 0))

    def _work(self) -> None:
        with self._cancellation.watched():
            while not self._cancellation.cancelled and (job := self._jobs.get()) is not None:
                piece, answer = job
                try:
                    answer.set_result(self._ask(piece))
                except BaseException as error:  # noqa: BLE001 - raised where the answer is taken
                    answer.set_exception(error)
                # While the next one is waited for, nothing of this one is kept.
                del job, piece, answer


def _in_turn(
    rest: deque[P],
    ask: Callable[[P], A],
    fit: Callable[[P], list[P]],
    refused: Callable[[P, QueryError], bool],
    threads: int,
) -> Generator[tuple[P, A]]:
    """Ask for one after the other in the calling thread; where several threads may ask, only while there is one."""
    while rest and (threads == 1 or len(rest) == 1):
        piece = rest.popleft()
        try:
            answer = ask(piece)
        except QueryError as error:
            if not refused(piece, error):
                raise
            rest.extendleft(reversed(fit(piece)))
        else:
            yield piece, answer


def _start(line: list[_Place[P, A]], ahead: int, fit: Callable[[P], list[P]], submit: Callable[[P], Future[A]]) -> None:
    """Ask for what stands within the first `ahead` places of the line, cut to size."""
    for index in range(ahead):
        if index < len(line) and line[index].answer is None:
            line[index : index + 1] = [_Place(part) for part in fit(line[index].piece)]
            line[index].answer = submit(line[index].piece)


def _take_in(line: list[_Place[P, A]], refused: Callable[[P, QueryError], bool]) -> None:
    """Note which answers are there; a piece that was refused is cut and asked for again, any other error raised."""
    for place in line:
        if place.answer is None or place.here or not place.answer.done():
            continue
        error = place.answer.exception()
        if error is None:
            place.here = True
        elif isinstance(error, QueryError) and refused(place.piece, error):
            place.answer = None
        else:
            raise error
