"""How long a query takes until it is a DataFrame: beside the bare download, and beside other clients.

Each measurement is a fresh process; within a round all clients of a case run one after another in an order of chance,
and a ratio is that of two runs of one round, so that a busy machine slows down both. The other clients are measured as
they are shipped, which is with gzip, and without compression. Needs Linux (memory is read from /proc), and for them

    pip install --no-deps -r benchmarks/peers.txt
    python benchmarks/query.py [--runs 5] [--case NAME] [--alone] [--write]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import query_history as history

import monitorkit as mk
from monitorkit.services import find

PAGE = Path(__file__).parents[1] / "docs" / "query-speed.md"
CLIENT = Path(__file__).with_name("query_clients.py")
GIVE_UP_SECONDS = 300
PEERS = ("prometheus-api-client", "prometheus-pandas", "promql-http-api")
MODULES = ("prometheus_api_client", "prometheus_pandas", "promql_http_api")
SHIPPED = [peer for peer, module in zip(PEERS, MODULES, strict=True) if importlib.util.find_spec(module)]
UNCOMPRESSED = [f"{peer}, no compression" for peer in SHIPPED]
ALL = ["raw", "monitorkit", "monitorkit, compressed", *SHIPPED, *UNCOMPRESSED]
OURS = ["raw", "monitorkit"]
SLOW = [name for name in ALL if name.startswith("promql-http-api")]
"""Measured in the first round only: otherwise they would take most of the time of all together."""

Runs = dict[str, list[dict[str, float]]]
"""What was measured, by client; the runs of one round stand at the same place."""


@dataclass(frozen=True)
class Size:
    """One size of result."""

    name: str
    case: dict[str, Any]
    clients: list[str]


def _range(sizes: str, n_series: int, n_steps: int, step: int, pieces: int = 1) -> dict[str, Any]:
    query = f'load{{size=~"[{sizes}]"}}'
    end = history.START + (n_steps - 1) * step
    window = {"start": history.START, "end": end, "step": step, "pieces": pieces}
    return {"query": query, **window, "samples": n_series * n_steps}


def _instant(query: str, n_series: int) -> dict[str, Any]:
    return {"query": query, "at": history.WIDE_AT + 60, "samples": n_series}


CASES = [
    Size("10 x 1,000", _range("a", 10, 1000, 60), ALL),
    Size("100 x 5,000", _range("ab", 100, 5000, 15), ALL),
    Size("1,000 x 1,440", _range("abcd", 1000, 1440, 60), ALL),
    Size("250 x 12,000, in pieces", _range("abc", 250, 12_000, 7, pieces=2), OURS),
    Size("1,000 x 10,000", _range("abcd", 1000, 10_000, 8), OURS),
    Size("instant, 10,000 series", _instant('wide{shard="0"}', 10_000), ALL),
    Size("instant, 100,000 series", _instant("wide", 100_000), ALL),
]
MAIN, LARGEST, WIDE = "1,000 x 1,440", "1,000 x 10,000", "instant, 100,000 series"


def measured(client: str, url: str, case: dict[str, Any]) -> dict[str, float]:
    command = [sys.executable, str(CLIENT), client, url, json.dumps(case)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=GIVE_UP_SECONDS, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    if found.pop("samples") != case["samples"]:
        raise SystemExit(f"{client}: another number of samples than {case['samples']}")
    return found


def measure(size: Size, url: str, rounds: int) -> Runs:
    runs: Runs = defaultdict(list)
    # It warms the caches of server and disk.
    measured("raw", url, size.case)
    for number in range(1, rounds + 1):
        clients = [client for client in size.clients if number == 1 or client not in SLOW]
        for client in random.sample(clients, len(clients)):
            runs[client].append(measured(client, url, size.case))
        print(f"  {size.name}: round {number} of {rounds}", flush=True)
    return runs


def median(runs: Runs, client: str, what: str) -> float:
    return statistics.median(run[what] for run in runs[client])


def ratios(runs: Runs, client: str, other: str, what: str = "wall") -> list[float]:
    # Who is measured in fewer rounds is measured in the first.
    return sorted(one[what] / two[what] for one, two in zip(runs[client], runs[other], strict=False))


def table(size: Size, runs: Runs) -> list[str]:
    lines = [f"## {size.name}", "", "| client | wall s | x raw (range) | CPU s | memory MiB |", "|---|---|---|---|---|"]
    for client in size.clients:
        times_raw = ratios(runs, client, "raw")
        spread = f"{statistics.median(times_raw):.2f} ({times_raw[0]:.2f} to {times_raw[-1]:.2f})"
        wall, cpu, mib = (median(runs, client, what) for what in ("wall", "cpu", "mib"))
        lines.append(f"| {client} | {wall:.3f} | {spread} | {cpu:.3f} | {mib:.0f} |")
    return [*lines, ""]


def fastest(runs: Runs, peers: list[str]) -> str:
    return min(peers, key=lambda peer: median(runs, peer, "wall"))


def goals(runs: dict[str, Runs]) -> list[tuple[str, float, float, bool]]:
    """What is aimed at: in words, the figure, its bound, and whether it is the most that may be."""
    found = []
    if MAIN in runs:
        found.append(("1.44 M samples: wall time x raw", middle(runs[MAIN], "monitorkit", "raw"), 1.6, True))
    if MAIN in runs and SHIPPED and SHIPPED[0] in runs[MAIN]:
        shipped, plain = fastest(runs[MAIN], SHIPPED), fastest(runs[MAIN], UNCOMPRESSED)
        found += [
            (f"times as fast as {shipped}", middle(runs[MAIN], shipped, "monitorkit"), 10, False),
            (f"times as fast as {plain}", middle(runs[MAIN], plain, "monitorkit"), 6, False),
            (f"memory x that of {shipped}", middle(runs[MAIN], "monitorkit", shipped, "mib"), 0.25, True),
        ]
    if WIDE in runs:
        found.append(("instant, 100,000 series: wall time x raw", middle(runs[WIDE], "monitorkit", "raw"), 1.7, True))
    if {MAIN, LARGEST} <= set(runs):
        for what, words in (("wall", "wall time"), ("cpu", "CPU")):
            per_sample = [median(runs[name], "monitorkit", what) / _samples(name) for name in (LARGEST, MAIN)]
            found.append((f"{words} per sample, 10 M x 1.44 M", per_sample[0] / per_sample[1], 1.2, True))
    return found


def middle(runs: Runs, client: str, other: str, what: str = "wall") -> float:
    return statistics.median(ratios(runs, client, other, what))


def _samples(name: str) -> int:
    return next(int(size.case["samples"]) for size in CASES if size.name == name)


def reached(found: list[tuple[str, float, float, bool]]) -> tuple[list[str], bool]:
    lines = ["| goal | measured | bound | |", "|---|---|---|---|"]
    met = [figure <= bound if most else figure >= bound for _, figure, bound, most in found]
    for (words, figure, bound, most), good in zip(found, met, strict=True):
        sign = "at most" if most else "at least"
        lines.append(f"| {words} | {figure:.2f} | {sign} {bound:g} | {'met' if good else 'missed'} |")
    return [*lines, ""], all(met)


PREFACE = """\
# From PromQL to a DataFrame: how long it takes

<!-- Written by: python benchmarks/query.py --write -->

Prometheus {version} on loopback, {cores} cores, Python {python}; medians of {rounds} rounds. Each run is a new process,
whose clock starts when libraries are loaded. `raw` is the bare download without compression; x raw is the ratio of two
runs of one round; memory is the growth of its peak. The other clients ask for gzip as they are shipped. Where they are
missing, they cannot get so much, or would take minutes and gigabytes. promql-http-api takes as long as all others
together, so it is measured in one round.
"""


def page(version: str, rounds: int, goal_lines: list[str], tables: list[str]) -> str:
    preface = PREFACE.format(version=version, cores=os.cpu_count(), python=platform.python_version(), rounds=rounds)
    return "\n".join([preface, *goal_lines, *tables])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="rounds, at most 50 (default 5, about a minute each)")
    parser.add_argument("--case", action="append", choices=[size.name for size in CASES], help="only this one")
    parser.add_argument("--alone", action="store_true", help="without the other clients, which take most of the time")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} anew")
    arguments = parser.parse_args()
    rounds = min(max(arguments.runs, 1), 50)
    chosen = [size for size in CASES if not arguments.case or size.name in arguments.case]
    if arguments.alone:
        chosen = [replace(size, clients=OURS) for size in chosen]
    elif len(SHIPPED) < len(PEERS):
        print("not all other clients are here: pip install --no-deps -r benchmarks/peers.txt")
    with tempfile.TemporaryDirectory() as folder:
        print("writing history", flush=True)
        data = history.write(Path(folder), find("prometheus").path.with_name("promtool"))
        options: dict[str, Any] = {"data": data, "retention": "100y", "scrape_interval": "1h", "wait": False}
        with mk.start_prometheus(name="benchmark-query", **options) as prom:
            runs = {size.name: measure(size, prom.url, rounds) for size in chosen}
            version = prom.version
    tables = [line for size in chosen for line in table(size, runs[size.name])]
    goal_lines, all_met = reached(goals(runs))
    print("\n".join([*tables, *goal_lines]))
    if arguments.write:
        PAGE.write_text(page(version, rounds, goal_lines, tables))
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())
