"""What Grafana will ask, asked of a real Prometheus that scrapes a real model server."""

import re

import numpy as np
import pytest

from monitorkit.dashboards import standard
from monitorkit.dashboards.grafana import to_grafana
from monitorkit.dashboards.window import Window
from monitorkit.processes import wait_until
from monitorkit.services import start_prometheus
from monitorkit.serving import serve

MODEL = to_grafana(standard.inference())
EXPRESSIONS = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in MODEL["panels"]
    for target in panel.get("targets", ())
}
X = np.random.default_rng(0).normal(size=(40, 2))


def as_grafana_asks(expr):
    """The query with every job and instance chosen, over a window of a minute."""
    window = Window.ending(0, "1m", n_points=60, scrape_seconds=1)
    return re.sub(r"\$(?:job|instance)\b", ".+", window.expand(expr))


@pytest.fixture(scope="module")
def server():
    with serve(lambda x: (x[:, 0] > 0).astype(int), name="for grafana", reference=X) as running:
        yield running


@pytest.fixture(scope="module")
def regressor():
    with serve(lambda x: x[:, 0], name="for grafana too") as running:
        yield running


@pytest.fixture(scope="module")
def prom(server, regressor):
    with start_prometheus([server, regressor], name="for grafana", scrape_interval="1s") as running:

        def busy():
            answer = server.predict(X)
            server.feedback(answer, (X[:, 0] > 0.1).astype(int))
            regressor.feedback(regressor.predict(X), X[:, 0] + 0.1)
            return all(has_numbers(running, expr) for expr in EXPRESSIONS.values())

        wait_until(busy, timeout_seconds=30, interval_seconds=0.2)
        yield running


def has_numbers(prom, expr):
    return bool(prom.query(as_grafana_asks(expr))["value"].notna().any())


@pytest.mark.parametrize("expr", EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_every_query_of_the_dashboard_returns_numbers(server, prom, expr):
    def answered():
        server.predict(X)
        return has_numbers(prom, expr)

    assert wait_until(answered, timeout_seconds=10, interval_seconds=0.2), prom.query(as_grafana_asks(expr))


@pytest.mark.parametrize("name", ["job", "instance"])
def test_the_choices_of_a_variable_are_those_of_the_model_servers(server, regressor, prom, name):
    (variable,) = [one for one in MODEL["templating"]["list"] if one["name"] == name]
    selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]).groups()
    instances = sorted(one.metrics_url.split("/")[2] for one in (server, regressor))
    expected = {"job": ["ai_model"], "instance": instances}
    assert prom.label_values(label, match=as_grafana_asks(selector)) == expected[name]
