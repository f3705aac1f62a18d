"""The text that is scraped."""

import gzip
import subprocess

import prometheus_server
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from monitorkit.metrics import ModelDescription, ModelMetrics, Registry, exposition


@pytest.fixture
def registry():
    registry = Registry()
    version = ModelMetrics(registry, 'say "hi"\\').activate("1", classes=[0, 1], description=ModelDescription(task="x"))
    version.requests.count_ok(0.1)
    version.requests.watch_queue(lambda: 0)
    version.quality.observe(0, 1)
    return registry


def test_the_text_format_is_the_default(registry):
    headers, body = exposition(registry)
    assert headers["content-type"].startswith("text/plain; version=")
    assert b"# TYPE inference_requests_total counter" in body


def test_openmetrics_is_written_for_who_asks(registry):
    headers, body = exposition(registry, accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert headers["content-type"].startswith("application/openmetrics-text")
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    assert families["inference_requests"].type == "counter"
    assert families["model_info"].samples[0].labels["model_name"] == 'say "hi"\\'


@pytest.mark.parametrize(
    ("accept_encoding", "compressed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0", False),
        ("br", False),
        ("", False),
    ],
)
def test_it_is_compressed_for_who_takes_it(registry, accept_encoding, compressed):
    headers, body = exposition(registry, accept_encoding=accept_encoding)
    assert (headers.get("content-encoding") == "gzip") is compressed
    text = gzip.decompress(body) if compressed else body
    assert text.startswith(b"# HELP")


def test_it_can_be_restricted_to_names(registry):
    text = exposition(registry, names=["model_accuracy"])[1].decode()
    assert [line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE")] == ["model_accuracy"]


def test_promtool_finds_nothing_to_improve(registry):
    promtool = prometheus_server.promtool()
    if promtool is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=exposition(registry)[1], capture_output=True, check=False, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
