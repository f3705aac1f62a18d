"""A ``compose.yaml`` that runs Prometheus and Grafana over a model server on the same machine.

Source: the Compose specification; Grafana documentation, "Configure Grafana", section "Override configuration with
environment variables".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from monitorkit.documents import yaml_text
from monitorkit.errors import InvalidValue
from monitorkit.services.programs.catalog import PROGRAMS

__all__ = ["GRAFANA_IMAGE", "PROMETHEUS_IMAGE", "Network", "Stack", "compose_text"]

PROMETHEUS_IMAGE = f"prom/prometheus:v{PROGRAMS['prometheus'].version}"
GRAFANA_IMAGE = "grafana/grafana:12.2.1"

DASHBOARDS_PATH = "/etc/grafana/dashboards"
"""Where Grafana finds the dashboards in its container."""

Network = Literal["host", "bridge"]

_LOOPBACK = "127.0.0.1"
_INNER_PORTS = {"prometheus": 9090, "grafana": 3000}

_HEAD = """\
# Prometheus and Grafana for a model server on this machine. Made by monitorkit; edit the dashboard and the rules in
# Python and make it again.
#
#   GRAFANA_ADMIN_PASSWORD=... docker compose up --detach
#
# Grafana: http://{address}:{grafana} (to look needs no password; to change anything, log in as admin)
# Prometheus: http://{address}:{prometheus}
# Scraped: {targets} (prometheus/prometheus.yml); serve there with mk.serve(model, metrics_port=...)
#
{network}
#
# After a change to prometheus.yml or the rules: docker compose kill --signal=HUP prometheus
# Both servers answer on this machine only.
"""
_HOST = """\
# network_mode: host lets the containers reach a model server that listens on 127.0.0.1. This is for Docker on Linux. On
# macOS and Windows, make the files again with monitorkit.dashboards.bundle(..., network="bridge"): the containers then
# have a network of their own and reach this machine as host.docker.internal."""
_BRIDGE = """\
# The containers have a network of their own and reach this machine as host.docker.internal. With Docker Desktop (macOS,
# Windows) that includes a model server on 127.0.0.1. On Linux the server would have to listen on all addresses, or make
# the files again with monitorkit.dashboards.bundle(..., network="host")."""


@dataclass(frozen=True)
class Stack:
    """What differs from one compose file to the next.

    Parameters
    ----------
    prometheus_port, grafana_port
        Ports on this machine.
    network
        ``host``: the containers use this machine's network, on Linux. ``bridge``: they have their own.
    retention
        How long Prometheus keeps samples, as a Prometheus duration.
    """

    prometheus_port: int = 9090
    grafana_port: int = 3000
    network: Network = "host"
    retention: str = "15d"

    def __post_init__(self) -> None:
        for name in ("prometheus_port", "grafana_port"):
            port = getattr(self, name)
            if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:  # noqa: PLR2004 - TCP's limit
                raise InvalidValue(f"{name}: {port!r} is no port; give a number from 1 to 65535")
        if self.prometheus_port == self.grafana_port:
            raise InvalidValue(f"prometheus_port and grafana_port are both {self.grafana_port}; give two")
        if self.network not in {"host", "bridge"}:
            raise InvalidValue(f"network: {self.network!r}; use 'host' (Linux) or 'bridge' (macOS, Windows)")

    @property
    def prometheus_address(self) -> str:
        """Where Prometheus finds itself."""
        return f"{_LOOPBACK}:{self.inner_port('prometheus')}"

    @property
    def prometheus_url(self) -> str:
        """Where Grafana finds Prometheus."""
        return f"http://{self.prometheus_address}" if self.network == "host" else "http://prometheus:9090"

    def reachable(self, address: str) -> str:
        """Address of a target as the container of Prometheus sees it.

        Examples
        --------
        >>> Stack(network="bridge").reachable("127.0.0.1:8001")
        'host.docker.internal:8001'
        """
        host, _, port = address.rpartition(":")
        local = self.network == "bridge" and host in {_LOOPBACK, "localhost", "0.0.0.0", "[::1]", "[::]"}  # noqa: S104 - read, not bound
        return f"host.docker.internal:{port}" if local else address

    def inner_port(self, service: str) -> int:
        """Port inside the container: the host's own where the network is the host's."""
        return getattr(self, f"{service}_port") if self.network == "host" else _INNER_PORTS[service]


def compose_text(stack: Stack, *, home: str = "", targets: str = "") -> str:
    """Write the compose file.

    Parameters
    ----------
    stack
        Ports and network.
    home
        File name of the dashboard that Grafana opens first.
    targets
        What is scraped, for the comment.

    Examples
    --------
    >>> "network_mode: host" in compose_text(Stack())
    True
    """
    document = {
        "name": "monitorkit",
        "services": {"prometheus": _prometheus(stack), "grafana": _grafana(stack, home)},
        "volumes": {"prometheus-data": {}, "grafana-data": {}},
    }
    head = _HEAD.format(
        address=_LOOPBACK,
        grafana=stack.grafana_port,
        prometheus=stack.prometheus_port,
        targets=targets or "nothing yet",
        network=_HOST if stack.network == "host" else _BRIDGE,
    )
    return head + yaml_text(document)


def _prometheus(stack: Stack) -> dict[str, Any]:
    port = stack.inner_port("prometheus")
    bind = _LOOPBACK if stack.network == "host" else ""
    return {
        "image": PROMETHEUS_IMAGE,
        "restart": "unless-stopped",
        "command": [
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            f"--storage.tsdb.retention.time={stack.retention}",
            f"--web.listen-address={bind}:{port}",
        ],
        # Folders, not files: a file that is replaced would stay the old one in the container.
        "volumes": ["./prometheus:/etc/prometheus:ro", "prometheus-data:/prometheus"],
        "healthcheck": _healthcheck(["promtool", "check", "ready", f"--url=http://{_LOOPBACK}:{port}"]),
        **_network(stack, "prometheus", stack.prometheus_port),
    }


def _grafana(stack: Stack, home: str) -> dict[str, Any]:
    port = stack.inner_port("grafana")
    environment = {
        "GF_SECURITY_ADMIN_PASSWORD": "${GRAFANA_ADMIN_PASSWORD:?set it to the password that admin shall have}",
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_USERS_ALLOW_SIGN_UP": "false",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_SERVER_HTTP_PORT": str(port),
    }
    if stack.network == "host":
        environment["GF_SERVER_HTTP_ADDR"] = _LOOPBACK
    if home:
        environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] = f"{DASHBOARDS_PATH}/{home}"
    return {
        "image": GRAFANA_IMAGE,
        "restart": "unless-stopped",
        "depends_on": {"prometheus": {"condition": "service_healthy"}},
        "environment": environment,
        "volumes": [
            "./grafana/provisioning:/etc/grafana/provisioning:ro",
            f".:{DASHBOARDS_PATH}:ro",
            "grafana-data:/var/lib/grafana",
        ],
        "healthcheck": _healthcheck(["wget", "--quiet", "--spider", f"http://{_LOOPBACK}:{port}/api/health"]),
        **_network(stack, "grafana", stack.grafana_port),
    }


def _healthcheck(command: list[str]) -> dict[str, Any]:
    return {"test": ["CMD", *command], "interval": "10s", "timeout": "5s", "retries": 6, "start_period": "30s"}


def _network(stack: Stack, service: str, port: int) -> dict[str, Any]:
    if stack.network == "host":
        return {"network_mode": "host"}
    # Docker Desktop knows the name by itself, Docker on Linux by this line.
    outside = {"extra_hosts": ["host.docker.internal:host-gateway"]} if service == "prometheus" else {}
    return {"ports": [f"{_LOOPBACK}:{port}:{_INNER_PORTS[service]}"], **outside}
