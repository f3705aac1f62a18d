import importlib
import os
import threading

import pytest

from monitorkit import running


class Thing:
    def __init__(self, name, stopped=None, *, fails=False):
        self.name, self.url, self.alive = name, f"http://{name}", True
        self.stopped = stopped if stopped is not None else []
        self.fails = fails

    def stop(self):
        self.alive = False
        self.stopped.append(self.name)
        if self.fails:
            raise RuntimeError(self.name)


@pytest.fixture(autouse=True)
def _empty_register(monkeypatch):
    """A register of its own for each test; what others started is out of sight."""
    monkeypatch.setattr("sys._monitorkit_running", running._Register(), raising=False)


def test_what_was_added_is_found_by_kind_and_name():
    a = Thing("a")
    running.add("thing", a)
    assert running.find("thing", "a") is a
    assert running.find("other", "a") is None
    assert running.find("thing", "b") is None


def test_what_has_died_is_not_found_but_known():
    a = Thing("a")
    running.add("thing", a)
    a.alive = False
    assert running.find("thing", "a") is None
    assert running.known("thing", "a") is a


def test_the_latest_is_the_last_added_that_lives():
    a, b = Thing("a"), Thing("b")
    running.add("thing", a)
    running.add("thing", b)
    assert running.latest("thing") is b
    running.add("thing", a)
    assert running.latest("thing") is a
    a.alive = False
    assert running.latest("thing") is b
    assert running.latest("none") is None


def test_removing_what_was_replaced_leaves_its_successor():
    old, new = Thing("a"), Thing("a")
    running.add("thing", old)
    running.add("thing", new)
    running.remove("thing", old)
    assert running.find("thing", "a") is new
    running.remove("thing", new)
    assert running.find("thing", "a") is None


def test_all_are_stopped_the_latest_first_whatever_one_does():
    stopped = []
    for thing in (Thing("a", stopped), Thing("b", stopped, fails=True), Thing("c", stopped)):
        running.add("thing", thing)
    running.stop_all()
    assert stopped == ["c", "b", "a"]
    assert running.status().empty


def test_the_status_says_what_runs_where():
    running.add("thing", Thing("a"))
    dead = Thing("b")
    dead.alive = False
    running.add("other", dead)
    assert running.status().to_numpy().tolist() == [
        ["thing", "a", "http://a", "running"],
        ["other", "b", "http://b", "ended"],
    ]


def test_a_reloaded_module_finds_what_runs():
    running.add("thing", a := Thing("a"))
    assert importlib.reload(running).find("thing", "a") is a


def test_two_threads_start_one_after_the_other():
    inside, order = threading.Event(), []

    def second():
        with running.starting("thing", "a"):
            order.append("second")

    with running.starting("thing", "a"), running.starting("thing", "a"):
        thread = threading.Thread(target=second)
        thread.start()
        with running.starting("thing", "b"):
            order.append("first")
        inside.set()
    thread.join(10)
    assert order == ["first", "second"]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12: threads of other tests
def test_a_forked_child_starts_with_nothing():
    running.add("thing", Thing("a"))
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, b"empty" if running.find("thing", "a") is None else b"inherited")
        os._exit(0)
    os.wait()
    assert os.read(reader, 20) == b"empty"
    os.close(reader)
    os.close(writer)


class Light(running.Stoppable):
    def __init__(self):
        self.on = True

    def stop(self):
        self.on = False


def test_what_can_be_stopped_is_stopped_when_its_block_is_left():
    with Light() as light:
        assert light.on
    assert not light.on


def test_an_error_in_its_block_goes_on_to_the_caller():
    light = Light()
    with pytest.raises(KeyError, match="lamp"), light:
        raise KeyError("lamp")
    assert not light.on
