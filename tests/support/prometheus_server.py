"""Real Prometheus servers for tests that want one as it is, without the code under test."""

import os
import shutil
import socket
import urllib.request
from pathlib import Path

from monitorkit.processes import Process, wait_until

PORT_ATTEMPTS = 3


def binaries():
    """Prometheus programs to test with: MONITORKIT_TEST_PROMETHEUS, else the one on PATH."""
    named = os.environ.get("MONITORKIT_TEST_PROMETHEUS", "")
    found = [shutil.which(path) for path in named.split(os.pathsep) if path] or [shutil.which("prometheus")]
    assert None not in found or not named, f"MONITORKIT_TEST_PROMETHEUS names what is no program: {named}"
    return [Path(path) for path in found if path]


def promtool():
    """The promtool beside one of these programs, else the one on PATH; None where there is none."""
    beside = (path.with_name("promtool") for path in binaries())
    return next((path for path in beside if path.exists()), None) or shutil.which("promtool")


def free_port():
    """A port of loopback that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def answers(url):
    """Whether a URL answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


def start(binary, folder, config, *arguments, data=None):
    """Start a Prometheus on a free port of loopback; return its process and its URL."""
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    for _ in range(PORT_ATTEMPTS):
        port = free_port()
        # Debian's builds have a default data folder outside of here.
        command = [
            *(binary, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={data or folder / 'data'}"),
            *(f"--web.listen-address=127.0.0.1:{port}", *arguments),
        ]
        process = Process(command, name="prometheus", log=folder / "log", cwd=folder)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: not process.alive or answers(f"{url}/-/ready"), timeout_seconds=30)  # noqa: B023 - called here
        if process.alive and answers(f"{url}/-/ready"):
            return process, url
        output = process.log_tail()
        process.stop()
        # Between finding a free port and binding it, a test beside this one can take it.
        assert "address already in use" in output, output
    raise AssertionError(f"no free port in {PORT_ATTEMPTS} attempts")
