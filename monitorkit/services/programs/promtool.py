"""promtool: what it says about a configuration or a rule file, as values with file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitorkit.errors import ServiceError
from monitorkit.processes import run
from monitorkit.services.programs.binaries import beside, find

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Complaint", "check", "find_promtool"]

_SECTION = re.compile(r"^Checking (.+)$", re.MULTILINE)
_FAILED = re.compile(r"^\s*FAILED:\s*", re.MULTILINE)
_POSITION = re.compile(r"^(?P<line>\d+):\d+: (?P<rest>.*)")
_LINE = re.compile(r"^(?:yaml: )?line (?P<line>\d+): (?P<rest>.*)")
_NOISE = re.compile(r"^(?:parsing YAML file (?P<file>.+?): )?(?:yaml: unmarshal errors:)?\s*")


@dataclass(frozen=True)
class Complaint:
    """One mistake that promtool found.

    Parameters
    ----------
    file
        The file it is in, as promtool names it.
    line
        Line counted from 1, None where promtool gives none.
    message
        What is wrong.
    """

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


def find_promtool(prometheus: Path | None = None) -> Path | None:
    """Find promtool beside a Prometheus (by default the one that would be started), else on PATH, else None."""
    if prometheus is None:
        try:
            prometheus = find("prometheus").path
        except ServiceError:
            return None
    return beside(prometheus, "promtool")


def check(kind: str, file: Path, *, promtool: Path) -> list[Complaint]:
    """Have a file checked.

    Parameters
    ----------
    kind
        ``"config"``, which includes the rule files that the configuration names, or ``"rules"``.
    file
        What to check.
    promtool
        The program.

    Returns
    -------
    list of Complaint
        Empty where Prometheus would take the file.
    """
    answer = run([promtool, "check", kind, file], timeout_seconds=60)
    if answer.returncode == 0:
        return []
    complaints = list(dict.fromkeys(_complaints(answer.output)))
    return complaints or [Complaint(str(file), None, answer.output.strip() or f"exit status {answer.returncode}")]


def _complaints(output: str) -> list[Complaint]:
    """Read ``Checking FILE`` sections; of each the lines after ``FAILED:``."""
    pieces = _SECTION.split(output)
    found = []
    for file, text in zip(pieces[1::2], pieces[2::2], strict=True):
        if len(parts := _FAILED.split(text, maxsplit=1)) > 1:
            found += [_complaint(file, line) for line in parts[1].splitlines() if _content(file, line)]
    return found


def _content(file: str, line: str) -> str:
    """A line without the file's name and the words that say only that there is an error."""
    text = line.strip().removeprefix(f"{file}:").strip()
    return _NOISE.sub("", text, count=1)


def _complaint(file: str, line: str) -> Complaint:
    text = _content(file, line)
    if match := _POSITION.match(text) or _LINE.match(text):
        return Complaint(file, int(match["line"]) or None, match["rest"])
    return Complaint(file, None, text)
