import math
from datetime import UTC, datetime

import numpy as np
import pytest

from monitorkit.dashboards import Dashboard, Row
from monitorkit.dashboards.panels import Heatmap, Query, Stat, TimeSeries
from monitorkit.dashboards.reading import read_board, read_panel, reduce
from monitorkit.dashboards.window import Window
from monitorkit.errors import QueryError, ServerUnavailable

AT = 1_700_000_000.0
WINDOW = Window(AT - 60, AT, 1, scrape_seconds=1)


def test_series_become_lines_with_the_true_times_and_values(source):
    answer = {"x": lambda t: {(("s", "a"),): t - t[0], (("s", "b"),): np.where(t < AT - 30, math.nan, 7.0)}}
    reading = read_panel(TimeSeries("T", "x"), source(answer), WINDOW)
    assert [line.name for line in reading.lines] == ["a", "b"]
    np.testing.assert_array_equal(reading.lines[0].times, np.arange(AT - 60, AT + 1))
    np.testing.assert_array_equal(reading.lines[0].values, np.arange(61))
    assert np.isnan(reading.lines[1].values[:30]).all()


def test_macros_are_replaced_before_asking(source, constant):
    asked = source({"rate(x[4s])": constant(1)})
    reading = read_panel(TimeSeries("T", "rate(x[$__rate_interval])"), asked, WINDOW)
    assert reading.error is None
    assert asked.asked == [("rate(x[4s])", AT - 60, AT, 1)]


def test_an_empty_answer_gives_no_lines_and_no_error(source):
    reading = read_panel(TimeSeries("T", "x"), source({"x": lambda t: {}}), WINDOW)
    assert (reading.lines, reading.error, reading.message) == ((), None, "")


def test_an_error_belongs_to_its_panel_alone(source, constant):
    board = Dashboard("B", [TimeSeries("Bad", "sum(x"), TimeSeries("Good", "up"), Stat("Odd", "odd")])
    cause = QueryError("unclosed left parenthesis", query="sum(x", position=3)
    reading = read_board(board, source({"sum(x": cause, "up": constant(1), "odd": ZeroDivisionError()}), at=AT)
    assert [one.error is None for one in reading.readings] == [False, True, False]
    assert [error.panel for error in reading.errors] == ["Bad", "Odd"]
    assert str(reading.errors[0]).startswith("panel 'Bad': bad_data: unclosed left parenthesis")
    assert reading.readings[0].message == str(cause)
    assert reading.errors[0].__cause__ is cause
    assert reading.unavailable is None


def test_a_dead_server_is_asked_once_only(source):
    dead = source({"up": ServerUnavailable("http://127.0.0.1:9090", "connection refused")})
    reading = read_board(Dashboard("B", [TimeSeries(str(n), "up") for n in range(8)]), dead, at=AT)
    assert len(dead.asked) == 1
    assert reading.unavailable.reason == "connection refused"
    assert len(reading.readings) == len(reading.errors) == 8


def test_panels_over_the_budget_say_so(source, constant):
    reading = read_board(Dashboard("B", [TimeSeries("T", "up")]), source({"up": constant(1)}), at=AT, budget_seconds=-1)
    assert "not asked" in reading.readings[0].message


def test_nothing_is_asked_once_it_was_stopped(source):
    asked = source({})
    assert read_board(Dashboard("B", [TimeSeries("T", "up")]), asked, at=AT, stopped=lambda: True).readings == ()
    assert asked.asked == []


def test_wide_panels_are_read_in_finer_steps(source, constant):
    asked = source({"wide": constant(1), "narrow": constant(1)})
    read_board(Dashboard("B", [TimeSeries("T", "wide"), [Stat("S", "narrow", width=4)]]), asked, last="6h", at=AT)
    steps = {expr: step for expr, _, _, step in asked.asked}
    assert steps == {"wide": 30, "narrow": 120}


def test_at_may_be_a_datetime(source, constant):
    asked = source({"up": constant(1)})
    reading = read_board(Dashboard("B", [TimeSeries("T", "up")]), asked, last="1m", at=datetime.fromtimestamp(AT, UTC))
    assert (reading.start, reading.end) == (AT - 60, AT)


def test_labels_from_outside_stay_what_they_are(source):
    odd = '$x$ {{job}} <b>\n"quoted"'
    reading = read_panel(TimeSeries("T", Query("x", "{{a}}")), source({"x": lambda t: {(("a", odd),): t * 0}}), WINDOW)
    assert reading.lines[0].name == odd


VALUES = np.array([math.nan, 4.0, 1.0, 3.0, math.nan])


@pytest.mark.parametrize(
    ("calc", "number"),
    [
        ("lastNotNull", 3),
        ("last", math.nan),
        ("first", 4),
        ("mean", 8 / 3),
        ("max", 4),
        ("min", 1),
        ("sum", 8),
        ("range", 3),
        ("count", 3),
    ],
)
def test_calculations_leave_out_what_is_missing(calc, number):
    assert reduce(VALUES, calc) == pytest.approx(number, nan_ok=True)


@pytest.mark.parametrize("calc", ["lastNotNull", "mean", "max", "sum"])
def test_nothing_at_all_gives_nan(calc):
    assert math.isnan(reduce(np.array([math.nan]), calc))
    assert math.isnan(reduce(np.array([]), calc))


def test_an_optional_row_is_left_out_while_it_has_nothing_to_show(source, constant):
    answers = {"a": constant(1), "b": lambda times: {}, "c": constant(2)}
    board = Dashboard(
        "Board",
        [
            Row("First", [TimeSeries("A", "a")]),
            Row("Perhaps", [TimeSeries("B", "b"), TimeSeries("B too", "b")], optional=True),
            Row("Last", [TimeSeries("C", "c")]),
        ],
    )
    places, readings = board.read(source(answers), at=AT).shown(board)
    assert [place.item.title for place in places] == ["First", "A", "Last", "C"]
    assert [place.y for place in places] == [0, 1, 9, 10]
    assert [reading.panel.title for reading in readings] == ["A", "C"]
    shorter = board.draw(source(answers), at=AT)
    for answer in (constant(3), QueryError("parse error", query="b")):
        places, readings = board.read(source(answers | {"b": answer}), at=AT).shown(board)
        assert places == board.placed()
        assert len(readings) == 4
        assert board.draw(source(answers | {"b": answer}), at=AT).height > shorter.height


def test_an_optional_row_with_a_heatmap_that_has_cells_is_shown(source):
    board = Dashboard("Board", [Row("Perhaps", [Heatmap("H", "x_bucket")], optional=True)])
    for answer, n_places in ((buckets(**{"1": 2, "+Inf": 6}), 2), (lambda t: {}, 0)):
        assert len(board.read(source({"x_bucket": answer}), at=AT).shown(board)[0]) == n_places


def buckets(**cumulative):
    """Answer of a histogram that counts the same at each step; names are the bounds."""
    return lambda t: {(("le", le),): np.full(t.size, float(count)) for le, count in cumulative.items()}


def test_a_heatmap_has_cells_in_place_of_lines(source):
    panel = Heatmap("H", "sum by (le) (rate(x_seconds_bucket[$__rate_interval]))", max=1)
    asked = source({"sum by (le) (rate(x_seconds_bucket[4s]))": buckets(**{"1": 2, "5": 5, "+Inf": 6})})
    reading = read_panel(panel, asked, WINDOW)
    assert (reading.error, reading.lines) == (None, ())
    assert reading.cells.counts.tolist() == [[2.0] * 61]
    assert reading.cells.bounds.tolist() == [0, 1]
    assert reading.cells.unit == "count:/s"
    assert read_panel(panel.replace(max=None), asked, WINDOW).cells.counts[:, 0].tolist() == [2, 3, 1]


def test_a_heatmap_of_nothing_has_no_cells_and_one_of_no_histogram_is_an_error(source, constant):
    answers = source({"none_bucket": lambda t: {}, "up": constant(1, job="a")})
    none, wrong = (read_panel(Heatmap("H", expr), answers, WINDOW) for expr in ("none_bucket", "up"))
    assert (none.cells, none.error) == (None, None)
    assert wrong.message.startswith("heatmap: no label 'le' on these series; ask for buckets")
    assert wrong.error.panel == "H"
