"""Completion and help through a real kernel, as every front-end asks for them."""

import time

import pytest
from jupyter_client.manager import start_new_kernel
from odd_target import PATHS

from monitorkit.processes import wait_until

LIMIT_SECONDS = 0.1


class Kernel:
    def __init__(self, client):
        self.client = client

    def run(self, code):
        reply = self.client.execute_interactive(code, timeout=60, output_hook=lambda _: None)["content"]
        assert reply["status"] == "ok", reply
        return reply

    def ask(self, question, marked):
        """The reply to a request with the cursor at the bar; a cursor counts code points."""
        cursor = marked.index("|")
        question(marked[:cursor] + marked[cursor + 1 :], cursor)
        reply = self.client.get_shell_msg(timeout=20)["content"]
        assert reply["status"] == "ok"
        return reply

    def complete(self, marked):
        """Each match, and the cell with it chosen."""
        reply = self.ask(self.client.complete, marked)
        cell = marked.replace("|", "", 1)
        return {text: cell[: reply["cursor_start"]] + text + cell[reply["cursor_end"] :] for text in reply["matches"]}

    def inspect(self, marked):
        return self.ask(self.client.inspect, marked)


@pytest.fixture(scope="module")
def kernel(odd):
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        kernel = Kernel(client)
        kernel.run("import monitorkit as mk\nfrom monitorkit.notebook import completion")
        kernel.run("completion.load(get_ipython())")
        kernel.run(f"prom = mk.connect({odd.url!r})")
        assert wait_until(lambda: "odd_total" in kernel.complete("%promql odd|"), timeout_seconds=20)
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_matches_come_with_types(kernel):
    reply = kernel.ask(kernel.client.complete, "%promql rate(od|")
    (one,) = reply["metadata"]["_jupyter_types_experimental"]
    assert (one["text"], one["type"], one["start"], one["end"]) == ("odd_total", "metric counter", 13, 15)
    assert reply["matches"] == ["odd_total"]


def test_every_form_is_completed(kernel):
    for marked in ("%%promql --last 5m\nsum(\n  od|", "prom.query('od|", "y = '日本 😀'\nx = %promql od|"):
        (cell,) = kernel.complete(marked).values()
        assert cell == marked.replace("od|", "odd_total")


def test_odd_values_arrive_and_select_their_series(kernel):
    for marked in ("prom.query('odd_total{path=|}')", "😀 = 1" and "prom.query(\"odd_total{path='|'}\")"):
        cells = list(kernel.complete(marked).values())
        assert len(cells) == len(PATHS)
        kernel.run(f"selected = [eval(cell).index.get_level_values('path').item() for cell in {cells!r}]")
        kernel.run(f"assert sorted(selected) == sorted({PATHS!r}), selected")


def test_help_tells_type_help_series_and_labels(kernel):
    for _ in range(2):  # the number of series is counted while the first is shown
        reply = kernel.inspect("%promql sum(rate(odd_|total[5m]))")
    assert reply["found"]
    assert "Counts <b>odd</b> things." in reply["data"]["text/plain"]
    assert "series now: 12" in reply["data"]["text/plain"]
    assert "Counts &lt;b&gt;odd&lt;/b&gt; things." in reply["data"]["text/html"]
    assert "Growth of a counter" in kernel.inspect("%promql ra|te(x[5m])")["data"]["text/plain"]


def test_help_on_python_is_python_s(kernel):
    assert "Print" in kernel.inspect("pri|nt()")["data"]["text/plain"]
    assert not kernel.inspect("no_such_n|ame")["found"]
    assert "instant" not in kernel.inspect("su|m([1])")["data"]["text/plain"]


def test_a_question_in_a_cell_shows_the_help(kernel):
    payload = kernel.run("%promql odd_total?")["payload"]
    assert "Counts <b>odd</b> things." in payload[0]["data"]["text/plain"]


def test_python_is_completed_as_before(kernel):
    kernel.run("odd_python = 1")
    assert list(kernel.complete("odd_py|")) == ["odd_python"]
    assert kernel.complete("%promql odd_py|") == {}


def test_a_server_that_is_gone_costs_no_more_than_a_moment(kernel):
    kernel.run("import socket; silent = socket.create_server(('127.0.0.1', 0))")
    kernel.run("hung = mk.query.PrometheusClient(f'http://127.0.0.1:{silent.getsockname()[1]}')")
    for marked in ("hung.query('ra|", "hung.query(\"up{job='|", "hung.query('|"):
        spent = []
        for _ in range(3):  # the machine may be busy with other tests
            began = time.monotonic()
            found = kernel.complete(marked)
            spent.append(time.monotonic() - began)
        assert min(spent) < LIMIT_SECONDS
        assert ("rate" in found) is ("{" not in marked)
    kernel.run("hung.close(); silent.close()")


def test_unloaded_it_is_gone(kernel):
    kernel.run("completion.unload(get_ipython())")
    assert kernel.complete("%promql odd_to|") == {}
    assert not kernel.inspect("%promql odd_to|tal")["found"]
    kernel.run("completion.load(get_ipython())")
    assert list(kernel.complete("%promql odd_to|")) == ["odd_total"]
