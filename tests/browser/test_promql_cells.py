"""PromQL in the cells of JupyterLab, through the extension that is committed: its colours, completion and help."""

import statistics
from contextlib import contextmanager

import nbformat
import prometheus_client
import pytest
from playwright.sync_api import expect
from prometheus_client.core import GaugeMetricFamily

from monitorkit.processes import wait_until
from monitorkit.services import start_prometheus

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

# For each piece of text of a cell that CodeMirror marks: its classes and the colour and weight it is shown in.
TOKENS = """number => {
    const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[number];
    return Array.from(cell.querySelectorAll('.cm-line span'), token => {
        const { color, fontWeight } = getComputedStyle(token);
        return [token.textContent, [token.className, color, fontWeight]];
    });
}"""
PYTHON = 'for i in range(10):\n    print(i, "text")'
WORDS = ["sum", "job", "rate", "http_requests_total", '"5.."', "5m", "=~", "2"]
QUERY = 'sum by (job) (rate(http_requests_total{code=~"5.."}[5m])) / 2'


SCRIPT = "<img src=x onerror=alert(1)>"
HELP = "Orders that came in, by shop & <b>country</b>."


@contextmanager
def scraped(registry, **options):
    """A Prometheus that scrapes these metrics."""
    server, thread = prometheus_client.start_http_server(0, "127.0.0.1", registry=registry)
    try:
        with start_prometheus([f"127.0.0.1:{server.server_port}"], **options) as prometheus:
            yield prometheus
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def prometheus():
    """A Prometheus that has scraped a metric with a label value that would be a script, were it HTML."""
    registry = prometheus_client.CollectorRegistry()
    orders = prometheus_client.Counter("shop_orders", HELP, ["shop"], registry=registry)
    orders.labels(SCRIPT).inc(3)
    orders.labels("plain").inc(4)
    with scraped(registry, name="shop") as prometheus:
        assert wait_until(lambda: len(prometheus.query("shop_orders_total")) == 2, timeout_seconds=20)
        yield prometheus


@pytest.fixture
def open_cells(open_notebook, tmp_path):
    def open_(*sources):
        cells = [nbformat.v4.new_code_cell(source, id=f"cell{number}") for number, source in enumerate(sources)]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(notebook, tmp_path / "promql.ipynb")
        return open_notebook(tmp_path / "promql.ipynb")

    return open_


def looks(notebook, number, text):
    """How each word of a cell looks, once a text in it has been coloured."""
    cell = notebook.page.locator(".jp-Notebook .jp-Cell").nth(number)
    expect(cell.locator(".cm-line span").filter(has_text=text).first).to_be_visible()
    return dict(notebook.page.evaluate(TOKENS, number))


def test_a_promql_cell_shows_each_kind_of_word_in_a_colour_of_its_own(open_cells):
    notebook = open_cells(f"%%promql --last 1h\n{QUERY}")
    shown = looks(notebook, 0, "http_requests_total")
    words = [shown[word] for word in ["%%promql", *WORDS]]
    assert all(classes for classes, _, _ in words), shown
    assert len({(color, weight) for _, color, weight in words}) == len(words), shown


def test_a_line_is_coloured_like_a_cell_and_leaves_python_alone(open_cells):
    notebook = open_cells(
        f"%%promql\n{QUERY}",
        PYTHON,
        f'"""doc\n%promql up\n"""\nx = %promql --last 1h {QUERY}\n%promql rate(x[\n{PYTHON}',
    )
    cell, python, lines = (looks(notebook, number, text) for number, text in enumerate(("5m", "text", "5m")))
    assert [lines[word][1:] for word in WORDS] == [cell[word][1:] for word in WORDS]
    assert lines["%promql up"][1:] == python['"text"'][1:]  # in a docstring it is a string
    for word in ("for", "range", "print", "10", '"text"'):
        assert lines[word] == python[word]


def connect(open_cells, prometheus):
    """Open a notebook whose kernel is connected to the server, with an empty cell to write into."""
    notebook = open_cells(f'%load_ext monitorkit\nimport monitorkit as mk\nprom = mk.connect("{prometheus.url}")', "")
    notebook.run_cell(0)
    assert notebook.errors() == []
    return notebook


@pytest.fixture
def connected(open_cells, prometheus):
    return connect(open_cells, prometheus)


def write(notebook, text, number=1):
    """Type into a cell, as a person does, in place of what is in it."""
    notebook.page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.press("Delete")
    notebook.page.keyboard.type(text)


def source(notebook, number=1):
    return notebook.page.evaluate(
        "number => jupyterapp.shell.currentWidget.content.widgets[number].model.sharedModel.getSource()", number
    )


def test_a_magic_is_typed_and_run(connected):
    write(connected, '%%promql\nshop_orders_total{shop="plain"}')
    connected.page.keyboard.press("Control+Enter")
    output = connected.page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".jp-OutputArea-output")
    expect(output.locator("table td").last).to_have_text("4.0")
    assert connected.errors() == []


def test_a_label_value_that_looks_like_html_is_text_in_the_result(connected):
    write(connected, "%promql shop_orders_total")
    connected.page.keyboard.press("Control+Enter")
    output = connected.page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".jp-OutputArea-output")
    expect(output.filter(has_text=SCRIPT).first).to_be_visible()
    assert output.locator("img").count() == 0


ENTRIES = ".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item"
DOCUMENTATION = ".jp-Completer:not(.lm-mod-hidden) .jp-Completer-docpanel"


def complete(notebook, text, number=1):
    """Type and press Tab, until the entries are shown."""
    write(notebook, text, number)
    return complete_here(notebook)


def complete_here(notebook):
    notebook.page.keyboard.press("Tab")
    expect(notebook.page.locator(ENTRIES).first).to_be_visible(timeout=15_000)
    return notebook.page.locator(f"{ENTRIES} .jp-Completer-match").all_text_contents()


def test_a_metric_is_chosen_with_the_keyboard_and_its_help_is_beside_it(connected):
    assert complete(connected, "%%promql --last 5m\nrate(shop_ord") == ["shop_orders_created", "shop_orders_total"]
    connected.page.keyboard.press("ArrowDown")
    expect(connected.page.locator(DOCUMENTATION)).to_contain_text(HELP)
    connected.page.keyboard.press("Enter")
    expect(connected.page.locator(ENTRIES).first).to_be_hidden()
    assert source(connected) == "%%promql --last 5m\nrate(shop_orders_total"


def test_a_label_value_that_looks_like_html_is_text_in_the_list_and_is_completed_as_text(connected):
    assert complete(connected, '%promql shop_orders_total{shop="') == [SCRIPT, "plain"]
    connected.page.keyboard.press("Enter")
    expect(connected.page.locator(ENTRIES).first).to_be_hidden()
    assert source(connected) == f'%promql shop_orders_total{{shop="{SCRIPT}'


def test_options_are_completed(connected):
    assert complete(connected, "%promql --s") == ["--start", "--step"]
    expect(connected.page.locator(DOCUMENTATION)).to_contain_text("first moment")


def test_completion_answers_while_a_cell_runs(connected):
    write(connected, "import threading\nthreading.Event().wait()")
    connected.page.keyboard.press("Alt+Enter")
    assert complete(connected, "%promql sum(shop_ord", number=2) == ["shop_orders_created", "shop_orders_total"]
    expect(connected.page.locator(DOCUMENTATION)).to_contain_text(HELP)
    kernel = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    connected.page.evaluate(f"() => {kernel}.interrupt()")


def test_shift_tab_tells_about_the_metric_at_the_cursor(connected):
    write(connected, "%promql rate(shop_orders_total")
    connected.page.keyboard.press("Shift+Tab")
    expect(connected.page.locator(".jp-Tooltip")).to_contain_text(HELP)


N_NAMES = 50_000
# From a key to the first picture of the page that shows entries.
STOPWATCH = """() => {
    window.__took = null;
    const start = event => {
        const look = () => {
            const shown = document.querySelector('.jp-Completer:not(.lm-mod-hidden) .jp-Completer-item');
            if (shown?.offsetParent) window.__took = performance.now() - event.timeStamp;
            else requestAnimationFrame(look);
        };
        look();
    };
    window.addEventListener('keydown', start, { once: true, capture: true });
}"""


class ManyNames(prometheus_client.registry.Collector):
    def collect(self):
        for number in range(N_NAMES):
            yield GaugeMetricFamily(f"shop_{number % 50}_shelf_{number:05}", "How full it is.", value=number)


@pytest.mark.soak  # 50,000 names and a stopwatch: a busy machine says nothing of the code
def test_completion_is_quick_with_many_names(open_cells):
    registry = prometheus_client.CollectorRegistry()
    registry.register(ManyNames())
    with scraped(registry, name="shelves", scrape_interval="5s") as prometheus:
        assert wait_until(lambda: prometheus.query(f"scrape_samples_scraped == {N_NAMES}").size, timeout_seconds=60)
        notebook = connect(open_cells, prometheus)
        took = []
        for _ in range(5):
            write(notebook, "%promql rate(shop_7_sh")
            notebook.page.evaluate(STOPWATCH)
            assert "shop_7_shelf_00007" in complete_here(notebook)
            took.append(notebook.page.evaluate("window.__took"))
            notebook.page.keyboard.press("Escape")
    # About 85 ms on an idle machine with two cores, most of it JupyterLab's own; the limit allows for a busy one.
    assert statistics.median(took) < 300, took


def test_python_is_completed_as_ever(connected):
    # The first completion of a kernel loads Jedi, and takes longer than the front-end waits.
    write(connected, 'import os\nhas = list(get_ipython().Completer.completions("os.envi", 7))')
    connected.run_cell(1)
    names = complete(connected, "shop_names = 1\nos.envi")
    assert names[0] == "environ"
    assert not any("shop" in name for name in names)
