"""How long reading a PromQL query takes: at most 120 us for a typical one.

Run: python benchmarks/promql.py
"""

from __future__ import annotations

import statistics
import sys
import timeit
from functools import partial
from typing import TYPE_CHECKING

from monitorkit.promql import context, format, highlight, label_flow, parse, tokens  # noqa: A004 - as users write it

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_MICROSECONDS = 120
QUERIES = {
    "selector": 'up{job="ai_model"}',
    "rate": "rate(inference_requests_total[5m])",
    "ratio": 'sum by (job) (rate(requests_total{status=~"5.."}[5m])) / sum by (job) (rate(requests_total[5m]))',
    "quantile": (
        "histogram_quantile(0.95, sum by (le, phase) (rate(inference_phase_duration_seconds_bucket"
        '{model_name="digits",phase!="queue"}[5m])))'
    ),
    "join": "up * on (instance) group_left (model_version) model_info > bool 0 and on (job) (a or b) == 1",
}


def microseconds(action: Callable[[], object]) -> float:
    """Median time of one call, over seven rounds."""
    timer = timeit.Timer(action)
    number, _ = timer.autorange()
    number = max(1, number // 4)
    return statistics.median(timer.repeat(7, number)) / number * 1e6


def main() -> int:
    """Print a table; return 1 when a query takes longer than the limit."""
    steps: dict[str, Callable[[str], object]] = {
        "tokens": tokens,
        "parse": parse,
        "format": format,
        "highlight": highlight,
        "context": context,
        "labels": lambda query: label_flow(parse(query)),
    }
    print(f"{'us':>10}" + "".join(f"{name:>11}" for name in steps))
    worst = 0.0
    for name, query in QUERIES.items():
        times = {step: microseconds(partial(run, query)) for step, run in steps.items()}
        worst = max(worst, times["parse"])
        print(f"{name:>10}" + "".join(f"{value:11.1f}" for value in times.values()))
    print(f"slowest parse: {worst:.1f} us, limit {LIMIT_MICROSECONDS} us")
    return int(worst > LIMIT_MICROSECONDS)


if __name__ == "__main__":
    sys.exit(main())
