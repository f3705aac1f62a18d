import json
import math
import re
import threading

import numpy as np
import pandas as pd
import pytest
import victoria_metrics_server
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import monitorkit as mk
from monitorkit.errors import InvalidValue, QueryError
from monitorkit.processes import run
from monitorkit.query import PrometheusClient
from monitorkit.query.connection.limits import Limits
from monitorkit.query.decoding.envelope import Answer
from monitorkit.query.decoding.wire import Result, Samples
from monitorkit.query.ranges import pieces
from monitorkit.query.times import Window

T0 = 1_700_000_000
TOO_MANY = "query processing would load too many samples into memory in query execution"


def constant(labels, window, value=1.0):
    """A result with one sample a step for each label set."""
    steps = window.grid()
    return Result(
        "matrix",
        labels,
        Samples(
            np.repeat(np.arange(len(labels)), len(steps)),
            np.tile(steps, len(labels)),
            np.full(len(labels) * len(steps), value),
        ),
    )


@settings(deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 5000), st.integers(1, 999), st.integers(1, 700))
def test_pieces_hold_each_step_exactly_once(start, length, step, max_points):
    whole = Window(start, start + length, step)
    parts = list(pieces.cut(whole, max_points=max_points))
    assert np.concatenate([part.grid() for part in parts]).tolist() == whole.grid().tolist()
    assert all(part.n_steps <= max_points for part in parts)
    assert len(parts) == -(-whole.n_steps // max_points)


def test_a_range_within_the_limit_is_one_query_as_it_was_written():
    asked = []

    def ask(expr, window):
        asked.append((expr, window, threading.current_thread()))
        return Answer(Result("matrix", []))

    window = Window(0, 10_999_500, 1000)
    assert pieces.fetch("x @ end()", window, ask).data.labels == []
    assert asked == [("x @ end()", window, threading.current_thread())]


@pytest.mark.parametrize("threads", [1, 4])
def test_each_remark_is_kept_once(threads):
    def ask(expr, window):
        return Answer(Result("matrix", []), warnings=("w", f"at {window.start_ms}"), infos=("i",))

    answer = pieces.fetch("x", Window(0, 21_999_000, 1000), ask, threads=threads)
    assert answer.warnings == ("w", "at 0", "at 11000000")
    assert answer.infos == ("i",)


def test_points_off_the_steps_are_remarked_upon():
    def ask(expr, window):
        off = np.array([window.start_ms + 1])
        return Answer(Result("matrix", [{}], Samples(np.zeros(1, dtype=np.int64), off, np.ones(1))))

    answer = pieces.fetch("x", Window(0, 1000, 1000), ask)
    assert answer.warnings == ("the server moved the points away from the steps that were asked for",)


def test_series_are_in_the_order_of_time_whatever_finishes_first():
    window = Window(0, 22_000_000, 1000)
    parts = list(pieces.cut(window))
    assert len(parts) == 3
    last_done = threading.Event()

    def ask(expr, piece):
        number = parts.index(piece)
        if number == 2:
            last_done.set()
        assert last_done.wait(30)
        return Answer(constant([{"n": str(number)}, {"n": "all"}], piece, number))

    result = pieces.fetch("x", window, ask, threads=4).data
    assert [labels["n"] for labels in result.labels] == ["0", "all", "1", "2"]
    everywhere = result.floats.series == 1
    assert result.floats.times[everywhere].tolist() == window.grid().tolist()
    assert sorted(set(result.floats.numbers[everywhere])) == [0, 1, 2]


@pytest.mark.parametrize("threads", [1, 4])
def test_a_refused_range_is_asked_again_in_pieces_and_remembered(threads):
    asked = []

    def ask(expr, window):
        asked.append((expr, window.n_steps))
        if window.n_steps > 30:
            raise QueryError(TOO_MANY)
        return Answer(constant([{}], window))

    limits = Limits()
    window = Window(0, 99_500, 1000)
    result = pieces.fetch("x @ end()", window, ask, limits=limits, threads=threads).data
    assert result.floats.times.tolist() == window.grid().tolist()
    assert asked[0] == ("x @ end()", 100)
    assert {expr for expr, _ in asked[1:]} == {"x @ 99.500"}
    asked.clear()
    again = pieces.fetch("x @ end()", window, ask, limits=limits, threads=threads).data
    assert again.floats.times.tolist() == window.grid().tolist()
    assert [steps for _, steps in asked] == [25] * 4
    asked.clear()
    pieces.fetch("y", Window(0, 29_000, 1000), ask, limits=limits)
    assert asked == [("y", 30)]


def test_a_refused_range_whose_query_has_no_meaning_in_pieces_says_so():
    def ask(expr, window):
        raise QueryError(TOO_MANY)

    with pytest.raises(InvalidValue, match=r"range\(\) stands for the whole range.*100 steps") as caught:
        pieces.fetch("x / range()", Window(0, 99_000, 1000), ask)
    assert isinstance(caught.value.__cause__, QueryError)
    with pytest.raises(InvalidValue, match=r"11,001 steps"):
        pieces.fetch("x / range()", Window(0, 11_000_000, 1000), ask)


@pytest.mark.parametrize("threads", [1, 4])
def test_a_single_step_that_is_refused_is_the_error(threads):
    asked = []

    def ask(expr, window):
        asked.append(window)
        raise QueryError(TOO_MANY)

    with pytest.raises(QueryError, match="too many samples into memory"):
        pieces.fetch("x", Window(0, 10_999_000, 1000), ask, threads=threads)
    assert len(asked) < 2 * threads * 15


# Against the real servers: what one query would give.


def ranged(client, max_points, threads, expr, **window):
    """Frame of a query under other limits."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(client._transport, "limits", Limits(max_points=max_points))
        patched.setattr(client._transport, "threads", threads)
        return client.query_range(expr, **window)


EXPRESSIONS = [
    "requests_total",
    "rate(requests_total[1m])",
    '{__name__=~"requests_total|late|holes|special"}',
    "requests_total @ end() - requests_total",
    "sum(requests_total @ start()) / 10",
    "max_over_time(rate(requests_total[1m])[10m:17s] @ end() offset 1m) + requests_total offset -10m",
    "count_over_time(requests_total[25s] offset 7s)",
    "sum by (job) (requests_total or late) > 1000",
    "time() + 2",
    'requests_total{instance="@ end()"}',
]


@settings(deadline=None, max_examples=25)
@given(
    expr=st.sampled_from(EXPRESSIONS),
    start=st.integers(-100_000, 3_700_000),
    length=st.integers(0, 4_000_000),
    step=st.sampled_from([777, 5000, 10_000, 60_000, 3_600_000]),
    max_points=st.sampled_from([1, 2, 7, 100, 3000]),
    threads=st.sampled_from([1, 2, 4]),
)
def test_pieces_are_sample_by_sample_what_one_query_gives(history, expr, start, length, step, max_points, threads):
    length = min(length, 100 * max_points * step)
    window = {"start": T0 + start / 1000, "end": T0 + (start + length) / 1000, "step": step / 1000}
    one = ranged(history, 11_000, threads, expr, **window)
    parts = ranged(history, max_points, threads, expr, **window)
    assert parts.index.equals(one.index)
    assert set(parts.columns) == set(one.columns)
    pd.testing.assert_frame_equal(parts[one.columns], one, check_exact=True)
    assert json.dumps(parts.attrs, sort_keys=True) == json.dumps(one.attrs, sort_keys=True)


@settings(deadline=None, max_examples=15, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    expr=st.sampled_from(EXPRESSIONS),
    start=st.integers(-100_000, 3_700_000),
    length=st.integers(0, 4_000_000),
    step=st.sampled_from([5000, 10_000]),
)
def test_pieces_are_what_one_query_gives_on_every_engine(engine, expr, start, length, step):
    # VictoriaMetrics guesses how often there is a sample from those that it reads for a piece: so pieces of some length,
    # and there only of series without gaps.
    assume(engine.engine != "VictoriaMetrics" or not any(name in expr for name in ("holes", "late", "special")))
    window = {"start": T0 + start / 1000, "end": T0 + (start + length) / 1000, "step": step / 1000}
    one = ranged(engine, 11_000, 2, expr, **window)
    parts = ranged(engine, 100, 2, expr, **window)
    assert set(parts.columns) == set(one.columns)
    pd.testing.assert_frame_equal(parts[one.columns], one, check_exact=True)


def test_tidy_pieces_hold_histograms_and_missing_samples_as_one_query_does(history):
    window = {"start": T0 + 86_390, "end": T0 + 86_700, "step": 1, "tidy": True}
    one = ranged(history, 11_000, 4, '{__name__=~"native|gone"}', **window)
    parts = ranged(history, 50, 4, '{__name__=~"native|gone"}', **window)
    keys = [name for name in one.columns if name not in {"value", "count", "histogram_count", "histogram_sum"}]
    pd.testing.assert_frame_equal(
        parts.sort_values(keys, ignore_index=True), one.sort_values(keys, ignore_index=True), check_exact=True
    )
    assert len(one) > 300


def test_a_server_with_a_small_limit_gives_the_whole_range(prometheus_binary, start_server, tmp_path):
    lines = [f'm{{s="{s:02}"}} {s * 1000 + i} {T0 + i * 10}' for s in range(20) for i in range(360)]
    (tmp_path / "history.txt").write_text("\n".join(["# TYPE m gauge", *lines, "# EOF", ""]), encoding="utf-8")
    promtool = prometheus_binary.with_name("promtool")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", tmp_path / "history.txt", tmp_path / "data"]
    assert run(command, timeout_seconds=60).returncode == 0
    url = start_server(prometheus_binary, "global: {}\n", "--query.max-samples=2000", data=tmp_path / "data")
    with PrometheusClient(url) as client:
        frame = client.query_range("m", start=T0, end=T0 + 3599, step=10)
        assert frame.to_numpy().tolist() == [[s * 1000 + i for s in range(20)] for i in range(360)]
        raw = client.samples("m", start=T0, end=T0 + 3599)
        assert raw["value"].tolist() == [s * 1000 + i for s in range(20) for i in range(360)]
        assert client.samples("m[1h]", at=T0 + 3599)["value"].tolist() == raw["value"].tolist()
        with pytest.raises(QueryError, match=re.escape(TOO_MANY)):
            client.query_range("sum(max_over_time(m[1h:1s]))", start=T0 + 3599, end=T0 + 3599, step=10)


def test_victoriametrics_with_a_small_limit_gives_the_whole_range(tmp_path):
    for binary in victoria_metrics_server.binaries():
        folder = tmp_path / binary.parts[-4]
        folder.mkdir()
        process, url = victoria_metrics_server.start(binary, folder, "-search.maxPointsPerTimeseries=100")
        try:
            victoria_metrics_server.write(url, "".join(f"m {i} {(T0 + i * 10) * 1000}\n" for i in range(360)))
            with PrometheusClient(url) as client:
                frame = client.query_range("m", start=T0, end=T0 + 3599, step=10)
                assert frame["m"].tolist() == list(range(360))
                assert client._transport.limits.max_points == 100
        finally:
            process.stop()


@pytest.mark.parametrize("call", ["query_range", "samples"])
def test_a_range_that_was_refused_can_be_replayed_without_the_server(faulty, tmp_path, call):
    def behave(handler):
        if "build" in handler.path:
            faulty.answer(handler, 200, b'{"status":"success","data":{"version":"3.5.3","goVersion":"go"}}')
            return
        form = handler.form
        length = float(form["end"]) - float(form["start"]) if "end" in form else int(form["query"][2:-3]) / 1000
        if length > 30:
            faulty.answer(handler, 422, json.dumps({"status": "error", "errorType": "x", "error": TOO_MANY}).encode())
            return
        last = float(form.get("end") or form["time"])
        values = [[second, str(second - T0)] for second in range(math.ceil(last - length), math.floor(last) + 1)]
        data = {"resultType": "matrix", "result": [{"metric": {"__name__": "x"}, "values": values}]}
        faulty.answer(handler, 200, json.dumps({"status": "success", "data": data}).encode())

    faulty.behave = behave
    window = {"start": T0, "end": T0 + 100}
    more = {"step": 1} if call == "query_range" else {}
    with PrometheusClient(faulty.url) as client:
        before = getattr(client, call)("x", **window, **more)
        with mk.record(client, tmp_path / "recorded"):
            recorded = getattr(client, call)("x", **window, **more)
        pd.testing.assert_frame_equal(recorded, before)
        assert client._transport.threads == 2
    replayed = getattr(mk.replay(tmp_path / "recorded"), call)("x", **window, **more)
    pd.testing.assert_frame_equal(replayed, recorded)
