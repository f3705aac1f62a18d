"""Real Prometheus servers with a history that is known to the sample, and a server that misbehaves on demand."""

import json
import socket
import threading
import urllib.parse
import urllib.request
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import engines
import prometheus_server
import pytest
from remote_writing import STALE_NAN, histogram, remote_write, sample, series
from written_history import T0, openmetrics

import monitorkit as mk
from monitorkit import running
from monitorkit.processes import run, wait_until
from monitorkit.query import PrometheusClient

NATIVE = T0 + 86_400_000  # ms; where its native histograms begin


@pytest.fixture(autouse=True)
def _nothing_stays_current():
    """Let no recording or connection of one test be what the queries of another are sent to."""
    before = set(mk.status()["url"])
    yield
    for kind, name, url in mk.status()[["kind", "name", "url"]].itertuples(index=False):
        if url not in before:
            running.known(kind, name).stop()


@pytest.fixture(scope="session", params=prometheus_server.binaries() or [None], ids=str)
def prometheus_binary(request):
    """Run the test once for each Prometheus program there is."""
    if request.param is None:
        pytest.skip("no prometheus on PATH and none in MONITORKIT_TEST_PROMETHEUS")
    return request.param


@pytest.fixture(scope="session")
def start_server(tmp_path_factory):
    """Start a Prometheus on a free port: ``start_server(binary, config, *arguments) -> url``; ended with the session."""
    running = []

    def start(binary, config, *arguments, data=None):
        folder = tmp_path_factory.mktemp("prometheus")
        process, url = prometheus_server.start(
            binary, folder, config, "--storage.tsdb.retention.time=100y", *arguments, data=data
        )
        running.append(process)
        return url

    yield start
    for process in running:
        process.stop()


@pytest.fixture(scope="session")
def history(prometheus_binary, start_server, tmp_path_factory):
    """Client of a Prometheus that scrapes nothing and holds the history, its native histograms included."""
    folder = tmp_path_factory.mktemp("history")
    (folder / "history.txt").write_text(openmetrics(), encoding="utf-8")
    promtool = prometheus_binary.with_name("promtool")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", folder / "history.txt", folder / "data"]
    written = run(command, timeout_seconds=60)
    assert written.returncode == 0, written.output
    url = start_server(
        prometheus_binary,
        "global: {}\n",
        "--enable-feature=native-histograms",
        "--web.enable-remote-write-receiver",
        data=folder / "data",
    )
    remote_write(url, native_series())
    with PrometheusClient(url) as client:
        yield client


@pytest.fixture(scope="session")
def live(prometheus_binary, start_server, tmp_path_factory):
    """Client of a Prometheus with a target that is up, one that is down, an alert that fires and one that waits."""
    rules = tmp_path_factory.mktemp("rules") / "rules.yml"
    rules.write_text(json.dumps({"groups": [{"name": "test", "interval": "1s", "rules": RULES}]}), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as dead:
        # Bound, listening to nobody once closed: the target that is down.
        nobody = f"127.0.0.1:{dead.getsockname()[1]}"
    with faulty_server() as target:
        target.behave = lambda handler: answer(handler, 200, b"up_and_well 1\n", "text/plain; version=0.0.4")
        config = {
            "global": {"scrape_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": [
                {"job_name": "ai_model", "static_configs": [{"targets": [target.url.removeprefix("http://")]}]},
                {"job_name": "dead", "static_configs": [{"targets": [nobody]}]},
            ],
        }
        with PrometheusClient(start_server(prometheus_binary, json.dumps(config))) as client:
            yield client


RULES = [
    {
        "alert": "Fires",
        "expr": "vector(2.5)",
        "labels": {"severity": "page", "name": "clash"},
        "annotations": {"summary": "<b>it fires</b>"},
    },
    {"alert": "Waits", "expr": "vector(1)", "for": "1h"},
]


# What Prometheus' API says, decoded by the plainest route: json, with numbers kept as decimal text.


@pytest.fixture
def plain_answer():
    """Ask a server without the code under test: ``plain_answer(client, path, **params) -> data``."""

    def ask(client, path, **params):
        url = f"{client.url}/api/v1/{path}?{urllib.parse.urlencode(params)}"
        with urllib.request.urlopen(url, timeout=30) as response:
            return json.loads(response.read(), parse_float=Decimal)["data"]

    return ask


def native_series():
    """Series with native histograms, one that also holds a plain number, one without buckets, and a stale one."""
    full = {"count": 6, "total": 10.5, "zeros": 1, "deltas": (2, 1)}
    return b"".join(
        [
            series({"__name__": "native", "job": "a"}, histogram(NATIVE, **full)),
            series({"__name__": "native", "job": "b"}, histogram(NATIVE, count=0, total=0.0)),
            series({"__name__": "native", "job": "c"}, sample(NATIVE, 42.0)),
            series({"__name__": "gone"}, sample(NATIVE, 1.0), sample(NATIVE + 10_000, STALE_NAN)),
        ]
    )


# A server that misbehaves on demand.


class FaultyServer(ThreadingHTTPServer):
    """Answers each request with ``behave(handler)``; ``requests`` holds what was asked."""

    daemon_threads = True
    behave = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.requests = []
        self.bodies = []
        self.released = threading.Event()

    def handle_error(self, request, client_address):
        """A client that hangs up in the middle is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        self.server.bodies.append(body)
        self.form = dict(urllib.parse.parse_qsl(body or urllib.parse.urlsplit(self.path).query))
        # One handler serves all requests of a connection: what is kept is a copy.
        kept = ("command", "path", "headers", "form", "client_address")
        self.server.requests.append(SimpleNamespace(**{name: getattr(self, name) for name in kept}))
        self.server.behave(self)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *args):
        pass


class faulty_server:  # noqa: N801 - used as a function
    """A faulty server as a context manager."""

    def __enter__(self):
        self.server = FaultyServer()
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        return self.server

    def __exit__(self, *_):
        self.server.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def answer(handler, status, body, content_type="application/json", **headers):
    """Send one complete answer."""
    handler.send_response(status)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def faulty():
    """Server that a test tells how to answer: ``faulty.behave = lambda handler: ...``; closed after the test."""
    with faulty_server() as server:
        server.answer = answer
        yield server


# All engines with the same history.


@pytest.fixture(scope="session")
def every_engine(tmp_path_factory):
    """Clients by name of the engine, as ``Prometheus 3.5``; each has the history and scrapes the same target."""
    programs = engines.programs()
    running, clients = [], {}
    with faulty_server() as target:
        kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        target.behave = lambda handler: answer(handler, 200, engines.EXPOSED.encode(), kind)
        try:
            for program in programs:
                folder = tmp_path_factory.mktemp("engine")
                process, url = program.start(folder, target.url.removeprefix("http://"))
                running.append(process)
                clients[str(program)] = PrometheusClient(url)
            for client in clients.values():
                assert wait_until(lambda client=client: len(client.query("work_seconds_sum")) == 1, timeout_seconds=60)
            yield clients
        finally:
            for client in clients.values():
                client.close()
            for process in running:
                process.stop()


@pytest.fixture(params=map(str, engines.programs()))
def engine_name(request):
    """Run the test once for each engine."""
    return request.param


@pytest.fixture
def engine(every_engine, engine_name):
    """Client of one engine."""
    return every_engine[engine_name]
