"""The demo: a real model, served, measured, scraped and queried, each number from PromQL and by hand, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitorkit.errors import MonitorkitError
from monitorkit.metrics.machine.resources import machine_cpu_times
from monitorkit.metrics.quality.scores import DEFAULT_WINDOW
from monitorkit.scenarios.load import traffic
from monitorkit.services import start_prometheus
from monitorkit.serving import serve

if TYPE_CHECKING:
    from monitorkit.durations import Duration
    from monitorkit.services import Prometheus

__all__ = ["Digits", "compare", "digits", "report", "run_demo"]

NAME = "demo"
DURATION = "inference_request_duration_seconds"


@dataclass(frozen=True)
class Digits:
    """Handwritten digits and a classifier trained on half of them.

    Attributes
    ----------
    model
        A fitted scikit-learn classifier.
    X, y
        What it was not trained on: shape (n_samples, 64), brightness of each pixel from 0 to 1; and (n_samples,).
    """

    model: Any
    X: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]


def digits(*, seed: int = 0) -> Digits:
    """Train a classifier on scikit-learn's handwritten digits.

    Raises
    ------
    MonitorkitError
        If scikit-learn is not installed.

    Notes
    -----
    The data: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository.
    """
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415 - an optional part
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above
        from sklearn.model_selection import train_test_split  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MonitorkitError("the demo trains a model with scikit-learn: pip install 'monitorkit[lab]'") from error
    X, y = load_digits(return_X_y=True)
    X_train, X_new, y_train, y_new = train_test_split(X / 16, y, test_size=0.5, random_state=seed)
    return Digits(LogisticRegression(max_iter=1000).fit(X_train, y_train), X_new, y_new)


def run_demo(*, rate: float = 50.0, duration: Duration = "10s") -> pd.DataFrame:
    """Serve a model, send it traffic, and compare what Prometheus says with what the client counted.

    Everything that is started is stopped before this returns.

    Returns
    -------
    DataFrame
        As :func:`compare`.
    """
    data = digits()
    with serve(data.model, name=NAME) as server, start_prometheus(targets=[server], name=NAME) as prom:
        before = machine_cpu_times()
        sent = traffic(server, data.X, data.y, rate=rate, duration=duration, feedback_delay="200ms")
        after = machine_cpu_times()
        prom.await_scrape()
        cpu = 100 * (after.used - before.used) / (after.total - before.total)
        return compare(prom, sent, data.y, cpu_percent=cpu)


def compare(prom: Prometheus, sent: pd.DataFrame, y: np.ndarray[Any, Any], *, cpu_percent: float) -> pd.DataFrame:
    """Put what PromQL says beside what the client counted.

    Parameters
    ----------
    prom
        Where the server's metrics are kept.
    sent
        What :func:`monitorkit.traffic` returned; the only traffic that the server has had.
    y
        True labels of what was sent.
    cpu_percent
        Used time / total time x 100 of the machine while it was sent.

    Returns
    -------
    DataFrame of shape (8, 4)
        Index: what is compared. Columns: ``PromQL`` and ``by hand`` (the two values), ``how`` (what makes them differ)
        and ``query``.
    """
    ok = sent[sent["status"] == "ok"]
    judged = ok.tail(DEFAULT_WINDOW)  # labels come in the order of their predictions
    correct = judged["prediction"].to_numpy() == y[judged["row"]]
    which = "" if len(ok) <= DEFAULT_WINDOW else f", of the last {DEFAULT_WINDOW} labels"
    window = f"{max(1, int(sent.attrs['seconds']))}s"
    end = sent["due"].iloc[-1]
    rows = [
        ("requests", "sum(inference_requests_total)", len(sent), "the same number"),
        (
            "throughput (1/s)",
            f"sum(rate(inference_requests_total[{window}]))",
            sent.attrs["throughput"],
            "rate() extrapolates to the window's ends",
        ),
        (
            "latency mean (ms)",
            f"1000 * sum({DURATION}_sum) / sum({DURATION}_count)",
            1000 * ok["server_seconds"].mean(),
            "total time / requests",
        ),
        *(_quantile(ok["server_seconds"], quantile, prom) for quantile in (0.5, 0.95)),
        ("accuracy", "model_accuracy", correct.mean(), f"the same number{which}"),
        ("recall", "model_recall", _macro_recall(correct, y[judged["row"]]), f"mean over the classes{which}"),
        (
            "CPU (%)",
            f"avg_over_time(cpu_usage[{window}])",
            cpu_percent,
            "used time / total time; windows differ a little",
        ),
    ]
    answers = [prom.query(query, at=end if "[" in query else None)["value"] for _, query, _, _ in rows]
    return pd.DataFrame(
        {
            # A window of a second or two holds too few scrapes for a rate.
            "PromQL": [float(answer.iloc[0]) if len(answer) else float("nan") for answer in answers],
            "by hand": [float(by_hand) for _, _, by_hand, _ in rows],
            "how": [how for *_, how in rows],
            "query": [query for _, query, _, _ in rows],
        },
        index=pd.Index([name for name, *_ in rows], name="what"),
    )


def report(comparison: pd.DataFrame) -> str:
    """Lay a comparison out for a terminal.

    Parameters
    ----------
    comparison
        What :func:`compare` returned.
    """
    sent, counted = comparison.loc["requests", ["by hand", "PromQL"]]
    numbers = comparison.drop(columns="query")
    table = numbers.to_string(float_format=lambda value: f"{value:.4g}", index_names=False)
    return f"{sent:.0f} requests sent, {counted:.0f} counted by Prometheus\n\n{table}"


def _quantile(latency: pd.Series, quantile: float, prom: Prometheus) -> tuple[str, str, float, str]:
    """Compare a quantile, naming the histogram bucket within which PromQL can only guess."""
    by_hand = float(latency.quantile(quantile))
    bounds = np.sort(prom.query(f"sum by (le) ({DURATION}_bucket)").index.get_level_values("le").astype(float))
    upper = bounds[np.searchsorted(bounds, by_hand)]
    lower = max([bound for bound in bounds if bound < upper], default=0.0)
    return (
        f"latency p{quantile * 100:g} (ms)",
        f"1000 * histogram_quantile({quantile}, sum by (le) ({DURATION}_bucket))",
        1000 * by_hand,
        f"PromQL knows the bucket {1000 * lower:g} to {1000 * upper:g} ms",
    )


def _macro_recall(correct: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> float:
    """TP / (TP + FN) of each class, averaged over the classes."""
    return float(np.mean([correct[y == label].mean() for label in np.unique(y)]))
