"""Rule files: rules as objects written into one, files of the user's own named beside it, both checked."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from monitorkit.arguments import checked_name
from monitorkit.documents import absolute_path, write_file
from monitorkit.errors import InvalidType, InvalidValue, RuleError
from monitorkit.services.programs import promtool
from monitorkit.services.setup.configuration import interval as written_interval

if TYPE_CHECKING:
    from monitorkit.durations import Duration

__all__ = ["Rule", "check_rules", "matching", "rule_document", "rule_error", "sort_rules"]

_SPECIAL = re.compile(r"([*?\[\\])")
_ESCAPED = re.compile(r"\\([*?\[\\])")


@runtime_checkable
class Rule(Protocol):
    """An alerting or recording rule as an object."""

    def as_rule(self) -> Mapping[str, Any]:
        """Prometheus' own form: ``alert`` or ``record``, ``expr``, ``for``, ``labels``, ``annotations``."""


def rule_document(
    rules: Iterable[Rule | Mapping[str, Any]], *, group: str = "monitorkit", interval: Duration | None = None
) -> dict[str, Any]:
    """Put rules into one group of a rule file.

    Parameters
    ----------
    rules
        Objects with ``as_rule()``, or mappings in Prometheus' own form.
    group
        Name of the group.
    interval
        How often it is evaluated; None leaves that to the configuration.

    Examples
    --------
    >>> rule_document([{"record": "job:up:sum", "expr": "sum by (job) (up)"}])
    {'groups': [{'name': 'monitorkit', 'rules': [{'record': 'job:up:sum', 'expr': 'sum by (job) (up)'}]}]}
    """
    head: dict[str, Any] = {"name": checked_name(group, argument="group")}
    if interval is not None:
        head["interval"] = written_interval(interval, name="interval")
    return {"groups": [{**head, "rules": [_plain(rule) for rule in rules]}]}


def _plain(rule: Rule | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(rule, Rule):
        return dict(rule.as_rule())
    if isinstance(rule, Mapping):
        return dict(rule)
    raise InvalidType(f"rules: {rule!r} is no rule; give an AlertRule, a mapping, or the path of a rule file")


def sort_rules(rules: Any) -> tuple[tuple[dict[str, Any], ...], tuple[str, ...]]:  # noqa: ANN401 - one rule or many, as objects or paths
    """Part rules into those given as objects, in Prometheus' form, and the rule files, as absolute patterns.

    Raises
    ------
    InvalidValue
        If a file does not exist: Prometheus itself passes over it in silence.
    InvalidType
        If something is neither.
    """
    if rules is None:
        return (), ()
    if isinstance(rules, (str, Path, Mapping, Rule)) or not isinstance(rules, Iterable):
        rules = [rules]
    objects: list[dict[str, Any]] = []
    files: list[str] = []
    for rule in rules:
        if isinstance(rule, (str, Path)):
            files.append(_pattern(rule))
        else:
            objects.append(_plain(rule))
    return tuple(objects), tuple(dict.fromkeys(files))


def matching(pattern: str) -> list[Path]:
    """Files that Prometheus reads for an entry of ``rule_files``."""
    plain = Path(_ESCAPED.sub(r"\1", pattern))
    if plain.is_file():
        return [plain]
    root = Path(pattern).anchor
    return sorted(file for file in Path(root).glob(pattern.removeprefix(root)) if file.is_file())


def _pattern(path: str | Path) -> str:
    absolute = absolute_path(path, name="rules")
    # Prometheus reads every entry as a pattern, so that a bracket in a folder's name would match nothing.
    pattern = _SPECIAL.sub(r"\\\1", str(absolute)) if absolute.is_file() else str(absolute)
    if not matching(pattern):
        raise InvalidValue(f"rules: there is no rule file {str(path)!r} (looked for {absolute})")
    return pattern


def check_rules(rules: str | Path) -> None:
    r"""Check a rule file with promtool; without promtool nothing is checked.

    Parameters
    ----------
    rules
        Path of the file, or its text (anything with a line break).

    Raises
    ------
    RuleError
        If Prometheus would refuse it; with file and line where promtool names them.
    InvalidValue
        If there is no such file.

    Examples
    --------
    >>> check_rules("groups: [{name: g, rules: [{record: a, expr: up}]}]\n")
    """
    if isinstance(rules, str) and "\n" in rules:
        with tempfile.TemporaryDirectory(prefix="monitorkit-rules-") as folder:
            _check(write_file(Path(folder) / "rules.yml", rules), shown="")
    elif (file := absolute_path(rules, name="rules")).is_file():
        _check(file, shown=str(rules))
    else:
        raise InvalidValue(f"rules: there is no rule file {str(rules)!r}")


def _check(file: Path, *, shown: str) -> None:
    program = promtool.find_promtool()
    if program and (complaints := promtool.check("rules", file, promtool=program)):
        raise rule_error(complaints, shown=shown)


def rule_error(complaints: Sequence[promtool.Complaint], *, shown: str) -> RuleError:
    """Make one error of all complaints about a file; its place is that of the first."""
    first, *others = complaints
    more = [f"line {other.line}: {other.message}" if other.line else other.message for other in others]
    return RuleError("\n".join([first.message, *more]), file=shown, line=first.line)
