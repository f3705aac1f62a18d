import json
from functools import reduce

import pytest

from monitorkit.alerting import AlertRule, read_rules, standard_rules
from monitorkit.dashboards import Dashboard, panels
from monitorkit.dashboards.grafana import to_grafana
from monitorkit.dashboards.provisioning import bundle, bundle_texts
from monitorkit.documents import read_yaml
from monitorkit.errors import InvalidType, InvalidValue, RuleError
from monitorkit.ports import free_port
from monitorkit.processes import Process, wait_until
from monitorkit.query import PrometheusClient
from monitorkit.services import find
from monitorkit.services.programs.promtool import check, find_promtool

BOARD = Dashboard("Inference", [panels.TimeSeries("Accuracy", "model_accuracy", unit="percentunit")])
OTHER = Dashboard("Other", [panels.Stat("Up", "up")])


def test_a_bundle_holds_what_the_three_programs_read(tmp_path):
    paths = bundle(tmp_path, [BOARD, OTHER], standard_rules())
    assert {str(path.relative_to(tmp_path)) for path in paths} == {
        "compose.yaml",
        "inference.json",
        "other.json",
        "prometheus/prometheus.yml",
        "prometheus/rules/monitorkit.yml",
        "grafana/provisioning/datasources/prometheus.yaml",
        "grafana/provisioning/dashboards/monitorkit.yaml",
        "grafana/provisioning/alerting/monitorkit.yaml",
    }
    assert all(path.is_file() for path in paths)


@pytest.mark.skipif(find_promtool() is None, reason="there is no promtool")
@pytest.mark.parametrize("rules", [standard_rules(), []], ids=["rules", "no rules"])
def test_prometheus_takes_its_configuration_with_the_rules_that_it_names(tmp_path, rules):
    bundle(tmp_path, BOARD, rules, targets={"ai_model": ["127.0.0.1:8001"], "batch": ["http://127.0.0.1:9001/m"]})
    assert check("config", tmp_path / "prometheus" / "prometheus.yml", promtool=find_promtool()) == []


def test_the_same_objects_stand_in_every_file(tmp_path):
    bundle(tmp_path, BOARD, standard_rules())
    assert json.loads((tmp_path / "inference.json").read_text()) == to_grafana(BOARD)
    assert read_rules(tmp_path / "prometheus/rules/monitorkit.yml") == standard_rules()
    (group,) = read_yaml((tmp_path / "grafana/provisioning/alerting/monitorkit.yaml").read_text())["groups"]
    assert [rule["title"] for rule in group["rules"]] == [rule.name for rule in standard_rules()]
    assert group["rules"][2]["dashboardUid"] == "inference"


def test_grafana_finds_prometheus_and_the_dashboards(tmp_path):
    bundle(tmp_path, BOARD, prometheus_port=19090, scrape_interval="5s")
    provisioning = tmp_path / "grafana/provisioning"
    (source,) = read_yaml((provisioning / "datasources/prometheus.yaml").read_text())["datasources"]
    (provider,) = read_yaml((provisioning / "dashboards/monitorkit.yaml").read_text())["providers"]
    compose = read_yaml((tmp_path / "compose.yaml").read_text())["services"]
    assert (source["uid"], source["url"]) == ("prometheus", "http://127.0.0.1:19090")
    assert source["jsonData"]["timeInterval"] == "5s"
    assert f".:{provider['options']['path']}:ro" in compose["grafana"]["volumes"]
    assert "./grafana/provisioning:/etc/grafana/provisioning:ro" in compose["grafana"]["volumes"]


def test_prometheus_scrapes_the_model_server_and_itself(tmp_path):
    bundle(tmp_path, BOARD, targets=["127.0.0.1:7001"], prometheus_port=19090, scrape_interval=5)
    document = read_yaml((tmp_path / "prometheus/prometheus.yml").read_text())
    scraped = {job["job_name"]: job["static_configs"][0]["targets"] for job in document["scrape_configs"]}
    assert scraped == {"prometheus": ["127.0.0.1:19090"], "ai_model": ["127.0.0.1:7001"]}
    assert document["global"]["scrape_interval"] == "5s"


def test_on_a_network_of_its_own_prometheus_reaches_this_machine_by_name(tmp_path):
    bundle(tmp_path, BOARD, targets=["127.0.0.1:7001"], network="bridge")
    text = (tmp_path / "prometheus/prometheus.yml").read_text()
    assert "host.docker.internal:7001" in text
    assert "http://prometheus:9090" in (tmp_path / "grafana/provisioning/datasources/prometheus.yaml").read_text()


def test_a_bundle_written_again_is_the_same(tmp_path):
    before = {path: path.read_text() for path in bundle(tmp_path, BOARD, standard_rules())}
    assert {path: path.read_text() for path in bundle(tmp_path, BOARD, standard_rules())} == before


def test_a_dollar_stands_only_where_something_shall_be_put_in():
    texts = bundle_texts([BOARD, OTHER], standard_rules())
    for name, text in texts.items():
        if name.startswith("grafana/provisioning"):
            assert "$" not in text, name
    assert texts["compose.yaml"].count("$") == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([BOARD, BOARD],), InvalidValue, "two have the uid 'inference'"),
        (([{"title": "x"}],), InvalidType, "is no Dashboard"),
        ((BOARD, ["rules.yml"]), InvalidType, "'rules.yml' is no AlertRule"),
        ((BOARD, AlertRule("A", "up", annotations={"s": "{{ $x }}"})), RuleError, "undefined variable"),
    ],
)
def test_nothing_is_written_where_something_is_wrong(tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        bundle(tmp_path / "new", *arguments)
    assert not (tmp_path / "new").exists()


def test_a_target_that_is_none_is_refused(tmp_path):
    with pytest.raises(InvalidValue, match="'no port' is no address"):
        bundle(tmp_path / "new", BOARD, targets="no port")


def test_prometheus_runs_with_the_command_and_the_files_of_the_bundle(tmp_path):
    port = free_port("of a bundle")
    bundle(tmp_path, BOARD, standard_rules(), targets={}, prometheus_port=port)
    service = read_yaml((tmp_path / "compose.yaml").read_text())["services"]["prometheus"]
    inside = {"/etc/prometheus": str(tmp_path / "prometheus"), "=/prometheus": f"={tmp_path / 'data'}"}
    command = [reduce(lambda text, pair: text.replace(*pair), inside.items(), flag) for flag in service["command"]]
    process = Process([find("prometheus").path, *command], name="of a bundle", log=tmp_path / "log")
    try:
        with PrometheusClient(f"http://127.0.0.1:{port}") as prom:
            assert wait_until(prom.ready, timeout_seconds=30), (tmp_path / "log").read_text()
            groups = prom._transport.call("api/v1/rules").data["groups"]
            assert [rule["name"] for group in groups for rule in group["rules"]] == [
                one.name for one in standard_rules()
            ]
    finally:
        process.stop()


def test_what_cannot_be_bundled_is_named(tmp_path):
    with pytest.raises(InvalidType, match="boards: None is no Dashboard"):
        bundle(tmp_path, None)
    with pytest.raises(InvalidType, match="folder: None is no path"):
        bundle(None, [])
    assert list(tmp_path.iterdir()) == []
