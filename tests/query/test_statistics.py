import pytest

from monitorkit.errors import InvalidValue
from monitorkit.query import PrometheusClient, ServerWarning
from monitorkit.query.statistics import combined, told

T0 = 1_700_000_000


def test_statistics_of_pieces_add_up_and_peaks_are_the_largest():
    first = {"timings": {"evalTotalTime": 0.25}, "samples": {"peakSamples": 9, "totalQueryableSamples": 4}}
    second = {"timings": {"evalTotalTime": 0.5}, "samples": {"peakSamples": 3, "totalQueryableSamples": 4}}
    assert combined([first, second]) == {
        "timings": {"evalTotalTime": 0.75},
        "samples": {"peakSamples": 9, "totalQueryableSamples": 8},
    }
    assert combined([first]) == first
    assert combined([{}, {}]) == {}


def test_counts_that_are_written_as_text_add_up():
    assert combined([{"seriesFetched": "2"}, {"seriesFetched": "3"}]) == {"seriesFetched": 5}
    assert combined([{"step": [[1, 2]]}, {"step": [[3, 4]]}]) == {"step": [[1, 2], [3, 4]]}
    assert combined([{"engine": "a"}, {"engine": "b"}]) == {"engine": "b"}


@pytest.mark.parametrize(
    ("document", "stats"),
    [
        ({"data": {"stats": {"samples": {}}}}, {"samples": {}}),
        ({"data": {"result": []}, "stats": {"seriesFetched": "2"}}, {"seriesFetched": "2"}),
        ({"data": []}, {}),
        ({"data": {"stats": None}, "stats": "none"}, {}),
    ],
)
def test_statistics_stand_in_the_data_or_beside_them(document, stats):
    assert told(document) == stats


def test_prometheus_counts_its_work_where_it_is_asked_to(history):
    assert "stats" not in history.query("requests_total", at=T0 + 100).attrs
    instant = history.query("count_over_time(requests_total[1m])", at=T0 + 100, stats="all").attrs["stats"]
    assert instant["samples"]["totalQueryableSamples"] == 6
    assert instant["timings"]["evalTotalTime"] > 0
    # In two pieces: one sample at each step from the first on, and the lookback of five minutes after the last.
    window = {"start": T0 + 1, "end": T0 + 12_000, "step": 1}
    ranged = history.query_range("requests_total", **window, stats="all")
    assert ranged.attrs["stats"]["samples"]["totalQueryableSamples"] == ranged.notna().to_numpy().sum()


def test_a_server_without_statistics_says_so(faulty):
    body = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
    faulty.behave = lambda handler: faulty.answer(handler, 200, body)
    with (
        PrometheusClient(faulty.url) as client,
        pytest.warns(ServerWarning, match="^this server keeps no statistics of queries$"),
    ):
        assert client.query("up", stats="all").attrs["stats"] == {}
    assert faulty.requests[-1].form["stats"] == "all"


def test_statistics_that_there_are_not_are_refused(history):
    with pytest.raises(InvalidValue, match="stats: 'some' must be 'all', or left out"):
        history.query("up", stats="some")
