"""The service that a user comes with: it runs as it is, is scraped by its own prometheus.yml, and gains one line."""

import sys
from contextlib import ExitStack
from pathlib import Path

import prometheus_server
import pytest

from monitorkit import start_prometheus
from monitorkit.ports import is_free
from monitorkit.processes import Process, wait_until
from monitorkit.query.connection.sessions import session

SERVICE = Path(__file__).parents[1] / "support" / "users_service.py"
CONFIG = """\
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: ai_model
    static_configs:
      - targets: ['localhost:{port}']
"""
OWN_QUERIES = (
    "rate(inference_requests_total[5m])",
    "avg(inference_latency_seconds)",
    "model_accuracy",
    "model_recall",
    "cpu_usage",
    "memory_usage",
)


def own_ports():
    """The ports that the user's files name, or others where somebody has them."""
    if is_free("127.0.0.1", 5000) and is_free("0.0.0.0", 8000):
        return 5000, 8000
    return prometheus_server.free_port(), prometheus_server.free_port()


@pytest.fixture
def service(tmp_path):
    """Start the service, with the line or without; returns where it answers and its log."""
    processes = []

    def begin(*, line, ports):
        env = {"PORT": str(ports[0]), "METRICS_PORT": str(ports[1]), "PYTHONWARNINGS": "default"}
        process = Process(
            [sys.executable, SERVICE],
            name="service",
            log=tmp_path / f"service-{line}.log",
            env=env | ({"ONE_LINE_MORE": "1"} if line else {}),
        )
        processes.append(process)
        url = f"http://127.0.0.1:{ports[0]}/predict"
        assert wait_until(lambda: prometheus_server.answers(url) or not process.alive, timeout_seconds=30)
        assert process.alive, process.log_tail()
        return url, process

    yield begin
    for process in processes:
        process.stop()


@pytest.fixture
def started(one_prometheus):
    """Start a Prometheus that is stopped after the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(start_prometheus(**options))


@pytest.mark.parametrize("chosen", ["own", "free"])
def test_a_service_runs_as_it_is_and_gains_the_toolkits_metrics_in_one_line(service, started, tmp_path, chosen):
    ports = own_ports() if chosen == "own" else (prometheus_server.free_port(), prometheus_server.free_port())
    config = tmp_path / "prometheus.yml"
    config.write_text(CONFIG.format(port=ports[1]), encoding="utf-8")
    url, process = service(line=False, ports=ports)
    prom = started(config=str(config))
    with session() as http:
        for _ in range(4):
            assert http.get(url, timeout=10).json()["prediction"] in {"cat", "dog"}
        assert wait_until(lambda: counted(prom) == 5, timeout_seconds=20)
        for query in OWN_QUERIES:
            assert len(prom.query(query)) == 1, query
        assert prom.query("inference_request_duration_seconds_count").empty

        process.stop()
        url, process = service(line=True, ports=ports)
        for _ in range(4):
            http.get(url, timeout=10)
    # The one that awaited the service, and these four: its own counter began anew with its process.
    assert wait_until(lambda: value(prom, "inference_request_duration_seconds_count") == 5, timeout_seconds=20)
    of_all = 'http_requests_total{model_name="animals", method="GET", path="/predict", code="200"}'
    assert value(prom, of_all) == counted(prom) == 5
    assert value(prom, "histogram_quantile(0.95, sum by (le) (inference_request_duration_seconds_bucket))") > 0
    for query in OWN_QUERIES[1:]:
        frame = prom.query(query)
        assert len(frame) == 1, query
        assert "model_name" not in frame.index.names
    said = [line for line in process.output().splitlines() if "UserWarning" in line]
    assert len(said) == 1
    assert (
        "instrument: cpu_usage, inference_latency_seconds, inference_requests_total, memory_usage: your own, left as"
    ) in said[0]


def value(prom, query):
    """The one value of a query's result; None for none."""
    frame = prom.query(query)
    return frame["value"].iloc[0] if len(frame) else None


def counted(prom):
    return value(prom, "inference_requests_total")
