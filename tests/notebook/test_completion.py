import importlib
import socket
import time

import pytest
from IPython.core.completer import provisionalcompleter
from ipython_shell import ipython_shell
from odd_target import PATHS

from monitorkit import running
from monitorkit.notebook import completion
from monitorkit.notebook.options import OPTIONS
from monitorkit.processes import wait_until
from monitorkit.promql.cursor.completion import MOST
from monitorkit.query import PrometheusClient
from monitorkit.query.catalog import Catalog


@pytest.fixture
def shell():
    with ipython_shell() as shell:
        completion.load(shell)
        yield shell
        completion.unload(shell)


@pytest.fixture
def prom(shell, odd):
    """The client `prom` of the shell, its catalogue filled."""
    shell.user_ns["prom"] = odd
    patient = Catalog.of(odd).within(20)
    assert patient.metrics()
    patient.metadata("up")
    return odd


@pytest.fixture
def latest(prom, monkeypatch):
    """The same client as the one that magics use."""
    monkeypatch.setattr(running, "latest", lambda kind: prom if kind == "prometheus" else None)
    return prom


def complete(shell, marked):
    """What IPython offers at the bar, and the cell with each of these chosen."""
    cursor = marked.index("|")
    cell = marked[:cursor] + marked[cursor + 1 :]
    with provisionalcompleter():
        found = list(shell.Completer.completions(cell, cursor))
    return {one.text: cell[: one.start] + one.text + cell[one.end :] for one in found}


def types(shell, marked):
    cursor = marked.index("|")
    with provisionalcompleter():
        found = shell.Completer.completions(marked[:cursor] + marked[cursor + 1 :], cursor)
        return {one.text: one.type for one in found}


def test_metrics_come_with_their_type_in_all_forms(shell, latest):
    for marked in ("%promql odd|", "x = %promql --last 5m odd|", "%%promql\nodd|", "prom.query('odd|"):
        assert types(shell, marked) == {"odd_total": "metric counter"}


def test_each_thing_has_a_type(shell, latest):
    found = types(shell, "%promql |")
    assert found["rate"] == "function"
    assert found["sum"] == "aggregation"
    assert found["plain_seconds"] == "metric gauge"
    assert found["--last"] == "option"
    assert types(shell, "%promql up{|")["job"] == "label"
    assert types(shell, "%promql up{job='|") == {"odd": "value"}
    assert types(shell, "%promql up offset |")["5m"] == "duration"
    assert types(shell, "%promql up off|") == {"offset": "keyword"}


def test_python_names_stay_out_of_promql(shell, latest):
    shell.user_ns["odd_python"] = 1
    assert "odd_python" not in complete(shell, "%promql odd|")
    assert complete(shell, "%promql odd_python|") == {}
    assert complete(shell, "%promql up{job='no such|") == {}
    assert complete(shell, "%promql # |") == {}


def test_promql_stays_out_of_python(shell, prom):
    shell.user_ns["odd_python"] = 1
    assert complete(shell, "odd_py|") == {"odd_python": "odd_python"}
    assert "odd_total" not in complete(shell, "'odd|")
    assert "rate" not in complete(shell, "print('%promql ra|')")
    assert "rate" not in complete(shell, "prom.label_values('ra|")
    assert "timeit" in "".join(complete(shell, "%timei|"))


@pytest.mark.parametrize(
    "marked",
    [
        "prom.query('odd_total{path=\"|\"}')",
        "prom.query('odd_total{path=|}')",
        "prom.query(\"odd_total{path='|'}\")",
        'prom.query("odd_total{path=|}")',
        'prom.query("""odd_total{path="|"}""")',
        "prom.query(f'odd_total{{path=\"|\"}}')",
        "prom.query(f'odd_total{{path=|}}')",
        "prom.query('odd_total{path=~\"|\"}')",
        "prom.query(f\"odd_total{{path=~'|'}}\")",
        "prom.query('odd_total' '{path=\"|\"}')",
    ],
)
def test_a_value_chosen_in_a_string_selects_its_series(shell, prom, marked):
    found = complete(shell, marked)
    assert len(found) == len(PATHS)
    selected = [shell.ev(cell).index.get_level_values("path").item() for cell in found.values()]
    assert sorted(selected) == sorted(PATHS)


# As it is, "{{job}}" would be taken for a variable; in a pattern its braces are escaped.
@pytest.mark.parametrize(("operator", "missing"), [("=", ["{{job}}"]), ("=~", [])])
def test_a_value_chosen_in_a_magic_selects_its_series(shell, latest, operator, missing):
    found = complete(shell, f'%promql odd_total{{path{operator}"|"}}')
    queries = [cell.removeprefix("%promql ") for cell in found.values()]
    selected = [latest.query(query).index.get_level_values("path").item() for query in queries]
    assert sorted([*selected, *missing]) == sorted(PATHS)


def test_what_cannot_stand_in_a_raw_string_is_left_out(shell, prom):
    found = complete(shell, "prom.query(r'odd_total{path=\"|\"}')")
    selected = [shell.ev(cell).index.get_level_values("path").item() for cell in found.values()]
    assert sorted(selected) == sorted(path for path in PATHS if "'" not in path)


def test_names_of_utf8_are_completed_as_selectors(shell, latest):
    new = latest.version.startswith("3.")
    assert complete(shell, "%promql my.|") == ({'{"my.metric"}': '%promql {"my.metric"}'} if new else {})
    if new:
        (cell,) = complete(shell, 'prom.query("my.m|")').values()
        assert cell == "prom.query(\"{'my.metric'}\")"
        assert len(shell.ev(cell)) == 1
        assert list(complete(shell, '%promql {"my.metric", a|}').values()) == ['%promql {"my.metric", "a.b"}']


def test_labels_are_those_of_the_metric_and_values_respect_matchers(shell, latest):
    assert set(complete(shell, "%promql odd_total{|")) == {"instance", "job", "path", "}"}
    assert set(complete(shell, "%promql sum by (|) (plain_seconds)")) == {"instance", "job", ")"}
    assert complete(shell, '%promql odd_total{job="nothing", path="|') == {}


def test_options_their_values_and_variables_are_completed(shell, latest):
    shell.user_ns |= {"window": "5m", "frame": latest.query("up"), "_hidden": 1}
    assert set(complete(shell, "%promql --|")) == {option.name for option in OPTIONS}
    assert set(complete(shell, "%promql --plot --p|")) == set()
    assert complete(shell, "%promql --ste|")["--step"] == "%promql --step"
    assert "15m" in complete(shell, "%promql --last 1|")
    assert "now-1h" in complete(shell, "%promql --start now|")
    assert types(shell, "%promql rate(up[{{w|")["window"] == "variable str"
    assert "frame" not in complete(shell, "%promql {{|")


def test_folders_for_a_cache_are_completed(shell, tmp_path, monkeypatch):
    for name in ("kept/deep", "kept2", ".hidden", "with blank", "it's", "ünï"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "kept.txt").write_text("")
    monkeypatch.chdir(tmp_path)
    found = complete(shell, "%promql --last 1h --cache |")
    assert found["kept/"] == "%promql --last 1h --cache kept/"
    assert set(found) == {"kept/", "kept2/", "ünï/"}
    assert set(complete(shell, "%promql --cache ke|")) == {"kept/", "kept2/"}
    assert set(complete(shell, "%promql --cache kept/|")) == {"kept/deep/"}
    assert set(complete(shell, f"%promql --cache {tmp_path}/kept/d|")) == {f"{tmp_path}/kept/deep/"}
    assert set(complete(shell, "%promql --cache .h|")) == {".hidden/"}
    monkeypatch.setenv("HOME", str(tmp_path))
    assert set(complete(shell, "%promql --cache ~/kept/|")) == {"~/kept/deep/"}
    for nothing in ("nowhere/|", "'|", "kept.txt/|", "~nobody-at-all/|", "{{|}}"):
        assert not {text for text in complete(shell, f"%promql --cache {nothing}") if text.endswith("/")}


def test_a_template_does_not_get_in_the_way(shell, latest):
    shell.user_ns["metric"] = "odd_total"
    assert "path" in complete(shell, "%promql {{metric}}{pa|")
    assert set(complete(shell, "prom.query(f'{metric}{{pa|")) == {"path"}


def test_the_url_of_the_magic_decides_which_server_is_meant(shell, odd, monkeypatch):
    monkeypatch.setattr(running, "latest", lambda kind: None)
    marked = f"%promql --url {odd.url} odd|"
    assert wait_until(lambda: complete(shell, marked), timeout_seconds=20)
    assert set(complete(shell, marked)) == {"odd_total"}
    monkeypatch.setenv("MONITORKIT_URL", odd.url)
    assert set(complete(shell, "%promql odd|")) == {"odd_total"}


def test_a_list_can_be_looked_through(shell, latest):
    assert 50 < len(complete(shell, "%promql |")) <= MOST + len(OPTIONS)


# Without a server


@pytest.fixture
def alone(monkeypatch):
    """Nothing runs, and nothing is named."""
    monkeypatch.setattr(running, "latest", lambda kind: None)
    monkeypatch.delenv("MONITORKIT_URL", raising=False)


def within_100_ms(shell, marked):
    spent = []
    for _ in range(3):  # the machine may be busy with other tests
        began = time.monotonic()
        found = complete(shell, marked)
        spent.append(time.monotonic() - began)
    assert min(spent) < 0.1
    return found


def test_without_a_server_the_language_is_completed(shell, alone):
    complete(shell, "%promql |")  # loads what is loaded once
    assert "rate" in within_100_ms(shell, "%promql ra|")
    assert set(within_100_ms(shell, "%promql up{|")) == {"instance", "job", "}"}
    assert within_100_ms(shell, "%promql up{job='|") == {}


def test_a_server_that_hangs_or_is_gone_costs_no_more_than_a_moment(shell, alone):
    complete(shell, "%promql |")
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as gone:
        urls = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in (silent, gone)]
        gone.close()
        for url in urls:
            with PrometheusClient(url) as client:
                shell.user_ns["prom"] = client
                for marked in ("prom.query('rat|", "prom.query('up{job=\"|", "prom.query('sum by (|) (up)"):
                    within_100_ms(shell, marked)
                assert "rate" in within_100_ms(shell, "prom.query('rat|")
                assert "rate" in within_100_ms(shell, f"%promql --url {url} rat|")


@pytest.mark.parametrize("url", ["nonsense", "http://", "ftp://x", "http://[::", "'"])
def test_a_url_that_is_none_is_no_error(shell, alone, capsys, url):
    assert "rate" in complete(shell, f"%promql --url {url} rat|") or url == "'"
    assert capsys.readouterr() == ("", "")


def test_an_error_of_ours_is_not_shown_in_the_cell(shell, alone, monkeypatch, capsys):
    def broken(*_):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(completion, "complete", broken)
    complete(shell, "%promql ra|")
    assert capsys.readouterr() == ("", "")


# Loading


def matchers(shell):
    return [one for one in shell.Completer.custom_matchers if one.matcher_identifier == completion.IDENTIFIER]


def test_loading_twice_is_loading_once(shell, alone):
    completion.load(shell)
    importlib.reload(completion).load(shell)
    assert len(matchers(shell)) == 1
    assert sum("_Completing" in repr(one) for one in shell.events.callbacks["post_run_cell"]) == 1
    assert len(set(complete(shell, "%promql rat|"))) == len(complete(shell, "%promql rat|")) > 0


def test_unloading_leaves_the_shell_as_it_was(alone):
    with ipython_shell() as shell:
        before = [list(shell.Completer.custom_matchers), list(shell.input_transformers_cleanup), dict(shell.meta)]
        callbacks = {event: list(registered) for event, registered in shell.events.callbacks.items()}
        completion.load(shell)
        completion.unload(shell)
        completion.unload(shell)
        assert before == [
            list(shell.Completer.custom_matchers),
            list(shell.input_transformers_cleanup),
            dict(shell.meta),
        ]
        assert callbacks == dict(shell.events.callbacks)
        assert "rate" not in complete(shell, "%promql rat|")


def test_others_may_have_taken_it_out_before(alone):
    with ipython_shell() as shell:
        completion.load(shell)
        shell.Completer.custom_matchers.clear()
        shell.events.callbacks["post_run_cell"].clear()
        shell.input_transformers_cleanup.clear()
        completion.unload(shell)


def test_names_are_fetched_before_they_are_wanted(shell, odd, monkeypatch):
    with PrometheusClient(odd.url) as fresh:
        monkeypatch.setattr(running, "latest", lambda kind: fresh)
        shell.run_cell("pass")
        assert Catalog.of(fresh)._answers  # asked already
        assert wait_until(lambda: Catalog.of(fresh).metrics(), timeout_seconds=20)
        assert "odd_total" in complete(shell, "%promql odd|")
