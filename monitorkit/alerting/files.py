"""Rule files: rules written into one that Prometheus takes, and read back from one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from monitorkit.alerting.rules import AlertRule
from monitorkit.documents import YamlError, absolute_path, read_yaml, write_file, yaml_text
from monitorkit.errors import InvalidType, InvalidValue, RuleError
from monitorkit.services.setup.rule_files import Rule, check_rules, rule_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from monitorkit.durations import Duration

__all__ = ["read_rules", "rule_text", "write_rules"]


def write_rules(
    path: str | Path,
    rules: Rule | Iterable[Rule | Mapping[str, Any]],
    *,
    group: str = "monitorkit",
    interval: Duration | None = None,
) -> Path:
    """Write rules into a rule file, once promtool has found nothing wrong with them.

    Parameters
    ----------
    path
        The file; replaced when it exists. Name it in ``start_prometheus(rules=...)`` or under ``rule_files`` of a
        ``prometheus.yml``.
    rules
        One rule or several. An order matters only to rules that read what another one records.
    group
        Name of their group.
    interval
        How often they are evaluated; None for the ``evaluation_interval`` of the Prometheus that reads the file.

    Returns
    -------
    Path
        The file, absolute.

    Raises
    ------
    RuleError
        If Prometheus would refuse a rule, an expression that is no PromQL among them. The file is left as it was. Where
        there is no promtool on the machine, only Prometheus itself finds that out.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> print(write_rules(mkdtemp() + "/rules.yml", AlertRule("Down", "up == 0", "1m")).read_text(), end="")
    groups:
      - name: monitorkit
        rules:
          - alert: Down
            expr: up == 0
            for: 1m
    """
    return write_file(path, rule_text(rules, group=group, interval=interval))


def rule_text(
    rules: Rule | Iterable[Rule | Mapping[str, Any]], *, group: str = "monitorkit", interval: Duration | None = None
) -> str:
    """Return the text of a rule file, checked as by :func:`write_rules`."""
    several = [rules] if isinstance(rules, Rule) else rules
    if not isinstance(several, Iterable):
        raise InvalidType(f"rules: {rules!r} is no rule; give an AlertRule or a list of them")
    text = yaml_text(rule_document(several, group=group, interval=interval))
    check_rules(text)
    return text


def read_rules(path: str | Path) -> list[AlertRule]:
    """Read the alerting rules of a rule file, of all its groups.

    Recording rules are passed over: they raise no alerts.

    Raises
    ------
    InvalidValue
        If there is no such file.
    RuleError
        If the file is no rule file, or Prometheus would refuse it.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> read_rules(write_rules(mkdtemp() + "/rules.yml", AlertRule("Down", "up == 0")))[0].expr
    'up == 0'
    """
    file = absolute_path(path)
    if not file.is_file():
        raise InvalidValue(f"there is no rule file {str(path)!r}")
    check_rules(file)
    try:
        document = read_yaml(file.read_text(encoding="utf-8"))
        return [AlertRule.from_rule(rule) for rule in _rules(document) if "record" not in rule]
    except YamlError as error:
        raise RuleError(f"no YAML: {error}", file=str(path)) from None
    except RuleError as error:
        raise RuleError(str(error), file=str(path)) from None


def _rules(document: object) -> Iterator[Mapping[str, Any]]:
    groups = document.get("groups") if isinstance(document, dict) else None
    if not isinstance(groups, list):
        raise RuleError("no rule file: it needs 'groups', a list")
    for group in groups:
        rules = group.get("rules") if isinstance(group, dict) else None
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise RuleError(f"a group needs 'rules', a list of rules, not {group!r}")
        yield from rules
