"""How fast the model server is, beside others that serve the same model, and what batching and metrics do to it.

All contenders run on this machine at the same time and take their turns in shuffled rounds under the same load (wrk):
medians over rounds, ratios within a round. The others come from PyPI, each into an environment of its own under
`.cache/contenders`, made on the first run; one that cannot be had is left out and named.

    python benchmarks/serving.py [--rounds 3] [--seconds 2] [--only text] [--write]
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import load

from monitorkit.ports import free_port
from monitorkit.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from load import Load

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent / "contenders"
ENVIRONMENTS = ROOT / ".cache" / "contenders"
PAGE = ROOT / "docs" / "serving-speed.md"
PACKAGES = {
    "flask": ("flask", "fastapi", "uvicorn[standard]", "numpy"),
    "mlserver": ("mlserver", "numpy"),
    "bentoml": ("bentoml", "numpy"),
}
ROW = [5.1, 3.5, 1.4, 0.2]
INSTANCES = {"instances": [ROW]}
TENSOR = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": ROW}]}
START_SECONDS = 60.0
SCRAPE_ROUNDS = 4


@dataclass
class Contender:
    """A server to measure, and what was measured."""

    name: str
    command: list[str]
    port: int
    path: str = "/predict"
    document: Any = field(default_factory=lambda: INSTANCES)
    connections: int = 16
    environment: str = ""
    metrics_port: int = 0
    loads: list[Load] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """CPU time of its processes for each answer, in microseconds: steadier than rates on a shared machine."""
    pid: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    def median(self, what: str) -> float:
        return float(statistics.median(getattr(one, what) for one in self.loads))

    def measure(self, seconds: int) -> None:
        self.send(signal.SIGCONT)
        before = cpu_seconds(self.pid)
        one = load.post(self.url, self.document, connections=self.connections, seconds=seconds)
        self.cpu.append((cpu_seconds(self.pid) - before) / max(one.count, 1) * 1e6)
        self.loads.append(one)
        self.send(signal.SIGSTOP)

    def send(self, number: signal.Signals) -> None:
        """Signal its processes: who waits for its turn is stopped, so that it takes nothing from the others."""
        signal_all(family(self.pid), number)

    @property
    def spread(self) -> str:
        rates = [one.rate for one in self.loads]
        return f"{min(rates):,.0f} to {max(rates):,.0f}"


def ours(name: str, *options: str, connections: int = 16) -> Contender:
    port, metrics_port = free_port(f"benchmark {name}"), free_port(f"benchmark {name} metrics")
    command = [sys.executable, str(HERE / "ours.py"), str(port), "--metrics-port", str(metrics_port), *options]
    return Contender(name, command, port, connections=connections, metrics_port=metrics_port)


def other(name: str, environment: str, *arguments: str, **options: Any) -> Contender:
    """Another server; `{port}` in its arguments is where it is to listen."""
    port = free_port(f"benchmark {name}")
    python = str(ENVIRONMENTS / environment / "bin" / "python")
    command = [python, *(argument.format(port=port, here=HERE) for argument in arguments)]
    return Contender(name, command, port, environment=environment, **options)


def contenders() -> dict[str, list[Contender]]:
    """All that take turns, in groups; the names are the rows of the tables."""
    bentoml = ("-m", "bentoml", "serve", "bentoml_app:Benchmark", "--host", "127.0.0.1", "--port", "{port}")
    infer = {"path": "/v2/models/benchmark/infer", "document": TENSOR}
    forest = ("--model", "forest")
    no_batching = ("--batching", "off")
    return {
        "The same callable, 16 connections": [
            other("Flask's own server", "flask", "{here}/flask_app.py", "{port}"),
            other("FastAPI, async", "flask", "{here}/fastapi_app.py", "{port}"),
            other("MLServer", "mlserver", "{here}/mlserver_app.py", "{port}", **infer),
            other("BentoML", "bentoml", *bentoml),
            ours("monitorkit"),
            ours("monitorkit, no metrics", "--metrics", "off"),
            ours("monitorkit, no batching", *no_batching),
        ],
        "While a cell keeps Python busy, 16 connections": [
            ours("monitorkit, busy cell", "--busy"),
            ours("monitorkit, own process", "--process"),
            ours("monitorkit, own process, busy cell", "--process", "--busy"),
        ],
        "One connection": [
            ours("alone", connections=1),
            ours("alone, no batching", *no_batching, connections=1),
            ours("forest alone", *forest, connections=1),
            ours("forest alone, no batching", *forest, *no_batching, connections=1),
        ],
        "A forest of 200 trees, 64 connections": [
            ours("forest", *forest, connections=64),
            ours("forest, no batching", *forest, *no_batching, connections=64),
        ],
    }


def family(pid: int) -> dict[int, tuple[int, int]]:
    """A process and what it has started, each with its CPU time and its start in ticks; empty without /proc."""
    parents, times = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            number = int(path.parent.name)
            parents[number], times[number] = int(fields[1]), (int(fields[11]) + int(fields[12]), int(fields[19]))
    found = {pid} & set(times)
    while more := {number for number, parent in parents.items() if parent in found} - found:
        found |= more
    return {number: times[number] for number in found}


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to processes, as far as they are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and what it has started, so far."""
    return sum(ticks for ticks, _ in family(pid).values()) / os.sysconf("SC_CLK_TCK")


def install(environment: str) -> None:
    """Make an environment with other servers, once."""
    folder = ENVIRONMENTS / environment
    if (folder / "done").exists():
        return
    print(f"installing {', '.join(PACKAGES[environment])} into {folder.relative_to(ROOT)}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *PACKAGES[environment]]
    if subprocess.run(pip, check=False, timeout=1800).returncode == 0:
        (folder / "done").touch()


def answers(contender: Contender) -> bool:
    """Whether it predicts: a server that listens may not have its model yet."""
    connection = http.client.HTTPConnection("127.0.0.1", contender.port, timeout=5)
    try:
        connection.request("POST", contender.path, json.dumps(contender.document), {"content-type": "application/json"})
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def started(contender: Contender) -> Iterator[bool]:
    """Start a contender; at the end it and all that it started are ended. Yield whether it answers."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        environment = {**os.environ, "BENTOML_HOME": folder, "BENTOML_DO_NOT_TRACK": "True"}
        environment["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
        process = None
        with suppress(FileNotFoundError):
            process = subprocess.Popen(
                contender.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )
        try:
            if process is not None:
                ended_or_up = lambda: process.poll() is not None or answers(contender)  # noqa: E731
                wait_until(ended_or_up, timeout_seconds=START_SECONDS, interval_seconds=0.1)
                contender.pid = process.pid
            up = process is not None and process.poll() is None and answers(contender)
            if not up:
                last = (Path(folder) / "log").read_text(errors="replace").strip().splitlines()[-1:]
                print(f"left out: {contender.name} {last}", flush=True)
            yield up
        finally:
            if process is not None:
                end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it has started, also what has left its group."""
    assert process.stdin is not None
    members = family(process.pid)
    signal_all(members, signal.SIGCONT)
    process.stdin.close()
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    process.kill()
    process.wait(10)
    for number, (_, begun) in members.items():
        # The same start: not another process that has got the number meanwhile.
        if number in (now := family(number)) and now[number][1] == begun:
            os.kill(number, signal.SIGKILL)


def turns(group: list[Contender], rounds: int, seconds: int) -> list[Contender]:
    """Measure contenders in turns; return those that answered."""
    with ExitStack() as stack:
        group = [one for one in group if stack.enter_context(started(one))]
        for one in group:
            load.post(one.url, one.document, connections=one.connections, seconds=1)
            one.send(signal.SIGSTOP)
        for number in range(rounds):
            for one in random.sample(group, len(group)):
                one.measure(seconds)
                rate, cpu = one.loads[-1].rate, one.cpu[-1]
                print(f"  round {number + 1}: {one.name}: {rate:,.0f}/s, {cpu:.0f} us of CPU each", flush=True)
    return group


def scrape_seconds(port: int) -> float:
    """Ask once as Prometheus does, on a connection of its own."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/metrics", headers={"accept-encoding": "gzip"})
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    assert answer.status == HTTPStatus.OK
    return time.perf_counter() - begun


def scrapes(n_series: int) -> list[float]:
    """Seconds of each scrape, one every 50 ms, while predictions saturate the server."""
    server = ours("scraped", "--series", str(n_series))
    times = []
    with started(server) as up:
        for _ in range(SCRAPE_ROUNDS if up else 0):
            with load.posting(server.url, server.document, connections=16, seconds=load.LONGEST_SECONDS) as wrk:
                while wrk.poll() is None:
                    times.append(scrape_seconds(server.metrics_port))
                    time.sleep(0.05)
    return times


def table(group: list[Contender], base: str | None = None) -> list[str]:
    """A table of rates and latencies, with how many times the base's rate."""
    bases = {one.name: one.median("rate") for one in group}
    lines = [
        f"| server | requests/s | spread |{f' x {base} |' if base else ''} CPU us each | p50 ms | p99 ms |",
        f"|---|---|---|{'---|' if base else ''}---|---|---|",
    ]
    for one in group:
        times = f" {one.median('rate') / bases[base]:.1f} |" if base in bases else " |" if base else ""
        bad = f" ({max(load.refused for load in one.loads)} not answered)" if any(x.refused for x in one.loads) else ""
        lines.append(
            f"| {one.name}{bad} | {one.median('rate'):,.0f} | {one.spread} |{times} {statistics.median(one.cpu):,.0f} |"
            f" {one.median('p50'):.2f} |"
            f" {one.median('p99'):.1f} |"
        )
    return lines


def goal(what: str, value: float, *, least: float = -math.inf, most: float = math.inf) -> str:
    """A row that says what was reached and what was aimed at."""
    aim = f"at most {most:,g}" if math.isfinite(most) else f"at least {least:,g}"
    verdict = "not measured" if math.isnan(value) else "yes" if least <= value <= most else "no"
    return f"| {what} | {value:,.{2 if value < 100 else 0}f} | {aim} | {verdict} |"  # noqa: PLR2004 - digits


def goals(by_name: dict[str, Contender]) -> list[str]:
    """The goals of the server itself."""

    def median(name: str, what: str = "rate") -> float:
        return by_name[name].median(what) if name in by_name else math.nan

    def ratio(name: str, base: str, least: float) -> str:
        if not {name, base} <= set(by_name):
            return goal(f"{name} / {base}", math.nan, least=least)
        pairs = zip(by_name[name].loads, by_name[base].loads, strict=True)
        ratios = [one.rate / other.rate for one, other in pairs if other.rate]
        return goal(f"{name} / {base}", statistics.median(ratios) if ratios else math.nan, least=least)

    full, bare = (
        by_name[name].cpu if name in by_name else [math.nan] for name in ("monitorkit", "monitorkit, no metrics")
    )
    cost = statistics.median(full) - statistics.median(bare)
    return [
        ratio("monitorkit", "Flask's own server", 12),
        ratio("monitorkit", "FastAPI, async", 2),
        ratio("monitorkit", "MLServer", 7),
        goal("metrics: us of CPU a request", cost, most=8),
        goal("busy cell: requests/s", median("monitorkit, busy cell"), least=2000),
        ratio("monitorkit, own process, busy cell", "monitorkit, own process", 0.8),
        ratio("forest", "forest, no batching", 25),
        goal("forest: p99 in ms", median("forest", "p99"), most=120),
        ratio("alone", "alone, no batching", 0.95),
        ratio("forest alone", "forest alone, no batching", 0.95),
    ]


def scrape_goals() -> list[str]:
    """The goals of what Prometheus reads."""
    done = subprocess.run([sys.executable, str(HERE / "exposition.py")], check=True, capture_output=True, timeout=120)
    ratio = statistics.median(own / theirs for own, theirs in json.loads(done.stdout))
    times = scrapes(1000)
    p99 = 1000 * statistics.quantiles(times, n=100)[98] if len(times) > 1 else math.nan
    return [
        goal("10,000 series / generate_latest", ratio, most=1.3),
        goal(f"1,000 series scraped under load, p99 of {len(times)} in ms", p99, most=50),
    ]


def report(groups: dict[str, list[Contender]], rounds: int, seconds: int) -> str:
    """The page, as Markdown."""
    by_name = {one.name: one for group in groups.values() for one in group}
    lines = [
        "# How fast the model server is",
        "",
        "Written by `benchmarks/serving.py --write`. All on one machine, in turns, under the same load (wrk);",
        f"medians of {rounds} rounds of {seconds} s. Python {platform.python_version()}, {os.cpu_count()} cores.",
        "A shared machine makes absolute numbers unsteady: read the ratios.",
        "",
        "| what | reached | goal | |",
        "|---|---|---|---|",
        *goals(by_name),
        *scrape_goals(),
    ]
    for title, group in groups.items():
        if group:
            base = "Flask's own server" if any(one.name == "Flask's own server" for one in group) else None
            lines += ["", f"## {title}", "", *table(group, base)]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="of each, at most 20 (default 3)")
    parser.add_argument("--seconds", type=int, default=2, help="of each load, at most 5 (default 2)")
    parser.add_argument("--only", default="", help="only contenders with this text in their name")
    parser.add_argument("--write", action="store_true", help=f"write the tables to {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    load.check()
    rounds, seconds = min(max(options.rounds, 1), 20), min(max(options.seconds, 1), load.LONGEST_SECONDS)
    groups = {}
    for title, group in contenders().items():
        wanted = [one for one in group if options.only in one.name]
        for environment in sorted({one.environment for one in wanted if one.environment}):
            install(environment)
        print(title, flush=True)
        groups[title] = turns(wanted, rounds, seconds)
    page = report(groups, rounds, seconds)
    print(page)
    if options.write:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
