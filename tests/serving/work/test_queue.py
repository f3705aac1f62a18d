"""The queue in front of a model."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from monitorkit.serving import Batching
from monitorkit.serving.work.queue import Closed, Full, Job, JobQueue

A, B = (SimpleNamespace(model=name) for name in "AB")


def job(served=A, rows=1, width=1, dtype=float):
    return Job(served, np.zeros((rows, width), dtype=dtype), None)


def filled(jobs, batching=Batching(), length=100):  # noqa: B008 - frozen
    queue = JobQueue(length, batching)
    for one in jobs:
        queue.put(one)
    return queue


def taken(queue):
    """Take all that is there, batch by batch."""
    batches = []
    while batch := queue.take(wait=False):
        batches.append(batch)
    return batches


def test_jobs_leave_in_order_up_to_the_largest_batch():
    jobs = [job() for _ in range(70)]
    batches = taken(filled(jobs))
    assert [len(batch) for batch in batches] == [32, 32, 6]
    assert [one for batch in batches for one in batch] == jobs


def test_rows_are_counted_not_jobs():
    assert [len(batch) for batch in taken(filled([job(rows=3) for _ in range(5)], Batching(max_size=8)))] == [2, 2, 1]


def test_a_job_larger_than_a_batch_leaves_alone_and_whole():
    large = job(rows=9)
    batches = taken(filled([job(), large, job(), job()], Batching(max_size=4)))
    assert [[len(one.X) for one in batch] for batch in batches] == [[1], [9], [1, 1]]


@pytest.mark.parametrize("other", [{"width": 2}, {"dtype": int}])
def test_rows_of_another_width_or_type_are_not_stacked_and_not_overtaken(other):
    jobs = [job(), job(), job(**other), job()]
    assert taken(filled(jobs)) == [jobs[:2], jobs[2:3], jobs[3:]]


def test_what_is_no_array_leaves_alone():
    jobs = [job(), *(Job(A, pd.DataFrame({"a": [1.0]}), None) for _ in range(2))]
    assert taken(filled(jobs)) == [[one] for one in jobs]


def test_each_model_has_a_line_and_the_oldest_goes_first():
    jobs = [job(A), job(B), job(A), job(B), job(B)]
    assert taken(filled(jobs)) == [[jobs[0], jobs[2]], [jobs[1], jobs[3], jobs[4]]]


def test_without_batching_each_leaves_alone_in_order():
    jobs = [job(A), job(B), job(A)]
    assert taken(filled(jobs, False)) == [[one] for one in jobs]


def test_more_than_may_wait_are_refused():
    queue = filled([job(), job(B)], length=2)
    with pytest.raises(Full, match=r"^$"):
        queue.put(job())
    queue.take(wait=False)
    queue.put(job())
    assert len(queue) == 2


def test_what_is_withdrawn_is_neither_given_out_nor_counted():
    jobs = [job(), job(), job(B)]
    queue = filled(jobs, length=3)
    queue.withdraw(jobs[0])
    queue.withdraw(jobs[0])
    queue.withdraw(jobs[2])
    assert len(queue) == 1
    assert taken(queue) == [[jobs[1]]]
    queue.withdraw(jobs[1])
    assert len(queue) == 0


def test_a_closed_queue_gives_out_what_it_has_and_then_none():
    queue = filled([job()], Batching(max_wait="1m"))
    queue.close()
    with pytest.raises(Closed, match=r"^$"):
        queue.put(job())
    assert len(queue.take(wait=True)) == 1
    assert queue.take(wait=True) is None
    assert queue.take(wait=False) is None


def taker(queue):
    """Take in a thread of its own; the result comes into the list."""
    batches = []
    thread = threading.Thread(target=lambda: batches.append(queue.take(wait=True)), daemon=True)
    thread.start()
    return thread, batches


def test_who_waits_is_woken_by_a_job():
    queue = JobQueue(10, Batching())
    for _ in range(20):
        thread, batches = taker(queue)
        one = job()
        queue.put(one)
        queue.ring()
        thread.join(10)
        assert batches == [[one]]


def test_the_oldest_waits_for_others_as_long_as_it_is_told_and_no_longer():
    queue = filled([], Batching(max_size=3, max_wait=0.2))
    thread, batches = taker(queue)
    begun = time.perf_counter()
    first = job()
    queue.put(first)
    queue.ring()
    second = job()
    queue.put(second)
    queue.ring()
    assert queue.take(wait=False) == []
    thread.join(10)
    assert batches == [[first, second]]
    assert time.perf_counter() - begun >= 0.2


@pytest.mark.parametrize("last", [{"rows": 2}, {"width": 2}])
def test_a_batch_that_cannot_grow_does_not_wait(last):
    queue = filled([job(), job(**last)], Batching(max_size=3, max_wait="1m"))
    assert len(queue.take(wait=False)[0].X) == 1


def test_a_line_that_is_ready_does_not_wait_for_one_that_is_not():
    jobs = [job(A), job(B), job(B)]
    queue = filled(jobs, Batching(max_size=2, max_wait="1m"))
    assert queue.take(wait=False) == jobs[1:]
    assert queue.take(wait=False) == []


@pytest.mark.parametrize("change", [lambda queue: queue.close(), lambda queue: setattr(queue, "batching", False)])
def test_a_wait_ends_when_it_is_closed_or_set_otherwise(change):
    one = job()
    queue = filled([one], Batching(max_wait="1m"))
    thread, batches = taker(queue)
    change(queue)
    thread.join(10)
    assert batches == [[one]]


def test_none_is_lost_or_doubled_between_threads():
    queue = JobQueue(10_000, Batching(max_size=7))
    jobs = [[job(A if number % 3 else B) for number in range(500)] for _ in range(4)]
    threads = [
        threading.Thread(target=lambda mine=mine: [queue.put(one) or queue.ring() for one in mine]) for mine in jobs
    ]
    for thread in threads:
        thread.start()
    seen = []
    while len(seen) < 2000:
        seen += queue.take(wait=True)
    for thread in threads:
        thread.join(10)
    assert len(set(map(id, seen))) == 2000
    assert len(queue) == 0
    position = {id(one): place for place, one in enumerate(seen)}
    for mine in jobs:
        for served in (A, B):
            places = [position[id(one)] for one in mine if one.served is served]
            assert places == sorted(places)
