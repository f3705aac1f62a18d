"""Answers from a recording, in place of a server's."""

import re

import pytest
from ipython_shell import extension_loaded, ipython_shell
from recorded_notebook import T0, assert_same, notebook

import monitorkit as mk
from monitorkit import running
from monitorkit.errors import QueryError
from monitorkit.query import PrometheusClient, record
from monitorkit.query.catalog import Catalog
from monitorkit.services import Replay

VECTOR = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"%d"]}]}}'


def test_cells_may_run_in_another_order(history, folder):
    with record(history, folder):
        recorded = [cell() for cell in notebook(history)]
    cells = list(notebook(mk.replay(folder)))
    for position in (5, 4, 3, 0, 3, 2):
        assert_same(cells[position](), recorded[position])


def test_a_query_asked_again_gets_its_answers_in_order_then_the_last_one(history, folder):
    with record(history, folder):
        recorded = [history.query("time()") for _ in range(3)]
    prom = mk.replay(folder)
    for before in (*recorded, recorded[-1], recorded[-1]):
        assert_same(prom.query("time()"), before)
    assert_same(mk.replay(folder).query("time()"), recorded[0])


def test_answers_at_the_same_moment_change_as_they_did(faulty, folder):
    numbers = iter(range(3))
    faulty.behave = lambda handler: faulty.answer(
        handler, 200, b'{"status":"success","data":{}}' if "buildinfo" in handler.path else VECTOR % next(numbers)
    )
    with PrometheusClient(faulty.url) as client, record(client, folder):
        for _ in range(3):
            client.query("x", at=1)
    prom = mk.replay(folder)
    assert [prom.query("x", at=1)["value"].item() for _ in range(5)] == [0.0, 1.0, 2.0, 2.0, 2.0]


def test_what_was_not_recorded_is_one_error_that_names_the_nearest(history, folder):
    with record(history, folder):
        history.query("sum(up)", at=T0)
        history.query_range("rate(requests_total[5m])", start=T0, end=T0 + 60, step=5)
    prom = mk.replay(folder)
    with pytest.raises(
        QueryError,
        match=r"not_recorded: query 'sum\(upp\)' time=2023-11-14T22:13:20.000Z was not recorded; the nearest are: query 'sum\(up\)' time=2023-11-14T22:13:20.000Z; record again with mk.record",
    ):
        prom.query("sum(upp)", at=T0)
    with pytest.raises(
        QueryError,
        match=r"the nearest are: query_range 'rate\(requests_total\[5m\]\)' start=2023-11-14T22:13:20.000Z end=2023-11-14T22:14:20.000Z step=5.000;",
    ):
        prom.query_range("rate(requests_total[5m])", start=T0, end=T0 + 61, step=5)
    with pytest.raises(QueryError, match=r"alerts was not recorded; nothing of this kind was"):
        prom.alerts()


def test_completion_works_without_the_server(history, folder):
    def known(client):
        catalog = Catalog(client).within(20)
        return list(catalog.metrics()), list(catalog.values("n", "special")), catalog.n_series("special")

    with record(history, folder):
        recorded = known(history)
    assert known(mk.replay(folder)) == recorded
    assert "special" in recorded[0]


def test_a_range_in_pieces_side_by_side_comes_back(history, folder):
    window = {"start": T0, "end": T0 + 3600, "step": 0.1}
    with record(history, folder):
        recorded = history.query_range("requests_total", **window)
    assert len(recorded) == 36_001
    assert_same(mk.replay(folder).query_range("requests_total", **window), recorded)


def test_a_replay_is_the_current_prometheus_and_says_what_it_is(history, folder):
    record(history, folder).stop()
    prom = mk.replay(folder)
    assert running.latest("prometheus") is prom
    assert isinstance(prom, Replay)
    assert (prom.url, prom.version, prom.engine, prom.ready()) == (history.url, history.version, "Prometheus", True)
    assert re.fullmatch(rf"Replay\('{folder}': 1 answer of {history.url}, recorded \S+Z\)", repr(prom))
    assert "<b>Replay</b>" in prom._repr_html_()
    prom.stop()
    assert repr(prom).endswith(", stopped)")
    assert running.latest("prometheus") is not prom


def test_the_magic_asks_the_replay(history, folder):
    with ipython_shell() as shell, extension_loaded(shell):
        with mk.connect(history.url) as prom, record(prom, folder):
            recorded = shell.run_cell("%promql vector(1)").result
        mk.replay(folder)
        again = shell.run_cell("%promql vector(1)").result
    assert again.equals(recorded)
