"""Answers of real servers that travel with the tests: what was recorded of them is read here without any server.

``MONITORKIT_RECORD=1 pytest tests/query/test_recorded.py`` records them anew.
"""

import os
import socket
import struct
from pathlib import Path

import pandas as pd
import pytest

import monitorkit as mk
from monitorkit.errors import QueryError

RECORDINGS = Path(__file__).with_name("recordings")
T0 = 1_700_000_000
NATIVE = T0 + 86_400


def cells(prom):
    """What was asked, by name."""
    return {
        "special": lambda: prom.query("special", at=T0),
        "odd": lambda: prom.query("odd", at=T0),
        "clash": lambda: prom.query("clash", at=T0, tidy=True),
        "scalar": lambda: prom.query("1+1", at=T0),
        "text": lambda: prom.query('"ü"', at=T0),
        "nothing": lambda: prom.query_range("nothing", start=T0, end=T0 + 60, step=15),
        "holes": lambda: prom.query_range("holes", start=T0, end=T0 + 1800, step="10m", tidy=True),
        "increase": lambda: prom.query_range("increase(requests_total[1m])", start=T0, end=T0 + 600, step="1m"),
        "raw": lambda: prom.samples("requests_total[1m]", at=T0 + 120),
        "native": lambda: prom.query('native{job="a"}', at=NATIVE),
        "names": lambda: prom.label_values("__name__"),
    }


@pytest.fixture(params=["prometheus-2", "prometheus-3"])
def prom(request, monkeypatch):
    """Replay of one server, with no network to fall back upon."""
    with mk.replay(RECORDINGS / request.param) as replayed:
        monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a replay asks nobody"))
        yield replayed


def bits(values):
    return [struct.pack("<d", value) for value in values]


def test_the_recordings_are_what_servers_say(history):
    folder = RECORDINGS / f"prometheus-{history.version.partition('.')[0]}"
    if os.environ.get("MONITORKIT_RECORD"):
        with mk.record(history, folder):
            for ask in cells(history).values():
                ask()
            with pytest.raises(QueryError, match="unclosed"):
                history.query("sum(up", at=T0)
    with mk.replay(folder) as replayed:
        for (name, ask), again in zip(cells(history).items(), cells(replayed).values(), strict=True):
            told, recorded = ask(), again()
            if isinstance(told, pd.DataFrame):
                pd.testing.assert_frame_equal(recorded, told, check_exact=True, obj=name)
                assert {**recorded.attrs, "server": ""} == {**told.attrs, "server": ""}
            else:
                assert recorded == told


def test_every_bit_of_a_recorded_value_is_there(prom):
    values = prom.query("special", at=T0)["value"]
    expected = [float(text) for text in ("nan", "inf", "-inf", "5e-324", "1.7976931348623157e308", "-0.0", "0.1")]
    assert bits(values) == bits([*expected, 0.30000000000000004])


def test_texts_are_whole(prom):
    assert prom.query("odd", at=T0).index.tolist() == [("odd", 'it\'s "ü" 日本\\ & # + %\n')]
    assert prom.query('"ü"', at=T0)["value"].tolist() == ["ü"]
    assert prom.query("clash", at=T0, tidy=True).columns.tolist() == [
        "__name__",
        "label_timestamp",
        "label_value",
        "value",
    ]


def test_each_raw_sample_is_there_once(prom):
    raw = prom.samples("requests_total[1m]", at=T0 + 120)
    assert raw["value"].tolist() == [60.0, 70.0, 80.0, 90.0, 100.0, 110.0]
    assert {timestamp.microsecond for timestamp in raw["timestamp"]} == {191_000}


def test_nan_and_missing_differ(prom):
    holes = prom.query_range("holes", start=T0, end=T0 + 1800, step="10m", tidy=True)
    assert holes["value"].isna().tolist() == [False, True, False]


def test_native_histograms_are_buckets(prom):
    buckets = prom.query('native{job="a"}', at=NATIVE)
    assert buckets["histogram_count"].unique().tolist() == [6.0]
    assert buckets["count"].sum() == 6.0


def test_an_error_points_at_its_place(prom):
    with pytest.raises(QueryError, match="unclosed left parenthesis") as refused:
        prom.query("sum(up", at=T0)
    assert refused.value.error_type == "bad_data"


def test_a_replay_knows_what_it_is_a_replay_of(prom):
    assert (prom.engine, prom.ready(), prom.state) == ("Prometheus", True, "replay")
    assert prom.version.startswith(prom.folder.name.removeprefix("prometheus-"))
