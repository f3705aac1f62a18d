"""The live view, as a person sees it: a picture that changes while another cell runs, and stays when it is stopped."""

import nbformat
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SETUP = """import monitorkit as mk
prom = mk.start_prometheus()
board = mk.Dashboard('Live', [mk.panels.TimeSeries('Scrapes', 'scrape_duration_seconds', unit='s')])"""
CELLS = (
    SETUP,
    "view = board.show(prom, last='1m', refresh='1s')",
    "import time\nfor number in range(60):\n    print('cell', number)\n    time.sleep(0.1)",
    "view.stop()",
    "mk.stop_all()",
)
# Numbers the pictures that the live cell shows, by what is behind them.
WATCH = """() => {
    window.__pictures = new Set();
    const look = async () => {
        const image = document.querySelectorAll('.jp-CodeCell')[1].querySelector('.jp-OutputArea-output img');
        if (image) window.__pictures.add(image.src);
    };
    window.__watch = setInterval(look, 50);
}"""


@pytest.fixture
def source(tmp_path):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    path = tmp_path / "live.ipynb"
    nbformat.write(notebook, path)
    return path


def text_of(page, number):
    return page.locator(".jp-CodeCell").nth(number).locator(".jp-OutputArea-output").all_inner_texts()


def test_a_live_view_changes_while_another_cell_runs(open_notebook, source):
    notebook = open_notebook(source)
    page = notebook.page
    notebook.run_cell(0)
    notebook.run_cell(1)
    page.evaluate(WATCH)
    page.wait_for_function("window.__pictures.size >= 1", timeout=10_000)
    notebook.run_cell(2)
    assert page.evaluate("window.__pictures.size") >= 3
    # Nothing of the other cell's output has gone astray.
    assert "".join(text_of(page, 2)).split() == " ".join(f"cell {number}" for number in range(60)).split()
    notebook.run_cell(3)
    notebook.run_cell(4)
    assert notebook.errors() == []
    assert page.locator(".jp-CodeCell").nth(1).locator("img").count() == 1
