"""A Prometheus that is none: a recording that answers as the server did."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from monitorkit import running
from monitorkit.cards import card
from monitorkit.documents import absolute_path
from monitorkit.query.keeping.replaying import player
from monitorkit.services.prometheus import Prometheus
from monitorkit.services.server import KIND

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from monitorkit.query.keeping.replaying import Player

__all__ = ["Replay", "replay"]


def replay(folder: str | os.PathLike[str]) -> Replay:
    """Answer from a recording that :func:`monitorkit.record` made, without its server.

    It becomes the one that queries and plots use where none is named, as with :func:`monitorkit.connect`. Each call
    begins anew.

    Parameters
    ----------
    folder
        Where the recording is.

    Returns
    -------
    Replay
        A client like that of the server. Its clock stands where the recording was made, so that ``last="15m"`` means
        the same 15 minutes; a query asked again gets its answers in the order in which they were recorded, then the
        last one. A query that was not recorded is an error that names the nearest ones.

    Raises
    ------
    InvalidValue
        If there is no recording, or it is damaged.

    Examples
    --------
    >>> import tempfile, monitorkit as mk
    >>> with mk.start_prometheus(name="example", wait=False) as prom, tempfile.TemporaryDirectory() as folder:
    ...     with mk.record(prom, folder):
    ...         recorded = prom.query("vector(1)")
    ...     mk.replay(folder).query("vector(1)").equals(recorded)
    True
    """
    path = absolute_path(folder, name="folder")
    replayed = Replay(path, player(path))
    running.add(KIND, replayed)
    return replayed


class Replay(Prometheus):
    """A client that answers from a recording; made by :func:`monitorkit.replay`."""

    def __init__(self, folder: Path, recorded: Player) -> None:
        super().__init__(recorded.server, name=f"replay of {folder.name}")
        self._transport = recorded.transport()
        self._recorded = recorded
        self.folder = folder

    @property
    def state(self) -> str:
        """In a word: replay, or stopped."""
        return "replay" if self.alive else "stopped"

    def __repr__(self) -> str:
        n_answers = self._recorded.n_answers
        of = f"{n_answers} answer{'s' * (n_answers != 1)} of {self.url}, recorded {self._recorded.began}"
        return f"Replay({str(self.folder)!r}: {of}{'' if self.alive else ', stopped'})"

    def _repr_html_(self) -> str:
        """Say in a notebook that this is no server."""
        return card(f"<b>Replay</b> · {escape(repr(self)[7:-1])}", "next: <code>prom.query(&quot;up&quot;)</code>")
