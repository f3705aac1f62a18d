import json

import pytest

from monitorkit.errors import InvalidValue, QueryError, ServerUnavailable
from monitorkit.query import PrometheusClient, ServerWarning

T0 = 1_700_000_000


def test_label_names_and_values_are_lists(history):
    assert history.labels() == ["__name__", "a", "instance", "job", "n", "path", "timestamp", "value"]
    assert history.labels(match="requests_total") == ["__name__", "instance", "job"]
    assert history.label_values("__name__", match='{n=~".+"}') == ["special"]
    assert history.label_values("nothing") == []


def test_a_label_name_beyond_ascii_is_written_as_prometheus_3_reads_it(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 200, b'{"status":"success","data":[]}')
    with PrometheusClient(faulty.url) as client:
        client.label_values("a.b_c/ü")
    assert faulty.requests[-1].path == "/api/v1/label/U__a_2e_b__c_2f__fc_/values"


def test_series_are_rows_and_labels_are_columns(history):
    frame = history.series(["requests_total", 'special{n=~"[01]"}'], start=T0, end=T0 + 3600)
    assert frame.columns.tolist() == ["__name__", "instance", "job", "n"]
    assert sorted(frame.to_numpy().tolist()) == [
        ["requests_total", "a:1", "ai_model", ""],
        ["special", "", "", "0"],
        ["special", "", "", "1"],
    ]
    assert frame.attrs == {"server": history._transport.server, "warnings": [], "infos": []}
    assert history.series("nothing").columns.tolist() == ["__name__"]
    assert len(history.series("late", end=T0 + 8000)) == 0


def test_a_label_value_of_any_kind_can_be_listed_and_matched(engine):
    (path,) = engine.label_values("path", match="odd")
    assert path == 'it\'s "ü" 日本\\ & # + %\n'
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert engine.series(f'odd{{path="{escaped}"}}')["path"].tolist() == [path]


def test_a_limit_holds_on_every_engine(engine):
    assert len(engine.label_values("__name__", limit=2)) == 2
    assert len(engine.labels(limit=1)) == 1
    assert len(engine.series('{__name__=~".+"}', limit=3)) == 3
    assert len(engine.series('{__name__=~".+"}', start=T0, end=T0 + 1)) > 3


def test_a_selector_that_is_none_shows_itself_with_a_caret(engine):
    for ask in (engine.series, lambda match: engine.labels(match=match), lambda m: engine.label_values("job", match=m)):
        with pytest.raises(QueryError, match=r"^bad_data: .*\n  up\{\n     \^\n"):
            ask("up{")


def test_wrong_arguments_are_told_before_anything_is_sent(faulty):
    with PrometheusClient(faulty.url) as client:
        for ask in (
            lambda: client.series([]),
            lambda: client.series("up", limit=0),
            lambda: client.labels(match=""),
            lambda: client.labels(last="1h", start=1),
            lambda: client.label_values(""),
            lambda: client.label_values("job", start=10, end=5),
            lambda: client.metadata(limit=-1),
            lambda: client.metadata(" "),
            lambda: client.tsdb_status(limit=None),
            lambda: client.label_values("\udc80"),
            lambda: client.targets(state="gone"),
            lambda: client.exemplars("up", last="x"),
            lambda: client.exemplars(" "),
        ):
            with pytest.raises(InvalidValue, match=r"\w+(=.*)?: .*"):
                ask()
    assert faulty.requests == []


def test_a_partial_listing_is_warned_of_but_not_the_limit_that_was_asked_for(faulty):
    body = {"status": "success", "data": ["a"], "warnings": ["results truncated due to limit", "store is gone"]}
    faulty.behave = lambda handler: faulty.answer(handler, 200, json.dumps(body).encode())
    with PrometheusClient(faulty.url) as client:
        with pytest.warns(ServerWarning, match="^store is gone$") as issued:
            assert client.labels(limit=1) == ["a"]
        assert [str(each.message) for each in issued] == ["store is gone"]
        with pytest.warns(ServerWarning, match="^results truncated due to limit$|^store is gone$"):
            client.labels()


def test_metadata_of_one_metric_or_of_a_few(history, live):
    assert live.metadata("up_and_well").columns.tolist() == ["metric", "type", "help", "unit"]
    assert len(history.metadata()) == 0
    assert [str(each) for each in history.metadata().dtypes] == ["str"] * 4


def test_exemplars_have_their_own_times(engine, engine_name):
    if engine_name.startswith("VictoriaMetrics"):
        with pytest.warns(ServerWarning, match="VictoriaMetrics stores no exemplars; ask the Prometheus that scrapes"):
            assert len(engine.exemplars("work_seconds_bucket")) == 0
        return
    frame = engine.exemplars("work_seconds_bucket", last="10m")
    assert str(frame["timestamp"].dtype) == "datetime64[ms, UTC]"
    assert frame.loc[0, "trace_id"] == "abc"


def test_a_prometheus_that_stores_no_exemplars_says_so(history):
    with pytest.warns(ServerWarning, match="stores no exemplars; start it with --enable-feature=exemplar-storage"):
        assert len(history.exemplars("requests_total")) == 0


SHAPES = [
    None,
    5,
    "text",
    {},
    {"a": 1},
    [5],
    [[1]],
    [None],
    {"up": 5},
    {"up": [5]},
    {"activeTargets": 5},
    {"groups": [5]},
]


@pytest.mark.filterwarnings("ignore::monitorkit.query.ServerWarning")
@pytest.mark.parametrize("data", SHAPES, ids=str)
def test_an_answer_of_a_wrong_shape_is_an_empty_answer_or_an_error_but_no_other_failure(faulty, data):
    body = json.dumps({"status": "success", "data": data}).encode()
    faulty.behave = lambda handler: faulty.answer(handler, 200, body)
    with PrometheusClient(faulty.url) as client:
        for ask in (
            lambda: client.series("up"),
            client.labels,
            lambda: client.label_values("job"),
            client.metadata,
            client.targets,
            client.rules,
            client.alerts,
            client.flags,
            client.buildinfo,
            client.tsdb_status,
            lambda: client.exemplars("up"),
        ):
            try:
                found = ask()
            except ServerUnavailable as error:
                assert "is this another program?" in str(error)  # noqa: PT017 - either is right
            else:
                assert not isinstance(found, list) or all(isinstance(each, str) for each in found)
