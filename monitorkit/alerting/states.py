"""The state of an alert: inactive, pending, firing; waiting for one of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from monitorkit.durations import Duration, format_duration, seconds
from monitorkit.errors import InvalidValue, RuleError
from monitorkit.processes import wait_until
from monitorkit.progress import progress_bar

if TYPE_CHECKING:
    import pandas as pd

    from monitorkit.alerting.rules import AlertRule

__all__ = ["AlertSource", "State", "wait_for_state"]

State = Literal["inactive", "pending", "firing"]

_POLL_SECONDS = 0.1


class AlertSource(Protocol):
    """What tells which alerts are active: a Prometheus."""

    def alerts(self) -> pd.DataFrame:
        """One row for each alert that is pending or firing, with ``name`` and ``state`` among its columns."""


def wait_for_state(
    prom: AlertSource,
    rule: AlertRule | str,
    state: State = "firing",
    *,
    timeout: Duration = "1m",
    progress: bool = True,
) -> pd.DataFrame:
    """Wait until an alert has reached a state.

    Parameters
    ----------
    prom
        The Prometheus that evaluates the rule.
    rule
        The rule, or its name.
    state
        ``pending`` is reached by a firing alert too: it may have been pending for less time than one look takes.
    timeout
        How long to wait.
    progress
        Whether to show a bar when it lasts.

    Returns
    -------
    DataFrame
        The rows of ``prom.alerts()`` that belong to the rule; none where it is inactive.

    Raises
    ------
    RuleError
        If the time is over; the message says in which state the rule is.
    InvalidValue
        If there is no such state.
    """
    if state not in get_args(State):
        raise InvalidValue(f"state: {state!r}; use one of {', '.join(get_args(State))}")
    name = rule if isinstance(rule, str) else rule.name
    limit = seconds(timeout, name="timeout")
    started = time.monotonic()
    rows = _rows(prom, name)
    layout = "{desc} {bar} {n:.0f} of {total:.0f} s"
    with progress_bar(limit, desc=f"{name}: {state}", unit="s", shown=progress, bar_format=layout) as bar:

        def reached() -> bool:
            nonlocal rows
            rows = _rows(prom, name)
            bar.update(min(time.monotonic() - started, limit) - bar.n)
            return _reached(rows, state)

        if not wait_until(reached, timeout_seconds=limit, interval_seconds=_POLL_SECONDS):
            raise RuleError(
                f"{name} is {_state(rows)}, not {state}, after {format_duration(limit)}; "
                "look at its expression and its 'for', and whether this Prometheus has the rule"
            )
    return rows


def _rows(prom: AlertSource, name: str) -> pd.DataFrame:
    alerts = prom.alerts()
    return alerts[alerts["name"] == name].reset_index(drop=True)


def _state(rows: pd.DataFrame) -> State:
    states = set(rows["state"])
    return "firing" if "firing" in states else "pending" if states else "inactive"


def _reached(rows: pd.DataFrame, state: State) -> bool:
    now = _state(rows)
    return now == state or (state == "pending" and now == "firing")
