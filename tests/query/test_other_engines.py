"""Engines that are not at hand, played from what their documentation and sources say that they answer."""

import json

import pytest

import monitorkit as mk
from monitorkit.errors import InvalidType, QueryError, ServerUnavailable, Unsupported
from monitorkit.query import PrometheusClient, ServerWarning

VECTOR = {"resultType": "vector", "result": []}
NOT_FOUND = (404, b"404 page not found\n", "text/plain; charset=utf-8")
THANOS = {
    "version": "0.37.2",
    "revision": "94b5b95",
    "branch": "HEAD",
    "buildUser": "root",
    "buildDate": "20241211-13:12:54",
    "goVersion": "go1.23.4",
}
MIMIR = {
    "application": "Grafana Mimir",
    "version": "2.14.0",
    "revision": "f6d2f6b",
    "branch": "HEAD",
    "goVersion": "go1.22.7",
    "features": {"ruler_config_api": "true", "query_sharding": "false"},
}


def playing(faulty, answers, *, otherwise=NOT_FOUND):
    """Let the faulty server answer each path below its root with data, or with (status, body, type)."""

    def behave(handler):
        path = handler.path.partition("?")[0].partition("/api/v1/")[2]
        found = answers.get(path, otherwise)
        if not isinstance(found, tuple):
            found = (200, json.dumps({"status": "success"} | found).encode())
        faulty.answer(handler, *found)

    faulty.behave = behave


def asked(faulty, path):
    return [request for request in faulty.requests if path in request.path]


@pytest.fixture
def thanos(faulty):
    playing(
        faulty,
        {
            "status/buildinfo": {"data": THANOS},
            "status/flags": {"data": {"query.replica-label": "[replica]"}},
            "query": {"data": VECTOR, "warnings": ["No StoreAPIs matched for this query"]},
            "series": {"data": [{"__name__": "up"}], "warnings": ["receive series from store-2: EOF"]},
            "labels": {"data": ["__name__"], "warnings": ["receive label names from store-2: EOF"]},
            "rules": {
                "data": {
                    "groups": [
                        {
                            "name": "g",
                            "file": "r.yaml",
                            "interval": 30,
                            "partialResponseStrategy": "ABORT",
                            "lastEvaluation": "2026-01-31T11:00:00.5Z",
                            "rules": [
                                {
                                    "name": "Slow",
                                    "type": "alerting",
                                    "query": "x > 1",
                                    "duration": 60,
                                    "health": "ok",
                                    "alerts": [],
                                    "state": "inactive",
                                    "labels": None,
                                }
                            ],
                        }
                    ]
                }
            },
        },
    )
    with PrometheusClient(faulty.url) as client:
        yield client


def test_thanos_is_told_by_its_version(thanos):
    assert (thanos.engine, thanos.version) == ("Thanos", "0.37.2")
    build = thanos.buildinfo()
    assert (build.engine, build.revision, build.go_version) == ("Thanos", "94b5b95", "go1.23.4")
    assert thanos.flags() == {"query.replica-label": "[replica]"}


def test_a_partial_answer_of_thanos_is_warned_of(thanos):
    with pytest.warns(ServerWarning, match="^No StoreAPIs matched for this query$"):
        assert thanos.query("up").attrs["warnings"] == ["No StoreAPIs matched for this query"]
    with pytest.warns(ServerWarning, match=r"^receive series from store-2: EOF$"):
        assert thanos.series("up").attrs["warnings"] == ["receive series from store-2: EOF"]
    with pytest.warns(ServerWarning, match=r"^receive label names from store-2: EOF$"):
        assert thanos.labels() == ["__name__"]


def test_a_rule_of_thanos_is_a_row_like_any_other(thanos):
    (row,) = thanos.rules().to_dict("records")
    assert (row["group"], row["name"], row["state"], row["for_seconds"]) == ("g", "Slow", "inactive", 60.0)
    assert (row["interval_seconds"], row["labels"], row["n_alerts"]) == (30.0, {}, 0)


def test_an_old_thanos_has_no_status_of_its_database_and_no_formatter(thanos, faulty):
    with pytest.raises(Unsupported, match=r"\(Thanos 0.37.2\): this server has no status of its database; query topk"):
        thanos.tsdb_status()
    with pytest.warns(ServerWarning, match="monitorkit formatted the query by itself"):
        assert thanos.format_query("sum(up)by(job)") == "sum by (job) (up)"
    for _ in range(2):
        with pytest.raises(Unsupported, match="status of its database"):
            thanos.tsdb_status()
    assert len(asked(faulty, "status/tsdb")) == 1


def test_a_newer_thanos_has_one_status_for_each_tenant(faulty):
    stats = {"headStats": {"numSeries": 5}, "seriesCountByMetricName": [{"name": "up", "value": 5}]}
    playing(faulty, {"status/buildinfo": {"data": THANOS}, "status/tsdb": {"data": [{"tenant": "a", **stats}]}})
    with PrometheusClient(faulty.url) as client:
        status = client.tsdb_status()
    assert (status.n_series, status.metrics.to_numpy().tolist()) == (5, [["up", 5]])


@pytest.fixture
def mimir(faulty):
    playing(
        faulty,
        {
            "status/buildinfo": {"data": MIMIR},
            "query": {"data": VECTOR},
            "labels": {"data": ["__name__"]},
            "format_query": {"data": "1 + 1"},
            "metadata": {"data": {"up": [{"type": "gauge", "help": "h", "unit": ""}]}},
        },
    )
    with PrometheusClient(f"{faulty.url}/prometheus", tenant="team-a") as client:
        yield client


def test_mimir_is_asked_below_its_prefix_for_a_tenant(mimir, faulty):
    assert (mimir.engine, mimir.version) == ("Grafana Mimir", "2.14.0")
    assert mimir.buildinfo().features == {"ruler_config_api": "true", "query_sharding": "false"}
    assert mimir.format_query("1+1") == "1 + 1"
    assert mimir.metadata().to_numpy().tolist() == [["up", "gauge", "h", ""]]
    assert mimir.labels(last="1h") == ["__name__"]
    assert {request.headers["X-Scope-OrgID"] for request in faulty.requests} == {"team-a"}
    assert all(request.path.startswith("/prometheus/api/v1/") for request in faulty.requests)
    span = {name: float(text) for name, text in faulty.requests[-1].form.items()}
    assert span["end"] - span["start"] == 3600


def test_mimir_has_no_targets(mimir):
    for _ in range(2):
        with pytest.raises(
            Unsupported, match=r"\(Grafana Mimir 2.14.0\): this server has no list of targets; ask the Prom"
        ) as caught:
            mimir.targets()
    assert (caught.value.what, caught.value.server) == ("list of targets", mimir._transport.server)


LABELS = b"""{"label_values_count_total": 9, "label_names_count": 2,
"cardinality": [{"label_name": "le", "label_values_count": 8}, {"label_name": "job", "label_values_count": 1}]}"""
METRICS = b"""{"series_count_total": 30, "labels": [{"label_name": "__name__", "label_values_count": 2, "series_count": 30,
"cardinality": [{"label_value": "up", "series_count": 20}, {"label_value": "x", "series_count": 10}]}]}"""


def test_mimir_counts_by_its_cardinality_api(faulty):
    answers = {"cardinality/label_names": (200, LABELS), "cardinality/label_values": (200, METRICS)}
    playing(faulty, {"status/buildinfo": {"data": MIMIR}, "query": {"data": VECTOR}, **answers})
    with PrometheusClient(faulty.url, tenant="a") as client:
        status = client.tsdb_status(limit=1000)
    assert (status.n_series, status.n_label_pairs, len(status.pairs), len(status.memory)) == (30, 9, 0, 0)
    assert status.metrics.to_numpy().tolist() == [["up", 20], ["x", 10]]
    assert status.labels.to_numpy().tolist() == [["le", 8], ["job", 1]]
    assert asked(faulty, "label_names?")[0].form == {"limit": "500"}
    assert asked(faulty, "label_values?")[0].form == {"limit": "500", "label_names[]": "__name__"}


def test_a_mimir_that_does_not_count_says_what_would_make_it(faulty):
    refusal = b'{"status":"error","errorType":"bad_data","error":"cardinality analysis is disabled for the tenant: a"}'
    answers = {"cardinality/label_names": (400, refusal)}
    playing(faulty, {"status/buildinfo": {"data": MIMIR}, "query": {"data": VECTOR}, **answers})
    with (
        PrometheusClient(faulty.url, tenant="a") as client,
        pytest.raises(
            Unsupported, match=r"no cardinality of labels; start Mimir with -querier\.cardinality-analysis-en"
        ),
    ):
        client.tsdb_status()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"status": "odd"}', b'{"labels": 5}', b'{"labels": [{}]}', b"{"])
def test_a_broken_answer_about_cardinality_is_no_status(faulty, body):
    answers = {"cardinality/label_names": (200, LABELS), "cardinality/label_values": (200, body)}
    playing(faulty, {"status/buildinfo": {"data": MIMIR}, "query": {"data": VECTOR}, **answers})
    with PrometheusClient(faulty.url) as client, pytest.raises(ServerUnavailable, match=r"HTTP 200|another program"):
        client.tsdb_status()


def test_what_mimir_wants_of_a_tenant_is_told(faulty):
    playing(faulty, {}, otherwise=(401, b"no org id", "text/plain"))
    with PrometheusClient(faulty.url) as client, pytest.raises(ServerUnavailable, match="HTTP 401"):
        client.labels()


def test_a_part_that_victoriametrics_does_not_know_is_none_of_it(faulty):
    unknown = (400, b'unsupported path requested: "/select/0/prometheus/api/v1/status/flags"', "text/plain")
    playing(faulty, {"status/buildinfo": {"data": {"version": "2.24.0"}}}, otherwise=unknown)
    with (
        PrometheusClient(f"{faulty.url}/select/0/prometheus") as client,
        pytest.raises(
            Unsupported, match=r"\(VictoriaMetrics\): this server has no list of command-line flags; see how"
        ),
    ):
        client.flags()


def test_a_label_that_a_server_cannot_list_says_nothing_about_others(faulty):
    playing(faulty, {"query": {"data": VECTOR}, "label/job/values": {"data": ["a"]}})
    with PrometheusClient(faulty.url) as client:
        for _ in range(2):
            with pytest.raises(Unsupported, match="has no list of label values; query count by"):
                client.label_values("a/b")
        assert client.label_values("job") == ["a"]


def test_a_prometheus_in_agent_mode_has_no_series(faulty):
    refusal = b'{"status":"error","errorType":"execution","error":"unavailable with Prometheus Agent"}'
    playing(faulty, {}, otherwise=(422, refusal))
    with PrometheusClient(faulty.url) as client, pytest.raises(Unsupported, match="has no list of series; query a sel"):
        client.series("up")


def test_under_a_wrong_root_nothing_is_called_missing(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, *NOT_FOUND)
    with PrometheusClient(f"{faulty.url}/graph") as client:
        for _ in range(2):
            with pytest.raises(
                ServerUnavailable, match="HTTP 404: nothing at this path; the URL should be the server's"
            ):
                client.targets()


def test_a_refusal_is_not_taken_for_a_missing_part(faulty):
    playing(faulty, {"query": {"data": VECTOR}}, otherwise=(403, b"no", "text/plain"))
    with PrometheusClient(faulty.url) as client:
        with pytest.raises(ServerUnavailable, match="HTTP 403"):
            client.rules()
        playing(faulty, {"rules": {"data": {"groups": []}}})
        assert len(client.rules()) == 0


def test_where_only_get_is_let_through_all_is_asked_by_get(faulty):
    def behave(handler):
        if handler.command == "POST":
            faulty.answer(handler, 405, b"", "text/plain")
        else:
            data = VECTOR if "query" in handler.path else []
            faulty.answer(handler, 200, json.dumps({"status": "success", "data": data}).encode())

    faulty.behave = behave
    with PrometheusClient(faulty.url) as client:
        assert client.series(["up", "down"]).columns.tolist() == ["__name__"]
        assert client.labels(match="up") == []
    assert [request.command for request in asked(faulty, "series")] == ["POST", "GET"]
    assert [request.command for request in asked(faulty, "labels")] == ["GET"]
    assert asked(faulty, "series")[-1].path.count("match%5B%5D=") == 2


def test_a_numbered_class_of_error_gets_prometheus_name(faulty):
    said = 'error when executing query="x" for (time=1, step=300000): too many series'
    body = json.dumps({"status": "error", "errorType": "422", "error": said}).encode()
    playing(faulty, {}, otherwise=(422, body))
    with (
        PrometheusClient(faulty.url) as client,
        pytest.raises(QueryError, match=r"^execution: too many series\n  x\n") as caught,
    ):
        client.query("x")
    assert (caught.value.error_type, caught.value.position) == ("execution", None)


# Parameters of an engine's own, such as Thanos' dedup and VictoriaMetrics' extra_filters[].


def test_parameters_of_ones_own_go_with_every_call(faulty):
    playing(faulty, {"query": {"data": VECTOR}, "labels": {"data": []}, "rules": {"data": {}}})
    params = {"dedup": "false", "extra_filters[]": ['{a="b"}', "{c=~'&'}"], "query": "is not replaced"}
    with PrometheusClient(faulty.url, params=params) as client:
        client.query("up", at=1)
        client.labels()
        client.rules()
    for request in faulty.requests:
        assert request.form["dedup"] == "false"
    query = asked(faulty, "/query")[0]
    assert query.form["query"] == "up"
    assert asked(faulty, "/rules")[0].path.count("extra_filters%5B%5D=") == 2


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("dedup=false", "params: give a mapping of names to texts, as in {'dedup': 'false'}"),
        ({"dedup": False}, "params: the value of 'dedup' is no text; write it as the server's documentation does"),
        ({"a": ["b", 5]}, "params: the value of 'a' is no text"),
        ({5: "a"}, "params: the value of 5 is no text"),
    ],
)
def test_parameters_that_cannot_be_sent_are_told_without_their_values(params, message):
    with pytest.raises(InvalidType, match=f"^{message}"):
        PrometheusClient("http://127.0.0.1:9", params=params)


def test_a_recording_is_replayed_without_parameters_of_ones_own(faulty, tmp_path):
    playing(faulty, {"query": {"data": VECTOR}, "series": {"data": [{"__name__": "up"}]}})
    with PrometheusClient(faulty.url, params={"dedup": "false"}) as client, mk.record(client, tmp_path / "tape"):
        recorded = client.series(["up", "x"], last="1h")
    again = mk.replay(tmp_path / "tape")
    assert again.series(["up", "x"], last="1h").equals(recorded)


def test_what_is_kept_for_some_parameters_is_not_given_for_others(faulty, tmp_path):
    matrix = {"resultType": "matrix", "result": [{"metric": {"a": "b"}, "values": [[1_700_000_000, "1"]]}]}
    playing(faulty, {"query_range": {"data": matrix}, "status/buildinfo": {"data": THANOS}})
    for params in ({"dedup": "false"}, {"dedup": "true"}, {"dedup": "false"}):
        with PrometheusClient(faulty.url, params=params, cache=tmp_path) as client:
            client.query_range("x", start=1_700_000_000, end=1_700_000_060, step=60)
    assert [request.form["dedup"] for request in asked(faulty, "query_range")] == ["false", "true"]
