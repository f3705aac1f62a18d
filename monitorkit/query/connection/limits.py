"""What one server allows in one query, learnt from its refusals, and how much it answers in time.

Servers limit the points of a series, the length of a range, and what a query may load. None of them tells beforehand;
all of them say so when they refuse.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitorkit.errors import QueryError
    from monitorkit.query.times import Window

__all__ = ["MAX_POINTS", "Limits"]

MAX_POINTS = 11_000
"""Most steps of one range query (Prometheus web/api/v1/api.go, "exceeded maximum resolution")."""

FEWEST_STEPS = 50
"""What takes too long with so few steps does not for their number."""

REMEMBERED = 256
"""Queries whose own limits are kept, the last ones used."""

# The texts: Prometheus 2.42 and 3.5 web/api/v1 and promql; VictoriaMetrics 1.79 and 1.145 app/vmselect and lib/storage;
# Thanos pkg/store; Cortex and Mimir pkg/util/validation and pkg/util/limiter; gRPC.
_POINTS = re.compile(
    r"exceeded maximum resolution of (?P<prometheus>[\d,]+) points"
    r"|too many points for the given .*?: \d+; (?:cannot exceed|the maximum number of points is)\D*(?P<victoria>\d+)",
    re.DOTALL,
)
_LENGTH = re.compile(
    r"query time range exceeds the limit \(query length: (?P<asked>[\w.]+), limit: (?P<limit>[\w.]+)\)"
)
_AMOUNT = re.compile(
    r"too many samples into memory"
    r"|too many points for the given"
    r"|-search\.max(?:Points|Samples|Memory|Unique|Series)\w*"
    r"|number of matching (?:unique )?timeseries exceeds"
    r"|not enough memory for processing"
    r"|the query (?:exceeded|hit) the (?:max|aggregated)"
    r"|estimated number of chunks for the query exceeded"
    r"|exceeded (?:series|chunks?|samples|bytes) limit"
    r"|limit \d+ violated"
    r"|message larger than max"
    r"|(?:time|query) (?:range|length|interval)\b.{0,40}(?:exceed|too (?:long|large)|longer than)",
    re.IGNORECASE | re.DOTALL,
)
# 768h0m0s as Go writes a time.Duration, 32d as Prometheus does.
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])")
_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}


class Limits:
    """What one server allows in one query, as far as it is known.

    Parameters
    ----------
    max_points
        Most steps of one range query; None for what has none.

    Examples
    --------
    >>> from monitorkit.query.times import Window
    >>> Limits().steps("up", Window(0, 10**9, 1000))
    11000
    """

    def __init__(self, *, max_points: int | None = MAX_POINTS) -> None:
        self.max_points = max_points
        self.max_length_ms: int | None = None
        self._own: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._lock = Lock()

    def steps(self, expr: str, window: Window) -> int:
        """Most steps that one query for a piece of this window may have."""
        with self._lock:
            known = [self.max_points, self._own.get((expr, window.step_ms))]
            if self.max_length_ms is not None:
                known.append(self.max_length_ms // window.step_ms + 1)
        return max(min((limit for limit in known if limit is not None), default=window.n_steps), 1)

    def learn(self, error: QueryError, expr: str, piece: Window) -> bool:
        """Take in that a piece was refused.

        Parameters
        ----------
        error
            The refusal.
        expr
            The query, under which the limit is remembered where it depends on what is asked.
        piece
            What was asked for.

        Returns
        -------
        bool
            Whether smaller pieces may be answered: :meth:`steps` says from now on how small.
        """
        allowed = self._allowed(error.message, piece)
        if allowed is None or piece.n_steps == 1:
            return False
        # A limit that this piece kept, and was refused all the same, is none that counts here.
        self.heed(expr, piece.step_ms, allowed if 0 < allowed < piece.n_steps else piece.n_steps // 2)
        return True

    def ease(self, expr: str, piece: Window) -> bool:
        """Take in that a piece was not answered in time: half of it may be.

        Returns
        -------
        bool
            Whether smaller pieces will be asked for from now on.
        """
        n_steps = piece.n_steps // 2
        if n_steps < FEWEST_STEPS:
            return False
        self.heed(expr, piece.step_ms, n_steps)
        return True

    def heed(self, expr: str, step_ms: int, n_steps: int) -> None:
        """Let no question for this query, at this step, have more steps than so many."""
        with self._lock:
            key = expr, step_ms
            self._own[key] = min(n_steps, self._own.get(key, n_steps))
            self._own.move_to_end(key)
            while len(self._own) > REMEMBERED:
                self._own.popitem(last=False)

    def _allowed(self, message: str, piece: Window) -> int | None:
        """Steps that would be within the limit, 0 where it tells no number; None if this is about no limit."""
        if match := _POINTS.search(message):
            points = int((match["prometheus"] or match["victoria"]).replace(",", ""))
            if points < piece.n_steps:
                with self._lock:
                    self.max_points = points if self.max_points is None else min(self.max_points, points)
            return points
        if match := _LENGTH.search(message):
            asked, limit = _milliseconds(match["asked"]), _milliseconds(match["limit"])
            with self._lock:
                self.max_length_ms = limit if self.max_length_ms is None else min(self.max_length_ms, limit)
            # Some count what the query looks back as well.
            excess = asked - limit
            length = (piece.n_steps - 1) * piece.step_ms
            return max((length - excess) // piece.step_ms + 1, 0) if excess > 0 else 0
        return 0 if _AMOUNT.search(message) else None


def _milliseconds(duration: str) -> int:
    return round(sum(float(count) * _UNITS_MS[unit] for count, unit in _PART.findall(duration)))
