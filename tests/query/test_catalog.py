import gc
import json
import time
import weakref

import pytest

from monitorkit import processes
from monitorkit.promql import LabelMatcher
from monitorkit.promql.cursor.known import Metadata
from monitorkit.query import PrometheusClient, answers
from monitorkit.query.catalog import Catalog

RULES = {"groups": [{"name": "g", "interval": "1s", "rules": [{"record": "job:up:sum", "expr": "sum by (job) (up)"}]}]}


@pytest.fixture(scope="session")
def own(prometheus_binary, start_server, tmp_path_factory):
    """Client of a Prometheus that scrapes itself and records a rule."""
    rules = tmp_path_factory.mktemp("own") / "rules.yml"
    rules.write_text(json.dumps(RULES), encoding="utf-8")
    config = {
        "global": {"scrape_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "itself", "static_configs": [{"targets": ["127.0.0.1:0"]}]}],
    }
    # A port is known only once the server runs, so it is told of itself by a file.
    targets = rules.with_name("targets.json")
    del config["scrape_configs"][0]["static_configs"]
    config["scrape_configs"][0]["file_sd_configs"] = [{"files": [str(targets)], "refresh_interval": "1s"}]
    url = start_server(prometheus_binary, json.dumps(config))
    targets.write_text(json.dumps([{"targets": [url.removeprefix("http://")]}]), encoding="utf-8")
    with PrometheusClient(url) as client:
        assert processes.wait_until(lambda: len(client.query("job:up:sum")) == 1, timeout_seconds=60)
        yield client


def patient(client):
    return Catalog(client).within(20)


def test_all_metrics_are_known(history, plain_answer):
    names = plain_answer(history, "label/__name__/values")
    assert list(patient(history).metrics()) == sorted(names, key=str.lower)
    assert "special" in names


def test_labels_are_those_of_the_metric(history):
    catalog = patient(history)
    assert list(catalog.labels("special")) == ["__name__", "n"]
    assert list(catalog.labels("holes")) == ["__name__"]
    assert {"n", "path", "instance", "timestamp"} <= set(catalog.labels())
    assert list(catalog.labels("no_such_metric")) == []


def test_values_are_those_of_the_metric(history):
    catalog = patient(history)
    assert list(catalog.values("n", "special")) == [str(n) for n in range(8)]
    assert list(catalog.values("job", "special")) == []
    assert set(catalog.values("job")) >= {"ai_model", "a", "b", "c"}


def test_values_respect_matchers(history):
    catalog = patient(history)
    assert list(catalog.values("job", "native", [LabelMatcher("job", "!=", "a")])) == ["b", "c"]
    assert list(catalog.values("job", "native", [LabelMatcher("job", "=~", "a|c")])) == ["a", "c"]
    assert list(catalog.values("__name__", None, [LabelMatcher("job", "=", "b")])) == ["native"]
    assert list(catalog.labels(None, [LabelMatcher("path", "!=", "")])) == ["__name__", "path"]


def test_text_from_outside_cannot_change_what_is_asked(history):
    catalog = patient(history)
    path = 'it\'s "ü" 日本\\ & # + %\n'
    assert list(catalog.values("path", "odd")) == [path]
    assert list(catalog.values("__name__", None, [LabelMatcher("path", "=", path)])) == ["odd"]
    assert list(catalog.labels('special"} or {a="b')) == []


def test_matchers_that_the_server_refuses_are_not_known_and_harm_nothing_else(history):
    catalog = patient(history)
    assert catalog.values("n", "special", [LabelMatcher("n", "=~", "(")]) is None
    assert catalog.labels(None, [LabelMatcher("n", "=~", ".*")]) is None  # matches all series: refused
    assert list(catalog.labels("special")) == ["__name__", "n"]


def test_metadata_tells_type_and_help(own, plain_answer):
    said = plain_answer(own, "metadata", metric="prometheus_http_requests_total")["prometheus_http_requests_total"][0]
    found = patient(own).metadata("prometheus_http_requests_total")
    assert found == Metadata("counter", said["help"], "")
    assert found.help


@pytest.mark.parametrize("suffix", ["_bucket", "_count", "_sum", ""])
def test_a_histogram_is_described_under_each_of_its_names(own, suffix):
    found = patient(own).metadata(f"prometheus_http_request_duration_seconds{suffix}")
    assert (found.type, found.help) == ("histogram", "Histogram of latencies for HTTP requests.")


def test_a_summary_has_no_buckets(own):
    assert patient(own).metadata("go_gc_duration_seconds_sum").type == "summary"
    assert patient(own).metadata("go_gc_duration_seconds_bucket") == Metadata()


def test_a_recording_rule_is_described_by_its_query(own):
    found = patient(own).metadata("job:up:sum")
    assert found.type == "recording rule"
    assert found.help.replace("by(", "by (") == "sum by (job) (up)"
    assert patient(own).metadata("job:no_such_rule") == Metadata()


def test_what_prometheus_makes_itself_is_described_here(own):
    catalog = patient(own)
    made = {"up", "ALERTS", *(name for name in own.label_values("__name__") if name.startswith("scrape_"))}
    assert len(made) > 4
    assert [name for name in made if not catalog.metadata(name).help] == []


def test_series_are_counted(own, history):
    n_series = len(own.query("prometheus_tsdb_head_chunks"))
    assert patient(own).n_series("prometheus_tsdb_head_chunks") == n_series == 1
    assert patient(history).n_series("special") == 0  # its samples are years old


def test_the_version_is_the_servers(own):
    catalog = patient(own)
    assert processes.wait_until(catalog.version, timeout_seconds=20)
    assert catalog.version() == own.version


# Servers that misbehave


@pytest.fixture
def catalog(faulty):
    with PrometheusClient(faulty.url) as client:
        yield Catalog(client)


def says(faulty, data):
    """Let a server answer each path with its data; other paths are not there."""

    def behave(handler):
        path = handler.path.partition("?")[0].removeprefix("/api/v1/")
        if path in data:
            faulty.answer(handler, 200, json.dumps({"status": "success", "data": data[path]}).encode())
        else:
            faulty.answer(handler, 404, b"404 page not found", "text/plain")

    faulty.behave = behave


def every_question(catalog):
    return [
        catalog.metrics(),
        catalog.labels(),
        catalog.labels("up"),
        catalog.values("job", "up"),
        catalog.n_series("up"),
        catalog.version(),
        catalog.metadata("up_total"),
        catalog.metadata("a:b"),
    ]


UNKNOWN = [None, None, None, None, None, "", Metadata(), Metadata()]


def test_a_server_that_hangs_is_not_waited_for(faulty, catalog):
    faulty.behave = lambda handler: faulty.released.wait(20)
    began = time.monotonic()
    assert every_question(catalog) == UNKNOWN
    assert time.monotonic() - began < 0.1
    began = time.monotonic()
    assert every_question(catalog.within(0.05)) == UNKNOWN
    assert time.monotonic() - began < 0.3


def test_a_server_that_is_not_there_is_asked_once(faulty):
    def hang_up(handler):
        handler.close_connection = True
        handler.connection.close()

    faulty.behave = hang_up
    with PrometheusClient(faulty.url) as client:
        catalog = Catalog(client).within(20)
        assert every_question(catalog) == UNKNOWN
        asked = len(faulty.requests)
        for _ in range(3):
            assert every_question(catalog) == UNKNOWN
    assert asked == len(faulty.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>login</html>",
        b'{"status":"success","data":null}',
        b'{"status":"success","data":"text"}',
        b'{"status":"success","data":[[1]]}',
        b'{"status":"success","data":{"up_total":[],"x":7,"a:b":[3]}}',
        b'{"status":"success","data":{"up_total":{"0":1},"groups":[{"rules":[{"type":"recording"}]}]}}',
        b'{"status":"error","errorType":"internal","error":"no"}',
        b'{"status":"success","data":{"result":[{}],"version":[],"groups":"x"}}',
    ],
)
def test_nonsense_is_no_answer(faulty, catalog, body):
    faulty.behave = lambda handler: faulty.answer(handler, 200, body)
    found = every_question(catalog.within(20))
    assert found[-2:] == UNKNOWN[-2:]
    assert found[4] is None


def test_an_end_point_that_is_not_there_harms_no_other(faulty, catalog):
    says(faulty, {"label/__name__/values": ["up", "x"]})
    patient = catalog.within(20)
    assert patient.metadata("x") == Metadata()
    assert list(patient.metrics()) == ["up", "x"]


def test_victoriametrics_is_understood(faulty, catalog):
    """Answers of victoria-metrics 1.79: no build information, no metadata."""
    says(faulty, {"label/__name__/values": ["up"], "status/buildinfo": {}, "metadata": {}, "labels": ["job"]})
    patient = catalog.within(20)
    assert list(patient.metrics()) == ["up"]
    assert patient.metadata("up").type == "gauge"
    assert list(patient.labels("up")) == ["job"]
    assert patient.version() == ""


def test_openmetrics_counters_are_described_without_their_suffix(faulty, catalog):
    said = {"type": "counter", "help": "Requests.", "unit": "requests"}
    says(faulty, {"metadata": {"requests": [said], "load": [{"type": "gauge", "help": "", "unit": ""}]}})
    patient = catalog.within(20)
    assert patient.metadata("requests_total") == Metadata("counter", "Requests.", "requests")
    assert patient.metadata("requests_created").type == "counter"
    assert patient.metadata("load_total") == Metadata()


def test_new_metrics_are_seen_when_the_names_have_grown_old(faulty, catalog, monkeypatch):
    monkeypatch.setattr(answers, "FRESH_SECONDS", 0)
    monkeypatch.setattr(answers, "REST_FACTOR", 0)
    says(faulty, {"label/__name__/values": ["old"]})
    assert list(catalog.within(20).metrics()) == ["old"]
    says(faulty, {"label/__name__/values": ["old", "new"]})
    assert processes.wait_until(lambda: list(catalog.metrics()) == ["new", "old"], timeout_seconds=20)


def test_names_that_stayed_the_same_are_not_read_again(faulty, catalog, monkeypatch):
    monkeypatch.setattr(answers, "FRESH_SECONDS", 0)
    monkeypatch.setattr(answers, "REST_FACTOR", 0)
    says(faulty, {"label/__name__/values": ["up"]})
    before = catalog.within(20).metrics()

    def asked_again():
        assert catalog.metrics() is before
        return len(faulty.requests) > 3

    assert processes.wait_until(asked_again, timeout_seconds=20)


def test_nothing_is_asked_twice_while_it_is_fresh(faulty, catalog):
    says(faulty, {"label/__name__/values": ["up"], "metadata": {}})
    for _ in range(3):
        catalog.within(20).metrics()
        catalog.within(20).metadata("up")
    assert sorted(request.path.partition("?")[0] for request in faulty.requests) == [
        "/api/v1/label/__name__/values",
        "/api/v1/metadata",
    ]


def test_warming_asks_once_for_what_completion_needs_first(faulty, catalog):
    says(faulty, {"label/__name__/values": ["up"], "metadata": {}, "status/buildinfo": {}})
    catalog.warm()
    assert processes.wait_until(lambda: len(faulty.requests) == 3, timeout_seconds=20)
    assert list(catalog.within(20).metrics()) == ["up"]
    catalog.warm()
    assert len(faulty.requests) == 3


def test_a_client_has_one_catalog_and_takes_it_along(faulty):
    client = PrometheusClient(faulty.url)
    catalog = Catalog.of(client)
    assert Catalog.of(client) is catalog
    assert Catalog.of(PrometheusClient(faulty.url)) is not catalog
    gone = weakref.ref(client)
    client.close()
    del client
    gc.collect()
    assert gone() is None
    assert catalog.within(20).metrics() is None


def test_credentials_go_along(faulty):
    says(faulty, {"label/__name__/values": ["up"]})
    with PrometheusClient(faulty.url, headers={"X-Scope-OrgID": "team"}, auth=("me", "secret")) as client:
        assert list(Catalog(client).within(20).metrics()) == ["up"]
    assert faulty.requests[0].headers["X-Scope-OrgID"] == "team"
    assert faulty.requests[0].headers["Authorization"].startswith("Basic ")


def test_50_000_names_are_known(faulty, catalog):
    names = [f"metric_{i:05}_total" for i in range(50_000)]
    said = {name: [{"type": "counter", "help": f"Help on {name}.", "unit": ""}] for name in names}
    says(faulty, {"label/__name__/values": names, "metadata": said})
    patient = catalog.within(20)
    assert len(patient.metrics()) == 50_000
    assert patient.metadata("metric_40000_total").help == "Help on metric_40000_total."
    began = time.process_time()
    assert patient.metrics().search("metric_4999", 10) == [f"metric_4999{i}_total" for i in range(10)]
    assert time.process_time() - began < 0.1
