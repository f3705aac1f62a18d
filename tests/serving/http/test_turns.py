"""How long threads hold the interpreter."""

import sys

import pytest

from monitorkit.serving.http.turns import TURN_SECONDS, ShortTurns


@pytest.fixture
def interval():
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    yield pytest.approx
    sys.setswitchinterval(before)


def test_the_last_who_lets_go_gives_back_what_was_there(interval):
    one, other = ShortTurns(), ShortTurns()
    one.hold()
    one.hold()
    other.hold()
    assert sys.getswitchinterval() == interval(TURN_SECONDS)
    one.let_go()
    one.let_go()
    assert sys.getswitchinterval() == interval(TURN_SECONDS)
    other.let_go()
    assert sys.getswitchinterval() == interval(0.005)


def test_what_others_have_set_meanwhile_stays(interval):
    turns = ShortTurns()
    turns.hold()
    sys.setswitchinterval(0.02)
    turns.let_go()
    assert sys.getswitchinterval() == interval(0.02)


def test_what_is_shorter_already_stays(interval):
    sys.setswitchinterval(0.0001)
    turns = ShortTurns()
    turns.hold()
    assert sys.getswitchinterval() == interval(0.0001)
    turns.let_go()
    assert sys.getswitchinterval() == interval(0.0001)


def test_who_never_held_it_gives_nothing_back(interval):
    sys.setswitchinterval(TURN_SECONDS)
    ShortTurns().let_go()
    assert sys.getswitchinterval() == interval(TURN_SECONDS)


def test_a_server_holds_it_while_it_runs(interval, start):
    server = start()
    assert sys.getswitchinterval() == interval(TURN_SECONDS)
    server.stop()
    assert sys.getswitchinterval() == interval(0.005)
