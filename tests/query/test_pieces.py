import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.errors import InvalidValue
from monitorkit.query import pieces
from monitorkit.query.times import Window
from monitorkit.query.wire import Answer, Result, Samples

WHOLE = Window(1_000_191, 2_000_196, 10)  # its end is no step


@given(st.integers(0, 10**9), st.integers(0, 5000), st.integers(1, 999), st.integers(1, 700))
def test_pieces_hold_each_step_exactly_once(start, length, step, max_points):
    whole = Window(start, start + length, step)
    parts = list(pieces.cut(whole, max_points=max_points))
    assert np.concatenate([part.grid() for part in parts]).tolist() == whole.grid().tolist()
    assert all(part.n_steps <= max_points for part in parts)


@pytest.mark.parametrize(
    ("expr", "pinned"),
    [
        ("up", "up"),
        ("rate(x[5m] @ end())", "rate(x[5m] @ 2000.196)"),
        ("x @start() + y @ # why\n end ( ) ", "x @ 1000.191 + y @ 2000.196 "),
        ("x @ START()", "x @ 1000.191"),
        ("x offset 5m @ end()", "x offset 5m @ 2000.196"),
        ('x{a="@ end()"}', 'x{a="@ end()"}'),
        (r"x{a='\'@ end()'}", r"x{a='\'@ end()'}"),
        ("x{a=`@ end()`}", "x{a=`@ end()`}"),
        ('x{a="\\""} @ end()', 'x{a="\\""} @ 2000.196'),
        ("x # @ end()", "x # @ end()"),
        ('x{end="1"} + end + range', 'x{end="1"} + end + range'),
        ("my_end() + end(x)", "my_end() + end(x)"),
    ],
)
def test_edges_of_the_range_become_fixed_times_outside_texts_and_comments(expr, pinned):
    assert pieces.pin(expr, WHOLE) == pinned


@pytest.mark.parametrize("function", ["start", "end", "range"])
def test_a_function_of_the_whole_range_cannot_be_asked_in_pieces(function):
    with pytest.raises(InvalidValue, match=rf"query: {function}\(\) stands for the whole range.*100,001 steps.*11,000"):
        pieces.pin(f"x - {function}( )", WHOLE)


def test_a_range_within_the_limit_is_one_query_as_it_was_written():
    asked = []

    def ask(expr, window):
        asked.append((expr, window))
        return Answer(Result("matrix", []))

    window = Window(0, 10_999_500, 1000)
    assert pieces.fetch("x @ end()", window, ask).data.labels == []
    assert asked == [("x @ end()", window)]


def test_each_remark_is_kept_once():
    def ask(expr, window):
        return Answer(Result("matrix", []), warnings=("w", f"at {window.start_ms}"), infos=("i",))

    answer = pieces.fetch("x", Window(0, 11_000_000, 1000), ask)
    assert answer.warnings == ("w", "at 0", "at 11000000")
    assert answer.infos == ("i",)


def test_points_off_the_steps_are_remarked_upon():
    def ask(expr, window):
        off = np.array([window.start_ms + 1])
        return Answer(Result("matrix", [{}], Samples(np.zeros(1, dtype=np.int64), off, np.ones(1))))

    answer = pieces.fetch("x", Window(0, 1000, 1000), ask)
    assert answer.warnings == ("the server moved the points away from the steps that were asked for",)
