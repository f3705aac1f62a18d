import pytest
from ipython_shell import ipython_shell

from monitorkit import running
from monitorkit.notebook import inspection
from monitorkit.query.catalog import Catalog


class Kernel:
    """What a kernel does with a shell: it finds the Python name at the cursor itself."""

    def __init__(self, shell):
        self.shell = shell
        self.asked = []

    def do_inspect(self, code, cursor_pos, detail_level=0, omit_sections=()):
        self.asked.append((code, cursor_pos, detail_level, omit_sections))
        return "the kernel's own reply"


@pytest.fixture
def shell():
    with ipython_shell() as shell:
        shell.kernel = Kernel(shell)
        inspection.load(shell)
        yield shell
        inspection.unload(shell)


@pytest.fixture
def latest(shell, odd, monkeypatch):
    """A client that both magics and strings use, its catalogue filled."""
    shell.user_ns["prom"] = odd
    monkeypatch.setattr(running, "latest", lambda kind: odd if kind == "prometheus" else None)
    patient = Catalog.of(odd).within(20)
    patient.metrics()
    patient.metadata("up")
    for name in ("odd_total", "plain_seconds"):
        patient.n_series(name)
        patient.labels(name)
    return odd


def inspect(shell, marked, *more):
    cursor = marked.index("|")
    return shell.kernel.do_inspect(marked[:cursor] + marked[cursor + 1 :], cursor, *more)


@pytest.mark.parametrize(
    "marked",
    [
        "%promql sum(odd_to|tal)",
        "x = %promql --last 5m odd_total|",
        "%%promql\nup\n\nrate(|odd_total[5m])",
        "prom.query('odd|_total')",
        "prom.query_range(f'rate(odd_to|tal[5m])')",
    ],
)
def test_a_metric_is_explained_with_what_its_server_knows(shell, latest, marked):
    reply = inspect(shell, marked)
    assert (reply["status"], reply["found"]) == ("ok", True)
    assert reply["data"]["text/plain"] == (
        "odd_total  (metric, counter)\n\nCounts <b>odd</b> things.\n\nseries now: 12\nlabels: instance, job, path"
    )
    assert "Counts &lt;b&gt;odd&lt;/b&gt; things." in reply["data"]["text/html"]
    assert "<b>odd</b>" not in reply["data"]["text/html"]


def test_a_label_is_explained_with_its_values_as_text(shell, latest):
    for name in ("path", "job"):
        Catalog.of(latest).within(20).values(name, "odd_total")
    html = inspect(shell, "%promql odd_total{pa|th='x'}")["data"]["text/html"]
    assert "label of odd_total" in html
    assert "<img" not in html
    assert "&lt;img" in html


def test_functions_and_options_are_explained_without_a_server(shell, monkeypatch):
    monkeypatch.setattr(running, "latest", lambda kind: None)
    monkeypatch.delenv("MONITORKIT_URL", raising=False)
    assert inspect(shell, "%promql ra|te(up[5m])")["data"]["text/plain"].startswith("rate(range)  (function)")
    assert inspect(shell, "%promql --la|st 5m up")["data"]["text/plain"].startswith("--last DURATION  (option")
    assert inspect(shell, "%promql --last |5m up")["data"]["text/plain"].startswith("--last DURATION  (option")


@pytest.mark.parametrize(
    "marked", ["pri|nt(1)", "x = 'rate|(up)'", "%prom|ql up", "print('%promql ra|te')", "prom.query('up', a|t=5)", "|"]
)
def test_outside_promql_the_kernel_answers_as_ever(shell, latest, marked):
    assert inspect(shell, marked, 1, ("a",)) == "the kernel's own reply"
    assert shell.kernel.asked == [(marked.replace("|", ""), marked.index("|"), 1, ("a",))]


def test_in_a_magic_no_name_of_python_is_explained(shell, latest):
    shell.user_ns["no_such_metric"] = "of Python"
    assert inspect(shell, "%promql no_such|_metric") == {"status": "ok", "found": False, "data": {}, "metadata": {}}
    assert shell.kernel.asked == []


def test_in_a_string_that_says_nothing_the_call_is_explained(shell, latest):
    assert inspect(shell, "prom.query('no_such|_metric')") == "the kernel's own reply"


def test_an_error_of_ours_leaves_the_kernels_own_reply(shell, monkeypatch, capsys):
    def broken(*_):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(inspection, "place_at", broken)
    assert inspect(shell, "%promql ra|te") == "the kernel's own reply"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("code", ["%promql rate?", "%promql rate?\n", "  %promql sum(rate??", "%promql rate??"])
def test_a_question_mark_behind_a_line_asks_for_help(shell, latest, capsys, code):
    assert shell.run_cell(code).success
    assert "rate(range)  (function)" in capsys.readouterr().out


def test_a_question_about_a_metric_is_answered_from_the_server(shell, latest, capsys):
    shell.run_cell("%promql odd_total?")
    assert "Counts <b>odd</b> things." in capsys.readouterr().out


def test_a_question_about_nothing_is_answered_in_one_line(shell, latest, capsys):
    shell.run_cell('%promql no"such\\metric?')
    said = capsys.readouterr()
    assert (said.out + said.err).strip() == 'UsageError: %promql: nothing is known about no"such\\metric'


@pytest.mark.parametrize("code", ["len?", "%timeit?", "x = '%promql rate?'", "%promql?", "%promql up; ?", "%promql ?"])
def test_other_questions_are_as_ever(shell, code):
    with ipython_shell() as plain:
        wanted = plain.transform_cell(code)
    assert shell.transform_cell(code) == wanted


def test_unloading_leaves_the_kernel_as_it_was():
    with ipython_shell() as shell:
        shell.kernel = Kernel(shell)
        inspection.load(shell)
        inspection.load(shell)
        inspection.unload(shell)
        inspection.unload(shell)
        assert inspect(shell, "%promql ra|te") == "the kernel's own reply"
        assert len(shell.kernel.asked) == 1


def test_after_unloading_nothing_of_ours_answers_even_under_another():
    with ipython_shell() as shell:
        shell.kernel = Kernel(shell)
        inspection.load(shell)
        ours = shell.kernel.do_inspect
        shell.kernel.do_inspect = lambda code, cursor: ours(code, cursor)  # noqa: PLW0108 - another function
        inspection.unload(shell)
        assert inspect(shell, "%promql ra|te") == "the kernel's own reply"


def test_a_shell_without_a_kernel_has_questions_only(capsys):
    with ipython_shell() as shell:
        inspection.load(shell)
        shell.run_cell("%promql rate?")
        inspection.unload(shell)
    assert "rate(range)" in capsys.readouterr().out
