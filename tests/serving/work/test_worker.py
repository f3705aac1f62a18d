"""The thread that predicts."""

import asyncio
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.metrics import ModelMetrics, Registry
from monitorkit.serving import Batching
from monitorkit.serving.models.model import Model
from monitorkit.serving.refusals import Refusal
from monitorkit.serving.work.feedback import Served
from monitorkit.serving.work.worker import PredictionWorker

X = np.array([[1.0]])


def served(model):
    return Served(Model(model), "m", "1", ModelMetrics(Registry(), "m").activate("1"))


def row(value, width=1):
    return np.full((1, width), float(value))


@pytest.fixture
def worker():
    worker = PredictionWorker("worker under test", queue_length=100)
    worker.start()
    yield worker
    worker.stop(5)


def test_predictions_are_made_in_the_order_of_asking(worker):
    seen = []
    model = served(lambda X: [seen.extend(X[:, 0])] and [0] * len(X))

    async def main():
        await asyncio.gather(*(worker.predict(model, row(i)) for i in range(50)))

    asyncio.run(main())
    assert seen == list(range(50))


def test_each_gets_its_own_answer_or_its_own_error(worker):
    def model(X):
        guilty = X[X % 3 == 0]
        if len(guilty):
            raise ValueError(f"not {guilty[0]:g}")
        return X[:, 0]

    one = served(model)

    async def main():
        jobs = (worker.predict(one, row(i)) for i in range(30))
        return await asyncio.gather(*jobs, return_exceptions=True)

    for number, answer in enumerate(asyncio.run(main())):
        if number % 3 == 0:
            assert isinstance(answer, Refusal)
            assert answer.detail == f"the model raised ValueError: not {number}"
        else:
            assert answer[0].predictions == [number]


class Held:
    """A worker that is held up by a first job until all the others wait."""

    def __init__(self, worker):
        self.worker = worker
        self.begun, self.release = threading.Event(), threading.Event()
        self.one = served(self._hold)

    def _hold(self, X):
        self.begun.set()
        assert self.release.wait(20)
        return [0]

    async def predict(self, jobs):
        """Predict pairs of a served model and rows that all wait at the same time; return outcomes."""
        holding = asyncio.ensure_future(self.worker.predict(self.one, X))
        await asyncio.to_thread(self.begun.wait, 10)
        waiting = [asyncio.ensure_future(self.worker.predict(one, rows)) for one, rows in jobs]
        await asyncio.sleep(0)
        self.release.set()
        await holding
        return await asyncio.gather(*waiting, return_exceptions=True)


def counting(calls, model=lambda X: X[:, 0]):
    """Serve a model that remembers the rows of each call."""
    return served(lambda X: calls.append(X[:, 0].tolist()) or model(X))


def test_what_waits_is_predicted_in_one_call_and_told_apart(worker):
    calls = []
    one = counting(calls)
    tables = [row(1), np.array([[2.0], [3.0]]), row(4)]
    answers = asyncio.run(Held(worker).predict([(one, table) for table in tables]))
    assert calls == [[1, 2, 3, 4]]
    assert [outputs.predictions for outputs, _ in answers] == [[1], [2, 3], [4]]
    assert len({(job.started, job.ended) for _, job in answers}) == 1


def test_a_batch_is_of_one_model_and_one_width(worker):
    calls, others = [], []
    one, other = counting(calls), counting(others)
    jobs = [(one, row(1)), (other, row(2)), (one, row(3)), (one, row(4, width=2)), (other, row(5))]
    answers = asyncio.run(Held(worker).predict(jobs))
    assert [outputs.predictions for outputs, _ in answers] == [[1], [2], [3], [4], [5]]
    assert (calls, others) == ([[1, 3], [4]], [[2, 5]])


def shortened(X):
    return X[1:, 0] if (X == 7).any() else X[:, 0]


def unreadable(X):
    return Unreadable() if (X == 7).any() else X[:, 0]


def ending(X):
    if (X == 7).any():
        raise SystemExit(1)
    return X[:, 0]


class Unreadable:
    def __array__(self, *_args, **_options):
        raise RuntimeError("not today")


@pytest.mark.parametrize(
    ("model", "detail"),
    [
        (shortened, "the model returned 0 predictions for 1 instances: it must return one for each"),
        (unreadable, "the model's result cannot be read: RuntimeError: not today"),
        (ending, "the model raised SystemExit: 1"),
    ],
)
def test_what_spoils_a_batch_spoils_one_answer(worker, model, detail):
    calls = []
    one = counting(calls, model)
    answers = asyncio.run(Held(worker).predict([(one, row(value)) for value in (6, 7, 8)]))
    assert [answer[0].predictions for answer in (answers[0], answers[2])] == [[6], [8]]
    assert isinstance(answers[1], Refusal)
    assert (answers[1].code, answers[1].detail) == (500, detail)
    assert calls == [[6, 7, 8], [6], [7], [8]]


def test_an_error_of_all_is_each_ones_own(worker):
    def model(X):
        raise OSError(f"broken at {X[0, 0]:g}")

    one = served(model)
    answers = asyncio.run(Held(worker).predict([(one, row(value)) for value in (1, 2)]))
    assert [answer.detail for answer in answers] == [f"the model raised OSError: broken at {value}" for value in (1, 2)]
    assert answers[0] is not answers[1]


def test_a_list_of_several_types_is_read_request_by_request(worker):
    one = served(lambda X: [value.item() if value % 2 else f"even {value:g}" for value in X[:, 0]])
    answers = asyncio.run(Held(worker).predict([(one, row(value)) for value in (1, 2, 3)]))
    assert [outputs.predictions for outputs, _ in answers] == [[1.0], ["even 2"], [3.0]]


def test_who_no_longer_waits_is_left_out_of_a_batch(worker):
    calls = []
    one = counting(calls)
    held = Held(worker)

    async def main():
        holding = asyncio.ensure_future(worker.predict(held.one, X))
        await asyncio.to_thread(held.begun.wait, 10)
        waiting = [asyncio.ensure_future(worker.predict(one, row(i))) for i in range(4)]
        await asyncio.sleep(0)
        assert worker.waiting() == 4
        waiting[1].cancel()
        await asyncio.sleep(0)
        assert worker.waiting() == 3
        held.release.set()
        await holding
        return await asyncio.gather(*waiting, return_exceptions=True)

    answers = asyncio.run(main())
    assert isinstance(answers[1], asyncio.CancelledError)
    assert calls == [[0, 2, 3]]


def judged(X):
    """Text, one or two numbers, or an error, by the row alone."""
    if (X[:, 0] == 9).any():
        raise ValueError(f"nine among {len(X)}")
    return [f"{value:g}" if value % 2 else value.item() / 4 for value in X[:, 0]]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.lists(st.integers(0, 9), min_size=1, max_size=5), st.booleans(), st.booleans()),
        min_size=1,
        max_size=25,
    ),
    st.sampled_from([False, Batching(), Batching(max_size=3), Batching(max_size=4, max_wait="1ms")]),
)
def test_any_interleaving_gives_each_its_own_answer(requests, batching):
    models = [served(judged), served(judged)]
    worker = PredictionWorker("interleaved", queue_length=100, batching=batching)
    worker.start()
    tables = [np.array(values, dtype=float)[:, None].repeat(1 + wide, axis=1) for _, values, wide, _ in requests]

    async def main():
        waiting = []
        for (which, _, _, pause), table in zip(requests, tables, strict=True):
            waiting.append(asyncio.ensure_future(worker.predict(models[which], table)))
            await asyncio.sleep(0.0002 if pause else 0)
        return await asyncio.gather(*waiting, return_exceptions=True)

    try:
        answers = asyncio.run(main())
    finally:
        assert worker.stop(10)
    for answer, table in zip(answers, tables, strict=True):
        if (table == 9).any():
            assert answer.detail == f"the model raised ValueError: nine among {len(table)}"
        else:
            assert answer[0] == models[0].model.predict(table)
    assert worker.waiting() == 0


def test_who_is_shed_is_told_to_come_back_when_the_queue_should_be_empty():
    worker = PredictionWorker("full", queue_length=3)
    held = Held(worker)
    worker.start()

    async def main():
        holding = asyncio.ensure_future(worker.predict(held.one, X))
        await asyncio.to_thread(held.begun.wait, 10)
        waiting = [asyncio.ensure_future(worker.predict(held.one, X)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="3 requests are waiting for the model: try again in 1 s") as quick:
            await worker.predict(held.one, X)
        worker._call = (worker._call[0] - 20, 1)  # as if it had begun 20 s earlier
        with pytest.raises(Refusal, match=r"try again in 6\d s") as slow:
            await worker.predict(held.one, X)
        held.release.set()
        await asyncio.gather(holding, *waiting)
        return quick.value, slow.value

    try:
        quick, slow = asyncio.run(main())
    finally:
        assert worker.stop(10)
    assert (quick.status, quick.headers["retry-after"]) == ("shed", "1")
    assert 60 <= int(slow.headers["retry-after"]) <= 69


def test_the_model_runs_in_the_workers_thread(worker):
    names = []
    asyncio.run(worker.predict(served(lambda X: [names.append(threading.current_thread().name)] and [0]), X))
    assert names == ["worker under test"]


def test_times_follow_each_other(worker):
    _, job = asyncio.run(worker.predict(served(lambda X: X[:, 0]), X))
    assert job.queued <= job.started <= job.ended


def test_a_cancelled_request_is_not_predicted(worker):
    begun, release = threading.Event(), threading.Event()
    seen = []

    def model(X):
        seen.append(X[0, 0])
        begun.set()
        release.wait(10)
        return [0]

    one = served(model)

    async def main():
        first = asyncio.ensure_future(worker.predict(one, np.array([[1.0]])))
        await asyncio.to_thread(begun.wait, 10)
        second = asyncio.ensure_future(worker.predict(one, np.array([[2.0]])))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        release.set()
        await first
        await worker.predict(one, np.array([[3.0]]))

    asyncio.run(main())
    assert seen == [1.0, 3.0]


def test_a_stopped_worker_takes_nothing(worker):
    assert worker.stop(5)
    assert not worker.alive
    with pytest.raises(Refusal, match="the server is stopping"):
        asyncio.run(worker.predict(served(len), X))


def test_an_answer_for_a_loop_that_is_gone_does_not_end_the_thread(worker):
    begun, release = threading.Event(), threading.Event()

    def model(X):
        begun.set()
        release.wait(10)
        return [0]

    one = served(model)

    async def main():
        task = asyncio.ensure_future(worker.predict(one, X))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()

    asyncio.run(main())
    release.set()
    assert asyncio.run(worker.predict(served(lambda X: X[:, 0]), X))[0].predictions == [1.0]
