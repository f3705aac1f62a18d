import copy
import pickle
from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest
import yaml

from monitorkit.alerting import AlertRule, Condition
from monitorkit.errors import InvalidType, InvalidValue, RuleError

FULL = AlertRule(
    "HighLatency",
    "avg(inference_latency_seconds) > 1",
    for_="1m",
    keep_firing_for="5m",
    severity="page",
    labels={"team": "ml"},
    annotations={"summary": "{{ .Labels.instance }} is slow: {{ .Value }}"},
)


def test_a_rule_is_written_as_prometheus_reads_it():
    assert FULL.as_rule() == {
        "alert": "HighLatency",
        "expr": "avg(inference_latency_seconds) > 1",
        "for": "1m",
        "keep_firing_for": "5m",
        "labels": {"severity": "page", "team": "ml"},
        "annotations": {"summary": "{{ .Labels.instance }} is slow: {{ .Value }}"},
    }


def test_what_says_nothing_is_left_out():
    assert AlertRule("Down", "up == 0").as_rule() == {"alert": "Down", "expr": "up == 0"}


def test_reading_what_was_written_gives_the_same_rule():
    assert AlertRule.from_rule(FULL.as_rule()) == FULL


def test_a_rule_prints_as_its_yaml():
    assert yaml.safe_load(str(FULL)) == FULL.as_rule()


def test_html_from_outside_is_escaped():
    assert "<script>" not in AlertRule("A", 'up{job="<script>"} == 0')._repr_html_()


@pytest.mark.parametrize("duration", ["90s", "1m30s", 90, 90.0, timedelta(seconds=90)])
def test_equal_durations_make_equal_rules(duration):
    rule = AlertRule("Down", "up == 0", duration)
    assert rule == AlertRule("Down", "up == 0", "1m30s")
    assert rule.for_ == "1m30s"
    assert hash(rule) == hash(AlertRule("Down", "up == 0", "1m30s"))


def test_severity_is_the_same_among_the_labels():
    assert AlertRule("Down", "up == 0", labels={"severity": "page"}) == AlertRule("Down", "up == 0", severity="page")


def test_severity_changes_wherever_it_was_given():
    rule = AlertRule("Down", "up == 0", labels={"severity": "page", "team": "ml"}).replace(severity="ticket")
    assert rule.all_labels == {"severity": "ticket", "team": "ml"}


def test_a_changed_rule_leaves_the_first_alone():
    changed = FULL.replace(for_="2m", keep_firing_for=None)
    assert (FULL.for_, changed.for_) == ("1m", "2m")
    assert "keep_firing_for" not in changed.as_rule()
    assert changed.annotations == FULL.annotations


def test_a_rule_does_not_change_with_the_dict_it_was_made_from():
    labels = {"team": "ml"}
    rule = AlertRule("Down", "up == 0", labels=labels)
    labels["team"] = "ops"
    rule.as_rule()["labels"]["team"] = "ops"
    assert rule.labels == {"team": "ml"}


def test_a_rule_is_frozen():
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'expr'"):
        FULL.expr = "up"


@pytest.mark.parametrize("again", [copy.deepcopy, lambda rule: pickle.loads(pickle.dumps(rule))])
def test_a_rule_can_be_copied_and_pickled(again):
    assert again(FULL) == FULL


def test_the_threshold_is_read_from_the_expression_and_changed_there():
    assert FULL.condition == Condition("avg(inference_latency_seconds)", ">", 1.0)
    assert FULL.with_threshold(0.25).expr == "avg(inference_latency_seconds) > 0.25"


def test_a_rule_without_a_threshold_says_so():
    rule = AlertRule("NoServer", "absent(up)")
    assert rule.condition is None
    with pytest.raises(InvalidValue, match="not compared with a number"):
        rule.with_threshold(1)


@pytest.mark.parametrize("name", ["", "  ", " High", "High\nLatency", "High\x00"])
def test_a_name_is_one_line_of_text(name):
    with pytest.raises(RuleError, match="must be one line of text"):
        AlertRule(name, "up == 0")


@pytest.mark.parametrize("expr", ["", " \n"])
def test_an_empty_expression_is_refused(expr):
    with pytest.raises(RuleError, match="Down: expr is empty"):
        AlertRule("Down", expr)


@pytest.mark.parametrize(("changes", "message"), [({"for_": "10 minutes"}, "Down: for_: '10 minutes' is no duration"), ({"for_": -1}, "Down: for_: -1 must be finite"), ({"keep_firing_for": "5 m"}, "Down: keep_firing_for: '5 m' is no duration")])  # fmt: skip
def test_a_duration_that_is_none_is_refused(changes, message):
    with pytest.raises(RuleError, match=message):
        AlertRule("Down", "up == 0", **changes)


@pytest.mark.parametrize(("changes", "message"), [({"name": 1}, "1 is no text"), ({"expr": None}, "Down: expr: None is no text"), ({"for_": None}, "Down: for_: None is no duration"), ({"labels": {"tier": 1}}, "label 'tier': 1 is no text; write '1'"), ({"annotations": {"x": None}}, "annotation 'x': None is no text")])  # fmt: skip
def test_a_wrong_type_is_refused(changes, message):
    with pytest.raises(InvalidType, match=message):
        AlertRule(**({"name": "Down", "expr": "up == 0"} | changes))


@pytest.mark.parametrize(("changes", "message"), [({"labels": {"a-b": "x"}}, "label 'a-b': a name is letters"), ({"labels": {"alertname": "x"}}, "label 'alertname' is set by Prometheus"), ({"annotations": {"1": "x"}}, "annotation '1': a name is letters"), ({"annotations": {"summary": "{{ .Value }"}}, "annotation 'summary': '{{' without"), ({"labels": {"x": "{{ .Value"}}, "label 'x': '{{' without"), ({"severity": "page", "labels": {"severity": "ticket"}}, "severity is 'page' and, among the labels, 'ticket'")])  # fmt: skip
def test_a_label_or_annotation_that_prometheus_would_refuse_is_refused(changes, message):
    with pytest.raises(RuleError, match=message):
        AlertRule("Down", "up == 0", **changes)


@pytest.mark.parametrize(("rule", "message"), [({"record": "a:b", "expr": "up"}, "is no alerting rule"), ({"alert": "Down"}, "is no alerting rule"), ({"alert": "Down", "expr": "up", "fro": "5m"}, "Down: unknown key 'fro'")])  # fmt: skip
def test_a_mapping_that_is_no_alerting_rule_is_refused(rule, message):
    with pytest.raises(RuleError, match=message):
        AlertRule.from_rule(rule)


@pytest.mark.parametrize("texts", [None, "team", ["team"], 3])
def test_labels_and_annotations_are_mappings(texts):
    with pytest.raises(InvalidType, match=r"Down: labels: .* is no mapping of names to texts"):
        AlertRule("Down", "up == 0", labels=texts)
    with pytest.raises(InvalidType, match=r"Down: annotations: .* is no mapping of names to texts"):
        AlertRule("Down", "up == 0", annotations=texts)


@pytest.mark.parametrize("rule", [None, "alert: Down", ["alert", "expr"], 3])
def test_what_is_no_mapping_is_no_rule(rule):
    with pytest.raises(InvalidType, match="is no alerting rule: give the mapping that a rule file holds"):
        AlertRule.from_rule(rule)
