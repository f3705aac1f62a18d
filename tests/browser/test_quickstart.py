"""The first notebook, as a person meets it: opened in JupyterLab, run, looked at."""

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
QUICKSTART = Path(__file__).parents[2] / "notebooks" / "00_quickstart.ipynb"


def test_the_quickstart_runs_and_its_plots_are_seen(open_notebook):
    notebook = open_notebook(QUICKSTART)
    # The pictures must come from this run, not from the file.
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('editmenu:clear-all')")
    expect(notebook.page.locator(".jp-OutputArea-output img")).to_have_count(0)

    assert notebook.run_all() == []

    pictures = notebook.page.locator(".jp-OutputArea-output img")
    stored = nbformat.read(QUICKSTART, as_version=4)
    expected = sum("image/png" in output.get("data", {}) for cell in stored.cells for output in cell.get("outputs", []))
    assert expected >= 1
    expect(pictures).to_have_count(expected)
    for number in range(expected):
        pictures.nth(number).scroll_into_view_if_needed()
        box = pictures.nth(number).bounding_box()
        assert box["width"] > 200
        assert box["height"] > 100
