import pandas as pd
import pytest

from monitorkit.errors import QueryError, told

LONG = "sum(" + "up + " * 300 + "("


def lines(query, position):
    return str(QueryError("wrong", query=query, position=position)).split("\n")[1:]


@pytest.mark.parametrize("position", [0, 4, 605, 1200, len(LONG) - 1, len(LONG)])
def test_of_a_long_line_what_is_around_the_mistake_is_shown(position):
    shown, caret = lines(LONG, position)
    assert len(shown) < 130
    around = shown[2:].removeprefix("…").removesuffix("…")
    at = caret.index("^") - 2 - shown[2:].startswith("…")
    assert LONG.index(around, position - at) == position - at
    assert shown[2:].startswith("…") == (not LONG.startswith(around))
    assert shown.endswith("…") == (not LONG.endswith(around))


def test_a_line_that_fits_is_shown_as_it_is():
    assert lines("x" * 120, 120) == [f"  {'x' * 120}", f"  {' ' * 120}^"]
    assert lines("sum(up", 3) == ["  sum(up", "     ^"]


@pytest.mark.parametrize("at", [0, 3, 50, 98, 99])
def test_of_many_lines_those_around_the_mistake_are_shown(at):
    query = "\n".join(f"up + # {number}" for number in range(100))
    shown = lines(query, query.index(f"up + # {at}"))
    assert len(shown) <= 22
    place = shown.index(f"  up + # {at}")
    assert shown[place + 1] == "  ^"
    assert (shown[0] == "  …") == (at > 5)
    assert (shown[-1] == "  …") == (at < 90)


def test_the_caret_is_below_the_mistake_as_a_terminal_shows_it():
    assert lines("\tsum(up", 4) == ["   sum(up", "      ^"]
    # Each of the two characters takes two columns, the combining accent none.
    assert lines('up{a="世界"} )', 11) == ['  up{a="世界"} )', f"  {' ' * 13}^"]
    assert lines('up{a="e\u0301"} )', 11) == ['  up{a="e\u0301"} )', f"  {' ' * 10}^"]


def test_the_whole_query_stays_at_hand():
    assert QueryError("wrong", query=LONG, position=5).query == LONG


def test_a_wrong_value_is_told_as_it_was_written():
    assert told("5x") == "'5x'"
    assert told(None) == "None"
    assert told(pd.DataFrame({"a": [1, 2]})) == "DataFrame"
