"""A live view: a dashboard's picture in a cell's output, drawn anew by a thread until it is stopped."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from monitorkit import running
from monitorkit.dashboards.drawing import clock_text, draw_page
from monitorkit.dashboards.reading import read_board
from monitorkit.durations import format_duration, seconds
from monitorkit.errors import InvalidValue
from monitorkit.notebook.display import PictureOutput, in_notebook

if TYPE_CHECKING:
    from monitorkit.dashboards.board import Dashboard
    from monitorkit.dashboards.drawing import Picture
    from monitorkit.dashboards.reading import BoardReading, Source
    from monitorkit.durations import Duration

__all__ = ["KIND", "LiveView", "show"]

KIND = "live view"

SHORTEST_REFRESH_SECONDS = 0.5
QUERY_BUDGET_SECONDS = 10.0
"""A refresh stops asking for further panels after this time."""

STOP_WAIT_SECONDS = 2.0


def show(
    board: Dashboard,
    source: Source,
    *,
    last: Duration | None = None,
    refresh: Duration | None = None,
    live: bool = True,
) -> LiveView:
    """Show a dashboard: a picture that renews itself in a notebook, text elsewhere.

    A live view of the same dashboard that runs already is stopped, so that a cell can be run again.

    Parameters
    ----------
    board, source
        What to show, and what to ask.
    last, refresh
        How far to look back, and how often to look; None for what the dashboard says.
    live
        False shows one picture that stays as it is.

    Returns
    -------
    LiveView
        Its ``stop()`` leaves the last picture in the notebook. Already stopped where nothing renews itself.
    """
    view = LiveView(board, source, last=last, refresh=refresh)
    if not in_notebook():
        sys.stdout.write(board.summary(source, last=last) + "\n")
        return view
    if not live:
        PictureOutput(board.draw(source, last=last))
        return view
    with running.starting(KIND, view.name):
        earlier = running.find(KIND, view.name)
        if earlier is not None:
            earlier.stop()
        view.start()
        running.add(KIND, view)
    return view


class LiveView(running.Stoppable):
    """A dashboard that renews itself in the output of a cell.

    Parameters
    ----------
    board, source
        What to show, and what to ask.
    last, refresh
        How far to look back, and how often to look; None for what the dashboard says.
    """

    def __init__(
        self, board: Dashboard, source: Source, *, last: Duration | None = None, refresh: Duration | None = None
    ) -> None:
        self.board = board
        self.source = source
        self.last = board.last if last is None else last
        self.refresh_seconds = seconds(board.refresh if refresh is None else refresh, name="refresh")
        if self.refresh_seconds < SHORTEST_REFRESH_SECONDS:
            raise InvalidValue(
                f"refresh: {self.refresh_seconds:g} s is too short, at least {SHORTEST_REFRESH_SECONDS} s"
            )
        self.n_refreshes = 0
        self.picture: Picture | None = None
        """The picture that is shown."""
        self.error: Exception | None = None
        """Why the latest refresh failed, where it did."""
        self._shown: BoardReading | None = None
        self._warning = ""
        self._silent_since = ""
        self._output: PictureOutput | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._publishing = threading.Lock()

    @property
    def name(self) -> str:
        """The dashboard's uid."""
        return self.board.uid

    @property
    def url(self) -> str:
        """Where the server that it asks is."""
        return str(getattr(self.source, "url", ""))

    @property
    def alive(self) -> bool:
        """Whether it still renews itself."""
        return self._thread is not None and self._thread.is_alive() and not self._stopping.is_set()

    def start(self) -> Self:
        """Show the first picture, here and now, and begin to renew it."""
        self.picture = self._draw(self._read())
        self._output = PictureOutput(self.picture)
        self._thread = threading.Thread(target=self._run, name=f"monitorkit live view {self.name}", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End it and leave the last picture in the notebook; a second call does nothing."""
        if self._thread is None or self._stopping.is_set():
            return
        self._stopping.set()
        if self._thread is not threading.current_thread():
            # Longer only where a server keeps a query waiting; what comes after that is not shown any more.
            self._thread.join(STOP_WAIT_SECONDS)
        if self._shown is not None:
            status = f"stopped {clock_text(time.time())}"
            picture = draw_page(self.board, self._shown, status=status, warning=self._warning)
            with self._publishing, suppress(Exception):  # at the end of a kernel nobody may be there to show it to
                self._publish(picture)
        running.remove(KIND, self)

    def _run(self) -> None:
        pause = self.refresh_seconds
        while not self._stopping.wait(pause):
            started = time.monotonic()
            try:
                self._refresh()
                self.error = None
            except Exception as error:  # noqa: BLE001 - one refresh that failed must not end the view; repr tells of it
                self.error = error
            # Never more than half of the time: the kernel has other things to do, such as answering predictions.
            spent = time.monotonic() - started
            pause = max(self.refresh_seconds - spent, spent)

    def _refresh(self) -> None:
        reading = self._read()
        if self._stopping.is_set():
            return
        picture = self._draw(reading)
        with self._publishing:
            if not self._stopping.is_set():
                self._publish(picture)
                self.n_refreshes += 1

    def _read(self) -> BoardReading:
        return read_board(
            self.board,
            self.source,
            last=self.last,
            budget_seconds=QUERY_BUDGET_SECONDS,
            stopped=self._stopping.is_set,
        )

    def _draw(self, reading: BoardReading) -> Picture:
        """Draw what was read; while the server is silent, what it said last stays, under a message."""
        if reading.unavailable is None:
            self._shown, self._warning = reading, ""
        else:
            self._shown = self._shown or reading
            if not self._warning:
                self._silent_since = clock_text(reading.end)
            self._warning = f"No answer since {self._silent_since}, trying again. {reading.unavailable}"
        status = f"live, every {format_duration(self.refresh_seconds)}"
        return draw_page(self.board, self._shown, status=status, live=True, warning=self._warning)

    def _publish(self, picture: Picture) -> None:
        self.picture = picture
        if self._output is not None:
            self._output.update(picture)

    def __repr__(self) -> str:
        state = f"every {format_duration(self.refresh_seconds)}; .stop() ends it" if self.alive else "not live"
        state += f"; the latest refresh failed: {self.error!r}" if self.error else ""
        return f"<LiveView {self.board.title!r}, {state}>"
