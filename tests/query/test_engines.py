"""The same calls to every engine, on the same history (tests/support/engine_cases.py)."""

import os

import engine_cases
import engines
import engines_page
import pytest

from monitorkit.processes import wait_until


@pytest.mark.parametrize("case", engine_cases.CASES, ids=str)
def test_each_engine_answers_as_the_table_says(case, engine, engine_name):
    # What is scraped and evaluated is there a moment after the start.
    wait_until(lambda: case.ask(engine) == case.expects(engine_name), timeout_seconds=20)
    assert case.ask(engine) == case.expects(engine_name)


def test_the_page_of_differences_is_what_the_engines_answer(every_engine):
    if len(every_engine) < 4:
        pytest.skip(f"an old and a new version of both engines are needed; there are {', '.join(every_engine)}")
    answers = {name: [case.ask(client) for case in engine_cases.CASES] for name, client in every_engine.items()}
    written = engines_page.page(answers)
    if os.environ.get("MONITORKIT_WRITE_DOCS"):
        engines_page.PAGE.parent.mkdir(exist_ok=True)
        engines_page.PAGE.write_text(written, encoding="utf-8")
    told = engines_page.PAGE.read_text(encoding="utf-8")
    assert engines_page.without_versions(told) == engines_page.without_versions(written), (
        "docs/engines.md is out of date: MONITORKIT_WRITE_DOCS=1 writes it again"
    )


def test_every_difference_is_one(every_engine):
    for case in engine_cases.CASES:
        told = {case.expects(name) for name in every_engine}
        assert not case.differs or len(told) > 1 or len(every_engine) < 4, f"{case} differs nowhere"
        assert bool(case.differs) == bool(case.why), f"{case} differs without a reason"


def test_a_program_tells_its_version():
    for program in engines.programs():
        assert all(part.isdigit() for part in program.version.split("."))
