"""The rules of grafana/dashboard-linter for Prometheus, and what a schema cannot say, over what we write."""

import json
import re
from pathlib import Path

import pytest

from monitorkit.dashboards import Dashboard, Row, panels, standard
from monitorkit.dashboards.grafana import to_grafana
from monitorkit.dashboards.window import Window
from monitorkit.services import check_rules
from monitorkit.services.programs.promtool import find_promtool

UNITS = Path(__file__).parents[2] / "../shared/schemas/golden/grafana-units.json"

BUSY = Dashboard(
    "Busy",
    [
        Row("A", [panels.Stat(f"Stat {n}", "model_accuracy", unit="percentunit", description="x") for n in range(9)]),
        panels.Gauge("Gauge", "cpu_usage", unit="percent", description="x", width=5, height=3),
        [panels.TimeSeries("Same", ["up", 'count by (job) (up{job="a"})'], unit="s", description="x", width=11)] * 3,
        panels.Heatmap("Heat", "sum by (le) (rate(inference_x_bucket[$__rate_interval]))", unit="s", description="x"),
        Row("A", [panels.TimeSeries("Last", "sum(rate(x_total[$__rate_interval]))", unit="reqps", description="x")]),
    ],
)
BOARDS = [standard.inference(), BUSY]

# The user's own query, kept as they wrote it: its window is a fixed 5 minutes, on purpose.
FIXED_WINDOWS = {"inference_requests_total"}

pytestmark = pytest.mark.parametrize("model", [to_grafana(board) for board in BOARDS], ids=[b.uid for b in BOARDS])


def shown(model):
    return [panel for panel in model["panels"] if panel["type"] != "row"]


def expressions(model):
    return [target["expr"] for panel in shown(model) for target in panel["targets"]]


def test_ids_are_unique(model):
    ids = [panel["id"] for panel in model["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in shown(model):
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)


def test_no_two_panels_overlap_and_none_leaves_the_grid(model):
    taken = set()
    for panel in model["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24, panel["title"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_there_is_one_variable_for_the_data_source(model):
    (variable,) = [one for one in model["templating"]["list"] if one["type"] == "datasource"]
    assert (variable["name"], variable["label"], variable["query"]) == ("datasource", "Data source", "prometheus")


@pytest.mark.parametrize(("name", "label"), [("job", "Job"), ("instance", "Instance")])
def test_job_and_instance_can_be_chosen(model, name, label):
    (variable,) = [one for one in model["templating"]["list"] if one["name"] == name]
    assert variable["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert (variable["label"], variable["multi"], variable["allValue"]) == (label, True, ".+")
    assert variable["refresh"] == 2
    assert re.fullmatch(rf"label_values\((.+), {name}\)", variable["query"])


def test_panels_ask_the_chosen_data_source(model):
    for panel in shown(model):
        assert panel["datasource"]["uid"] == "${datasource}"
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}


def test_panels_have_a_title_a_description_and_a_query(model):
    for panel in shown(model):
        assert panel["title"]
        assert panel["description"], panel["title"]
        assert panel["targets"], panel["title"]


@pytest.mark.skipif(not UNITS.exists(), reason="no reference data: the table of Grafana's units is not at hand")
def test_units_are_grafanas(model):
    known = json.loads(UNITS.read_text(encoding="utf-8"))["units"]
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in shown(model)} <= set(known)


def test_every_selector_is_narrowed_to_job_and_instance(model):
    for expr in expressions(model):
        bare = re.sub(r'"[^"]*"|\[[^]]*\]|\b(?:by|on) \([^)]*\)', "", expr)
        selectors = re.findall(r"\{[^}]*\}", expr)
        metrics = re.findall(r"\b(?:inference|model|cpu|memory|up|x)\w*(?!\w|\()", re.sub(r"\{[^}]*\}", "", bare))
        assert len(selectors) == len(metrics) > 0, expr
        assert all('job=~"$job"' in each and 'instance=~"$instance"' in each for each in selectors), expr


def test_rates_follow_the_zoom(model):
    for expr in expressions(model):
        for name, window in re.findall(r"\brate\((\w+)[^\[]*\[([^\]]+)\]", expr):
            assert window == "$__rate_interval" or name in FIXED_WINDOWS, expr


def test_counters_are_only_looked_at_through_a_rate(model):
    for expr in expressions(model):
        n_counters = len(re.findall(r"\w+(?:_total|_bucket|_sum|_count)\b(?=[{\[])", expr))
        assert n_counters == len(re.findall(r"\b(?:rate|irate|increase)\(\w+(?:_total|_bucket|_sum|_count)\b", expr)), (
            expr
        )


def test_the_dashboard_is_not_edited_in_grafana(model):
    assert model["editable"] is False


def test_only_known_variables_are_used(model):
    known = {one["name"] for one in model["templating"]["list"]}
    used = {name for expr in expressions(model) for name in re.findall(r"\$\{?(\w+)", expr)}
    assert {name for name in used if not name.startswith("__")} <= known
    assert {name for name in used if name.startswith("__")} <= {"__rate_interval", "__interval", "__range"}


def test_thresholds_ascend_from_minus_infinity(model):
    for panel in shown(model):
        first, *others = (step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"])
        assert first is None
        assert others == sorted(set(others))


@pytest.mark.skipif(find_promtool() is None, reason="there is no promtool")
def test_every_query_is_promql(model):
    window = Window.ending(1_700_000_000, "15m", n_points=400)
    rules = [{"record": f"r{n}", "expr": window.expand(expr)} for n, expr in enumerate(expressions(model))]
    check_rules(json.dumps({"groups": [{"name": "g", "rules": rules}]}, indent=1))
