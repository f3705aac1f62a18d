"""Real Prometheus servers with a history of metrics that real code has counted, known to the observation."""

import known_history
import prometheus_server
import pytest

from monitorkit.processes import run
from monitorkit.query import PrometheusClient


@pytest.fixture(scope="module", params=prometheus_server.binaries() or [None], ids=str)
def evaluator(request, tmp_path_factory):
    """Start a Prometheus with a history: ``evaluator(history) -> value(query, turn)``, a dict of values by labels."""
    if request.param is None:
        pytest.skip("no prometheus on PATH and none in MONITORKIT_TEST_PROMETHEUS")
    running = []

    def start(history):
        folder = tmp_path_factory.mktemp("history")
        (folder / "history.txt").write_text(history.text(), encoding="utf-8")
        promtool = request.param.with_name("promtool")
        command = [promtool, "tsdb", "create-blocks-from", "openmetrics", folder / "history.txt", folder / "data"]
        written = run(command, timeout_seconds=60)
        assert written.returncode == 0, written.output
        keep = "--storage.tsdb.retention.time=100y"
        process, url = prometheus_server.start(request.param, folder, "global: {}\n", keep, data=folder / "data")
        client = PrometheusClient(url)
        running.append((process, client))

        def value(query, turn):
            frame = client.query(query, at=known_history.moment(turn), tidy=True)
            labels = [label for label in frame.columns if label not in {"__name__", "timestamp", "value"}]
            return {tuple(row[label] for label in labels): row["value"] for _, row in frame.iterrows()}

        return value

    yield start
    for process, client in running:
        client.close()
        process.stop()
