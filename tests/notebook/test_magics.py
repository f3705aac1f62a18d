"""The magics in a real IPython, against a server that keeps every byte."""

import warnings
from html import unescape

import pandas as pd
import pytest
from ipython_shell import extension_loaded, ipython_shell
from recording_server import matrix, recording_server, refusal, vector

from monitorkit import running
from monitorkit.dashboards.drawing import Picture
from monitorkit.promql import Query
from monitorkit.query import PrometheusClient

ODD = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def ipython():
    with ipython_shell() as shell:
        yield shell


@pytest.fixture
def shell(ipython):
    with extension_loaded(ipython) as shell:
        yield shell


@pytest.fixture
def server(monkeypatch):
    with recording_server() as server:
        monkeypatch.setenv("MONITORKIT_URL", server.url)
        yield server


@pytest.fixture
def ask(shell, server, capsys):
    """Run a cell; its value, or what it printed where it failed."""

    def run(cell):
        capsys.readouterr()
        done = shell.run_cell(cell)
        printed = "".join(capsys.readouterr())
        assert "Traceback" not in printed
        return done.result if done.success else printed

    return run


@pytest.fixture
def published(shell, monkeypatch):
    """What goes to the front-end beside results."""
    shown = []
    monkeypatch.setattr(shell.display_pub, "publish", lambda data, **_: shown.append(data))
    return shown


# Byte for byte


QUERIES = [
    "up",
    "rate(h{a}[5m])",
    "x[$__rate_interval]",
    "sum(up{job}) by ({job})",
    'label_replace(up, "a", "$1-${job}", "b", "(.*)%d{job}")',
    "up % 2 == 1",
    'up{a="%(job)s %s", b=\'{job}\', c=`$job "{a}"`}',
    'up{path="C:\\\\x\\t\\n日本 ü"}',
    "$job",
    "{__name__=~'a|b'}  #  {a} $1",
    "!x",
    "up; ?",
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_in_a_line_arrives_byte_for_byte(ask, shell, server, query):
    shell.user_ns.update(a=1, __rate_interval="RI", job="J")
    ask(f"%promql {query}")
    ask(f"x = %promql --last 5m {query}")
    assert server.queries == [query, query]


@pytest.mark.parametrize("query", [*QUERIES, "sum(\n\trate(x{a='\t'}[5m])  # 5 % {a}\n\n)\n/ $__interval", "a\r\n+ b"])
def test_a_query_in_a_cell_arrives_byte_for_byte(ask, shell, server, query):
    shell.user_ns.update(a=1, __rate_interval="RI", job="J")
    ask(f"%%promql\n{query}\n")
    ask(f"%%promql --last 5m\n\n{query}")
    assert server.queries == [query, query]


def test_ipython_would_have_changed_them(shell):
    # The failure of others (their magics lack no_var_expand), without which the tests above would prove nothing.
    shell.user_ns.update(a=1, __rate_interval="RI", job="J")
    expanded = [shell.var_expand(query) for query in QUERIES[1:4]]
    assert expanded == ["rate(h1[5m])", "x[RI]", "sum(upJ) by (J)"]


# Results


def test_an_instant_query_gives_a_frame_of_the_contract(ask, server):
    frame = ask("%promql up")
    assert frame.loc[("up", "a"), "value"] == 1.0
    assert frame.index.names == ["__name__", "job"]
    assert server.asked[-1][0] == "/api/v1/query"


@pytest.mark.parametrize("options", ["--last 5m", "--start now-1h", "--end now", "--step 15s"])
def test_an_option_of_a_range_makes_it_a_range_query(ask, server, options):
    server.ranged = matrix()
    assert isinstance(ask(f"%promql {options} up").index, pd.DatetimeIndex)
    assert server.asked[-1][0] == "/api/v1/query_range"


def test_times_arrive_as_they_were_given(ask, shell, server):
    shell.user_ns["begin"] = pd.Timestamp(1_700_000_000, unit="s", tz="UTC")
    ask("%promql --start {{begin}} --end 1700000060.5 --step=500ms up")
    ask("%promql --at 2023-11-14T22:13:20Z up")
    ranged, instant = (params for path, params in server.asked if path.startswith("/api/v1/query"))
    assert [float(ranged[name]) for name in ("start", "end", "step")] == [1_700_000_000, 1_700_000_060.5, 0.5]
    assert float(instant["time"]) == 1_700_000_000


def test_a_frame_can_be_kept_under_a_name_in_each_way(ask, shell):
    assert ask("x = %promql up") is None
    shown = ask("%promql --as y up")
    assert ask("%%promql\nz = up") is None
    assert shown is shell.user_ns["y"]
    for name in "xyz":
        assert shell.user_ns[name].attrs["query"] == "up"


def test_a_cell_holds_several_queries_and_shows_those_without_a_name(ask, server, published):
    server.instant = vector(({"job": ODD}, 1))
    last = ask('%%promql\n# comment\none = sum(\n  up\n)\nup\n\ndown{a="b"}\ntwo = vector(1)\n\nlast')
    assert server.queries == ["sum(\n  up\n)", "up", 'down{a="b"}', "vector(1)", "last"]
    assert last.attrs["query"] == "last"
    frames = [data["text/html"] for data in published if "dataframe" in data.get("text/html", "")]
    assert len(frames) == 2
    assert all(ODD not in html and "&lt;img src=x" in html for html in frames)


def test_tidy_and_legend_shape_the_frame(ask):
    assert ask("%promql --tidy up").columns.to_list() == ["__name__", "job", "value"]
    assert ask('%promql --legend "{{job}} of {{__name__}}" up').index.to_list() == ["a of up"]


SPAN = "--start 1700000000 --end 1700000060 --step 15s"


@pytest.mark.parametrize(
    "cell",
    [
        "%promql --cache {{kept}} {span} up",
        "%%promql {span} --cache '{folder}'\nup\n",
        "%%promql --cache={{kept}} {span}\nf = up",
    ],
)
def test_a_range_with_a_cache_is_asked_for_once(ask, shell, server, published, tmp_path, cell):
    server.ranged = matrix(({"job": "a"}, [(1_700_000_000, 1), (1_700_000_060, 2)]))
    shell.user_ns["kept"] = tmp_path
    cell = cell.replace("{span}", SPAN).replace("{folder}", str(tmp_path))
    first, again = (shell.user_ns["f"] if ask(cell) is None else shell.user_ns["_"] for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert (first.attrs["cache"]["asked_steps"], again.attrs["cache"]["reused_steps"]) == (5, 5)
    assert server.queries == ["up"]
    if "f =" not in cell:
        assert "cache: 5 of 5 steps were there" in published[-1]["text/plain"]


def test_a_folder_that_is_none_is_told_in_a_line(ask, server, tmp_path):
    (tmp_path / "file").write_text("")
    assert f"cache: {tmp_path}/file is a file; name a folder" in ask(f"%promql --last 1m --cache {tmp_path}/file up")
    assert "cache: 3 is no path" in ask("x = 3\n%promql --last 1m --cache {{x}} up")
    assert server.queries == []


def test_plot_gives_a_picture_and_as_keeps_its_frame(ask, shell, server):
    server.ranged = matrix(({"job": ODD}, [(1_700_000_000, 1)]), ({"job": "b"}, [(1_700_000_000, 2)]))
    picture = ask("%promql --plot --as df --start 1700000000 --end 1700000060 --step 15s rate(x_seconds_sum[1m])")
    assert isinstance(picture, Picture)
    assert shell.user_ns["df"].shape == (5, 2)
    shown = shell.display_formatter.format(picture)[0]
    assert shown["text/plain"].startswith("rate(x_seconds_sum[1m])\n")
    assert "image/png" in shown
    assert "text/html" not in shown


def test_with_plot_named_queries_show_their_pictures_too(ask, shell, published):
    picture = ask("%%promql --plot\none = up\n\ntwo = down")
    assert picture.title == "two"
    assert ask("%promql --plot --as df down").title == "down"
    assert [isinstance(shell.user_ns[name], pd.DataFrame) for name in ("one", "two")] == [True, True]
    assert sum("image/png" in data for data in published) == 1


def test_a_first_line_may_hold_the_beginning_of_the_query(ask, server):
    ask("%%promql sum(\nup)")
    assert server.queries == ["sum(\nup)"]


# What stands under a result


def test_the_link_stands_under_a_shown_result_only(ask, published):
    ask("%promql up")
    (below,) = published
    assert "/query?g0.expr=up&g0.show_tree=0&g0.tab=table" in unescape(below["text/html"])
    assert below["text/plain"].startswith("Open in Prometheus: http://127.0.0.1:")
    ask("x = %promql up")
    ask("%%promql\nx = up")
    ask("x")
    assert len(published) == 1


def test_what_the_server_remarks_stands_there_as_text(ask, server, published):
    server.instant = vector(({}, 1), warnings=[ODD], infos=["no counter"])
    with warnings.catch_warnings(record=True) as issued:
        ask("%promql up")
    assert issued == []
    assert "<img" not in published[0]["text/html"]
    assert f"warning: {ODD}\ninfo: no counter" in published[0]["text/plain"]


def test_a_query_stays_text_in_the_link(ask, published):
    ask(f"%promql up{{a='\"{ODD}'}}")
    assert "<img" not in published[0]["text/html"]
    assert published[0]["text/html"].count('"') == 10  # of six attributes, two of them in the opening tag


def test_an_engine_without_known_pages_has_no_link(ask, server, published):
    server.build = {}
    ask("%promql up")
    assert published == []


# Which server


def test_the_latest_prometheus_is_asked_before_the_environments(ask, server, monkeypatch):
    monkeypatch.setenv("MONITORKIT_URL", "http://127.0.0.1:1")
    client = PrometheusClient(server.url)
    monkeypatch.setattr(running, "latest", lambda kind: {"prometheus": client}[kind])
    assert len(ask("%promql up")) == 1
    client.close()


def test_an_address_or_a_client_in_the_options_comes_first(ask, shell, server, monkeypatch):
    monkeypatch.setenv("MONITORKIT_URL", "http://127.0.0.1:1")
    with PrometheusClient(server.url) as client:
        shell.user_ns["other"] = client
        assert len(ask("%promql --url {{other}} up")) == 1
        assert len(ask(f"%promql --url {server.url} up")) == 1


# Variables


def test_a_variable_is_quoted_for_its_place(ask, shell, server):
    shell.user_ns.update(job='a"} or vector(1) #', window="5m", jobs=["x|y", "z"], q=Query("rate(x[1m])"), k=3)
    ask("%promql topk({{k}}, rate(up{job={{job}}}[{{window}}]))")
    ask("%promql {{q}} / up{job=~{{jobs}}}")
    assert server.queries == [
        'topk(3, rate(up{job="a\\"} or vector(1) #"}[5m]))',
        '(rate(x[1m])) / up{job=~"x\\\\|y|z"}',
    ]


# What goes wrong: one message, no traceback, and the next cell runs


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%promql", "there is no query"),
        ("%%promql --last 5m\n# nothing\n", "there is no query"),
        ("%promql --lst 5m up", "no option --lst; did you mean --last?"),
        ("%promql --last", "--last needs a value"),
        ("%promql --last 5x up", "'5x' is no duration"),
        ("%promql --last 5m --start now up", "give one of them, not both"),
        ("%promql --at now --last 5m up", "--at asks for one moment, --last for a range of time"),
        ("%promql --at yesterday up", "'yesterday' is no time"),
        ("%promql --as 2x up", "'2x' is no name of a variable"),
        ("%promql --as class up", "'class' is a word of Python"),
        ("%%promql --as x\na\n\nb", "there are 2 queries here"),
        ("%%promql --as x\ny = a", "the query has the name y already"),
        ("%promql up --plot", "--plot stands behind the query"),
        ("%%promql\nup\n--last 5m", "--last stands behind the query"),
        ("%promql up == {{nothing}}", "{{nothing}}: there is no variable nothing"),
        ("%promql {{frame}}", "{{frame}}: a DataFrame cannot stand in a query; use a text"),
        ("%promql up{job='{{window}}'}", "{{window}} stands in quotes"),
        ("%%promql\nfor = up", "'for' is a word of Python"),
        ("%%promql\na = \nb = up", "a =: no query follows"),
        ("%promql --url ftp://x up", "no address of a server"),
        ("%promql --url http://127.0.0.1:1 up", "nothing listens there"),
    ],
)
def test_a_mistake_is_said_in_one_line(ask, shell, server, cell, message):
    shell.user_ns.update(frame=pd.DataFrame({"a": [1]}), window="5m")
    said = ask(cell)
    assert message in said
    assert len(said.strip().splitlines()) == 1
    assert server.queries == []
    assert len(ask("%promql up")) == 1


def test_a_query_that_the_server_refuses_gets_our_caret_and_suggestion(ask, server):
    server.instant = refusal('invalid parameter "query": 1:5: parse error: unknown function with name "rat"')
    said = ask("%promql sum(rat(up[5m]))")
    assert said.splitlines() == [
        "PromQLError: parse error: unknown function 'rat'; did you mean 'rate'?",
        "  sum(rat(up[5m]))",
        "      ^",
    ]


def test_what_the_servers_version_lacks_is_told(ask, server):
    server.build = server.build | {"version": "2.42.0"}
    server.instant = refusal("parse error: unexpected string")
    assert "a quoted name needs Prometheus 3.0 or newer; this is for 2.42" in ask('%promql {"a.b"}')


def test_what_only_the_server_understands_is_not_refused(ask, server):
    assert len(ask("%promql rate(x) keep_metric_names")) == 1


def test_the_servers_own_words_stand_where_the_query_is_valid(ask, server):
    server.ranged = refusal('invalid expression type "range vector" for range query')
    assert "bad_data: invalid expression type" in ask("%promql --last 5m up[5m]")


def test_a_mistake_is_told_before_a_server_that_does_not_answer(ask):
    assert "PromQLError: parse error: unclosed" in ask("%promql --url http://127.0.0.1:1 sum(up")


def test_queries_before_a_wrong_one_are_done(ask, shell, server):
    assert "{{nothing}}" in ask("%%promql\na = up\n\nb = up == {{nothing}}")
    assert "a" in shell.user_ns
    assert "b" not in shell.user_ns


def test_help_lists_every_option(shell, capsys):
    shell.run_cell("%promql --help")
    printed = capsys.readouterr().out
    assert all(option in printed for option in ("--last DURATION", "--legend TEXT", "--plot"))
    assert shell.find_line_magic("promql").__doc__ in printed
