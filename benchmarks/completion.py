"""How long completion and help take in a real kernel, with 50,000 metric names in a real Prometheus: at most 100 ms.

Run: python benchmarks/completion.py [number of names]
"""

from __future__ import annotations

import random
import statistics
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import start_new_kernel

import monitorkit as mk

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_MS = 100
N_NAMES = 50_000
ROUNDS = 40
WORDS = (
    *("http", "node", "cpu", "memory", "seconds", "bytes", "disk", "network", "errors", "latency", "model", "queue"),
    *("batch", "go", "gc", "heap", "kube", "pod", "container", "apiserver", "etcd", "grpc", "server", "client"),
    *("request", "response", "duration", "cache", "index", "scrape", "target", "rule", "alert", "file", "system"),
)

PLACES = {
    "nothing typed": "%promql ",
    "two letters": "%promql rate(no",
    "a word": "%promql rate(node_cpu_s",
    "inside names": "%promql cpu_heap",
    "letters in order": "%promql ndcpsc",
    "no such name": "%promql zzzzzz",
    "label": "%promql first_metric{",
    "label value": '%promql first_metric{job="',
    "grouping": "%%promql\nsum by (|) (rate(first_metric[5m]))",
    "string": "prom.query('rate(node_m",
    "function": "%promql histogram_",
}


def names(count: int) -> list[str]:
    """Metric names as a big installation has them: common words, common beginnings."""
    generator = random.Random(1)  # not for secrets
    found = {"first_metric"}
    while len(found) < count:
        found.add("_".join(generator.choices(WORDS, k=generator.randint(3, 6))))
    return sorted(found)


@contextmanager
def target(count: int) -> Iterator[str]:
    """Something to scrape, with so many metrics."""
    lines = [f"# HELP {name} What {name} counts.\n# TYPE {name} gauge\n{name} 1\n" for name in names(count)]
    body = "".join(lines).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Kernel:
    """A kernel that monitorkit is loaded in."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def run(self, code: str) -> None:
        """Run a cell."""
        reply = self.client.execute_interactive(code, timeout=60)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(reply["content"]["evalue"])

    def timed(self, ask: Any, marked: str) -> tuple[float, dict[str, Any]]:
        """Milliseconds from the request to the reply, and what it says; the bar is the cursor, else the end."""
        cursor = marked.find("|") if "|" in marked else len(marked)
        began = time.perf_counter()
        ask(marked.replace("|", ""), cursor)
        reply = self.client.get_shell_msg(timeout=20)
        return (time.perf_counter() - began) * 1000, reply["content"]

    def stop(self) -> None:
        """End it."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def percentile(times: list[float], share: float) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[round(share * 100) - 1]


def main() -> int:
    """Print a table; return 1 when the slowest is slower than the limit."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else N_NAMES
    kernel = Kernel()
    worst = 0.0
    try:
        with target(count) as address, mk.start_prometheus([address], name="benchmark", scrape_interval="15s") as prom:
            kernel.run("%load_ext monitorkit\nimport monitorkit as mk")
            kernel.run(f"prom = mk.connect({prom.url!r})")
            first, reply = kernel.timed(kernel.client.complete, "%promql ")
            print(f"{len(prom.label_values('__name__')):,} names, Prometheus {prom.version}")
            print(f"first completion after connecting: {first:.1f} ms, {len(reply['matches'])} entries")
            print(f"{'':>18}{'p50 ms':>9}{'p95 ms':>9}{'most':>9}{'entries':>9}")
            time.sleep(2)  # what the first one asked for arrives
            for name, marked in PLACES.items():
                kernel.timed(kernel.client.complete, marked)
                results = [kernel.timed(kernel.client.complete, marked) for _ in range(ROUNDS)]
                times = [spent for spent, _ in results]
                worst = max(worst, percentile(times, 0.95))
                row = (statistics.median(times), percentile(times, 0.95), max(times))
                print(f"{name:>18}" + "".join(f"{ms:9.1f}" for ms in row) + f"{len(results[-1][1]['matches']):9}")
            helped = [kernel.timed(kernel.client.inspect, "%promql rate(first_|metric[5m])") for _ in range(ROUNDS)]
            times = [spent for spent, _ in helped]
            worst = max(worst, percentile(times, 0.95))
            print(f"{'help':>18}{statistics.median(times):9.1f}{percentile(times, 0.95):9.1f}{max(times):9.1f}")
    finally:
        kernel.stop()
    print(f"slowest p95: {worst:.1f} ms, limit {LIMIT_MS} ms")
    return int(worst > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
