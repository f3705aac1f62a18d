"""The magics in JupyterLab, with a real Prometheus: what a person sees."""

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

ODD = "<img src=x onerror=alert(1)>"
CELLS = [
    "import monitorkit as mk\nprom = mk.start_prometheus(name='browser')\nprom.await_scrape()",
    "%load_ext monitorkit",
    f'%promql label_replace(up, "odd", "{ODD}", "", "")',
    "%%promql --last 1m --step 5s --plot\nup",
    "%%promql\nitself = up\n\nscrape_duration_seconds # how long\n\nsum(rat(up[5m]))",
]


def test_frames_links_pictures_and_mistakes_are_seen(open_notebook, tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "magics.ipynb")
    opened = open_notebook(tmp_path / "magics.ipynb")
    for number in range(len(CELLS)):
        opened.run_cell(number)
    cells = opened.page.locator(".jp-Notebook .jp-CodeCell")

    expect(cells.nth(2).locator(".dataframe")).to_contain_text(ODD)
    expect(cells.nth(2).locator(".jp-OutputArea img")).to_have_count(0)
    link = cells.nth(2).locator(".mk-promql-footer a")
    expect(link).to_have_text("Open in Prometheus")
    assert "g0.expr=label_replace%28up" in link.get_attribute("href")
    assert link.bounding_box()["y"] > cells.nth(2).locator(".dataframe").bounding_box()["y"]

    picture = cells.nth(3).locator(".jp-OutputArea-output img")
    picture.scroll_into_view_if_needed()
    assert picture.bounding_box()["width"] > 600
    assert picture.evaluate("image => image.naturalWidth") == 1720

    expect(cells.nth(4).locator(".dataframe")).to_have_count(1)
    error = cells.nth(4).locator(".jp-OutputArea-output pre")
    expect(error).to_contain_text("PromQLError: parse error: unknown function 'rat'; did you mean 'rate'?")
    assert error.inner_text().rstrip().splitlines()[-2:] == ["  sum(rat(up[5m]))", "      ^"]
