import pandas as pd
import pytest

from monitorkit.errors import ServerUnavailable
from monitorkit.query import PrometheusClient

T0 = 1_700_000_000


@pytest.mark.parametrize("expr", ['clash{value=~".+"}', "1 + 1", "2 # & comment", '"a&b=c+d;e%20f"'])
def test_every_character_of_a_query_arrives(history, expr):
    assert len(history.query(expr, at=T0)) == 1


def test_a_very_long_query_arrives(history):
    path = "x" * 200_000
    assert history.query(f'count(special{{n!="{path}"}})', at=T0)["value"].tolist() == [8.0]


def test_start_end_and_step_are_sent_to_the_millisecond(faulty):
    body = b'{"status":"success","data":{"resultType":"matrix","result":[]}}'
    faulty.behave = lambda handler: faulty.answer(
        handler, *((404, b"") if handler.path.endswith("buildinfo") else (200, body))
    )
    with PrometheusClient(faulty.url) as client:
        client.query_range("up", start=1795335914.6, end=pd.Timestamp("2026-11-22T09:00:00.0015Z"), step="1s500ms")
    assert faulty.requests[-1].form == {
        "query": "up", "start": "1795335914.600", "end": "1795338000.002", "step": "1.500",
    }  # fmt: skip


def test_victoriametrics_is_asked_for_exact_points(faulty):
    body = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
    build = b'{"status":"success","data":{}}'
    faulty.behave = lambda handler: faulty.answer(handler, 200, build if handler.path.endswith("buildinfo") else body)
    with PrometheusClient(faulty.url) as client:
        assert client.query("up", at=1).attrs["server"] == f"{faulty.url} (VictoriaMetrics)"
        assert (client.engine, client.version) == ("VictoriaMetrics", "")
    assert faulty.requests[-1].form == {"query": "up", "time": "1.000", "nocache": "1", "latency_offset": "1ms"}


def test_a_server_that_gives_no_range_for_a_range_is_another_program(faulty):
    body = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
    faulty.behave = lambda handler: faulty.answer(handler, 200, body)
    with (
        PrometheusClient(faulty.url) as client,
        pytest.raises(ServerUnavailable, match="a range was asked for, and a vector came; is this another program"),
    ):
        client.query_range("up")
