"""Load from wrk, and what it says of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SECONDS = 5
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
HINT = "wrk is not here: it makes the load. Debian and Ubuntu: apt-get install wrk; macOS: brew install wrk"
SCRIPT = """\
wrk.method = "POST"
wrk.body = {body}
wrk.headers["Content-Type"] = "application/json"
"""


@dataclass(frozen=True)
class Load:
    """Answers and answers per second, latencies in ms, and how many answers were not 2xx."""

    count: int
    rate: float
    p50: float
    p99: float
    refused: int


def check() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit(HINT)


def post(url: str, document: Any, *, connections: int, seconds: int) -> Load:
    """Post a document to a server on this machine, each connection as fast as it is answered."""
    with posting(url, document, connections=connections, seconds=seconds) as wrk:
        text, _ = wrk.communicate(timeout=60)
    return read(text)


@contextmanager
def posting(url: str, document: Any, *, connections: int, seconds: int) -> Iterator[subprocess.Popen[str]]:
    """The same, while something else is done."""
    if not url.startswith("http://127.0.0.1:"):
        raise SystemExit(f"{url}: load goes to this machine only")
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as script:
        script.write(SCRIPT.format(body=json.dumps(json.dumps(document))))
        script.flush()
        command = [
            *("wrk", "--threads", "1", "--connections", str(connections), "--latency", "--timeout", "10s"),
            *("--duration", f"{min(seconds, LONGEST_SECONDS)}s", "--script", script.name, url),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wrk:
            try:
                yield wrk
            finally:
                wrk.kill()


def read(text: str) -> Load:
    """Read wrk's report."""
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    count = re.search(r"(\d+) requests in", text)
    return Load(
        int(count[1]) if count else 0,
        float(rate[1]) if rate else 0.0,
        _quantile(text, "50%"),
        _quantile(text, "99%"),
        int(refused[1]) if refused else sum(map(int, errors.groups())) if errors else 0,
    )


def _quantile(text: str, name: str) -> float:
    found = re.search(rf"{name}\s+([\d.]+)(us|ms|s|m)\b", text)
    return float(found[1]) * UNITS[found[2]] if found else float("nan")
