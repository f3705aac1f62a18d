"""Time for the event loop between two calls of a model."""

import asyncio
import threading
import time

import pytest

from monitorkit.serving.work.handover import LONGEST_SECONDS, HandOver


@pytest.fixture
def loop():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def test_the_loop_does_what_it_has_to_do_before_the_model_goes_on(loop):
    done = []

    def step(number):
        done.append(number)
        if number < 10:
            loop.call_soon(step, number + 1)

    loop.call_soon_threadsafe(step, 0)
    HandOver(lambda: len(done)).give(loop)
    assert done == list(range(11))


def test_a_second_time_waits_as_well(loop):
    hand_over, turns = HandOver(lambda: 0), []
    for _ in range(3):
        hand_over.give(loop)
        before = len(turns)
        loop.call_soon_threadsafe(turns.append, 1)
        hand_over.give(loop)
        assert len(turns) == before + 1


def test_a_loop_that_always_has_more_to_do_does_not_keep_the_model_from_going_on(loop):
    count = iter(range(10**9))
    HandOver(lambda: next(count)).give(loop)
    loop.call_soon_threadsafe(time.sleep, 20 * LONGEST_SECONDS)
    begun = threading.Event()
    loop.call_soon_threadsafe(begun.set)
    HandOver(lambda: 0).give(loop)
    assert not begun.is_set()


def test_a_closed_loop_is_told(loop):
    other = asyncio.new_event_loop()
    other.close()
    with pytest.raises(RuntimeError, match="closed"):
        HandOver(lambda: 0).give(other)
