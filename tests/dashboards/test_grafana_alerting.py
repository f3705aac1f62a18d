import json
from pathlib import Path

import jsonschema
import pytest

from monitorkit.alerting import AlertRule, high_latency, low_accuracy, standard_rules
from monitorkit.dashboards import Dashboard, panels
from monitorkit.dashboards.grafana import to_grafana
from monitorkit.dashboards.grafana_alerting import grafana_rules, grafana_template
from monitorkit.documents import read_yaml, yaml_text
from monitorkit.errors import InvalidValue, RuleError

SCHEMA = Path(__file__).parents[2] / "../shared/schemas/grafana-alerting-provisioning.jsonschema.json"

ODD = [
    AlertRule("NoServer", "absent(up)", "5m", keep_firing_for="10m"),
    AlertRule("At least", "x >= 2 and y > 1"),
    AlertRule("名" * 60, "x == 1", annotations={"summary": "costs $5"}),
]


def only(rules, **options):
    (group,) = grafana_rules(rules, **options)["groups"]
    (rule,) = group["rules"]
    return rule


@pytest.mark.skipif(not SCHEMA.exists(), reason="no reference data: the schema of Grafana's format is not at hand")
@pytest.mark.parametrize("rules", [standard_rules(), ODD, []], ids=["standard", "odd", "none"])
def test_the_file_is_valid_under_grafanas_schema(rules):
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    document = read_yaml(yaml_text(grafana_rules(rules)))
    assert [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(document)] == []


def test_a_threshold_becomes_query_last_value_and_comparison():
    rule = only([low_accuracy(0.95, for_="2m")])
    query, last, threshold = (step["model"] for step in rule["data"])
    assert query["expr"] == "model_accuracy"
    assert (last["type"], last["expression"], last["reducer"], last["settings"]) == ("reduce", "A", "last", {"mode": "dropNN"})  # fmt: skip
    assert (threshold["type"], threshold["expression"]) == ("threshold", "B")
    assert threshold["conditions"] == [{"evaluator": {"type": "lt", "params": [0.95]}}]
    assert (rule["condition"], rule["for"]) == ("C", "2m")
    assert rule["labels"] == {"severity": "ticket"}
    assert only([high_latency("500ms")])["data"][2]["model"]["conditions"] == [{"evaluator": {"type": "gt", "params": [0.5]}}]  # fmt: skip


@pytest.mark.parametrize("expr", ["absent(up)", "x >= 2", "x == 1", "x > 1 and y > 2", "x > y"])
def test_any_other_expression_fires_for_each_of_its_series(expr):
    query, last, condition = (step["model"] for step in only([AlertRule("Odd", expr)])["data"])
    assert query["expr"] == expr
    assert "settings" not in last
    assert condition["expression"] == "is_number($B) || is_nan($B) || is_inf($B)"


def test_no_data_is_no_alert_as_in_prometheus():
    assert only([low_accuracy()])["noDataState"] == "OK"


def test_keep_firing_for_is_written_where_it_is_asked_for():
    assert only([ODD[0]])["keepFiringFor"] == "10m"
    assert "keepFiringFor" not in only([low_accuracy()])


def test_uids_are_stable_plain_and_each_their_own():
    names = ["High Latency", "High-Latency", "high latency", "名" * 60, "名" * 61, "x" * 100, "--"]
    (group,) = grafana_rules([AlertRule(name, "up == 0") for name in names])["groups"]
    uids = [rule["uid"] for rule in group["rules"]]
    assert len(set(uids)) == len(names)
    assert max(map(len, uids)) <= 40
    assert uids[0] == only([AlertRule("High Latency", "up == 1")])["uid"]


def test_rules_of_one_name_have_titles_of_their_own():
    rules = [low_accuracy(0.8, severity="page"), low_accuracy(), low_accuracy(0.95)]
    (group,) = grafana_rules(rules)["groups"]
    assert [rule["title"] for rule in group["rules"]] == ["LowAccuracy", "LowAccuracy (2)", "LowAccuracy (3)"]
    assert len({rule["uid"] for rule in group["rules"]}) == 3


def test_a_rule_is_linked_to_the_panel_that_draws_its_query():
    board = Dashboard(
        "B", [panels.Stat("Up", "up"), panels.TimeSeries("Accuracy", ["model_recall", " model_accuracy"])]
    )
    rule = only([low_accuracy()], boards=[Dashboard("A"), board])
    panel = next(one for one in to_grafana(board)["panels"] if one["title"] == "Accuracy")
    assert (rule["dashboardUid"], rule["panelId"]) == ("b", panel["id"])
    assert "panelId" not in only([high_latency()], boards=[board])


def test_no_dollar_is_left_where_grafana_would_read_a_variable_of_the_environment():
    texts = [AlertRule("A", "x > 1", labels={"l": "{{ $labels.a }}"}, annotations={"s": "$5 {{ $value }} ${HOME} $$"})]
    rule = only(texts)
    assert "$" not in json.dumps([rule["labels"], rule["annotations"]])
    assert rule["labels"] == {"l": "{{ .Labels.a }}"}


@pytest.mark.parametrize(
    ("prometheus", "grafana"),
    [
        ("{{ .Value }}", "{{ .Values.B.Value }}"),
        ("{{ .Value | humanizePercentage }}", "{{ .Values.B.Value | humanizePercentage }}"),
        ("{{ humanizeDuration $value }}", "{{ humanizeDuration .Values.B.Value }}"),
        ("{{ .Labels.instance }} .Value", "{{ .Labels.instance }} .Value"),
        ("{{ range .Labels }}x{{ end }}", "{{ range .Labels }}x{{ end }}"),
        ("5 $", r'5 {{ "\u0024" }}'),
    ],
)
def test_templates_of_prometheus_become_grafanas(prometheus, grafana):
    assert grafana_template(prometheus, "summary") == grafana


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ $externalLabels.region }}", r"summary: '\$externalLabels' cannot be written for Grafana"),
        ("{{ with .Labels }}{{ $labels.a }}{{ end }}", r"'\$' beside 'range' or 'with'"),
        ("{{ range $i, $l := .Labels }}{{ end }}", r"'\$' beside 'range' or 'with'"),
    ],
)
def test_a_template_that_would_mean_something_else_is_refused(text, message):
    with pytest.raises(RuleError, match=message):
        grafana_template(text, "summary")


@pytest.mark.parametrize("interval", ["15s", "1s", 0])
def test_an_interval_that_grafana_cannot_keep_is_refused(interval):
    with pytest.raises(InvalidValue, match="is no multiple of 10s"):
        grafana_rules([low_accuracy()], interval=interval)
