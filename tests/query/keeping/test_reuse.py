import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numbered_answers import T0, assert_same, number, slow, steps, vary

from monitorkit.errors import ServerUnavailable
from monitorkit.query import Cache, PrometheusClient
from monitorkit.query.keeping import blocks

NATIVE = T0 + 86_400
EVERYTHING = '{__name__=~"special|odd|clash|requests_total|late|holes"}'


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


def test_a_range_that_has_no_meaning_in_pieces_stays_whole(faulty):
    faulty.behave = slow(faulty, n_steps=500)
    with PrometheusClient(faulty.url, timeout_seconds=0.5) as client:
        for _ in range(2):
            with pytest.raises(ServerUnavailable, match=r"or pass a larger timeout_seconds$"):
                client.query_range("x + end()", **WIDE)
