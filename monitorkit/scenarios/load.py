"""Load: real requests from real data at a rate, then their true labels."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from monitorkit.durations import Duration, seconds
from monitorkit.errors import InvalidType, InvalidValue, ServerUnavailable
from monitorkit.progress import progress_bar
from monitorkit.scenarios.sender import Answer, Plan, Sender
from monitorkit.serving.handle import ModelServer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["HasUrl", "traffic"]

MAX_REQUESTS = 5_000_000
QUANTILES = {"latency_p50_seconds": 0.5, "latency_p95_seconds": 0.95, "latency_p99_seconds": 0.99}


class HasUrl(Protocol):
    """Anything that answers ``POST /predict`` below its URL."""

    @property
    def url(self) -> str:
        """Base URL."""


def traffic(
    server: HasUrl | str,
    X: ArrayLike | pd.DataFrame,
    y: ArrayLike | None = None,
    *,
    rate: float = 50.0,
    duration: Duration = "10s",
    feedback_delay: Duration = "0s",
    arrivals: str = "constant",
    timeout: Duration = "10s",
    seed: int = 0,
    progress: bool = True,
) -> pd.DataFrame:
    """Send predictions to a model server at a rate, then their true labels; return one row per request.

    The load is *open*: each request is due at a time fixed in advance and does not wait for the answers before it, and
    its latency counts from when it was due. So a server that stalls is seen with the waiting time that its users would
    have had (a closed loop would politely stop asking and hide it).

    Parameters
    ----------
    server
        A model server, or the URL of one.
    X
        Array or DataFrame of shape (n_samples, n_features); the rows of a DataFrame go with the names of its columns.
        For a model of texts, a list of them.
        Each request carries one row; rows are drawn in a shuffled order, every row once before any a second time.
    y
        True labels of shape (n_samples,), or for several labels (n_samples, n_labels). Without them no feedback is
        sent.
    rate
        Requests per second.
    duration
        How long to send. ``rate * duration`` requests are sent.
    feedback_delay
        Time between a request's answer and its true label, as labels come late in practice.
    arrivals
        ``"constant"`` for equal distances, ``"poisson"`` for the random arrivals of many independent users.
    timeout
        How long to wait for one answer.
    seed
        Seed of the order of rows and of random arrivals.
    progress
        Whether to show a progress bar when it takes over a second.

    Returns
    -------
    DataFrame of shape (n_requests, 9)
        In the order in which the requests were due: ``due`` (datetime64[ms, UTC]), ``latency_seconds`` (from due to
        answered, NaN without an answer), ``server_seconds`` (the server's own measurement, NaN where it gives none),
        ``code`` (HTTP status, 0 without an answer), ``status`` (``ok``, ``client_error``, ``server_error``, ``shed``,
        ``no_answer``), ``row`` (position in `X`), ``id``, ``prediction``, ``feedback`` (``joined``, ``unknown``,
        ``expired``, ``duplicate``, ``""`` where no label was sent, ``failed`` where it was not taken).
        The summary is in ``attrs``: ``requests``, ``ok``, ``errors`` (a count for each other status),
        ``seconds`` (from the first request due to the last answer), ``throughput`` (requests per second),
        ``latency_mean_seconds`` and three quantiles, ``labels_sent``, ``first_error`` where there was one.

    Raises
    ------
    InvalidValue, InvalidType
        If an argument cannot be used.
    ServerUnavailable
        If nothing answers at the server's URL.

    Notes
    -----
    On open and closed loads: B. Schroeder, A. Wierman, M. Harchol-Balter, "Open Versus Closed: A Cautionary Tale",
    NSDI 2006.

    Examples
    --------
    >>> import monitorkit as mk
    >>> with mk.serve(lambda X: X.sum(axis=1), name="traffic-example") as server:
    ...     sent = mk.traffic(server, [[1.0, 2.0], [3.0, 4.0]], rate=50, duration="200ms")
    >>> sent.attrs["requests"], sent.attrs["ok"]
    (10, 10)
    """
    rows = _matrix(X)
    plan = _plan(rows, y, rate=rate, duration=seconds(duration, name="duration"), arrivals=arrivals, seed=seed)
    if isinstance(X, pd.DataFrame) and isinstance(server, ModelServer) and all(isinstance(name, str) for name in X):
        # Of another server it is not known whether it takes names.
        plan = replace(plan, columns=[str(name) for name in X])
    sender = Sender(
        plan,
        url=server if isinstance(server, str) else server.url,
        feedback_delay_seconds=seconds(feedback_delay, name="feedback_delay"),
        timeout_seconds=seconds(timeout, name="timeout"),
    )
    _run(sender, progress=progress)
    answers = sender.answers
    if all(answer.code == 0 for answer in answers):
        raise ServerUnavailable(sender.url, f"no request was answered ({answers[0].error}); is the server running?")
    return _frame(plan, answers, started=sender.started_at)


def _matrix(X: ArrayLike | pd.DataFrame) -> np.ndarray[Any, Any]:
    try:
        rows = _times_as_text(X).to_numpy() if isinstance(X, pd.DataFrame) else np.asarray(X)
    except ValueError as error:
        raise InvalidValue(f"X: its rows do not have the same length: {error}") from error
    if rows.ndim == 1 and all(isinstance(row, str) for row in rows):
        # A text is a row of one.
        rows = rows.reshape(-1, 1)
    if rows.ndim != 2:  # noqa: PLR2004 - a matrix
        raise InvalidValue(f"X has shape {rows.shape}; give one row per sample, shape (n_samples, n_features)")
    if len(rows) == 0:
        raise InvalidValue("X has no rows; there is nothing to send")
    return rows


def _times_as_text(frame: pd.DataFrame) -> pd.DataFrame:
    written = frame.copy(deep=False)
    for name, column in frame.select_dtypes(["datetime", "datetimetz"]).items():
        written[name] = column.map(lambda time: time.isoformat(), na_action="ignore")
    return written


def _plan(
    rows: np.ndarray[Any, Any], y: ArrayLike | None, *, rate: float, duration: float, arrivals: str, seed: int
) -> Plan:
    """Decide when which row is sent."""
    if isinstance(rate, bool) or not isinstance(rate, int | float | np.number):
        raise InvalidType(f"rate: {rate!r} is no number of requests per second")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InvalidValue(f"seed: {seed!r} must be a whole number, 0 or more")
    rate = float(rate)
    count = round(rate * duration) if np.isfinite(rate) else MAX_REQUESTS + 1
    if not 1 <= count <= MAX_REQUESTS:
        raise InvalidValue(
            f"rate {rate} over {duration:g} s makes {rate * duration:g} requests; 1 to {MAX_REQUESTS:,} can be sent"
        )
    labels = None if y is None else np.asarray(y)
    if labels is not None and (labels.ndim not in {1, 2} or len(labels) != len(rows)):
        raise InvalidValue(f"y has shape {labels.shape}, X has {len(rows)} rows; give one label per row")
    random = np.random.default_rng(seed)
    if arrivals == "constant":
        due = np.arange(count) / rate
    elif arrivals == "poisson":
        due = np.sort(random.uniform(0.0, duration, count))
    else:
        raise InvalidValue(f"arrivals: {arrivals!r} is not known; choose 'constant' or 'poisson'")
    passes = -(-count // len(rows))
    order = np.concatenate([random.permutation(len(rows)) for _ in range(passes)])[:count]
    return Plan(rows=rows, order=order, due_seconds=due, labels=labels)


def _run(sender: Sender, *, progress: bool) -> None:
    """Run the sender on a thread of its own, as the kernel's main thread has an event loop already."""
    thread = threading.Thread(target=sender.run, name="monitorkit traffic", daemon=True)
    thread.start()
    labelled = sender.plan.labels is not None
    with progress_bar(len(sender.plan.order), desc="traffic", unit="req", shown=progress) as bar:
        try:
            while thread.is_alive():
                thread.join(0.1)
                bar.update(sender.answered - bar.n)
                if labelled and bar.n == bar.total:
                    bar.set_description("labels")
        except BaseException:
            sender.cancel()
            thread.join()
            raise
    if sender.failure is not None:
        raise sender.failure


def _frame(plan: Plan, answers: list[Answer], *, started: float) -> pd.DataFrame:
    due = np.round((started + plan.due_seconds) * 1000).astype("datetime64[ms]")
    frame = pd.DataFrame(
        {
            "due": pd.DatetimeIndex(due).tz_localize("UTC"),
            "latency_seconds": np.array([answer.latency_seconds for answer in answers]),
            "server_seconds": np.array([answer.server_seconds for answer in answers]),
            "code": np.array([answer.code for answer in answers]),
            "status": [answer.status for answer in answers],
            "row": plan.order,
            "id": [answer.prediction_id for answer in answers],
            "prediction": [answer.prediction for answer in answers],
            "feedback": [answer.feedback for answer in answers],
        }
    )
    frame.index.name = "request"
    frame.attrs.update(_summary(plan, frame, answers))
    return frame


def _summary(plan: Plan, frame: pd.DataFrame, answers: list[Answer]) -> dict[str, Any]:
    counts = frame["status"].value_counts()
    latency = frame["latency_seconds"].dropna()
    ended = float(np.nanmax(plan.due_seconds + frame["latency_seconds"].to_numpy()))
    first_error = next((answer.error for answer in answers if answer.error), None)
    return {
        "requests": len(frame),
        "ok": int(counts.get("ok", 0)),
        "errors": {str(status): int(count) for status, count in counts.items() if status != "ok"},
        "seconds": ended,
        "throughput": len(frame) / ended,
        "latency_mean_seconds": float(latency.mean()),
        **{name: float(latency.quantile(quantile)) for name, quantile in QUANTILES.items()},
        "labels_sent": int((frame["feedback"] != "").sum()),
        **({"first_error": first_error} if first_error else {}),
    }
