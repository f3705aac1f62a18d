import re

import pytest

from monitorkit.dashboards.compose import Stack, compose_text
from monitorkit.documents import read_yaml
from monitorkit.errors import InvalidValue

STACKS = [Stack(), Stack(network="bridge"), Stack(prometheus_port=19090, grafana_port=13000)]


def services(stack):
    document = read_yaml(compose_text(stack, home="inference.json", targets="127.0.0.1:8001"))
    return document["services"]["prometheus"], document["services"]["grafana"]


def test_on_the_hosts_network_both_listen_on_this_machine_only():
    prometheus, grafana = services(Stack(prometheus_port=19090, grafana_port=13000))
    assert prometheus["network_mode"] == grafana["network_mode"] == "host"
    assert "ports" not in prometheus | grafana
    assert "--web.listen-address=127.0.0.1:19090" in prometheus["command"]
    assert grafana["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert grafana["environment"]["GF_SERVER_HTTP_PORT"] == "13000"


def test_on_a_network_of_their_own_ports_are_published_on_this_machine_only():
    prometheus, grafana = services(Stack(prometheus_port=19090, grafana_port=13000, network="bridge"))
    assert "network_mode" not in prometheus | grafana
    assert prometheus["ports"] == ["127.0.0.1:19090:9090"]
    assert grafana["ports"] == ["127.0.0.1:13000:3000"]
    assert "--web.listen-address=:9090" in prometheus["command"]
    assert "GF_SERVER_HTTP_ADDR" not in grafana["environment"]
    assert prometheus["extra_hosts"] == ["host.docker.internal:host-gateway"]


@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_images_are_pinned_and_files_read_only(stack):
    for service in services(stack):
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", service["image"])
        assert all(volume.endswith(":ro") for volume in service["volumes"] if volume.startswith("."))


@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_every_named_volume_is_declared(stack):
    document = read_yaml(compose_text(stack))
    mounted = {volume.split(":")[0] for service in document["services"].values() for volume in service["volumes"]}
    assert {name for name in mounted if not name.startswith(".")} == set(document["volumes"])


@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_health_is_asked_where_the_service_listens(stack):
    prometheus, grafana = services(stack)
    assert stack.prometheus_address in prometheus["healthcheck"]["test"][-1]
    assert f":{stack.inner_port('grafana')}/api/health" in grafana["healthcheck"]["test"][-1]


def test_no_password_is_in_the_file_and_none_is_assumed():
    environment = services(Stack())[1]["environment"]
    assert environment["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_ADMIN_PASSWORD:?")
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


def test_grafana_opens_the_dashboard_that_is_mounted():
    environment = services(Stack())[1]["environment"]
    assert environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == "/etc/grafana/dashboards/inference.json"


def test_the_comment_tells_the_addresses():
    text = compose_text(Stack(grafana_port=13000), targets="127.0.0.1:8001")
    assert "# Grafana: http://127.0.0.1:13000" in text
    assert "# Scraped: 127.0.0.1:8001" in text


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("127.0.0.1:8001", "host.docker.internal:8001"),
        ("localhost:8001", "host.docker.internal:8001"),
        ("[::1]:8001", "host.docker.internal:8001"),
        ("model.example:8001", "model.example:8001"),
    ],
)
def test_this_machine_has_another_name_inside_a_network_of_its_own(address, seen):
    assert Stack(network="bridge").reachable(address) == seen
    assert Stack(network="host").reachable(address) == address


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grafana_port": 0}, "grafana_port: 0 is no port"),
        ({"prometheus_port": "9090"}, "prometheus_port: '9090' is no port"),
        ({"grafana_port": 9090}, "are both 9090"),
        ({"network": "none"}, "network: 'none'; use 'host'"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(InvalidValue, match=message):
        Stack(**changes)
