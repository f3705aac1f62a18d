from types import SimpleNamespace

import pytest

from monitorkit.errors import InvalidType, InvalidValue, RuleError
from monitorkit.services.setup.rule_files import check_rules, matching, rule_document, sort_rules

RULE = {"alert": "Slow", "expr": "up > 1"}
GOOD = 'groups: [{name: g, rules: [{record: a, expr: "up"}]}]\n'


def test_objects_and_mappings_make_one_group():
    rule = SimpleNamespace(as_rule=lambda: RULE)
    assert rule_document([rule, {"record": "a", "expr": "up"}], group="mine", interval=5) == {
        "groups": [{"name": "mine", "interval": "5s", "rules": [RULE, {"record": "a", "expr": "up"}]}]
    }


def test_what_is_no_rule_is_refused():
    with pytest.raises(InvalidType, match="42 is no rule"):
        rule_document([42])


def test_objects_and_files_are_told_apart(tmp_path):
    (tmp_path / "a.yml").write_text(GOOD)
    assert sort_rules([RULE, tmp_path / "a.yml", str(tmp_path / "*.yml")]) == (
        (RULE,),
        (str(tmp_path / "a.yml"), str(tmp_path / "*.yml")),
    )


def test_a_single_rule_needs_no_list(tmp_path):
    (tmp_path / "a.yml").write_text(GOOD)
    assert sort_rules(RULE) == ((RULE,), ())
    assert sort_rules(str(tmp_path / "a.yml")) == ((), (str(tmp_path / "a.yml"),))
    assert sort_rules(None) == ((), ())


@pytest.mark.parametrize("name", ["a[1].yml", "b*?.yml", "c\\d.yml"])
def test_special_characters_of_a_file_name_are_escaped(tmp_path, name):
    (tmp_path / name).write_text(GOOD)
    (pattern,) = sort_rules(tmp_path / name)[1]
    assert pattern != str(tmp_path / name)
    assert matching(pattern) == [tmp_path / name]


@pytest.mark.parametrize("name", ["none.yml", "none*.yml", "."])
def test_a_file_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(InvalidValue, match="there is no rule file"):
        sort_rules(tmp_path / name)
    with pytest.raises(InvalidValue, match="there is no rule file"):
        check_rules(tmp_path / name)


def test_a_good_file_and_a_good_text_pass(tmp_path, prometheus_binary):
    (tmp_path / "a.yml").write_text(GOOD)
    check_rules(tmp_path / "a.yml")
    check_rules(GOOD)


def test_a_broken_expression_is_named_with_file_and_line(tmp_path, prometheus_binary):
    file = tmp_path / "a.yml"
    file.write_text("groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: sum(up\n")
    with pytest.raises(RuleError, match="unclosed left parenthesis") as caught:
        check_rules(file)
    assert (caught.value.file, caught.value.line) == (str(file), 5)
    assert str(caught.value).startswith(f"{file}:5: group")


def test_of_a_text_only_the_line_is_named(prometheus_binary):
    with pytest.raises(RuleError, match=r"field fro not found") as caught:
        check_rules("groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: up\n        fro: 5s\n")
    assert (caught.value.file, caught.value.line) == ("", 6)


def test_a_wrong_duration_is_named(prometheus_binary):
    with pytest.raises(RuleError, match='"5x"'):
        check_rules("groups:\n  - name: g\n    rules: [{alert: A, expr: up, for: 5x}]\n")


def test_every_mistake_of_a_file_is_named(prometheus_binary):
    with pytest.raises(RuleError, match=r"(?s)^line 4: .*unexpected.*line 5: .*unclosed") as caught:
        check_rules(
            "groups:\n - name: g\n   rules:\n   - {record: a, expr: 'up +'}\n   - {record: b, expr: 'sum(up'}\n"
        )
    assert str(caught.value).count("could not parse expression") == 2


def test_without_promtool_nothing_is_checked(monkeypatch):
    monkeypatch.setattr("monitorkit.services.programs.promtool.find_promtool", lambda: None)
    check_rules("not\nrules\n")


@pytest.mark.parametrize("group", ["", " ", None, 3])
def test_a_group_needs_a_name(group):
    with pytest.raises(InvalidValue, match=r"group: .* must be a text that is not empty"):
        rule_document([], group=group)
