import itertools
import threading
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.errors import QueryError
from monitorkit.processes import wait_until
from monitorkit.query.connection.cancellation import Cancelled, pause
from monitorkit.query.ranges import side_by_side

WAIT = 30  # seconds that no test should ever need


def no_threads():
    return not [thread for thread in threading.enumerate() if thread.name.startswith("monitorkit-query")]


def collect(pieces, ask, *, fit=lambda piece: [piece], refused=lambda piece, error: False, threads=3):
    with closing(side_by_side.answers(pieces, ask, fit=fit, refused=refused, threads=threads)) as found:
        return list(found)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("n_pieces", [0, 1, 2, 50])
def test_each_piece_comes_with_its_answer_in_order(threads, n_pieces):
    found = collect(range(n_pieces), lambda piece: piece * 2, threads=threads)
    assert found == [(piece, piece * 2) for piece in range(n_pieces)]
    assert wait_until(no_threads, timeout_seconds=WAIT)


def test_answers_keep_their_order_whatever_finishes_first():
    second = threading.Event()

    def ask(piece):
        if piece == 1:
            second.set()
        elif piece == 0:
            assert second.wait(WAIT)
        return piece

    assert collect(range(5), ask, threads=2) == [(piece, piece) for piece in range(5)]


def test_as_many_are_asked_at_once_as_there_are_threads():
    all_here = threading.Barrier(4)
    assert len(collect(range(4), lambda piece: all_here.wait(WAIT), threads=4)) == 4


def test_few_answers_are_ahead_of_the_one_that_is_waited_for():
    first = threading.Event()
    asked = []

    def ask(piece):
        asked.append(piece)
        if piece == 0:
            first.wait(WAIT)
        return piece

    def let_first_go():
        assert wait_until(lambda: len(asked) == 3 * side_by_side.AHEAD, timeout_seconds=WAIT)
        first.set()

    waiter = threading.Thread(target=let_first_go)
    waiter.start()
    with closing(side_by_side.answers(range(100), ask, fit=lambda piece: [piece], refused=None, threads=3)) as found:
        assert next(found) == (0, 0)
        waiter.join()
        assert len(asked) == 3 * side_by_side.AHEAD


@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_error_ends_all_and_is_the_one_raised(threads):
    broken = threading.Event()

    def ask(piece):
        if piece == 1:
            broken.set()
            raise ZeroDivisionError("the one")
        if threads > 1:
            assert broken.wait(WAIT)
            pause(WAIT)
        return piece

    with pytest.raises(ZeroDivisionError, match=r"^the one$"):
        collect(range(100), ask, threads=threads)
    assert wait_until(no_threads, timeout_seconds=WAIT)


def test_who_stops_taking_answers_ends_the_rest():
    ended = []

    def ask(piece):
        if piece:
            try:
                pause(WAIT)
            except Cancelled:
                ended.append(piece)
                raise
        return piece

    with closing(side_by_side.answers(range(9), ask, fit=lambda piece: [piece], refused=None, threads=3)) as found:
        assert next(found) == (0, 0)
    assert wait_until(no_threads, timeout_seconds=WAIT)
    assert set(ended) <= {1, 2, 3}


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 40), max_size=6),
    st.integers(1, 10),
    st.sampled_from([1, 2, 4]),
)
def test_a_refused_piece_is_cut_until_it_is_answered(lengths, limit, threads):
    """Pieces are (first, after); the server takes `limit` of them at once."""
    edges = [0, *(sum(lengths[: n + 1]) for n in range(len(lengths)))]
    known = [100]
    asked = []

    def ask(piece):
        asked.append(piece)
        if piece[1] - piece[0] > limit:
            raise QueryError("too much")
        return list(range(*piece))

    def fit(piece):
        return [(at, min(at + known[0], piece[1])) for at in range(piece[0], piece[1], known[0])]

    def refused(piece, error):
        known[0] = min(known[0], (piece[1] - piece[0]) // 2)
        return known[0] > 0

    found = collect(itertools.pairwise(edges), ask, fit=fit, refused=refused, threads=threads)
    assert [number for _, answer in found for number in answer] == list(range(sum(lengths)))
    assert len(asked) - len(found) <= 2 * threads * 6 + len(lengths)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_piece_that_cannot_be_cut_any_more_is_the_error(threads):
    def ask(piece):
        raise QueryError(f"no {piece}")

    with pytest.raises(QueryError, match=r"no \d"):
        collect(range(5), ask, threads=threads)


def test_what_has_come_behind_an_error_is_not_lost():
    later = threading.Event()

    def ask(piece):
        if piece == 0:
            assert later.wait(WAIT)
            raise ValueError("the first")
        if piece == 2:
            # The thread that asks for it has the answer to the one before.
            later.set()
        return piece * 10

    spared = {}
    found = side_by_side.answers(
        range(3), ask, fit=lambda piece: [piece], refused=None, threads=2, spare=spared.__setitem__
    )
    with closing(found), pytest.raises(ValueError, match="the first"):
        list(found)
    assert wait_until(no_threads, timeout_seconds=WAIT)
    assert spared in ({1: 10}, {1: 10, 2: 20})
