"""Where a frame comes from: what was asked of which server, and what it remarked, in the frame's attrs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitorkit.query import remarks, times

if TYPE_CHECKING:
    import pandas as pd

    from monitorkit.query.connection.transport import Transport
    from monitorkit.query.decoding.envelope import Answer
    from monitorkit.query.decoding.wire import Result

__all__ = ["described", "remark"]

NO_STATS = "this server keeps no statistics of queries"


def described(
    frame: pd.DataFrame,
    answer: Answer[Result],
    transport: Transport,
    expr: str,
    window: times.Window,
    stats: str | None = None,
) -> pd.DataFrame:
    """Return the frame of a query with its provenance in its attrs, as plain JSON values; warnings are issued."""
    told = _remarks(answer, transport)
    frame.attrs = {
        "query": expr,
        "start": times.iso(window.start_ms),
        "end": times.iso(window.end_ms),
        "step": window.step_ms / 1000 or None,
        "server": transport.server,
        "warnings": told,
        "infos": list(answer.infos),
    }
    if stats:
        frame.attrs["stats"] = answer.stats
        told += [] if answer.stats else [NO_STATS]
    remarks.issue(told)
    return frame


def remark(answer: Answer[Any], transport: Transport) -> None:
    """Issue the warnings of an answer that makes no frame."""
    remarks.issue(_remarks(answer, transport))


def _remarks(answer: Answer[Any], transport: Transport) -> list[str]:
    """What a user should know of an answer: the server's warnings, and, once, that its clock differs."""
    skew = transport.skew.remark()
    return [*answer.warnings, *([skew] if skew else [])]
