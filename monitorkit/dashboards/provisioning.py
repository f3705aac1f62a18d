"""The production bundle: dashboards and rules as the files that Prometheus, Grafana and Docker read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from monitorkit.alerting.files import rule_text
from monitorkit.alerting.rules import AlertRule
from monitorkit.dashboards.board import Dashboard
from monitorkit.dashboards.compose import DASHBOARDS_PATH, Network, Stack, compose_text
from monitorkit.dashboards.grafana import grafana_duration, to_grafana
from monitorkit.dashboards.grafana_alerting import DATASOURCE_UID, grafana_rules
from monitorkit.documents import absolute_path, json_text, write_file, yaml_text
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.services.setup.configuration import prometheus_document
from monitorkit.services.setup.targets import Target, jobs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from monitorkit.durations import Duration

__all__ = ["DEFAULT_TARGET", "bundle", "bundle_texts"]

DEFAULT_TARGET = "127.0.0.1:8001"
"""Where a bundle looks for the metrics of a model server: ``mk.serve(model, port=8000, metrics_port=8001)``."""

_HEAD = "# Made by monitorkit; edit the dashboard and the rules in Python and make it again.\n"


def bundle(
    folder: str | Path,
    boards: Dashboard | Iterable[Dashboard],
    rules: AlertRule | Iterable[AlertRule] = (),
    *,
    targets: Any = DEFAULT_TARGET,  # noqa: ANN401 - as start_prometheus
    scrape_interval: Duration = "15s",
    prometheus_port: int = 9090,
    grafana_port: int = 3000,
    network: Network = "host",
) -> list[Path]:
    """Write what runs the same monitoring without a notebook: ``docker compose up`` in the folder starts it.

    Parameters
    ----------
    folder
        Where to write; files of earlier bundles are replaced, others left alone.
    boards
        Dashboards; Grafana opens the first.
    rules
        Alert rules, for Prometheus and for Grafana.
    targets
        What Prometheus scrapes, as for ``start_prometheus``: a server, a URL, ``host:port``, a list, or lists by job.
        Its port must stay the same, so start the server with ``metrics_port``.
    scrape_interval
        How often it does.
    prometheus_port, grafana_port
        Ports on the machine.
    network
        ``host`` on Linux; ``bridge`` on macOS and Windows.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    RuleError
        If Prometheus would refuse a rule, or Grafana one of its templates.
    InvalidValue
        If two dashboards have one uid, or a port or target is none. Nothing is written then.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from monitorkit.alerting import low_accuracy
    >>> from monitorkit.dashboards import Dashboard, panels
    >>> board = Dashboard("My model", [panels.Stat("Accuracy", "model_accuracy")])
    >>> folder = mkdtemp()
    >>> [str(path.relative_to(folder)) for path in bundle(folder, board, low_accuracy())][:3]
    ['compose.yaml', 'my-model.json', 'prometheus/prometheus.yml']
    """
    stack = Stack(prometheus_port=prometheus_port, grafana_port=grafana_port, network=network)
    texts = bundle_texts(boards, rules, targets=targets, scrape_interval=scrape_interval, stack=stack)
    place = absolute_path(folder, name="folder")
    return [write_file(place / name, text) for name, text in texts.items()]


def bundle_texts(
    boards: Dashboard | Iterable[Dashboard],
    rules: AlertRule | Iterable[AlertRule] = (),
    *,
    targets: Any = DEFAULT_TARGET,  # noqa: ANN401 - as start_prometheus
    scrape_interval: Duration = "15s",
    stack: Stack | None = None,
) -> dict[str, str]:
    """Return the texts of a bundle by their path in its folder; see :func:`bundle`."""
    stack = stack or Stack()
    boards = list(boards) if isinstance(boards, Iterable) else [boards]
    rules = list(rules) if isinstance(rules, Iterable) else [rules]
    _check(boards, rules)
    scraped = {name: tuple(_reachable(one, stack) for one in several) for name, several in jobs(targets).items()}
    prometheus = prometheus_document(
        scraped,
        itself=Target(stack.prometheus_address),
        scrape_interval=scrape_interval,
        rule_files=["rules/*.yml"] if rules else [],
    )
    addresses = ", ".join(one.address for several in scraped.values() for one in several)
    home = f"{boards[0].uid}.json" if boards else ""
    texts = {"compose.yaml": compose_text(stack, home=home, targets=addresses)}
    texts |= {f"{board.uid}.json": json_text(to_grafana(board)) for board in boards}
    texts["prometheus/prometheus.yml"] = _HEAD + yaml_text(prometheus)
    if rules:
        texts["prometheus/rules/monitorkit.yml"] = _HEAD + rule_text(rules)
    provisioning = {
        "datasources/prometheus.yaml": _datasources(stack, scrape_interval),
        "dashboards/monitorkit.yaml": _providers(),
        "alerting/monitorkit.yaml": grafana_rules(rules, boards=boards),
    }
    return texts | {f"grafana/provisioning/{name}": _HEAD + yaml_text(one) for name, one in provisioning.items()}


def _check(boards: Iterable[object], rules: Iterable[object]) -> None:
    seen: set[str] = set()
    for board in boards:
        if not isinstance(board, Dashboard):
            raise InvalidType(f"boards: {board!r} is no Dashboard")
        if board.uid in seen:
            raise InvalidValue(
                f"boards: two have the uid {board.uid!r}; give one another, with Dashboard(..., uid=...)"
            )
        seen.add(board.uid)
    for rule in rules:
        if not isinstance(rule, AlertRule):
            raise InvalidType(f"rules: {rule!r} is no AlertRule; read a rule file with monitorkit.alerting.read_rules")


def _reachable(target: Target, stack: Stack) -> Target:
    return replace(target, address=stack.reachable(target.address))


def _datasources(stack: Stack, scrape_interval: Duration) -> Mapping[str, Any]:
    """Prometheus as Grafana's data source; the scrape interval is what ``$__rate_interval`` is reckoned from."""
    source = {
        "name": "Prometheus",
        "uid": DATASOURCE_UID,
        "type": "prometheus",
        "access": "proxy",
        "url": stack.prometheus_url,
        "isDefault": True,
        "jsonData": {"timeInterval": grafana_duration(scrape_interval), "httpMethod": "POST"},
    }
    return {"apiVersion": 1, "datasources": [source]}


def _providers() -> Mapping[str, Any]:
    provider = {
        "name": "monitorkit",
        "orgId": 1,
        "folder": "monitorkit",
        "type": "file",
        "disableDeletion": False,
        "updateIntervalSeconds": 30,
        "allowUiUpdates": False,
        "options": {"path": DASHBOARDS_PATH},
    }
    return {"apiVersion": 1, "providers": [provider]}
