"""How long a person waits: to import, to connect and query for the first time, to start a Prometheus with samples.

Each number stands beside what the same machine needs without this package (a bare interpreter; the bare binary, its
configuration written beforehand, asked until `up` answers), run in turns, and the ratio is that of pairs. Prometheus
scrapes at a fixed offset within each second of the clock, and a run ends with a scrape, so that without a random pause
before each the runs would all meet the same phase.

    python benchmarks/startup.py [--runs 5]
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import monitorkit as mk
from monitorkit.ports import free_port
from monitorkit.query.connection.sessions import session
from monitorkit.services import find

IMPORT_GOAL_MS = 60.0
START_GOAL_RATIO = 1.2
CONNECT_GOAL_RATIO = 1.1
GIVE_UP_SECONDS = 30.0
CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs: [{{job_name: prometheus, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]
"""
THREADS = "import threading, monitorkit; raise SystemExit(threading.active_count() - 1)"
OURS, THEIRS = "connect() and a first frame", "prometheus-api-client, a first frame"
FIRST = {
    "connect() alone": "import monitorkit as mk; mk.connect('{url}')",
    OURS: "import monitorkit as mk; mk.connect('{url}').query('vector(1)')",
    "pandas and requests, a first frame": (
        "import pandas, requests; answer = requests.post('{url}/api/v1/query', data=dict(query='vector(1)'));"
        "pandas.json_normalize(answer.json()['data']['result'])"
    ),
    THEIRS: (
        "from prometheus_api_client import MetricSnapshotDataFrame, PrometheusConnect;"
        "MetricSnapshotDataFrame(PrometheusConnect(url='{url}').custom_query('vector(1)'))"
    ),
}
# Its own process, so that nothing is loaded yet; the clock starts when `import monitorkit` is over.
START = """
import time, monitorkit as mk
{warm}
began = time.perf_counter()
prom = mk.start_prometheus(name="benchmark")
assert not prom.query("up").empty
print(time.perf_counter() - began)
prom.stop()
"""
LOADED = "import monitorkit.services"


def interpreter_seconds(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def bare_seconds(binary: Path) -> float:
    """From the start of the binary to a query of `up` that returns a sample."""
    port = free_port("bare")
    with tempfile.TemporaryDirectory() as folder, session() as http:
        config = Path(folder) / "prometheus.yml"
        config.write_text(CONFIG.format(port=port))
        command = [str(binary), f"--config.file={config}", f"--storage.tsdb.path={folder}/data"]
        began = time.perf_counter()
        with subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.DEVNULL
        ) as process:
            try:
                while time.perf_counter() - began < GIVE_UP_SECONDS:
                    with suppress(OSError, ValueError, LookupError):
                        answer = http.get(f"http://127.0.0.1:{port}/api/v1/query", params={"query": "up"}, timeout=5)
                        if answer.json()["data"]["result"]:
                            return time.perf_counter() - began
                    time.sleep(0.01)
            finally:
                process.kill()
    raise SystemExit(f"{binary} has no sample after {GIVE_UP_SECONDS:g} s")


def start_seconds(warm: str) -> float:
    code = START.format(warm=warm)
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return float(done.stdout)


def spread(values: list[float], unit: str, scale: float = 1.0) -> str:
    low, middle, high = (scale * value for value in (min(values), statistics.median(values), max(values)))
    return f"{middle:.2f} {unit} ({low:.2f} to {high:.2f})"


def measure_import(runs: int) -> bool:
    interpreter_seconds("import monitorkit")
    pairs = [(interpreter_seconds("pass"), interpreter_seconds("import monitorkit")) for _ in range(runs)]
    net = [after - before for before, after in pairs]
    threads = subprocess.run([sys.executable, "-c", THREADS], check=False).returncode
    print(f"import monitorkit: net {spread(net, 'ms', 1000)}, {threads} threads; goal {IMPORT_GOAL_MS:g} ms, none")
    return statistics.median(net) * 1000 <= IMPORT_GOAL_MS and threads == 0


def measure_connect(runs: int) -> bool:
    """A first query as a frame against what it cannot do without, and against a peer; in an order of chance."""
    with mk.start_prometheus(name="benchmark-connect", wait=False) as prom:
        codes = {name: code.format(url=prom.url) for name, code in FIRST.items()}
        seconds: dict[str, list[float]] = {name: [] for name in codes}
        for code in codes.values():
            interpreter_seconds(code)
        for _ in range(runs):
            for name in random.sample(list(codes), len(codes)):
                seconds[name].append(interpreter_seconds(codes[name]))
    for name, values in seconds.items():
        print(f"{name}: {spread(values, 'ms', 1000)}")
    pairs = zip(seconds[OURS], seconds[THEIRS], strict=True)
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    print(f"ratio of pairs, first frame: {ratio:.2f}; goal {CONNECT_GOAL_RATIO:g}")
    return ratio <= CONNECT_GOAL_RATIO


def at_any_phase() -> None:
    time.sleep(random.random())


def measure_start(runs: int) -> bool:
    binary = find("prometheus")
    bare, cold, warm = [], [], []
    for run in range(runs):
        at_any_phase()
        bare.append(bare_seconds(binary.path))
        at_any_phase()
        cold.append(start_seconds(""))
        at_any_phase()
        warm.append(start_seconds(LOADED))
        print(f"  run {run + 1}: bare {bare[-1]:.2f} s, first call {cold[-1]:.2f} s, libraries loaded {warm[-1]:.2f} s")
    ratio = statistics.median(ours / theirs for ours, theirs in zip(cold, bare, strict=True))
    print(f"Prometheus {binary.version} bare to first sample: {spread(bare, 's')}")
    print(f"start_prometheus() to first sample, first call of a fresh process: {spread(cold, 's')}")
    print(f"start_prometheus() to first sample, libraries loaded: {spread(warm, 's')}")
    print(f"ratio of pairs, first call: {ratio:.2f}; goal {START_GOAL_RATIO:g}")
    return ratio <= START_GOAL_RATIO


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="of each, at most 50 (default 5, about 20 s a run)")
    runs = min(max(parser.parse_args().runs, 1), 50)
    reached = [measure_import(runs), measure_connect(runs), measure_start(runs)]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
