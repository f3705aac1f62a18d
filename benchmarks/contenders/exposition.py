"""Seconds to write 10,000 series: a server's registry by `/metrics`' own code, and prometheus_client's generate_latest.

Prints pairs, taken in turns.
"""

from __future__ import annotations

import json
import sys
import time

from prometheus_client import CollectorRegistry, Counter, generate_latest

from monitorkit.metrics import ModelMetrics, Registry, exposition


def fill(registry: CollectorRegistry, count: int) -> CollectorRegistry:
    family = Counter("more_series", "Series for a larger scrape.", ["number", "model_name"], registry=registry)
    for number in range(count):
        family.labels(str(number), "digits").inc(number / 7)
    return registry


def seconds(write, registry: CollectorRegistry) -> float:
    begun = time.perf_counter()
    write(registry)
    return time.perf_counter() - begun


def main(count: int = 10_000, rounds: int = 9) -> None:
    own = Registry()
    ModelMetrics(own, "digits").activate("1")
    fill(own, count)
    plain = fill(CollectorRegistry(), count)
    pairs = [(seconds(exposition, own), seconds(generate_latest, plain)) for _ in range(rounds)]
    json.dump(pairs, sys.stdout)


if __name__ == "__main__":
    main()
