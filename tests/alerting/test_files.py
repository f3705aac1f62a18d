import pytest
import yaml

from monitorkit.alerting import AlertRule, read_rules, standard_rules, write_rules
from monitorkit.errors import InvalidType, InvalidValue, RuleError
from monitorkit.services.programs.promtool import check, find_promtool

DOWN = AlertRule("Down", "up == 0", "1m", severity="page", annotations={"summary": "line 1\nline 2: {{ .Value }}"})

needs_promtool = pytest.mark.skipif(find_promtool() is None, reason="there is no promtool")


def test_what_is_written_is_read_back(tmp_path):
    rules = [*standard_rules(), DOWN]
    assert read_rules(write_rules(tmp_path / "a" / "rules.yml", rules)) == rules


def test_group_and_interval_are_written(tmp_path):
    path = write_rules(tmp_path / "rules.yml", DOWN, group="mine", interval="90s")
    (group,) = yaml.safe_load(path.read_text())["groups"]
    assert group == {"name": "mine", "interval": "1m30s", "rules": [DOWN.as_rule()]}


@needs_promtool
def test_prometheus_takes_the_standard_rules_with_all_their_templates(tmp_path):
    path = write_rules(tmp_path / "rules.yml", standard_rules())
    assert check("rules", path, promtool=find_promtool()) == []


@needs_promtool
@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (AlertRule("Broken", "sum(up"), "unclosed left parenthesis"),
        (AlertRule("Broken", "up", annotations={"summary": "{{ $nothing }}"}), "undefined variable"),
        (AlertRule("Broken", "up", annotations={"summary": "{{ nothing }}"}), "nothing"),
    ],
)
def test_a_rule_that_prometheus_would_refuse_is_not_written(tmp_path, rule, message):
    path = write_rules(tmp_path / "rules.yml", DOWN)
    before = path.read_text()
    with pytest.raises(RuleError, match=message):
        write_rules(path, [DOWN, rule])
    assert path.read_text() == before


def test_what_is_no_rule_is_refused(tmp_path):
    with pytest.raises(InvalidType, match="7 is no rule"):
        write_rules(tmp_path / "rules.yml", 7)
    with pytest.raises(InvalidType, match="'up == 0' is no rule"):
        write_rules(tmp_path / "rules.yml", ["up == 0"])


def test_recording_rules_are_passed_over(tmp_path):
    path = write_rules(tmp_path / "rules.yml", [{"record": "job:up:sum", "expr": "sum by (job) (up)"}, DOWN])
    assert read_rules(path) == [DOWN]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidValue, match=r"there is no rule file '.*nothing\.yml'"):
        read_rules(tmp_path / "nothing.yml")


@pytest.mark.parametrize(
    "text", ["just text", "groups: 1", "groups: [{name: g}]\na: [", "groups: [{name: g, rules: [{alert: A}]}]"]
)
def test_a_file_that_holds_no_rules_is_refused_by_name(tmp_path, text):
    (tmp_path / "rules.yml").write_text(text)
    with pytest.raises(RuleError, match=r"rules\.yml"):
        read_rules(tmp_path / "rules.yml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("just text", "needs 'groups'"),
        ("groups: [{name: g}]", "needs 'rules'"),
        ("a: [", "no YAML"),
        ("groups: [{name: g, rules: [{alert: A}]}]", "needs 'alert' and 'expr'"),
    ],
)
def test_without_promtool_the_form_is_still_checked(tmp_path, monkeypatch, text, message):
    monkeypatch.setattr("monitorkit.services.programs.promtool.find_promtool", lambda: None)
    (tmp_path / "rules.yml").write_text(text)
    with pytest.raises(RuleError, match=message):
        read_rules(tmp_path / "rules.yml")


def test_a_folder_in_place_of_a_rule_file_is_named(tmp_path):
    with pytest.raises(InvalidValue, match="is a folder; name a file in it"):
        write_rules(tmp_path, AlertRule("Down", "up == 0"))
    with pytest.raises(InvalidType, match="path: None is no path"):
        write_rules(None, AlertRule("Down", "up == 0"))
    with pytest.raises(InvalidType, match="path: None is no path"):
        read_rules(None)
