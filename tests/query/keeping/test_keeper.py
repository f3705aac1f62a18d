import pytest
from numbered_answers import T0, WINDOW, assert_same, slow, steps, vary

from monitorkit.errors import QueryError, ServerUnavailable
from monitorkit.query import PrometheusClient, ServerWarning
from monitorkit.query.questions import Questions


def test_where_nothing_is_history_may_yet_be_written(history, tmp_path):
    for _ in range(2):
        frame = history.query_range("nothing", start=T0, end=T0 + 60, step=1, cache=tmp_path)
        assert_same(frame, history.query_range("nothing", start=T0, end=T0 + 60, step=1))
        assert steps(frame) == (0, 61)


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


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("threads", [1, 3])
def test_pieces_that_came_are_kept_also_behind_one_that_did_not(faulty, tmp_path, threads):
    first = 50 * (T0 // 50)
    window = {"start": first, "end": first + 999, "step": 1}
    faulty.behave = slow(faulty, n_steps=100, gone=(first + 300,))
    with PrometheusClient(faulty.url, timeout_seconds=2, cache=tmp_path) as client:
        client._transport.threads = threads
        with pytest.raises(ServerUnavailable, match="no complete answer"):
            client.query_range("x", **window)
        faulty.behave = vary(faulty)
        reused, asked = steps(client.query_range("x", **window))
    # Three before it; of those behind it, what was asked for meanwhile.
    assert reused == 300 if threads == 1 else reused > 300
    assert reused + asked == 1000
