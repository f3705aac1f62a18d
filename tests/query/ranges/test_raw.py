import re
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitorkit.errors import InvalidValue, QueryError
from monitorkit.promql import PromQLError
from monitorkit.query.connection.limits import Limits
from monitorkit.query.decoding.envelope import Answer
from monitorkit.query.decoding.wire import Result, Samples
from monitorkit.query.questions import Questions
from monitorkit.query.ranges import raw
from monitorkit.query.times import Window

T0 = 1_700_000_000_000  # where the history begins
FIRST = T0 + 191  # its first sample, of 360 that are 10 s apart
TIMES = FIRST + 10_000 * np.arange(360)
NATIVE = T0 + 86_400_000
NOW = T0 + 4_000_000
# The engines keep nothing of what they are asked.
STATELESS = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def cut_small(*, probe_ms, piece_samples, long_ms=0):
    """Cut what is as short as the history."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(raw, "LONG_MS", max(long_ms, probe_ms))
        patched.setattr(raw, "PROBE_MS", probe_ms)
        patched.setattr(raw, "PIECE_SAMPLES", piece_samples)
        yield patched


def ms(frame):
    return frame["timestamp"].astype("int64").tolist()


def seconds(milliseconds):
    return int(milliseconds) / 1000


# Against the real servers: the samples that were written, each exactly once, whatever a range includes there.


@STATELESS
@given(
    start=st.one_of(st.sampled_from(TIMES.tolist()), st.integers(FIRST - 50_000, FIRST + 3_700_000)),
    length=st.one_of(st.integers(0, 360).map(lambda n: n * 10_000), st.integers(0, 3_700_000)),
    offset=st.sampled_from([0, 10_000, 7, -3_600_000]),
    probe=st.sampled_from([10_000, 20_000, 30_001, 777_777]),
    piece_samples=st.sampled_from([3, 7, 100]),
    threads=st.sampled_from([1, 4]),
)
def test_each_sample_from_start_to_end_is_there_once(engine, start, length, offset, probe, piece_samples, threads):
    end = start + length
    moved = f" offset {offset}ms" if offset > 0 else f" offset -{-offset}ms" if offset else ""
    with cut_small(probe_ms=probe, piece_samples=piece_samples) as patched:
        patched.setattr(engine._transport, "threads", threads)
        frame = engine.samples(f"requests_total{moved}", start=seconds(start), end=seconds(end))
    inside = (start - offset <= TIMES) & (end - offset >= TIMES)
    assert ms(frame) == TIMES[inside].tolist()
    assert frame["value"].tolist() == (np.arange(360) * 10)[inside].tolist()


@STATELESS
@given(
    end=st.one_of(st.sampled_from(TIMES.tolist()), st.integers(FIRST, FIRST + 3_700_000)),
    length=st.one_of(st.integers(1, 360).map(lambda n: n * 10_000), st.integers(1, 3_700_000)),
    modifier=st.sampled_from(["", " offset 20s", " offset -20s", " @ {} offset 10s", " @ start()", " @ end()"]),
    probe=st.sampled_from([10_000, 30_001]),
    piece_samples=st.sampled_from([3, 100]),
)
def test_a_range_in_brackets_in_pieces_is_what_one_query_gives(engine, end, length, modifier, probe, piece_samples):
    expr = f"requests_total[{length}ms]{modifier.format(seconds(end))}"
    at = seconds(end - 5000 if "@ {}" in modifier else end)
    one = engine.samples(expr, at=at)
    with cut_small(probe_ms=probe, piece_samples=piece_samples):
        parts = engine.samples(expr, at=at)
    pd.testing.assert_frame_equal(parts, one, check_exact=True)
    assert parts.attrs == one.attrs


@pytest.mark.parametrize("cut", [False, True])
def test_both_ends_are_included_on_every_server(engine, cut):
    with cut_small(long_ms=0 if cut else 10**9, probe_ms=10_000, piece_samples=1):
        frame = engine.samples("requests_total", start=seconds(TIMES[10]), end=seconds(TIMES[20]))
        single = engine.samples("requests_total", start=seconds(TIMES[10]), end=seconds(TIMES[10]))
    assert ms(frame) == TIMES[10:21].tolist()
    assert ms(single) == [TIMES[10]]
    in_brackets = engine.samples("requests_total[100s]", at=seconds(TIMES[20]))
    assert ms(in_brackets) == TIMES[10 if engine.version.startswith("2.") else 11 : 21].tolist()


def test_a_time_in_the_selector_keeps_its_meaning(engine):
    window = {"start": seconds(TIMES[100]), "end": seconds(TIMES[110])}
    assert ms(engine.samples(f"requests_total @ {seconds(TIMES[50])}", **window)) == TIMES[40:51].tolist()
    at_and_offset = f"requests_total @ {seconds(TIMES[50])} offset -100s"
    assert ms(engine.samples(at_and_offset, **window)) == TIMES[50:61].tolist()
    assert ms(engine.samples("requests_total @ end()", **window)) == TIMES[100:111].tolist()
    assert ms(engine.samples("requests_total @ start()", **window)) == TIMES[90:101].tolist()


def test_a_series_only_at_the_edge_that_is_not_wanted_leaves_no_trace(engine):
    with cut_small(long_ms=10**9, probe_ms=1, piece_samples=1):
        frame = engine.samples('{__name__=~"special|requests_total"}', start=seconds(T0 + 1), end=seconds(T0 + 20_000))
    assert frame.columns.tolist() == ["__name__", "instance", "job", "timestamp", "value"]
    assert ms(frame) == TIMES[:2].tolist()


def test_native_histograms_come_in_pieces_as_well(history):
    window = {"start": seconds(NATIVE), "end": seconds(NATIVE + 100_000)}
    one = history.samples('{__name__=~"native|gone"}', **window)
    with cut_small(probe_ms=50_000, piece_samples=1):
        parts = history.samples('{__name__=~"native|gone"}', **window)
    pd.testing.assert_frame_equal(parts, one, check_exact=True)
    assert {"lower", "upper", "value"} <= set(one.columns)


def test_no_samples_are_an_empty_frame_of_the_same_form(engine):
    for expr, more in (("nothing", {"last": "30d"}), ("nothing[5m]", {}), ("nothing[30d]", {})):
        frame = engine.samples(expr, **more)
        assert frame.columns.tolist() == ["__name__", "timestamp", "value"]
        assert str(frame["timestamp"].dtype) == "datetime64[ms, UTC]"
        assert frame.empty


def test_a_month_is_fetched_with_few_queries(engine, monkeypatch):
    asked = []
    ask = Questions.at
    monkeypatch.setattr(Questions, "at", lambda self, expr, at_ms: asked.append(expr) or ask(self, expr, at_ms))
    frame = engine.samples("requests_total", start=seconds(T0), end=seconds(T0 + 30 * 86_400_000))
    assert ms(frame) == TIMES.tolist()
    assert len(asked) <= 1 + raw.FEWEST_PIECES + 1


def test_attrs_tell_what_was_asked_for(engine):
    frame = engine.samples("requests_total offset 1h", start=seconds(T0), end=seconds(T0 + 60_000))
    assert frame.attrs["query"] == "requests_total offset 1h"
    assert (frame.attrs["start"], frame.attrs["end"]) == ("2023-11-14T22:13:20.000Z", "2023-11-14T22:14:20.000Z")
    assert frame.attrs["step"] is None


# What is no request.


@pytest.mark.parametrize(
    ("expr", "more", "told"),
    [
        ("up", {}, "samples: 'up' has no range; write up[5m], or pass last='1h' or start="),
        ("up", {"end": "now"}, "samples: 'up' has no range; write up[5m], or pass last='1h' or start="),
        ("up[5m]", {"last": "1h"}, "samples: 'up[5m]' has its range in brackets; leave out last=, or the brackets"),
        ("up[5m]", {"end": "now"}, "samples: 'up[5m]' has its range in brackets; leave out end=, or the brackets"),
        ("up[5m:1m]", {"start": "1h"}, "samples: 'up[5m:1m]' has its range in brackets; leave out start="),
        ("rate(x[5m])", {}, "samples: 'rate(x[5m])' is no selector, and only series have raw samples; write x[5m]"),
        ("rate(x[5m])", {"last": "1h"}, "samples: 'rate(x[5m])' is no selector, and only series have raw samples"),
        ("1", {"last": "1h"}, "samples: '1' is no selector"),
        ("up", {"last": "1h", "at": "now"}, "samples: at= is the end of a range in brackets, x[5m]; pass end= instead"),
        ("up", {"last": "1h", "start": "2h"}, "last='1h' and start='2h': give one of them, not both"),
        ("up", {"start": "1h", "end": "2h"}, "is before the start"),
        ("x offset (1h + step())", {"last": "1h"}, "is more than a selector with a plain offset"),
        ("x smoothed", {"last": "1h"}, "is more than a selector with a plain offset"),
    ],
)
def test_a_wrong_request_says_what_would_be_right(expr, more, told):
    with pytest.raises(InvalidValue, match=re.escape(told)):
        raw.request(expr, now=NOW, **more)


def test_a_selector_that_is_wrong_is_shown_with_a_caret():
    with pytest.raises(PromQLError, match=r"(?s)parse error: .*\n  up\{a=\n"):
        raw.request("up{a=", last="1h", now=NOW)


def test_what_only_the_server_can_read_is_left_to_it():
    wanted = raw.request('x{a="1" or b="2"}[5i]', now=NOW)
    assert (wanted.text, wanted.selector) == ('x{a="1" or b="2"}[5i]', None)
    wanted = raw.request("rate(x[1m])[5m:]", at="now-1h", now=NOW)
    assert (wanted.text, wanted.selector, wanted.asked) == (
        "rate(x[1m])[5m:]",
        None,
        Window(NOW - 3_600_000, NOW - 3_600_000, 0),
    )
    wanted = raw.request("x[5m] offset (1h + step())", now=NOW)
    assert wanted.selector is None


@pytest.mark.parametrize("selector", ['x{a="1" or b="2"}', '{a="1" or b="2"}', 'x:y{a="} offset" or b=""}'])
def test_a_selector_of_a_dialect_is_sent_as_it_is(selector):
    asked = []
    wanted = raw.request(selector, last="1h", now=NOW)
    raw.fetch(
        wanted, lambda *query: asked.append(query) or Answer(Result("matrix", [])), limits=Limits(max_points=None)
    )
    assert asked == [(f"{selector}[3600001ms]", NOW)]
    asked.clear()
    wanted = raw.request(f" {selector} # why", last="1h", now=NOW)
    raw.fetch(
        wanted, lambda *query: asked.append(query) or Answer(Result("matrix", [])), limits=Limits(max_points=None)
    )
    assert asked == [(f"{selector}[3600001ms]", NOW)]


@pytest.mark.parametrize(
    "expr", ['{a="1" or b="2"} offset 5m', 'x{a="1" or b="2"} + 1', 'x{a="1" or b="2"} y{c="d"}', "}"]
)
def test_what_is_more_than_a_selector_of_a_dialect_is_refused(expr):
    with pytest.raises(PromQLError, match="parse error"):
        raw.request(expr, last="1h", now=NOW)


# What a server refuses.


@pytest.mark.parametrize("expr", ["x", "x[100m]"])
def test_a_refused_time_is_cut_until_it_is_answered(expr):
    asked = []

    def ask(query, at_ms):
        length = 6_000_000 if query == "x[100m]" else int(re.search(r"\[(\d+)ms\]", query)[1])
        asked.append(length)
        if length > 1_000_000:
            raise QueryError("cannot select more than -search.maxSamplesPerQuery=9 samples")
        times = np.arange(at_ms - length, at_ms + 1)[::1000]
        return Answer(Result("matrix", [{}], Samples(np.zeros(len(times), dtype=np.int64), times, times / 1)))

    limits = Limits(max_points=None)
    more = {} if "[" in expr else {"start": seconds(NOW - 6_000_000), "end": seconds(NOW)}
    for _ in range(2):
        answer = raw.fetch(raw.request(expr, now=NOW, **more), ask, limits=limits)
        times = answer.data.floats.times
        assert len(np.unique(times)) == len(times)
        assert (times[0], times[-1]) >= (NOW - 6_000_000, NOW - 1000)
        assert np.diff(times).min() > 0
    assert max(asked[-8:]) <= 1_000_000


def test_a_refused_ms_is_the_error():
    def ask(query, at_ms):
        raise QueryError("the query exceeded the maximum number of chunks (limit: 1 chunks)")

    with pytest.raises(QueryError, match="maximum number of chunks"):
        raw.fetch(raw.request("x", last="30d", now=NOW), ask, limits=Limits(max_points=None))
