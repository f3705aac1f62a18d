"""Real VictoriaMetrics servers for tests."""

import gzip
import os
import re
import shutil
import urllib.request
from pathlib import Path

from prometheus_server import answers, free_port

from monitorkit.processes import Process, run, wait_until

PORT_ATTEMPTS = 3


def binaries():
    """VictoriaMetrics programs to test with: MONITORKIT_TEST_VICTORIA_METRICS, else the one on PATH."""
    named = os.environ.get("MONITORKIT_TEST_VICTORIA_METRICS", "")
    found = [shutil.which(path) for path in named.split(os.pathsep) if path] or [shutil.which("victoria-metrics")]
    assert None not in found or not named, f"MONITORKIT_TEST_VICTORIA_METRICS names what is no program: {named}"
    return [Path(path) for path in found if path]


def version(binary):
    """Major and minor version of a program; Debian's builds do not tell it, their changelogs do."""
    changelog = binary.parents[1] / "share/doc/victoria-metrics/changelog.Debian.gz"
    told = gzip.decompress(changelog.read_bytes()).decode() if changelog.exists() else ""
    told = told or run([binary, "--version"], timeout_seconds=20).output
    return re.search(r"\d+\.\d+", told)[0]


def start(binary, folder, *arguments):
    """Start a VictoriaMetrics on a free port of loopback; return its process and its URL."""
    for _ in range(PORT_ATTEMPTS):
        port = free_port()
        command = [
            *(binary, f"-storageDataPath={folder / 'data'}", f"-httpListenAddr=127.0.0.1:{port}"),
            *("-retentionPeriod=100y", "-memory.allowedBytes=256MB", *arguments),
        ]
        process = Process(command, name="victoria-metrics", log=folder / "log", cwd=folder)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: not process.alive or answers(f"{url}/health"), timeout_seconds=30)  # noqa: B023 - called here
        if process.alive and answers(f"{url}/health"):
            return process, url
        output = process.log_tail()
        process.stop()
        assert "address already in use" in output, output
    raise AssertionError(f"no free port in {PORT_ATTEMPTS} attempts")


def write(url, text):
    """Write samples in the exposition format, times in ms; return once queries see them."""
    request = urllib.request.Request(f"{url}/api/v1/import/prometheus", data=text.encode())
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 204
    with urllib.request.urlopen(f"{url}/internal/force_flush", timeout=30) as response:
        assert response.status == 200
