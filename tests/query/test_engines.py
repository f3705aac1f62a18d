"""The same calls to every engine, on the same history (tests/support/engine_cases.py)."""

import os
import struct
import time
import warnings

import engine_cases
import engines
import engines_page
import pytest
import victoria_metrics_server
from engine_cases import START

from monitorkit.processes import wait_until
from monitorkit.query.connection.engine import REPETITIONS


@pytest.mark.parametrize("case", engine_cases.CASES, ids=str)
def test_each_engine_answers_as_the_table_says(case, engine, engine_name):
    # What is scraped and evaluated is there a moment after the start.
    wait_until(lambda: case.ask(engine) == case.expects(engine_name), timeout_seconds=20)
    assert case.ask(engine) == case.expects(engine_name)


EXPRESSIONS = [
    "requests_total",
    '{__name__=~"special|odd|clash|requests_total"}',
    "rate(requests_total[1m])",
    "sum by (job) (requests_total) / 7",
    "holes",
    "special * on (n) group_left () special",
    "time() / 3",
]


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_every_value_is_what_the_engine_says_bit_for_bit(engine, plain_answer, expr):
    params = engine._transport.engine().query_params
    frame = engine.query(expr, at=START + 100, tidy=True)
    said = plain_answer(engine, "query", query=expr, time=START + 100, **params)
    items = said["result"] if said["resultType"] == "vector" else [{"metric": {}, "value": said["result"]}]
    assert frame["value"].map(struct.Struct("<d").pack).tolist() == [bits(item["value"][1]) for item in items]
    window = {"start": START - 10, "end": START + 2000, "step": 7}
    frame = engine.query_range(expr, **window, tidy=True)
    items = plain_answer(engine, "query_range", query=expr, **window, **params)["result"]
    points = [point for item in items for point in item["values"]]
    assert frame["value"].map(struct.Struct("<d").pack).tolist() == [bits(text) for _, text in points]
    assert frame["timestamp"].astype("int64").tolist() == [int(seconds * 1000) for seconds, _ in points]


def bits(text):
    return struct.pack("<d", float(text))


def test_the_end_of_a_range_is_the_newest_sample_or_a_remark_says_that_it_is_not(every_engine):
    """A sample each second until now: only an old VictoriaMetrics gives older ones in their place."""
    for program in engines.programs():
        if program.name != "VictoriaMetrics":
            continue
        client = every_engine[str(program)]
        now = int(time.time())
        victoria_metrics_server.write(
            client.url, "".join(f"each_second {second} {second * 1000}\n" for second in range(now - 60, now + 1))
        )
        with warnings.catch_warnings(record=True) as issued:
            warnings.simplefilter("always")
            frame = client.query_range("each_second", start=now - 50, end=now, step=1)
        old = any(REPETITIONS in str(each.message) for each in issued)
        seconds = frame["each_second"].tolist()
        assert seconds[:15] == list(range(now - 50, now - 35))
        assert (seconds[-1] == now) == (not old)
        assert old == ([int(part) for part in program.version.split(".")] < [1, 85])
        assert frame.attrs["warnings"] == ([REPETITIONS] if old else [])
        assert client.query("each_second")["value"].tolist() == [now]


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
