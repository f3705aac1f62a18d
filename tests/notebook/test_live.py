import gc
import threading

import psutil
import pytest
from matplotlib.figure import Figure

from monitorkit import running
from monitorkit.dashboards import Dashboard
from monitorkit.dashboards.panels import Stat
from monitorkit.errors import InvalidValue, QueryError, ServerUnavailable
from monitorkit.notebook.live import KIND
from monitorkit.processes import wait_until


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("monitorkit live view")]


def refreshed(view, n=1):
    before = view.n_refreshes
    return wait_until(lambda: view.n_refreshes >= before + n, timeout_seconds=20)


def test_the_first_picture_is_there_when_show_returns(board, server, outputs):
    view = board.show(server)
    assert "live, every 500ms" in outputs[0].said[0]
    assert view.alive
    assert "every 500ms; .stop() ends it" in repr(view)


def test_it_renews_itself_from_a_daemon_thread(board, server, outputs):
    view = board.show(server)
    assert refreshed(view, 2)
    assert len(outputs[0].said) >= 3
    assert [thread.daemon for thread in threads()] == [True]
    assert view.error is None


def test_stop_ends_the_thread_and_leaves_a_last_picture(board, server, outputs):
    view = board.show(server)
    view.stop()
    assert threads() == []
    assert not view.alive
    assert "stopped" in outputs[0].said[-1]
    n_pictures = len(outputs[0].said)
    view.stop()
    assert len(outputs[0].said) == n_pictures
    assert "not live" in repr(view)


def test_a_with_block_stops_it(board, server, outputs):
    with board.show(server) as view:
        assert view.alive
    assert threads() == []


def test_running_the_cell_again_stops_the_earlier_view(board, server, outputs):
    first = board.show(server)
    second = board.show(server)
    assert not first.alive
    assert second.alive
    assert len(threads()) == 1
    assert running.find(KIND, board.uid) is second


def test_another_board_is_shown_beside(board, server, outputs):
    first, second = board.show(server), board.replace(title="Other", uid="other").show(server)
    assert first.alive
    assert second.alive
    assert {"live", "other"} <= set(running.status().set_index("kind").loc[[KIND], "name"])


def test_stop_all_stops_it(board, server, outputs):
    view = board.show(server)
    running.stop_all()
    assert not view.alive
    assert threads() == []


def test_a_dead_server_is_told_with_the_last_values_and_it_recovers(board, server, outputs):
    view = board.show(server)
    server.error = ServerUnavailable(server.url, "connection refused")
    assert wait_until(lambda: "No answer since" in outputs[0].said[-1], timeout_seconds=20)
    said = outputs[0].said[-1]
    assert "http://127.0.0.1:9090: connection refused" in said
    assert "This panel failed" not in said
    server.error = None
    assert wait_until(lambda: "No answer" not in outputs[0].said[-1], timeout_seconds=20)
    assert view.alive


def test_a_server_that_is_dead_from_the_start_is_told_too(board, server, outputs):
    server.error = ServerUnavailable(server.url, "connection refused")
    view = board.show(server)
    assert "connection refused" in outputs[0].said[-1]
    view.stop()
    assert "connection refused" in outputs[0].said[-1]


def test_an_error_of_one_query_is_shown_in_its_panel(board, server, outputs):
    server.error = QueryError("parse error", query="up")
    view = board.show(server)
    assert refreshed(view)
    assert "This panel failed" in outputs[0].said[-1]


def test_a_refresh_that_breaks_does_not_end_the_view(board, server, outputs, monkeypatch):
    view = board.show(server)
    with monkeypatch.context() as broken:
        broken.setattr("monitorkit.notebook.live.draw_page", lambda *args, **options: 1 / 0)
        assert wait_until(lambda: view.error is not None, timeout_seconds=20)
        assert "ZeroDivisionError" in repr(view)
    assert refreshed(view)
    assert view.error is None


def test_a_hanging_query_does_not_hold_up_stop_and_is_not_shown(board, server, outputs, monkeypatch):
    monkeypatch.setattr("monitorkit.notebook.live.STOP_WAIT_SECONDS", 0.1)
    view = board.show(server)
    hanging, release = threading.Event(), threading.Event()

    def query_range(*args, **options):
        hanging.set()
        assert release.wait(30)
        raise ServerUnavailable(server.url, "late")

    server.query_range = query_range
    assert hanging.wait(20)
    view.stop()
    n_pictures = len(outputs[0].said)
    release.set()
    assert wait_until(lambda: not threads(), timeout_seconds=20)
    assert len(outputs[0].said) == n_pictures
    assert "late" not in outputs[0].said[-1]


def test_a_picture_that_stays_is_shown_without_a_thread(board, server, outputs):
    view = board.show(server, live=False)
    assert len(outputs) == 1
    assert "live" not in outputs[0].said[0]
    assert not view.alive
    assert threads() == []
    view.stop()


def test_length_and_refresh_can_be_others(board, server, outputs):
    view = board.show(server, last="1m", refresh=2)
    assert (view.last, view.refresh_seconds) == ("1m", 2)


@pytest.mark.parametrize("refresh", ["100ms", 0])
def test_a_refresh_that_would_keep_the_kernel_busy_is_refused(board, server, outputs, refresh):
    with pytest.raises(InvalidValue, match=r"too short, at least 0\.5 s"):
        board.show(server, refresh=refresh)
    assert outputs == []


def test_two_hundred_refreshes_leave_no_figures_and_no_memory(server, outputs):
    board = Dashboard("Long", [Stat("Up", "up")], refresh="1h")
    view = board.show(server)
    process = psutil.Process()
    for _ in range(50):
        view._refresh()
    gc.collect()
    before = process.memory_info().rss
    for _ in range(150):
        view._refresh()
    gc.collect()
    grown = process.memory_info().rss - before
    figures = [
        one for one in gc.get_objects() if isinstance(one, Figure) and (one.get_size_inches() == (10, 1.64)).all()
    ]
    assert view.n_refreshes == 200
    # A picture of this size has 2.6 MB of dots: one that stayed for every fifteenth refresh would be seen.
    assert grown < 20 * 2**20
    # The one that is shown, and the empty one of the canvas that all are drawn on.
    assert len(figures) <= 2
