"""Rules in a real Prometheus: loaded, pending, firing, and read back."""

import pytest
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from monitorkit.alerting import AlertRule, high_latency, low_accuracy, wait_for_state, write_rules
from monitorkit.services import start_prometheus

FOREVER = AlertRule("Pending", "model_accuracy < 2", for_="1h", annotations={"summary": "{{ .Labels.model_name }}"})
NOW = AlertRule("Firing", "vector(3) > 1", severity="page", annotations={"summary": "is {{ .Value }}"})
NEVER = AlertRule("Inactive", "vector(1) > 3")


@pytest.fixture(scope="module")
def gauges():
    registry = CollectorRegistry()
    latency = Gauge("inference_latency_seconds", "x", registry=registry)
    accuracy = Gauge("model_accuracy", "x", ["model_name", "model_version"], registry=registry).labels("digits", "1")
    latency.set(0.1)
    accuracy.set(0.97)
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    yield latency, accuracy, f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def prom(gauges, tmp_path_factory):
    file = write_rules(tmp_path_factory.mktemp("rules") / "rules.yml", [FOREVER, NOW, NEVER])
    rules = [file, high_latency(for_="2s"), low_accuracy(for_="2s")]
    with start_prometheus([gauges[2]], name="for alerts", rules=rules, scrape_interval="200ms") as running:
        yield running


def test_a_rule_of_a_file_fires_and_tells_its_labels_and_texts(prom):
    rows = wait_for_state(prom, NOW, "firing", timeout="20s", progress=False)
    (row,) = rows.to_dict("records")
    assert (row["severity"], row["value"], row["annotations"]) == ("page", 3.0, {"summary": "is 3"})


def test_a_rule_is_pending_for_as_long_as_it_says(prom):
    rows = wait_for_state(prom, FOREVER, "pending", timeout="20s", progress=False)
    assert set(rows["state"]) == {"pending"}
    assert rows["annotations"][0] == {"summary": "digits"}


def test_a_rule_whose_expression_gives_nothing_is_inactive(prom):
    wait_for_state(prom, NOW, "firing", timeout="20s", progress=False)
    assert wait_for_state(prom, NEVER, "inactive", timeout=0, progress=False).empty


def test_a_slow_and_then_wrong_model_raises_the_two_standard_alerts_and_ends_them(prom, gauges):
    latency, accuracy, _ = gauges
    slow, wrong = high_latency(for_="2s"), low_accuracy(for_="2s")
    latency.set(1.5)
    pending = wait_for_state(prom, slow, "pending", timeout="20s", progress=False)
    assert set(pending["state"]) == {"pending"}
    assert wait_for_state(prom, slow, "firing", timeout="20s", progress=False)["value"].to_list() == [1.5]
    accuracy.set(0.5)
    firing = wait_for_state(prom, wrong, "firing", timeout="20s", progress=False)
    assert firing["annotations"][0]["summary"] == "digits is right in only 50% of cases"
    latency.set(0.1)
    accuracy.set(0.97)
    assert wait_for_state(prom, slow, "inactive", timeout="20s", progress=False).empty
    assert wait_for_state(prom, wrong, "inactive", timeout="20s", progress=False).empty
