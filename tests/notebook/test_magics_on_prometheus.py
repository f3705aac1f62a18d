"""The magics against real servers."""

import urllib.error
import urllib.request

import prometheus_server
import pytest
from ipython_shell import extension_loaded, ipython_shell

from monitorkit.dashboards.drawing import Picture


@pytest.fixture(scope="module", params=prometheus_server.binaries() or [None], ids=str)
def url(request, tmp_path_factory):
    if request.param is None:
        pytest.skip("no prometheus on PATH and none in MONITORKIT_TEST_PROMETHEUS")
    process, url = prometheus_server.start(request.param, tmp_path_factory.mktemp("prometheus"), "global: {}\n")
    yield url
    process.stop()


@pytest.fixture(scope="module")
def ipython():
    with ipython_shell() as shell:
        yield shell


@pytest.fixture
def ask(ipython, url, monkeypatch, capsys):
    """Run a cell; its value, or what it printed where it failed."""
    monkeypatch.setenv("MONITORKIT_URL", url)
    with extension_loaded(ipython) as shell:

        def run(cell):
            capsys.readouterr()
            done = shell.run_cell(cell)
            return done.result if done.success else "".join(capsys.readouterr())

        yield run


def test_frames_and_pictures_come_back(ask):
    frame = ask("%promql --last 1m --step 5s vector(0.5) * vector(2)")
    assert frame.shape == (13, 1)
    assert (frame == 1).all(axis=None)
    assert isinstance(ask("%promql --plot --last 1m vector(1)"), Picture)
    assert "no data" in ask("%promql --plot --last 1m nothing").text


@pytest.mark.parametrize(
    ("query", "message", "caret"),
    [
        ("sum(rat(up[5m]))", "unknown function 'rat'; did you mean 'rate'?", 4),
        ("x[$__rate_interval]", "a template variable must be replaced before the query is sent", 2),
        ("up{job}", "after the label job", 6),
        ("sum(up", "unclosed parenthesis", 3),
    ],
)
def test_what_the_server_refuses_is_told_by_our_parser(ask, query, message, caret):
    first, shown, mark = ask(f"%promql {query}").splitlines()
    assert first.startswith("PromQLError: parse error: ")
    assert message in first
    assert shown == f"  {query}"
    assert mark == " " * (caret + 2) + "^"


def test_what_our_parser_cannot_know_is_told_by_the_server(ask):
    said = ask("%promql --last 5m up[5m]")
    assert said.startswith("QueryError: bad_data: invalid expression type")
    assert len(said.splitlines()) == 3


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_link_leads_to_pages_of_the_server(ask, ipython, url, monkeypatch):
    published = []
    monkeypatch.setattr(ipython.display_pub, "publish", lambda data, **_: published.append(data))
    ask("%promql --last 5m up / 2")
    link = published[0]["text/plain"].removeprefix("Open in Prometheus: ")
    assert link.startswith((f"{url}/graph?g0.expr=up%20%2F%202&", f"{url}/query?g0.expr=up%20%2F%202&"))
    if "/graph?" in link:
        status, body = fetch(link)
        # Debian's build finds its pages only where its package is installed; the address is right all the same.
        assert status == 200 or (status == 500 and "no such file" in body)
