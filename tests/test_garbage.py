"""The garbage collector, told to wait."""

import gc
import threading

import pytest

from monitorkit.garbage import collector_paused


@pytest.fixture(autouse=True)
def _as_before():
    yield
    gc.enable()


def test_it_goes_on_after_the_last_of_several():
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with collector_paused():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    with collector_paused():
        thread.start()
        assert inside.wait(10)
    assert not gc.isenabled()
    leave.set()
    thread.join(10)
    assert gc.isenabled()


def test_it_goes_on_after_an_error():
    with pytest.raises(ValueError, match="on purpose"), collector_paused():
        raise ValueError("on purpose")
    assert gc.isenabled()


def test_it_stays_off_where_it_was():
    gc.disable()
    with collector_paused():
        pass
    assert not gc.isenabled()
