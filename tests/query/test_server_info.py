import pandas as pd
import pytest

from monitorkit.errors import InvalidValue, QueryError
from monitorkit.processes import wait_until
from monitorkit.promql import PromQLError
from monitorkit.query import PrometheusClient, ServerWarning

MS_UTC = "datetime64[ms, UTC]"


def test_targets_tell_what_is_scraped_and_what_fails(live):
    assert wait_until(lambda: set(live.targets()["health"]) == {"up", "down"}, timeout_seconds=30)
    frame = live.targets().set_index("job")
    assert frame["health"].to_dict() == {"ai_model": "up", "dead": "down"}
    assert frame.loc["ai_model", "last_error"] == ""
    assert "refused" in frame.loc["dead", "last_error"]
    assert frame.loc["ai_model", "url"] == f"http://{frame.loc['ai_model', 'instance']}/metrics"
    assert abs((pd.Timestamp.now("UTC") - frame["last_scrape"]).dt.total_seconds()).max() < 60
    assert wait_until(lambda: len(live.query("up")) == 2, timeout_seconds=10)
    assert live.query("sum by (job) (up)").droplevel("__name__")["value"].to_dict() == {"ai_model": 1.0, "dead": 0.0}


def test_alerts_tell_what_fires_and_what_waits(live):
    assert wait_until(lambda: len(live.alerts()) == 2, timeout_seconds=30)
    frame = live.alerts().set_index("name")
    assert frame["state"].to_dict() == {"Fires": "firing", "Waits": "pending"}
    assert frame["value"].to_dict() == {"Fires": 2.5, "Waits": 1.0}
    assert frame.loc["Fires", ["severity", "label_name"]].tolist() == ["page", "clash"]
    assert frame.loc["Waits", "severity"] == ""
    assert frame.loc["Fires", "annotations"] == {"summary": "<b>it fires</b>"}
    assert frame["active_at"].dtype == MS_UTC


def test_rules_tell_what_is_evaluated(live):
    assert wait_until(lambda: set(live.rules()["state"]) == {"firing", "pending"}, timeout_seconds=30)
    frame = live.rules().set_index("name")
    assert frame.loc["Fires", ["group", "type", "query", "n_alerts"]].tolist() == ["test", "alerting", "vector(2.5)", 1]
    assert frame.loc["Waits", ["for_seconds", "interval_seconds"]].tolist() == [3600.0, 1.0]
    assert frame.loc["Fires", "labels"] == {"severity": "page", "name": "clash"}
    assert frame.loc["Fires", "annotations"] == {"summary": "<b>it fires</b>"}
    assert frame["last_evaluation"].dtype == MS_UTC
    assert (frame["health"] == "ok").all()
    assert frame["file"].str.endswith("rules.yml").all()


def test_dropped_targets_are_listed_on_request(engine):
    assert engine.targets()["health"].tolist() == ["up"]
    dropped = engine.targets(state="dropped")
    assert dropped[["job", "instance", "health", "url"]].to_numpy().tolist() == [
        ["unwanted", "dropped:1", "dropped", "http://dropped:1/metrics"]
    ]
    assert len(engine.targets(state="any")) == 2
    with pytest.raises(InvalidValue, match="state: 'gone' must be one of active, dropped, any"):
        engine.targets(state="gone")


def test_a_real_prometheus_tells_its_flags_and_how_it_was_built(history):
    assert history.flags()["enable-feature"] == "native-histograms"
    build = history.buildinfo()
    assert (build.engine, build.version) == (history.engine, history.version)
    assert build.go_version.startswith("go1.")
    assert build.features == {}


def test_the_status_of_the_database_counts_what_is_in_it(engine):
    status = engine.tsdb_status(limit=3)
    assert status.metrics.iloc[0].tolist() == ["work_seconds_bucket", 3]
    assert status.n_series >= 10
    assert len(status.metrics) == len(status.pairs) == 3
    assert dict(zip(status.labels["label"], status.labels["values"], strict=True))["le"] == 3
    assert "work_seconds_bucket" in status._repr_html_()


def test_a_query_is_formatted_by_the_server_or_by_us_and_that_is_said(engine, engine_name):
    query = "sum(rate(x[5m]))by(a)"
    if engine_name.startswith("VictoriaMetrics"):
        with pytest.warns(ServerWarning, match="has no formatter of queries; monitorkit formatted the query by itself"):
            assert engine.format_query(query) == "sum by (a) (rate(x[5m]))"
        with pytest.warns(ServerWarning, match="by itself"), pytest.raises(PromQLError, match="parse error"):
            engine.format_query("sum(")
        return
    assert engine.format_query(query) == "sum by (a) (rate(x[5m]))"
    with pytest.raises(QueryError, match=r"^bad_data: .*\n  sum\(\n") as caught:
        engine.format_query("sum(")
    assert caught.value.position == 4


def test_what_is_no_query_is_told_before_anything_is_sent(faulty):
    with (
        PrometheusClient(faulty.url) as client,
        pytest.raises(InvalidValue, match="query: it is empty; write PromQL, for example 'up'"),
    ):
        client.format_query("")
    assert faulty.requests == []
