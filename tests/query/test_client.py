import copy
import html
import math
import pickle
import struct
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import monitorkit as mk
from monitorkit.errors import InvalidType, InvalidValue, QueryError, ServerUnavailable
from monitorkit.query import PrometheusClient, ServerWarning, tidy

T0 = 1_700_000_000
NATIVE = T0 + 86_400
MS_UTC = "datetime64[ms, UTC]"
VECTOR = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
EVERYTHING = '{__name__=~"special|odd|clash|requests_total"}'


def engine(faulty, build, status=200, result=VECTOR):
    """Let the faulty server be an engine: its build information, and one result for every query."""

    def behave(handler):
        faulty.answer(handler, *((status, build) if handler.path.endswith("buildinfo") else (200, result)))

    faulty.behave = behave


def bits(value):
    return struct.pack("<d", value)


def at(seconds):
    return pd.Timestamp(round(seconds * 1000), unit="ms", tz="UTC")


# Against the real servers: equal to what plain json makes of the same answer.


@pytest.mark.parametrize("expr", [EVERYTHING, f"-{EVERYTHING}", f"sum by (job, n) ({EVERYTHING})", "1+1", "vector(1)"])
def test_an_instant_result_is_what_the_server_says(history, plain_answer, expr):
    frame = history.query(expr, at=T0 + 100)
    data = plain_answer(history, "query", query=expr, time=T0 + 100)
    items = data["result"] if data["resultType"] == "vector" else [{"metric": {}, "value": data["result"]}]
    assert len(frame) == len(items) > 0
    for (labels, row), item in zip(frame.iterrows(), items, strict=True):
        names = dict(zip(frame.index.names, labels if isinstance(labels, tuple) else (labels,), strict=True))
        assert {name: value for name, value in names.items() if value} == item["metric"]
        assert bits(row["value"]) == bits(float(item["value"][1]))


@pytest.mark.parametrize("step", ["7s", "777ms", "1m", 0.5])
@pytest.mark.parametrize("expr", [EVERYTHING, "rate(requests_total[1m])", "holes", "requests_total @ end()", "2"])
def test_a_range_is_what_the_server_says(history, plain_answer, expr, step):
    start, end = T0 - 100.809, T0 + 2000.005
    frame = history.query_range(expr, start=start, end=end, step=step)
    seconds = {"7s": 7, "777ms": 0.777, "1m": 60, 0.5: 0.5}[step]
    data = plain_answer(history, "query_range", query=expr, start=start, end=end, step=seconds)["result"]
    assert frame.shape == (int((2_100_814) // (seconds * 1000)) + 1, len(data))
    assert frame.index.dtype == MS_UTC
    assert frame.index.asi8[0] == round(start * 1000)
    assert set(np.diff(frame.index.asi8)) == {int(seconds * 1000)}
    for (labels, column), item in zip(frame.items(), data, strict=True):
        names = dict(zip(frame.columns.names, labels if isinstance(labels, tuple) else (labels,), strict=True))
        assert {name: value for name, value in names.items() if value} == item["metric"]
        real = {int(ms * 1000): bits(float(text)) for ms, text in item["values"]}
        assert {ms: bits(column.loc[at(ms / 1000)]) for ms in real} == real
        assert column.drop([at(ms / 1000) for ms in real]).isna().all()


def test_raw_samples_have_their_own_times_each_exactly_once(history, plain_answer):
    frame = history.samples("requests_total[2h]", at=T0 + 4000)
    assert frame.columns.tolist() == ["__name__", "instance", "job", "timestamp", "value"]
    assert frame["timestamp"].dtype == MS_UTC
    assert frame["timestamp"].tolist() == [
        pd.Timestamp((T0 + 10 * i) * 1000 + 191, unit="ms", tz="UTC") for i in range(360)
    ]
    assert frame["value"].tolist() == [10.0 * i for i in range(360)]
    assert frame["value"].sum() == 646_200
    assert frame["timestamp"].iloc[0] == pd.Timestamp("2023-11-14T22:13:20.191Z")


def test_special_values_keep_every_bit(history):
    values = history.query("special", at=T0).droplevel("__name__")["value"]
    expected = [math.nan, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, -0.0, 0.1, 0.30000000000000004]
    assert values.index.tolist() == [str(n) for n in range(8)]
    assert [bits(value) for value in values] == [bits(value) for value in expected]


def test_nan_and_missing_are_the_same_when_wide_and_differ_when_tidy(history):
    window = {"start": T0, "end": T0 + 1800, "step": "10m"}
    wide = history.query_range("holes", **window)
    assert wide["holes"].isna().tolist() == [False, True, True, False]
    long = history.query_range("holes", **window, tidy=True)
    assert [(t, math.isnan(v)) for t, v in zip(long["timestamp"], long["value"], strict=True)] == [
        (at(T0), False),
        (at(T0 + 600), True),
        (at(T0 + 1800), False),
    ]
    assert tidy(wide)["timestamp"].tolist() == [at(T0), at(T0 + 1800)]


def test_a_label_value_of_any_kind_comes_back_whole(history):
    path = 'it\'s "ü" 日本\\ & # + %\n'
    assert history.query("odd", at=T0).index.tolist() == [("odd", path)]
    assert history.label_values("path") == [path]


def test_labels_called_like_columns_are_kept_beside_them(history):
    frame = history.query("clash", at=T0)
    assert (frame.index.names, frame["value"].tolist()) == (["__name__", "timestamp", "value"], [7.0])
    assert tidy(frame).iloc[0].to_dict() == {
        "__name__": "clash",
        "label_timestamp": "t",
        "label_value": "v",
        "value": 7.0,
    }
    assert history.samples("clash[1m]", at=T0).iloc[0][["label_value", "timestamp"]].tolist() == ["v", at(T0)]


def test_scalars_and_strings_are_one_row(history):
    assert history.query("1+1").to_dict("list") == {"value": [2.0]}
    frame = history.query('"ü"')
    assert (frame["value"].tolist(), frame.index.tolist(), frame.index.name) == (["ü"], [""], "__name__")


def test_an_empty_result_is_an_empty_frame(history):
    assert history.query("nothing").shape == (0, 1)
    assert history.query_range("nothing", last="5m").shape == (0, 0)
    assert history.samples("nothing[5m]").columns.tolist() == ["__name__", "timestamp", "value"]


def test_series_with_different_labels_fit_into_one_frame(history):
    frame = history.query("requests_total or special or clash", at=T0 + 1)
    assert frame.index.names == ["__name__", "instance", "job", "n", "timestamp", "value"]
    assert frame.loc[("requests_total", "a:1", "ai_model", "", "", ""), "value"] == 0.0


# Native histograms and staleness.


def test_native_histograms_come_out_as_buckets(history):
    for frame in (
        history.query('native{job="a"}', at=NATIVE),
        history.samples('native{job="a"}[1m]', at=NATIVE),
        history.query_range('native{job="a"}', start=NATIVE, end=NATIVE, step=1),
    ):
        assert frame.columns.tolist()[:3] == ["__name__", "job", "timestamp"]
        assert frame["timestamp"].tolist() == [at(NATIVE)] * 3
        assert frame[["lower", "upper", "count"]].to_numpy().tolist() == [
            [-0.001, 0.001, 1.0],
            [0.5, 1.0, 2.0],
            [1.0, 2.0, 3.0],
        ]
        assert frame["closed"].tolist() == ["both", "right", "right"]
        assert frame[["histogram_count", "histogram_sum"]].to_numpy().tolist() == [[6.0, 10.5]] * 3


def test_histograms_numbers_and_empty_histograms_mix(history):
    frame = history.query("native", at=NATIVE)
    assert frame["job"].tolist() == ["a", "a", "a", "b", "c"]
    assert frame["value"].fillna(-1).tolist() == [-1, -1, -1, -1, 42.0]
    assert frame[frame["job"] == "b"][["count", "histogram_count", "histogram_sum"]].to_numpy().tolist() == [[0, 0, 0]]
    assert frame[frame["job"] == "b"]["lower"].isna().all()


def test_a_stale_series_has_no_sample_where_it_ended(history):
    assert history.samples("gone[1h]", at=NATIVE + 60)["value"].tolist() == [1.0]
    frame = history.query_range("gone", start=NATIVE, end=NATIVE + 15, step=5)
    assert frame["gone"].isna().tolist() == [False, False, True, True]


# More points than one query may have.


@pytest.mark.parametrize("expr", ["requests_total", "late @ end()", 'sum(requests_total or late{a!="@ end()"})'])
def test_a_long_range_in_pieces_is_what_one_query_would_give(history, expr):
    # 13,001 steps of 1 s in two pieces; each second of them fits into one query.
    window = {"start": T0 - 3799.5, "end": T0 + 9200.5}
    pieces = history.query_range(expr, **window, step="1s")
    one = history.query_range(expr, **window, step="2s")
    assert pieces.shape == (13_001, 1)
    assert pieces.index.equals(pd.date_range(at(T0 - 3799.5), periods=13_001, freq="1s", unit="ms"))
    pd.testing.assert_frame_equal(pieces.iloc[::2], one, check_exact=True)
    assert pieces.notna().to_numpy().any()


def test_series_that_appear_in_a_later_piece_come_after_the_others(history):
    frame = history.query_range('late or {__name__="requests_total"}', start=T0 - 3000, end=T0 + 9999, step=1)
    assert frame.columns.get_level_values("__name__").tolist() == ["requests_total", "late"]
    assert frame.iloc[:, 1].first_valid_index() == at(T0 + 9000)
    long = history.query_range('late or {__name__="requests_total"}', start=T0 - 3000, end=T0 + 9999, step=1, tidy=True)
    assert long["__name__"].drop_duplicates().tolist() == ["requests_total", "late"]
    assert long.groupby("__name__")["timestamp"].is_monotonic_increasing.all()


# Errors.


@pytest.mark.parametrize(
    ("expr", "position"),
    [
        ("sum(rate(requests_total[5m]", 27),
        ('"ü" + sum(up', 12),
        ('up{a="ü"} \n + "ü" + ', 20),
        ("sum(\n  é up)", 7),
        ("nope(up)", 0),
    ],
)
def test_a_syntax_error_points_at_its_place(history, expr, position):
    with pytest.raises(QueryError, match=r"^bad_data: ") as caught:
        history.query(expr)
    assert caught.value.position == position
    assert caught.value.query == expr
    assert "parse error" not in str(caught.value)
    assert str(caught.value).endswith(f"  {history.url} (Prometheus {history.version})")


def test_an_error_while_evaluating_has_no_place(history):
    with pytest.raises(QueryError, match=r"^execution: .*many-to-many matching not allowed") as caught:
        history.query("special + on() group_left special", at=T0)
    assert caught.value.position is None


def test_wrong_arguments_say_what_would_be_right(history):
    with pytest.raises(InvalidValue, match="query: it is empty; write PromQL, for example 'up'"):
        history.query(" ")
    with pytest.raises(InvalidType, match="query: 5 is no text"):
        history.query_range(5)
    with pytest.raises(InvalidValue, match="step: 0 must be at least 1 ms"):
        history.query_range("up", step=0)
    with pytest.raises(QueryError, match='invalid expression type "range vector" for range query'):
        history.query_range("up[5m]", last="5m")


def test_a_query_with_half_a_character_is_refused(history):
    with pytest.raises(InvalidValue, match=r"query: '\\udc80' is no character that can be sent"):
        history.query("up{a='\udc80'}")


# Time.


def test_the_clock_is_read_at_each_call(faulty, monkeypatch):
    faulty.behave = lambda handler: faulty.answer(handler, 200, VECTOR)
    with PrometheusClient(faulty.url) as client:
        for now in (1_700_000_000_191, 1_700_000_006_192):
            monkeypatch.setattr("monitorkit.query.times.now_ms", lambda now=now: now)
            client.query("up")
    assert [request.form["time"] for request in faulty.requests[1:]] == ["1700000000.191", "1700000006.192"]


# Other engines and broken servers.


@pytest.mark.parametrize(
    ("status", "build"),
    [
        (404, b"404 page not found"),
        (400, b"unsupported path"),
        (200, b"<html>"),
        (200, b'{"status":"success","data":[]}'),
    ],
)
def test_a_server_that_does_not_say_what_it_is_answers_queries_all_the_same(faulty, status, build):
    engine(faulty, build, status)
    with PrometheusClient(faulty.url) as client:
        for _ in range(2):
            assert client.query("up").attrs["server"] == faulty.url
        assert (client.engine, client.version) == ("", "")
    assert sum(request.path.endswith("buildinfo") for request in faulty.requests) == 1


def test_a_server_that_is_starting_is_asked_again_what_it_is(faulty):
    engine(faulty, b"Service Unavailable", 503)
    with PrometheusClient(faulty.url) as client:
        assert client.version == ""
        engine(faulty, b'{"status":"success","data":{"version":"3.5.3","goVersion":"go1"}}')
        assert client.version == "3.5.3"


@pytest.mark.parametrize("body", [b"", b"<html>", VECTOR[:-9], b'{"status":"success","data":{"resultType":"matrix"}}'])
def test_a_broken_answer_is_never_a_frame(faulty, body):
    faulty.behave = lambda handler: faulty.answer(handler, 200, body)
    with PrometheusClient(faulty.url) as client:
        for ask in (client.query, client.query_range, client.samples):
            with pytest.raises(ServerUnavailable, match="HTTP 200"):
                ask("up[5m]")


def test_a_server_that_is_not_there_is_not_ready():
    with PrometheusClient("http://127.0.0.1:1") as client:
        assert not client.ready()
        with pytest.raises(ServerUnavailable, match=r"http://127.0.0.1:1: nothing listens there"):
            client.query("up")


def test_a_server_without_a_readiness_path_is_asked_a_query(faulty):
    def behave(handler):
        faulty.answer(handler, *((404, b"no") if "ready" in handler.path else (200, VECTOR)))

    faulty.behave = behave
    with PrometheusClient(faulty.url) as client:
        assert client.ready()
    faulty.behave = lambda handler: faulty.answer(handler, 503, b"")
    with PrometheusClient(faulty.url) as client:
        assert not client.ready()


# The server itself.


HEAVY = ("pandas", "numpy", "pyarrow", "yaml", "matplotlib", "jinja2", "IPython")


def test_connecting_loads_nothing_that_takes_long(history):
    code = (
        f"import sys, monitorkit as mk; prom = mk.connect({history.url!r}); prom.ready(); prom.label_values('job')\n"
        f"print(sorted(set({HEAVY}) & set(sys.modules)), len(prom.query('vector(1)')), 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] 1 True\n"


@pytest.mark.parametrize("data", [b"{}", b"[]", b"null", b'"ready"', b'{"resultType":"streams","result":[]}'])
def test_another_program_is_no_server_to_connect_to(faulty, data):
    faulty.behave = lambda handler: faulty.answer(handler, 200, b'{"status":"success","data":%b}' % data)
    with pytest.raises(ServerUnavailable, match=r"not the API of Prometheus; is this another program\?"):
        mk.connect(faulty.url)


def test_a_server_that_refuses_even_a_number_is_not_connected_to(faulty):
    faulty.behave = lambda handler: faulty.answer(
        handler, 422, b'{"status":"error","errorType":"execution","error":"no tenant"}'
    )
    with pytest.raises(QueryError, match="execution: no tenant"):
        mk.connect(faulty.url)


def test_what_a_server_remarks_is_told_when_it_is_connected_to(faulty):
    faulty.behave = lambda handler: faulty.answer(
        handler,
        200,
        b'{"status":"success","data":{"resultType":"scalar","result":[1,"1"]},"warnings":["partial"]}',
    )
    with pytest.warns(ServerWarning, match="partial"):
        mk.connect(faulty.url).stop()


def test_a_real_server_says_what_it_is(history):
    assert history.ready()
    assert history.engine == "Prometheus"
    assert history.version[0] in "23"
    assert repr(history) == f"PrometheusClient('{history.url}')"


def test_the_client_that_people_know_works_on_the_same_session(history):
    api = history.api
    assert type(api).__name__ == "PrometheusConnect"
    assert api is history.api
    assert api._session is history._transport.session
    assert api.custom_query("1+1")[1] == "2"
    assert history.query("1+1")["value"].tolist() == [2.0]


def test_the_client_that_people_know_leaves_our_requests_as_they_are(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 503, b"")
    with PrometheusClient(faulty.url, retries=0) as client:
        adapter = client._transport.session.get_adapter(client.url)
        assert client.api.url == client.url
        assert client._transport.session.get_adapter(client.url) is adapter
        with pytest.raises(ServerUnavailable, match="HTTP 503 with an empty body"):
            client.targets()
    assert len(faulty.requests) == 1


def test_the_html_form_names_url_state_and_next_step(history):
    shown = history._repr_html_()
    assert history.url in shown
    assert f"ready, Prometheus {history.version}" in shown
    assert html.escape('prom.query("up")') in shown
    with PrometheusClient("http://127.0.0.1:1") as gone:
        assert "not answering<br>next: <code>mk.start_prometheus()</code>" in gone._repr_html_()


def test_the_html_form_escapes_what_comes_from_outside(faulty):
    engine(faulty, b'{"status":"success","data":{"application":"<script>","version":"1"}}')
    with PrometheusClient(f"{faulty.url}/<b>'\"") as client:
        shown = client._repr_html_()
    assert "<script>" not in shown
    assert "/<b>" not in shown
    assert "&lt;script&gt;" in shown


def test_queries_that_succeed_warn_of_nothing(history):
    with warnings.catch_warnings(record=True) as issued:
        warnings.simplefilter("always")
        history.query_range("requests_total", start=T0 - 3000, end=T0 + 9999, step=1)
        tidy(history.query("requests_total"))
    assert issued == []


def test_a_client_stays_in_its_process():
    with PrometheusClient("http://user:s3cr3t@127.0.0.1:1") as client:
        for take in (pickle.dumps, copy.deepcopy):
            with pytest.raises(
                InvalidType, match=r"^PrometheusClient\('http://127.0.0.1:1'\) stays in its process; make another with"
            ):
                take(client)
