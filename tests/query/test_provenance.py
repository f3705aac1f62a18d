import copy
import json
import pickle

import pandas as pd
import pytest

from monitorkit.query import PrometheusClient, ServerWarning, tidy

T0 = 1_700_000_000


def test_attrs_say_where_a_frame_comes_from_in_plain_json(history):
    frame = history.query_range("requests_total", start=T0 + 0.191, end=T0 + 60, step="15s")
    assert json.loads(json.dumps(frame.attrs)) == frame.attrs == {
        "query": "requests_total",
        "start": "2023-11-14T22:13:20.191Z",
        "end": "2023-11-14T22:14:20.000Z",
        "step": 15.0,
        "server": f"{history.url} (Prometheus {history.version})",
        "warnings": [],
        "infos": [],
    }  # fmt: skip
    again = history.query_range("requests_total", **{name: frame.attrs[name] for name in ("start", "end", "step")})
    pd.testing.assert_frame_equal(again, frame)
    instant = history.query("requests_total", at=T0)
    assert (instant.attrs["start"], instant.attrs["end"], instant.attrs["step"]) == (
        "2023-11-14T22:13:20.000Z",
        "2023-11-14T22:13:20.000Z",
        None,
    )
    assert copy.deepcopy(frame).attrs == pickle.loads(pickle.dumps(frame)).attrs == frame.attrs
    assert tidy(frame).attrs == frame.attrs


def test_a_warning_of_the_server_is_issued_and_kept(faulty):
    body = b'{"status":"success","warnings":["partial"],"infos":["hm"],"data":{"resultType":"vector","result":[]}}'
    faulty.behave = lambda handler: faulty.answer(handler, 200, body)
    with PrometheusClient(faulty.url) as client:
        with pytest.warns(ServerWarning, match="^partial$") as issued:
            frame = client.query("up")
        assert issued[0].filename == __file__
    assert (frame.attrs["warnings"], frame.attrs["infos"]) == (["partial"], ["hm"])


def test_remarks_of_prometheus_arrive(history):
    frame = history.query("rate(holes[20m])", at=T0 + 700)
    if history.version.startswith("2.42"):
        assert frame.attrs["infos"] == []  # remarks came with 2.48
        return
    assert "metric might not be a counter" in frame.attrs["infos"][0]
    with pytest.warns(ServerWarning, match="quantile value should be between 0 and 1"):
        history.query("quantile(2, special)", at=T0)
