"""What other clients get wrong, each by a short test that they would fail.

The letters are those of prometheus-api-client 0.7.2 (PAC), prometheus-pandas 0.3.3 (PP), promql-http-api 0.3.4 (PHA) and
prometrix 0.2.12 (PX); the numbers count what was found in them. Number 19, names of Python that IPython puts into a
query, is tested in ``tests/notebook/test_magics.py``.
"""

import math
from datetime import timedelta

import pandas as pd
import pytest
from ipython_shell import extension_loaded, ipython_shell
from recording_server import matrix, recording_server, vector

import monitorkit as mk
from monitorkit.errors import QueryError, ServerUnavailable
from monitorkit.query import PrometheusClient, ServerWarning, tidy

T0 = 1_700_000_000
NATIVE = T0 + 86_400
SELECTED = 'requests_total{instance="a:1"}'


@pytest.fixture
def server():
    with recording_server() as server:
        yield server


@pytest.fixture
def client(server):
    with PrometheusClient(server.url) as client:
        yield client


def utc(seconds):
    return pd.Timestamp(round(seconds * 1000), unit="ms", tz="UTC")


# prometheus-api-client


@pytest.mark.parametrize("minutes", [1, 10, 20])
def test_pac_1_samples_at_the_edge_of_two_pieces_are_counted_once(history, minutes):
    with PrometheusClient(history.url) as client:
        client._transport.raw_limits.max_length_ms = minutes * 60_000
        # Its samples are at 0, 10 and 30 minutes: at edges of pieces, and at both ends.
        frame = client.samples("holes", start=T0, end=T0 + 1800)
        assert frame["timestamp"].tolist() == [utc(T0), utc(T0 + 600), utc(T0 + 1800)]
        assert client.samples(SELECTED, start=T0, end=T0 + 3600)["value"].sum() == 646_200


def test_pac_2_pha_14_the_clock_is_read_when_a_question_is_asked(client, server, monkeypatch):
    for now in (T0 * 1000, T0 * 1000 + 6_000):
        monkeypatch.setattr("monitorkit.query.times.now_ms", lambda now=now: now)
        client.query("up")
        client.query_range("up", last="1m", step="1m")
    asked = [params for path, params in server.asked if "buildinfo" not in path]
    assert [params.get("time") or params["end"] for params in asked] == [
        f"{T0}.000", f"{T0}.000", f"{T0 + 6}.000", f"{T0 + 6}.000",
    ]  # fmt: skip


def test_pac_3_pp_11_an_empty_result_is_an_empty_frame_of_the_same_types(history):
    full, empty = (history.query_range(name, start=T0, end=T0 + 60, step=30) for name in ("requests_total", "nothing"))
    assert (empty.index.dtype, empty.index.name) == (full.index.dtype, full.index.name)
    assert empty.shape == (0, 0)
    assert history.query("nothing")["value"].dtype == float
    assert tidy(empty)["timestamp"].dtype == full.index.dtype


def test_pac_4_pha_15_labels_called_like_columns_stay_beside_them(history):
    row = tidy(history.query("clash", at=T0)).iloc[0]
    assert (row["value"], row["label_value"], row["label_timestamp"]) == (7.0, "v", "t")
    assert tidy(history.query("clash", at=T0)).columns.is_unique


def test_pac_5_start_and_end_keep_their_milliseconds(client, server):
    client.query_range("up", start=1795335914.6, end=1795335974.191, step="1s")
    (asked,) = [params for path, params in server.asked if path.endswith("query_range")]
    assert (asked["start"], asked["end"]) == ("1795335914.600", "1795335974.191")


def test_pac_6_a_long_query_is_sent_in_the_body_and_again_after_a_503(faulty):
    expr = "up" + " or up" * 1000

    def behave(handler):
        asked = [request for request in faulty.requests if request.path.startswith("/api/v1/query")]
        body = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
        faulty.answer(handler, *((503, b"") if len(asked) == 1 else (200, body)))

    faulty.behave = behave
    with PrometheusClient(faulty.url) as client:
        client.query(expr)
    asked = [request for request in faulty.requests if request.path.startswith("/api/v1/query")]
    assert [(one.command, one.path, one.form["query"]) for one in asked] == [("POST", "/api/v1/query", expr)] * 2


def test_pac_7_a_nan_is_a_value_like_any_other(history):
    frame = history.samples("holes[1h]", at=T0 + 1800)
    assert [math.isnan(value) for value in frame["value"]] == [False, True, False]
    assert frame["value"].sum() == 3.0


def test_pac_7_a_label_value_cannot_break_out_of_its_quotes(history, client, server):
    path = 'it\'s "ü" 日本\\ & # + %\n'
    assert history.query(mk.expr("odd{path={path}}", path=path), at=T0)["value"].tolist() == [1.0]
    client.query(mk.expr("m{path={path}}", path="it's"))
    assert server.queries[-1] == 'm{path="it\'s"}'


def test_pac_7_a_timedelta_is_a_step(client, server):
    client.query_range("up", start=0, end=60, step=timedelta(seconds=5))
    assert server.asked[-1][1]["step"] == "5.000"


def test_pac_8_a_copy_keeps_all_that_a_frame_has(history):
    frame = history.query_range("requests_total", start=T0, end=T0 + 60, step=30)
    copied = frame.copy()
    assert type(copied) is type(frame) is pd.DataFrame
    assert copied.attrs == frame.attrs != {}


# prometheus-pandas


def test_pp_9_pac_8_a_scalar_is_its_value_and_a_string_its_text(history):
    assert history.query("1+1").to_dict("list") == {"value": [2.0]}
    assert history.query('"hi"').to_dict("list") == {"value": ["hi"]}


def test_pp_10_pac_a_timestamp_is_equal_to_the_time_that_it_shows(history):
    expected = pd.Timestamp("2023-11-14T22:13:20.191Z")
    assert history.samples(f"{SELECTED}[1h]", at=T0 + 1)["timestamp"].tolist() == [expected]
    frame = history.query_range("requests_total", start=T0 + 0.191, end=T0 + 60.191, step=30)
    assert frame.index[0] == expected
    other = pd.DataFrame({"event": ["deploy"]}, index=pd.DatetimeIndex([expected]))
    assert frame.iloc[:, 0].to_frame("value").join(other, how="inner").to_dict("list") == {
        "value": [0.0],
        "event": ["deploy"],
    }


def test_pp_11_times_have_their_zone(history):
    assert str(history.query_range("requests_total", start=T0, end=T0 + 60, step=30).index.tz) == "UTC"


def test_pp_11_a_503_with_an_empty_body_is_an_error_of_ours(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 503, b"")
    with (
        PrometheusClient(faulty.url, retries=0) as client,
        pytest.raises(ServerUnavailable, match="HTTP 503 with an empty"),
    ):
        client.query("up")


def test_pp_12_the_magics_load_and_take_durations_and_variables(server, monkeypatch):
    monkeypatch.setenv("MONITORKIT_URL", server.url)
    server.ranged = matrix(({"__name__": "up"}, []))
    with ipython_shell() as shell, extension_loaded(shell):
        shell.user_ns["job"] = "it's"
        for last in ("1h30m", "90", "500ms"):
            done = shell.run_cell(f"%promql --last {last} up{{job={{{{job}}}}}}")
            assert done.success
    ranges = [params for path, params in server.asked if path.endswith("query_range")]
    assert [params["query"] for params in ranges] == ['up{job="it\'s"}'] * 3
    lengths = [round((float(params["end"]) - float(params["start"])) * 1000) for params in ranges]
    assert lengths == [5_400_000, 90_000, 500]


# promql-http-api


@pytest.mark.parametrize(
    ("expr", "expected"), [("1+1", 2.0), ("4 % 3", 1.0), ("2 # & comment", 2.0), ("vector(1)+1", 2.0)]
)
def test_pha_13_every_character_of_a_query_arrives(history, expr, expected):
    assert history.query(expr)["value"].tolist() == [expected]


def test_pha_13_a_pattern_with_a_plus_finds_what_it_should(history):
    assert len(history.query('special{n=~".+"}', at=T0)) == 8


def test_pha_13_a_refusal_is_an_error_with_the_words_of_the_server(history):
    with pytest.raises(QueryError, match=r"bad_data: .*\n  sum\(up"):
        history.query("sum(up")


def test_pha_15_series_with_different_labels_fit_into_one_frame_of_numbers(history):
    frame = history.query("requests_total or clash", at=T0 + 1)
    assert frame["value"].dtype == float
    assert sorted(frame["value"]) == [0.0, 7.0]


@pytest.mark.parametrize(
    "start", ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.000+00:00", "2023-11-14T23:13:20+01:00"]
)
def test_pha_15_iso_texts_are_times(history, start):
    assert history.query_range("requests_total", start=start, end=T0 + 60, step=30).index[0] == utc(T0)


# prometrix, and all four


def test_px_native_histograms_have_their_buckets(history):
    frame = history.query('native{job="a"}', at=NATIVE)
    assert frame["count"].sum() == 6
    assert history.query_range('native{job="a"}', start=NATIVE, end=NATIVE, step=1)["histogram_sum"].iloc[0] == 10.5


def test_px_values_are_numbers(history):
    assert history.query("special", at=T0)["value"].dtype == float


def test_all_a_warning_of_the_server_is_not_lost(client, server):
    server.instant = vector(({"__name__": "up"}, 1), warnings=["partial response"])
    with pytest.warns(ServerWarning, match="partial response"):
        assert client.query("up").attrs["warnings"] == ["partial response"]


def test_all_more_than_11000_points_are_the_same_as_in_one_query(history):
    whole = history.query_range("requests_total", start=T0, end=T0 + 3600, step="300ms")
    assert len(whole) == 12_001
    one = history.query_range("requests_total", start=T0, end=T0 + 3600, step="900ms")
    pd.testing.assert_frame_equal(whole.iloc[::3], one, check_exact=True)
