"""Queries that are right and wrong, and real Prometheus servers to ask."""

import importlib.util
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import prometheus_server
import pytest

from monitorkit.promql import Dialect, parse

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "../shared"
FLAGS = ("promql-experimental-functions", "promql-duration-expr")


@dataclass(frozen=True)
class Case:
    """A query of valid.tsv or invalid.tsv: whether 2.42 takes it, 3.5, and 3.5 with the flags above."""

    query: str
    accepted: frozenset


def cases(name):
    """Queries of a file: servers that take each, a tab, the query with ⏎ for a line feed."""
    lines = (HERE / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t", 1) for line in lines if "\t" in line]
    return [Case(query.replace("⏎", "\n"), frozenset(servers.split()) - {"-"}) for servers, query in rows]


VALID, INVALID = cases("valid"), cases("invalid")


@pytest.fixture(scope="session")
def valid():
    return VALID


@pytest.fixture(scope="session")
def invalid():
    return INVALID


@pytest.fixture(scope="session")
def dashboards():
    """Expressions of public dashboards, their variables filled in naively."""
    folder, naive = SHARED / "corpora/grafana", SHARED / "prototypes/grafana/interpolate.py"
    if not folder.is_dir() or not naive.is_file():
        pytest.skip("no reference data: no corpus of dashboards beside the repository")
    spec = importlib.util.spec_from_file_location("interpolate", naive)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = set()
    for file in sorted(folder.rglob("*.json")):
        found.update(module.interp(text) for text in expressions(json.loads(file.read_text(encoding="utf-8"))))
    assert len(found) > 1000
    return sorted(found)


def expressions(document):
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        if key == "expr" and isinstance(value, str):
            yield value
        elif isinstance(value, (dict, list)):
            yield from expressions(value)


class Server:
    """A running Prometheus and the dialect that it says it speaks."""

    def __init__(self, url, flags):
        self.url = url
        self.flags = flags
        self.version = self.ask("status/buildinfo")["data"]["version"]
        self.dialect = Dialect.of(self.version, flags)

    def ask(self, path, **params):
        body = urllib.parse.urlencode(params).encode() if params else None
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}", data=body, timeout=20) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)

    def accepts(self, query):
        return self.ask("format_query", query=query)["status"] == "success"

    def parse(self, query):
        return parse(query, version=self.version, features=self.flags)


@pytest.fixture(
    scope="session",
    params=[(path, flags) for path in prometheus_server.binaries() for flags in ((), FLAGS)] or [None],
    ids=lambda param: "none" if param is None else f"{param[0]}{'+flags' if param[1] else ''}",
)
def server(request, tmp_path_factory):
    """A real Prometheus: each binary, without and with what is experimental."""
    if request.param is None:
        pytest.skip("no prometheus on PATH and none in MONITORKIT_TEST_PROMETHEUS")
    binary, flags = request.param
    folder = tmp_path_factory.mktemp("prometheus")
    features = [f"--enable-feature={','.join(flags)}"] if flags else []
    process, url = prometheus_server.start(binary, folder, "global: {}\n", *features)
    try:
        yield Server(url, flags)
    finally:
        process.stop()
