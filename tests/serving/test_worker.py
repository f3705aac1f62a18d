"""The thread that predicts."""

import asyncio
import threading

import numpy as np
import pytest

from monitorkit.serving.model import Model
from monitorkit.serving.refusals import Refusal
from monitorkit.serving.worker import PredictionWorker

X = np.array([[1.0]])


@pytest.fixture
def worker():
    worker = PredictionWorker("worker under test", queue_length=100)
    worker.start()
    yield worker
    worker.stop(5)


def test_predictions_are_made_in_the_order_of_asking(worker):
    seen = []
    model = Model(lambda X: [seen.append(X[0, 0])] and [0])

    async def main():
        await asyncio.gather(*(worker.predict(model, np.array([[float(i)]])) for i in range(50)))

    asyncio.run(main())
    assert seen == list(range(50))


def test_each_gets_its_own_answer_or_its_own_error(worker):
    def model(X):
        if X[0, 0] % 3 == 0:
            raise ValueError(f"not {X[0, 0]:g}")
        return X[:, 0]

    async def main():
        jobs = (worker.predict(Model(model), np.array([[float(i)]])) for i in range(30))
        return await asyncio.gather(*jobs, return_exceptions=True)

    for number, answer in enumerate(asyncio.run(main())):
        if number % 3 == 0:
            assert isinstance(answer, Refusal)
            assert answer.detail == f"the model raised ValueError: not {number}"
        else:
            assert answer[0].predictions == [number]


def test_the_model_runs_in_the_workers_thread(worker):
    names = []
    asyncio.run(worker.predict(Model(lambda X: [names.append(threading.current_thread().name)] and [0]), X))
    assert names == ["worker under test"]


def test_times_follow_each_other(worker):
    _, job = asyncio.run(worker.predict(Model(lambda X: X[:, 0]), X))
    assert job.queued <= job.started <= job.ended


def test_a_cancelled_request_is_not_predicted(worker):
    begun, release = threading.Event(), threading.Event()
    seen = []

    def model(X):
        seen.append(X[0, 0])
        begun.set()
        release.wait(10)
        return [0]

    async def main():
        first = asyncio.ensure_future(worker.predict(Model(model), np.array([[1.0]])))
        await asyncio.to_thread(begun.wait, 10)
        second = asyncio.ensure_future(worker.predict(Model(model), np.array([[2.0]])))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        release.set()
        await first
        await worker.predict(Model(model), np.array([[3.0]]))

    asyncio.run(main())
    assert seen == [1.0, 3.0]


def test_a_stopped_worker_takes_nothing(worker):
    assert worker.stop(5)
    assert not worker.alive
    with pytest.raises(Refusal, match="the server is stopping"):
        asyncio.run(worker.predict(Model(len), X))


def test_an_answer_for_a_loop_that_is_gone_does_not_end_the_thread(worker):
    begun, release = threading.Event(), threading.Event()

    def model(X):
        begun.set()
        release.wait(10)
        return [0]

    async def main():
        task = asyncio.ensure_future(worker.predict(Model(model), X))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()

    asyncio.run(main())
    release.set()
    assert asyncio.run(worker.predict(Model(lambda X: X[:, 0]), X))[0].predictions == [1.0]
