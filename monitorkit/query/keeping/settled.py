"""How much of a range query's result can no longer change: what may be kept for ever.

The value of a step comes from samples up to the step, unless the query looks ahead (``offset -5m``) or at a fixed time
(``@``). Samples arrive late: scrapes take seconds, remote writers buffer for minutes. So a step counts as settled once
all that it looks at lies a margin in the past.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitorkit.promql import DurationExpression, MatrixSelector, PromQLError, Subquery, VectorSelector, parse, walk

__all__ = ["Outlook", "outlook"]


@dataclass(frozen=True)
class Outlook:
    """At which times a query looks, beside those before each step.

    Parameters
    ----------
    ahead_ms
        How far it looks beyond a step.
    latest_ms
        The latest fixed time that it looks at; None where there is none.
    unknown
        Why that cannot be told; empty where it can.
    """

    ahead_ms: int = 0
    latest_ms: int | None = None
    unknown: str = ""

    def settled_ms(self, now: int, *, margin_ms: int) -> int | None:
        """Last moment whose step can no longer change; None where there is none."""
        settled = now - margin_ms - self.ahead_ms
        if self.unknown or (self.latest_ms is not None and self.latest_ms > settled):
            return None
        return settled


def outlook(expr: str) -> Outlook:
    """Tell at which times a query looks; in doubt, farther than it does.

    Parameters
    ----------
    expr
        PromQL, its ``@ start()`` and ``@ end()`` fixed.

    Examples
    --------
    >>> outlook("rate(x[5m] offset -1h) / y @ 1700000000")
    Outlook(ahead_ms=3600000, latest_ms=1700000000000, unknown='')
    """
    try:
        tree = parse(expr)
    except PromQLError:
        return Outlook(unknown="it is written in a dialect that cannot be read here")
    ahead = 0.0
    latest: float | None = None
    for node in walk(tree):
        if not isinstance(node, VectorSelector | MatrixSelector | Subquery):
            continue
        if isinstance(node.offset, DurationExpression):
            return Outlook(unknown="it has an offset that the server calculates")
        if getattr(node, "extension", None):
            return Outlook(unknown="it uses samples from beyond each step")
        if node.offset is not None:
            ahead += max(-node.offset.value, 0.0)
        if isinstance(node.at, str):
            return Outlook(unknown="it looks at an end of the range")
        if node.at is not None:
            latest = node.at if latest is None else max(latest, node.at)
    return Outlook(round(ahead * 1000), None if latest is None else round(latest * 1000))
