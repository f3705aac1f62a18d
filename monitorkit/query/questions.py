"""What a query asks of a server: in one request, in as many as it takes, or in none for what is kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from monitorkit.errors import ServerUnavailable
from monitorkit.lazy import lazy_module
from monitorkit.query import statistics, times
from monitorkit.query.keeping.sources import source

if TYPE_CHECKING:
    from monitorkit.query.connection.transport import Transport
    from monitorkit.query.decoding import stream
    from monitorkit.query.decoding.envelope import Answer
    from monitorkit.query.decoding.wire import Result
    from monitorkit.query.keeping import reuse
    from monitorkit.query.keeping.cache import Cache
    from monitorkit.query.ranges import pieces, raw
else:
    # What decodes results loads numpy and pyarrow, and who only connects has no result yet.
    stream = lazy_module("monitorkit.query.decoding.stream")
    reuse = lazy_module("monitorkit.query.keeping.reuse")
    pieces = lazy_module("monitorkit.query.ranges.pieces")
    raw = lazy_module("monitorkit.query.ranges.raw")

__all__ = ["Questions"]

_AT = "api/v1/query"
_RANGE = "api/v1/query_range"


class Questions:
    """The questions that queries ask one server.

    Parameters
    ----------
    transport
        The way to the server; what it learns of the server's limits is heeded.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def range_address(self) -> str:
        """Where ranges are asked for, as an error names it."""
        return f"{self._transport.url}/{_RANGE}"

    def least(self) -> Answer[Any]:
        """Ask for the value of ``1``, which every server has.

        Raises
        ------
        ServerUnavailable
            If what comes is no value.
        """
        params = {"query": "1", **self._transport.engine().query_params}
        answer: Answer[Any] = self._transport.call(_AT, params, method="POST")
        kind = answer.data.get("resultType") if isinstance(answer.data, dict) else None
        if kind not in ("scalar", "vector"):
            raise ServerUnavailable(
                f"{self._transport.url}/{_AT}", "what answers is not the API of Prometheus; is this another program?"
            )
        return answer

    def at(self, expr: str, at_ms: int, stats: str | None = None) -> Answer[Result]:
        """Ask for one moment."""
        return self._ask(_AT, query=expr, time=times.wire_text(at_ms), **statistics.asked(stats))

    def over(self, expr: str, window: times.Window, stats: str | None = None) -> Answer[Result]:
        """Ask for a range in one request.

        Raises
        ------
        ServerUnavailable
            If what comes is no range.
        """
        answer = self._ask(
            _RANGE,
            query=expr,
            start=times.wire_text(window.start_ms),
            end=times.wire_text(window.end_ms),
            step=times.wire_text(window.step_ms),
            **statistics.asked(stats),
        )
        if answer.data.kind != "matrix":
            raise ServerUnavailable(
                self.range_address, f"a range was asked for, and a {answer.data.kind} came; is this another program?"
            )
        return answer

    def samples(self, wanted: raw.Request) -> Answer[Result]:
        """Ask for raw samples, in pieces where the server wants it so."""
        return raw.fetch(wanted, self.at, limits=self._transport.raw_limits, threads=self._transport.threads)

    def range(
        self, expr: str, window: times.Window, *, keep: Cache | None, now: int, stats: str | None = None
    ) -> tuple[Answer[Result], reuse.Use | None]:
        """Ask for a range, in pieces where the server wants it so, and tell what a cache did for it.

        Parameters
        ----------
        keep
            Where results are kept that can no longer change, if they are.
        now
            The present, in ms.
        """
        transport = self._transport
        how: dict[str, Any] = {"limits": transport.limits, "threads": transport.threads}
        if keep is None or transport.taped:
            answer = pieces.fetch(expr, window, partial(self.over, stats=stats), **how)
            # A replay would not know what the cache held when this was recorded.
            taped = reuse.Use(asked_steps=window.n_steps, reason="all that is asked is recorded")
            return answer, None if keep is None else taped
        # A server whose clock is behind may still write what lies in the past here.
        present = now + min(round(transport.skew.ahead_seconds * 1000), 0)
        return reuse.fetch(expr, window, self.over, cache=keep, of=source(transport), now=present, **how)

    def _ask(self, path: str, **params: str) -> Answer[Result]:
        # A form in the body: a query of any length fits, and nothing of it ends up in a log of addresses.
        params |= self._transport.engine().query_params
        return self._transport.call(path, params, method="POST", decoder=stream.ResultDecoder)
