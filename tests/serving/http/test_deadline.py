"""A deadline that is moved."""

import asyncio

import pytest

from monitorkit.serving.http.deadline import Deadline


def missed(act, wait_seconds=0.15):
    """Act on a deadline, wait, and return the seconds after which it was missed."""

    async def main():
        loop = asyncio.get_running_loop()
        begun, times = loop.time(), []
        deadline = Deadline(loop, lambda: times.append(loop.time() - begun))
        act(deadline)
        await asyncio.sleep(wait_seconds)
        assert not deadline
        deadline.stop()
        return times

    return asyncio.run(main())


def test_it_calls_back_once_when_the_time_has_passed():
    times = missed(lambda deadline: deadline.set(0.02))
    assert len(times) == 1
    assert times[0] >= 0.019


@pytest.mark.parametrize(("first", "second"), [(0.02, 0.06), (60, 0.06)])
def test_the_last_time_that_is_set_is_the_one_that_counts(first, second):
    def act(deadline):
        deadline.set(first)
        deadline.set(second)

    times = missed(act)
    assert len(times) == 1
    assert times[0] >= second - 0.001


@pytest.mark.parametrize("end", ["clear", "stop"])
def test_it_does_not_call_back_when_it_is_given_up(end):
    def act(deadline):
        deadline.set(0.01)
        getattr(deadline, end)()
        assert not deadline

    assert missed(act, 0.05) == []


def test_it_can_be_set_again_after_it_was_cleared():
    def act(deadline):
        deadline.set(0.01)
        deadline.clear()
        deadline.set(0.02)
        assert deadline

    assert len(missed(act)) == 1
