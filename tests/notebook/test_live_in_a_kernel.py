"""The live view in real kernels, without a front-end: what a rendered or tested notebook holds."""

import base64
import hashlib
import io
import textwrap
import time

import nbclient
import nbformat
import pytest
from PIL import Image

SETUP = """
    import logging, threading, time
    import numpy as np, pandas as pd
    from monitorkit.dashboards import Dashboard, panels
    from monitorkit import running

    class Server:
        url = "http://127.0.0.1:9090"
        def query_range(self, expr, *, start, end, step):
            times = np.arange(start.timestamp(), end.timestamp() + step / 2, step)
            index = pd.DatetimeIndex(pd.to_datetime((times * 1000).astype("int64"), unit="ms", utc=True))
            return pd.DataFrame({expr: np.ones(times.size)}, index=index).rename_axis(columns="__name__")

    def until(condition):
        for _ in range(1000):
            if condition(): return True
            time.sleep(0.02)

    def live_threads():
        return [t.name for t in threading.enumerate() if t.name.startswith("monitorkit live view")]

    board = Dashboard("推理", [panels.TimeSeries("请求 $x$", "up")], refresh="500ms")
"""


@pytest.fixture(scope="module")
def run():
    def run_cells(*cells):
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in (SETUP, *cells)]
        nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
        return notebook

    return run_cells


def pictures(cell):
    return [one.data["image/png"] for one in cell.outputs if "image/png" in one.get("data", {})]


def printed(cell):
    return "".join(one.text for one in cell.outputs if one.output_type == "stream" and one.name == "stdout")


@pytest.fixture(scope="module")
def notebook(run):
    return run(
        "view = board.show(Server())",
        """
        for number in range(60):
            print("line", number)
            time.sleep(0.02)
        print(until(lambda: view.n_refreshes >= 2), view.error)
        """,
        "again = board.show(Server()); print(view.alive, again.alive, len(live_threads()))",
        "again.stop(); print(live_threads())",
    )


def test_the_picture_is_in_the_cell_that_asked_for_it_and_nothing_else(notebook):
    _, shown, *_ = notebook.cells
    (png,) = pictures(shown)
    assert Image.open(io.BytesIO(base64.b64decode(png))).width == 2000
    assert len(shown.outputs) == 1


def test_it_renews_itself_while_another_cell_runs_and_takes_none_of_its_output(notebook):
    busy = notebook.cells[2]
    assert printed(busy) == "".join(f"line {number}\n" for number in range(60)) + "True None\n"
    assert pictures(busy) == []


def test_running_again_stops_the_earlier_view(notebook):
    assert "False True 1" in printed(notebook.cells[3])


def test_what_was_stopped_stays_as_a_picture_without_widgets(notebook):
    assert printed(notebook.cells[4]) == "[]\n"
    assert len(pictures(notebook.cells[3])) == 1
    assert "widgets" not in notebook.metadata


def test_the_picture_in_the_file_is_the_last_one(run):
    stopped = run(
        "view = board.show(Server())",
        "import hashlib; view.stop(); print(hashlib.sha256(view.picture.png).hexdigest())",
    )
    (png,) = pictures(stopped.cells[1])
    assert printed(stopped.cells[2]).strip() == hashlib.sha256(base64.b64decode(png)).hexdigest()


def test_a_live_view_that_nobody_stops_ends_with_its_kernel(run):
    started = time.monotonic()
    ended = run("view = board.show(Server(), refresh='1h')")
    assert len(pictures(ended.cells[1])) == 1
    # A thread that is no daemon would keep the kernel until nbclient kills it.
    assert time.monotonic() - started < 30
