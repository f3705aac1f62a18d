"""One query by one client, in this fresh process: its time, its memory and how many samples it brought, as JSON.

benchmarks/query.py starts it. Libraries are loaded before the clock starts, as in a notebook that runs for a while.

    python benchmarks/query_clients.py CLIENT URL CASE
"""

from __future__ import annotations

import http.client
import importlib
import json
import sys
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

Case = dict[str, Any]
"""`query`, and `start`, `end`, `step` in seconds, or `at`; `pieces` is how many a server's limit makes of a range."""

KIB = 1024
MIB = 1 << 20


def raw(url: str, case: Case) -> Callable[[], int]:
    """Download only: the least that a client can do."""
    host = urlsplit(url).netloc

    def download() -> int:
        connection = http.client.HTTPConnection(host)
        for path in _paths(case):
            connection.request("GET", path, headers={"Accept-Encoding": "identity"})
            answer = connection.getresponse()
            if answer.status != http.client.OK or not answer.read():
                raise SystemExit(f"HTTP {answer.status}")
        connection.close()
        return int(case["samples"])

    return download


def _paths(case: Case) -> list[str]:
    if "at" in case:
        return [f"/api/v1/query?{urlencode({'query': case['query'], 'time': case['at']})}"]
    n_steps = (case["end"] - case["start"]) // case["step"] + 1
    edges = [n_steps * piece // case["pieces"] for piece in range(case["pieces"] + 1)]
    windows = [
        {"start": case["start"] + first * case["step"], "end": case["start"] + (after - 1) * case["step"]}
        for first, after in pairwise(edges)
    ]
    return [
        f"/api/v1/query_range?{urlencode({'query': case['query'], 'step': case['step'], **window})}"
        for window in windows
    ]


def monitorkit(url: str, case: Case, *, compression: bool | None = None) -> Callable[[], int]:
    client = importlib.import_module("monitorkit.query").PrometheusClient(
        url, timeout_seconds=600, compression=compression
    )
    if "at" in case:
        return lambda: int(client.query(case["query"], at=case["at"])["value"].count())
    window = {name: case[name] for name in ("start", "end", "step")}
    return lambda: int(client.query_range(case["query"], **window).count().sum())


def api_client(url: str, case: Case) -> Callable[[], int]:
    library = importlib.import_module("prometheus_api_client")
    client = library.PrometheusConnect(url)
    # It loads pandas when these names are looked up.
    at_once, over_time = library.MetricSnapshotDataFrame, library.MetricRangeDataFrame
    if "at" in case:
        return lambda: len(at_once(client.custom_query(case["query"], params={"time": case["at"]})))
    start, end = (datetime.fromtimestamp(case[name], UTC) for name in ("start", "end"))
    return lambda: len(over_time(client.custom_query_range(case["query"], start, end, str(case["step"]))))


def prometheus_pandas(url: str, case: Case) -> Callable[[], int]:
    client = importlib.import_module("prometheus_pandas.query").Prometheus(url)
    if "at" in case:
        return lambda: int(client.query(case["query"], time=case["at"]).count())
    window = [case[name] for name in ("start", "end", "step")]
    return lambda: int(client.query_range(case["query"], *window).count().sum())


def promql_http_api(url: str, case: Case) -> Callable[[], int]:
    client = importlib.import_module("promql_http_api").PromqlHttpApi(url)
    if "at" in case:
        return lambda: len(client.query(case["query"], datetime.fromtimestamp(case["at"], UTC)).to_dataframe())
    start, end = (datetime.fromtimestamp(case[name], UTC) for name in ("start", "end"))
    return lambda: len(client.query_range(case["query"], start, end, str(case["step"])).to_dataframe())


CLIENTS: dict[str, Callable[..., Callable[[], int]]] = {
    "raw": raw,
    "monitorkit": monitorkit,
    "prometheus-api-client": api_client,
    "prometheus-pandas": prometheus_pandas,
    "promql-http-api": promql_http_api,
}


def without_compression() -> None:
    """Let every requests session ask for no compression, whoever makes it."""
    sessions: Any = importlib.import_module("requests.sessions")
    shipped = sessions.default_headers

    def plain() -> Any:
        headers = shipped()
        headers["Accept-Encoding"] = "identity"
        return headers

    sessions.default_headers = plain


def memory_bytes(name: str) -> int:
    """VmRSS, what the process has now, or VmHWM, the most that it had since it was reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * KIB for line in lines if line.startswith(f"{name}:"))


def main() -> None:
    name, url, case = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    client, _, mode = name.partition(", ")
    if mode == "no compression":
        without_compression()
    options: dict[str, Any] = {"compression": True} if mode == "compressed" else {}
    run = CLIENTS[client](url, case, **options)
    Path("/proc/self/clear_refs").write_text("5")
    before = memory_bytes("VmRSS")
    cpu, began = time.process_time(), time.perf_counter()
    samples = run()
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"wall": wall, "cpu": cpu, "mib": (memory_bytes("VmHWM") - before) / MIB, "samples": samples}))


if __name__ == "__main__":
    main()
