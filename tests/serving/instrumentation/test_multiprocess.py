"""Several processes behind one port, under gunicorn."""

import os
import signal
import sys

import prometheus_server
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitorkit.processes import Process, wait_until

SERVICE = """
import os, time, warnings
from flask import Flask
from prometheus_client import Counter, Gauge
import monitorkit as mk

OWN = Counter("own_total", "Own.")
Counter("http_requests_total", "Own, with the name of one of ours.").inc(0)
app = Flask("digits")

@app.get("/predict")
def predict():
    OWN.inc()
    return str(os.getpid())

@app.get("/users/<user>")
def user(user):
    return 1 / 0

@app.get("/wait")
def wait():
    time.sleep(60)
    return ""

warnings.simplefilter("ignore")
mk.instrument(app)
"""


@pytest.fixture
def service(tmp_path):
    """A Flask application under gunicorn with two workers; returns its address, its process and its folder."""
    (tmp_path / "service.py").write_text(SERVICE, encoding="utf-8")
    shared = tmp_path / "shared"
    shared.mkdir()
    port = prometheus_server.free_port()
    process = Process(
        [
            *(sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}", "--threads", "1"),
            *("--graceful-timeout", "1", "service:app"),
        ],
        name="gunicorn",
        log=tmp_path / "log",
        cwd=tmp_path,
        env={"PROMETHEUS_MULTIPROC_DIR": str(shared)},
    )
    url = f"http://127.0.0.1:{port}"
    yield url, process, shared
    process.stop()


def samples(http, url):
    """Values of a scrape by name and labels, without those of the model."""
    text = http.get(url + "/metrics", timeout=20).text
    return {
        (sample.name, *sorted(value for key, value in sample.labels.items() if not key.startswith("model_"))): sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_workers_are_added_up_and_those_that_end_stay_counted(service, http):
    url, process, shared = service
    assert wait_until(lambda: prometheus_server.answers(url + "/metrics") or not process.alive, timeout_seconds=60)
    assert process.alive, process.log_tail()
    workers, asked = set(), 0
    while len(workers) < 2:
        # A connection of its own each time, so that both workers get some.
        workers.add(int(http.get(url + "/predict", headers={"connection": "close"}, timeout=20).text))
        asked += 1
        assert asked < 2000
    assert http.get(url + "/users/ann", timeout=20).status_code == 500
    found = samples(http, url)
    assert found["own_total",].value == asked
    assert found["inference_requests_total", "ok"].value == asked
    assert found["inference_request_duration_seconds_count",].value == asked
    assert found["http_request_duration_seconds_count", "/users/<user>", "GET"].value == 1
    assert found["http_requests_total",].value == 0
    assert ("http_requests_total", "/predict", "200", "GET") not in found
    assert found["inference_latency_seconds",].value > 0
    assert "pid" not in found["inference_latency_seconds",].labels
    assert found["http_requests_in_flight",].value == 0
    assert 0 < found["memory_usage",].value < 100

    # A worker that dies in the middle of a request would be in flight for ever.
    waiting = _waits(http, url)
    assert wait_until(lambda: samples(http, url)["http_requests_in_flight",].value == 1, timeout_seconds=30)
    dying = next(pid for pid in workers if _is_busy(shared, pid))
    os.kill(dying, signal.SIGKILL)
    waiting.join()
    assert wait_until(lambda: not psutil.pid_exists(dying), timeout_seconds=20)
    found = samples(http, url)
    assert found["http_requests_in_flight",].value == 0
    assert found["inference_requests_total", "ok"].value == asked
    assert not list(shared.glob(f"gauge_live*_{dying}.db"))


def _waits(http, url):
    """Ask what takes long, in a thread."""
    import threading
    from contextlib import suppress

    import requests

    def ask():
        with suppress(requests.ConnectionError):
            requests.get(url + "/wait", timeout=60)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def _is_busy(shared, pid):
    from prometheus_client.mmap_dict import MmapedDict

    file = shared / f"gauge_livesum_{pid}.db"
    values = MmapedDict.read_all_values_from_file(str(file))
    return any(value == 1 for key, value, *_ in values if "http_requests_in_flight" in key)
