import json
import threading
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitorkit.errors import QueryError, ServerUnavailable
from monitorkit.query import Cache, PrometheusClient, ServerWarning
from monitorkit.query.keeping import blocks
from monitorkit.query.questions import Questions

T0 = 1_700_000_000
NATIVE = T0 + 86_400
EVERYTHING = '{__name__=~"special|odd|clash|requests_total|late|holes"}'
OTHER = ("cache", "start", "end")


def assert_same(cached, plain):
    """Equal to the bit, `attrs` as well, but for what the cache did."""
    pd.testing.assert_frame_equal(cached, plain, check_exact=True)
    for column in range(plain.shape[1]):
        if plain.dtypes.iloc[column] == np.float64:
            assert cached.iloc[:, column].to_numpy().tobytes() == plain.iloc[:, column].to_numpy().tobytes()
    assert {**cached.attrs, "cache": None} == {**plain.attrs, "cache": None}


def steps(frame):
    return frame.attrs["cache"]["reused_steps"], frame.attrs["cache"]["asked_steps"]


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 50 steps, so that a short history has several."""
    monkeypatch.setattr(blocks, "STEPS", 50)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("tidy", [False, True])
@pytest.mark.parametrize(
    "expr",
    [
        EVERYTHING,
        "rate(requests_total[1m])",
        f"-{EVERYTHING}",
        "requests_total @ end() - requests_total offset 1m",
        "requests_total offset -5m",
        "max_over_time(rate(requests_total[1m])[5m:30s])",
        "2",
        "holes or late or vector(time() % 7)",
    ],
)
def test_a_cached_result_is_what_the_server_says(history, tmp_path, expr, tidy):
    window = {"start": T0 - 100.809, "end": T0 + 2000.005, "step": "7s", "tidy": tidy}
    plain = history.query_range(expr, **window)
    cold = history.query_range(expr, **window, cache=tmp_path)
    warm = history.query_range(expr, **window, cache=tmp_path)
    assert_same(cold, plain)
    assert_same(warm, plain)
    assert (steps(cold), steps(warm)) == ((0, 301), (301, 0))
    assert warm.attrs["cache"]["reused_pieces"] > 5


def test_where_nothing_is_history_may_yet_be_written(history, tmp_path):
    for _ in range(2):
        frame = history.query_range("nothing", start=T0, end=T0 + 60, step=1, cache=tmp_path)
        assert_same(frame, history.query_range("nothing", start=T0, end=T0 + 60, step=1))
        assert steps(frame) == (0, 61)


@pytest.mark.usefixtures("small_blocks")
def test_native_histograms_are_kept(history, tmp_path):
    window = {"start": NATIVE - 100, "end": NATIVE + 700, "step": 5}
    for expr in ("native", "native or special", "gone"):
        plain = history.query_range(expr, **window)
        assert len(plain)
        for _ in range(2):
            cached = history.query_range(expr, **window, cache=tmp_path)
            assert_same(cached, plain)
        assert steps(cached) == (161, 0)


@pytest.mark.usefixtures("small_blocks")
def test_any_ranges_in_any_order_give_what_the_server_says(history, tmp_path_factory):
    plain = {}

    @given(
        st.lists(st.tuples(st.integers(-40, 160), st.integers(0, 200)), min_size=1, max_size=5),
        st.sampled_from([7, 13.5]),
    )
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def check(ranges, step):
        cache = tmp_path_factory.mktemp("cache")
        for first, length in ranges:
            window = {"start": T0 + first * step, "end": T0 + (first + length) * step, "step": step}
            key = tuple(window.values())
            if key not in plain:
                plain[key] = history.query_range(EVERYTHING, **window)
            frame = history.query_range(EVERYTHING, **window, cache=cache)
            assert_same(frame, plain[key])
            assert sum(steps(frame)) == length + 1

    check()


def at(monkeypatch, seconds):
    monkeypatch.setattr("monitorkit.query.times.now_ms", lambda: round(seconds * 1000))


@pytest.mark.usefixtures("small_blocks")
def test_tomorrow_only_the_new_steps_are_asked_for(history, tmp_path, monkeypatch):
    asked = {"last": "30m", "step": "10s", "cache": Cache(tmp_path, margin="1m")}
    at(monkeypatch, T0 + 2403.456)
    first = history.query_range("requests_total", **asked)
    at(monkeypatch, T0 + 3001.999)
    second = history.query_range("requests_total", **asked)
    assert steps(first) == (0, 181)
    # What was 1 min old at first: up to T0 + 2343.456, so 115 of the 181 steps from T0 + 1200, in blocks of 50.
    assert second.attrs["cache"] == {"reused_steps": 115, "asked_steps": 66, "reused_pieces": 3, "reason": ""}
    assert_same(second, history.query_range("requests_total", start=T0 + 1200, end=T0 + 3000, step="10s"))
    assert second.attrs["start"] == "2023-11-14T22:33:20.000Z"
    assert steps(history.query_range("requests_total", **asked))[1] == 6


def test_what_is_relative_to_now_begins_at_a_multiple_of_the_step(history, tmp_path, monkeypatch):
    at(monkeypatch, T0 + 3599.999)
    for window, start, end in (
        ({"last": "30m"}, T0 + 1780, T0 + 3580),
        ({"start": "now-30m"}, T0 + 1780, T0 + 3580),
        ({"start": T0 + 7}, T0 + 7, T0 + 3587),
        ({"start": T0 + 7, "end": T0 + 2000.5}, T0 + 7, T0 + 1987),
        ({"last": "30m", "end": T0 + 2000.5}, T0 + 200.5, T0 + 2000.5),
        ({"start": "now-30m", "end": T0 + 2000.5}, T0 + 1780, T0 + 2000),
    ):
        frame = history.query_range("vector(1)", **window, step="20s", cache=tmp_path)
        assert (frame.index[0].timestamp(), frame.index[-1].timestamp()) == (start, end)


def test_nothing_that_can_still_change_is_kept(history, tmp_path, monkeypatch):
    at(monkeypatch, T0 + 1000)
    for expr, window, reason in (
        ("special", {"start": T0 + 401, "end": T0 + 900}, ""),
        ("special offset -10m", {"start": T0, "end": T0 + 300}, ""),
        ("special @ end()", {"start": T0, "end": T0 + 401}, "it looks at a time too close to now"),
        (f"special @ {T0 + 401}", {"start": T0, "end": T0 + 100}, "it looks at a time too close to now"),
    ):
        for _ in range(2):
            frame = history.query_range(expr, **window, step=1, cache=tmp_path)
            assert frame.attrs["cache"]["reused_steps"] <= 1
            assert frame.attrs["cache"]["reason"] == reason
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_time_that_has_settled_is_kept(history, tmp_path, monkeypatch):
    at(monkeypatch, T0 + 1000)
    window = {"start": T0, "end": T0 + 200, "step": 1, "cache": tmp_path}
    for expr in ("holes @ end()", "holes offset 10s", f"holes @ {T0 + 200}", "holes"):
        history.query_range(expr, **window)
        assert steps(history.query_range(expr, **window)) == (201, 0)


def test_a_query_over_its_range_as_a_whole_is_not_kept(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url) as client:
        frame = client.query_range("x + end()", start=T0, end=T0 + 10, step=1, cache=tmp_path)
    assert frame.attrs["cache"]["reason"].startswith("it uses start(), end(), range()")
    assert not list(tmp_path.rglob("*.parquet"))


def vary(faulty, *, started="2026-01-01T00:00:00Z", **more):
    """Behaviour of a server whose every answer is its number, at each step."""
    count = iter(range(10**6))

    def behave(handler):
        if handler.path.endswith("buildinfo"):
            body = {"version": "3.5.3", "revision": "r", "goVersion": "g"}
        elif handler.path.endswith("runtimeinfo"):
            body = {"startTime": started}
        else:
            form = {name: float(handler.form[name]) for name in ("start", "end", "step")}
            times = np.arange(form["start"], form["end"] + form["step"] / 2, form["step"]).tolist()
            number = str(next(count))
            body = {"resultType": "matrix", "result": [{"metric": {}, "values": [[t, number] for t in times]}]}
        faulty.answer(handler, 200, json.dumps({"status": "success", "data": body, **more}).encode())

    return behave


WINDOW = {"start": T0, "end": T0 + 10, "step": 1}


def number(client, expr="x", **more):
    return client.query_range(expr, **{**WINDOW, **more}).iloc[0, 0]


def test_what_is_kept_is_used_for_the_same_question_only(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        assert [number(client), number(client)] == [0, 0]
        assert number(client, expr="x ") == 1
        assert number(client, step=2) == 2
        assert number(client, start=T0 + 0.5, step=1) == 3
        assert number(client, cache=False) == 4
        assert number(client, cache=tmp_path / "other") == 5
        assert number(client, start=T0 + 2, end=T0 + 8) == 0
    for n, options in enumerate(
        ({"tenant": "a"}, {"tenant": "b"}, {"auth": ("u", "p")}, {"auth": ("v", "p")}, {"headers": {"X-Team": "c"}})
    ):
        with PrometheusClient(faulty.url, cache=tmp_path, **options) as client:
            assert [number(client), number(client)] == [6 + n, 6 + n]
    for options in ({"auth": ("u", "changed")}, {"auth": ("u", "p"), "headers": {"Cookie": "k"}}):
        with PrometheusClient(faulty.url, cache=tmp_path, **options) as client:
            assert number(client) == 8
    with PrometheusClient(f"{faulty.url}/prefix", cache=tmp_path) as client:
        assert number(client) == 11


def test_another_server_on_the_same_port_is_not_taken_for_the_first(faulty, tmp_path):
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        for n, started in enumerate("ab", start=1):
            faulty.behave = vary(faulty, started=started)
            assert [number(client, cache=False) for _ in range(n)] == list(range(n))
            assert [number(client), number(client)] == [n, n]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_server_that_does_not_tell_when_it_started_is_known_by_its_address(faulty, tmp_path, status):
    usual = vary(faulty)

    def behave(handler):
        if handler.path.endswith("runtimeinfo"):
            faulty.answer(handler, status, b"unsupported path", "text/plain")
        else:
            usual(handler)

    faulty.behave = behave
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        assert [number(client), number(client)] == [0, 0]


def test_a_server_that_may_tell_later_is_not_taken_for_another(faulty, tmp_path):
    faulty.behave = lambda handler: faulty.answer(handler, 503, b"")
    client = PrometheusClient(faulty.url, cache=tmp_path, retries=0)
    with client, pytest.raises(ServerUnavailable, match="503"):
        client.query_range("x", **WINDOW)
    assert not list(tmp_path.iterdir())


def test_no_secret_is_in_the_folder(faulty, tmp_path):
    faulty.behave = vary(faulty)
    url = faulty.url.replace("http://", "http://somebody:pa55word@")
    with PrometheusClient(url, cache=tmp_path, headers={"X-Token": "t0ken"}, tenant="team-tenant") as client:
        assert [number(client), number(client)] == [0, 0]
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*.parquet"))
    assert f'"server": "{faulty.url}"'.encode() in content
    assert not [secret for secret in (b"somebody", b"pa55word", b"t0ken", b"team-tenant") if secret in content]


def test_an_answer_with_a_warning_is_not_kept(faulty, tmp_path):
    faulty.behave = vary(faulty, warnings=["a store is down"])
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        for _ in range(2):
            with pytest.warns(ServerWarning, match="a store is down"):
                assert steps(client.query_range("x", **WINDOW)) == (0, 11)
        faulty.behave = vary(faulty, infos=["no counter"])
        for expected in ((0, 11), (11, 0)):
            frame = client.query_range("x", **WINDOW)
            assert (steps(frame), frame.attrs["infos"]) == (expected, ["no counter"])


def test_an_error_is_not_kept(history, tmp_path):
    for _ in range(2):
        with pytest.raises(QueryError, match="unclosed"):
            history.query_range("sum(up", **WINDOW, cache=tmp_path)
    with (
        PrometheusClient("http://127.0.0.1:9", cache=tmp_path) as client,
        pytest.raises(ServerUnavailable, match="listens"),
    ):
        client.query_range("up", **WINDOW)
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize("damage", [b"", b"PAR1 not", None], ids=["empty", "foreign", "cut"])
def test_a_file_that_cannot_be_read_is_replaced(faulty, tmp_path, damage):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        assert number(client) == 0
        (path,) = tmp_path.rglob("*.parquet")
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
        assert [number(client), number(client)] == [1, 1]


def test_a_file_of_another_question_is_replaced(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        assert [number(client), number(client, expr="y")] == [0, 1]
        x, y = sorted(tmp_path.rglob("*.parquet"), key=lambda path: b'"query": "y"' in path.read_bytes())
        x.write_bytes(y.read_bytes())
        assert [number(client), number(client), number(client, expr="y")] == [2, 2, 1]


def test_a_folder_that_cannot_be_written_only_keeps_nothing(faulty, tmp_path):
    faulty.behave = vary(faulty)
    cache = Cache(tmp_path / "cache")
    (tmp_path / "cache").write_text("a file in its place", encoding="utf-8")
    with PrometheusClient(faulty.url, cache=cache) as client:
        assert [number(client), number(client)] == [0, 1]


def test_the_bound_is_kept(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=Cache(tmp_path, max_bytes=7000)) as client:
        for n in range(6):
            assert number(client, expr=f"x{n}") == n
        assert 0 < client._cache.n_bytes <= 7000
        assert number(client, expr="x5") == 5
        assert number(client, expr="x0") == 6
        client._cache.clear()
        assert number(client, expr="x5") == 7


def test_threads_and_clients_may_share_a_folder(history, tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "STEPS", 50)
    plain = history.query_range(EVERYTHING, start=T0, end=T0 + 3600, step=5)
    frames = []

    def ask():
        with PrometheusClient(history.url, cache=Cache(tmp_path, max_bytes=60_000)) as client:
            frames.extend(client.query_range(EVERYTHING, start=T0, end=T0 + 3600, step=5) for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(frames) == 20
    for frame in frames:
        assert_same(frame, plain)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.endswith(".parquet")]


def test_what_came_before_an_interrupt_is_kept(history, tmp_path, monkeypatch):
    window = {"start": T0, "end": T0 + 3600, "step": 0.1}
    plain = history.query_range("requests_total", **window)
    real, count = Questions.over, iter(range(100))

    def interrupted(self, expr, piece, stats=None):
        if next(count) == 2:
            raise KeyboardInterrupt
        return real(self, expr, piece, stats)

    monkeypatch.setattr(Questions, "over", interrupted)
    monkeypatch.setattr(history._transport, "threads", 1)
    with pytest.raises(KeyboardInterrupt):
        history.query_range("requests_total", **window, cache=tmp_path)
    frame = history.query_range("requests_total", **window, cache=tmp_path)
    assert_same(frame, plain)
    reused, asked = steps(frame)
    assert reused >= 10_000
    assert reused + asked == 36_001


def test_long_ranges_keep_the_order_that_pieces_have(history, tmp_path):
    # "late" is first seen in a later piece, though it sorts before the others.
    window = {"start": T0, "end": T0 + 9300, "step": 0.5}
    expr = 'requests_total or late or {__name__="holes"}'
    plain = history.query_range(expr, **window)
    for _ in range(2):
        cached = history.query_range(expr, **window, cache=tmp_path)
        assert_same(cached, plain)
    assert steps(cached) == (18_601, 0)
    part = {"start": T0, "end": T0 + 5000, "step": 0.5}
    assert_same(history.query_range(expr, **part, cache=tmp_path), history.query_range(expr, **part))


def test_a_month_comes_back_in_milliseconds(history, tmp_path):
    window = {"start": T0 - 29 * 86_400, "end": T0 + 86_400, "step": "5m", "cache": tmp_path}
    cold = history.query_range(EVERYTHING, **window)
    began = time.perf_counter()
    warm = history.query_range(EVERYTHING, **window)
    print(f"{1e3 * (time.perf_counter() - began):.1f} ms for {warm.shape}")  # noqa: T201 - a figure, not a test
    assert_same(warm, cold)
    assert steps(warm) == (8641, 0)


def test_a_block_is_not_rewritten_for_each_new_step(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        client.query_range("x", start=T0, end=T0 + 1000, step=1)
        (path,) = tmp_path.rglob("*.parquet")
        before = path.read_bytes()
        assert steps(client.query_range("x", start=T0, end=T0 + 1010, step=1)) == (1001, 10)
        assert path.read_bytes() == before
        assert steps(client.query_range("x", start=T0, end=T0 + 1100, step=1)) == (1001, 100)
        assert steps(client.query_range("x", start=T0, end=T0 + 1100, step=1)) == (1101, 0)


def test_the_longer_of_two_stretches_with_a_gap_is_kept(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        for start, end, expected in (
            (100, 200, (0, 101)),
            (300, 500, (0, 201)),
            (100, 200, (0, 101)),
            (300, 500, (201, 0)),
            (150, 350, (51, 150)),
            (150, 500, (351, 0)),
        ):
            assert steps(client.query_range("x", start=T0 + start, end=T0 + end, step=1)) == expected


def test_a_folder_that_cannot_be_written_is_told_beside_the_result(history, tmp_path):
    (tmp_path / "file").touch()
    frame = history.query_range("requests_total", start=T0, end=T0 + 100, step=1, cache=tmp_path / "file" / "cache")
    assert len(frame) == 101
    assert "cannot be written" in frame.attrs["cache"]["reason"]
    kept = history.query_range("requests_total", start=T0, end=T0 + 100, step=1, cache=tmp_path / "cache")
    assert kept.attrs["cache"]["reason"] == ""


def slow(faulty, *, n_steps, gone=()):
    """Behaviour of a server that takes for ever over more steps than so many, and over what begins where told."""
    answer = vary(faulty)

    def behave(handler):
        if "step" in handler.form:
            start, end, step = (float(handler.form[name]) for name in ("start", "end", "step"))
            if (end - start) / step + 1 > n_steps or start in gone:
                handler.server.released.wait(30)
                handler.close_connection = True
                return
        answer(handler)

    return behave


WIDE = {"start": T0, "end": T0 + 999, "step": 1}
TOO_SLOW = r"no complete answer within 0\.5 s; .*; asked once more, it goes in smaller pieces"


@pytest.mark.parametrize("cached", [True, False])
def test_what_took_too_long_is_answered_when_it_is_asked_for_once_more(faulty, tmp_path, cached):
    faulty.behave = slow(faulty, n_steps=500)
    with PrometheusClient(faulty.url, timeout_seconds=0.5, cache=tmp_path if cached else None) as client:
        with pytest.raises(ServerUnavailable, match=TOO_SLOW):
            client.query_range("x", **WIDE)
        assert len(client.query_range("x", **WIDE)) == 1000


def test_another_kernel_knows_what_took_too_long(faulty, tmp_path):
    faulty.behave = slow(faulty, n_steps=300)
    for _ in range(2):
        with (
            PrometheusClient(faulty.url, timeout_seconds=0.5, cache=tmp_path) as client,
            pytest.raises(ServerUnavailable, match=TOO_SLOW),
        ):
            client.query_range("x", **WIDE)
    with PrometheusClient(faulty.url, timeout_seconds=0.5, cache=tmp_path) as client:
        assert len(client.query_range("x", **WIDE)) == 1000
        assert steps(client.query_range("x", **WIDE)) == (1000, 0)
        assert [path.read_text() for path in tmp_path.rglob("*.txt")] == ["250"]
        client._cache.clear()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_damaged_note_of_what_took_too_long_does_no_harm(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        client.query_range("x", **WIDE)
        (folder,) = tmp_path.iterdir()
        for text in ("", "many", "-7", "9" * 5000):
            (folder / "steps.txt").write_text(text)
            assert len(client.query_range("x", **{**WIDE, "end": T0 + 1200})) == 1201


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("threads", [1, 3])
def test_pieces_that_came_are_kept_also_behind_one_that_did_not(faulty, tmp_path, threads):
    first = 50 * (T0 // 50)
    window = {"start": first, "end": first + 999, "step": 1}
    faulty.behave = slow(faulty, n_steps=100, gone=(first + 300,))
    with PrometheusClient(faulty.url, timeout_seconds=0.5, cache=tmp_path) as client:
        client._transport.threads = threads
        with pytest.raises(ServerUnavailable, match="no complete answer"):
            client.query_range("x", **window)
        faulty.behave = vary(faulty)
        reused, asked = steps(client.query_range("x", **window))
    # Three before it; of those behind it, what was asked for meanwhile.
    assert reused == 300 if threads == 1 else reused > 300
    assert reused + asked == 1000


def test_a_range_that_has_no_meaning_in_pieces_stays_whole(faulty):
    faulty.behave = slow(faulty, n_steps=500)
    with PrometheusClient(faulty.url, timeout_seconds=0.5) as client:
        for _ in range(2):
            with pytest.raises(ServerUnavailable, match=r"or pass a larger timeout_seconds$"):
                client.query_range("x + end()", **WIDE)
