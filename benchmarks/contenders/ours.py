"""monitorkit's server: `ours.py PORT [--model forest] [--batching off] [--metrics off] [--busy] [--process]`.

It ends when its standard input does, so that it never outlives who started it.
"""

from __future__ import annotations

import argparse
import sys
import threading
from typing import Any

import models

import monitorkit as mk
from monitorkit.metrics.quality.predictions import QualityMetrics
from monitorkit.metrics.requests.performance import RequestMetrics


def forest(n_trees: int = 200) -> Any:
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_trees, random_state=0, n_jobs=1).fit(*load_iris(return_X_y=True))


def nothing(*_args: object, **_options: object) -> None:
    """In place of what counts."""


def without_metrics() -> None:
    """Take out of the server what it measures, to see what that costs; ids and the store for labels stay."""
    for name in ("count", "count_ok", "time_phases", "observe_batch"):
        setattr(RequestMetrics, name, nothing)
    QualityMetrics.count_predictions = nothing


def series(server: Any, count: int) -> None:
    """Make the server export so many series more."""
    from prometheus_client import Counter

    family = Counter("more_series", "Series for a larger scrape.", ["number"], registry=server.registry)
    for number in range(count):
        family.labels(str(number)).inc()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--model", default="trivial")
    parser.add_argument("--batching", default="on")
    parser.add_argument("--metrics", default="on")
    parser.add_argument("--metrics-port", type=int)
    parser.add_argument("--series", type=int, default=0)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--process", action="store_true")
    options = parser.parse_args()
    if options.metrics == "off":
        without_metrics()
    model = forest() if options.model == "forest" else models.trivial
    place = {"process": True} if options.process else {}
    server = mk.serve(
        model,
        name="benchmark",
        port=options.port,
        metrics_port=options.metrics_port,
        batching=options.batching == "on",
        **place,
    )
    if options.metrics == "off":
        server._application.served.metrics.requests.add_in_flight = nothing
    if options.series:
        series(server, options.series)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    if options.busy:
        while not ended.is_set():
            sum(number * number for number in range(1000))
    ended.wait()
    server.stop()


if __name__ == "__main__":
    main()
