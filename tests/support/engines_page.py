"""docs/engines.md, written from what the engines answered."""

import re
from pathlib import Path

from engine_cases import CASES, START

PAGE = Path(__file__).parents[2] / "docs" / "engines.md"
FROM_DOCUMENTATION = Path(__file__).with_name("engines_from_documentation.md")
INTRODUCTION = """\
# What differs between engines

<!-- Written by the tests: MONITORKIT_WRITE_DOCS=1 make test ARGS=tests/query/test_engines.py -->

The same code works on each of them: monitorkit finds out which engine answers, sends what that one needs, and gives each
answer the same form. What no client can hide is below: the same calls on the same history, as the tests saw them answered
({engines}). `T` is the time at which the history begins.
"""


def page(answers):
    """The page: ``answers`` holds what each engine answered to each case, by the name of the engine."""
    names = list(answers)
    differing = [n for n in range(len(CASES)) if len({answers[name][n] for name in names}) > 1]
    heads = ["call", *names, "because"]
    rows = [[f"`{_call(CASES[n])}`", *(_cell(answers[name][n]) for name in names), CASES[n].why] for n in differing]
    alike = [f"- `{_call(case)}`: {_cell(answers[names[0]][n])}" for n, case in enumerate(CASES) if n not in differing]
    return "\n".join(
        [
            INTRODUCTION.format(engines=", ".join(names)),
            "## Answered differently",
            "",
            _row(heads),
            _row(["---"] * len(heads)),
            *map(_row, rows),
            "",
            "## Answered alike",
            "",
            *alike,
            "",
            FROM_DOCUMENTATION.read_text(encoding="utf-8"),
        ]
    )


def without_versions(text):
    """A page as it is whatever the versions of the engines."""
    return re.sub(r"(Prometheus|VictoriaMetrics) \d+\.\d+(?= \||,|\))", r"\1", text)


def _call(case):
    """The call, with times told from the beginning of the history."""
    return re.sub(r"\b(1(?:699|700)\d{6})(\.\d+)?", _since, str(case))


def _since(match):
    seconds = int(match[1]) - START
    text = f"{abs(seconds)}{match[2] or ''}"
    return "T" if text == "0" else f"T {'-' if seconds < 0 else '+'} {text}"


def _cell(text):
    return "<br>".join(
        line if line.startswith("`") or line == "nothing" else f"`{line}`" for line in text.splitlines()
    ).replace("|", "\\|")


def _row(cells):
    return f"| {' | '.join(cells)} |"
