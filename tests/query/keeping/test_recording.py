import json
import re
import threading

import numpy as np
import pandas as pd
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ipython_shell import extension_loaded, ipython_shell

import monitorkit as mk
from monitorkit import running
from monitorkit.errors import InvalidType, InvalidValue, QueryError, ServerUnavailable
from monitorkit.query import PrometheusClient, Recording, record
from monitorkit.query.catalog import Catalog
from monitorkit.query.keeping import tape
from monitorkit.services import Replay

T0 = 1_700_000_000
EVERYTHING = '{__name__=~"special|odd|clash|requests_total|native"}'
VECTOR = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"%d"]}]}}'


@pytest.fixture
def folder(tmp_path):
    """Folder of a recording; what runs on it ends with the test."""
    yield tmp_path / "recorded"
    for kind in ("recording", "prometheus"):
        while (service := running.latest(kind)) is not None:
            service.stop()


def assert_same(left, right):
    pd.testing.assert_frame_equal(left, right, check_exact=True)
    assert left.attrs == right.attrs


def texts(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def notebook(prom):
    """What a notebook may ask, relative to now, in the order of its cells."""
    fixed = {"start": T0, "end": T0 + 2000}
    yield lambda: prom.query("up")
    yield lambda: prom.query(EVERYTHING, at=T0)
    yield lambda: prom.query("time()")
    yield lambda: prom.query_range("time()", last="15m")
    yield lambda: prom.query_range("vector(time())", last="15m", step="5s", legend="x")
    yield lambda: prom.query_range("sum(requests_total) or vector(1)", start="now-1h", end="now-5m")
    yield lambda: prom.query_range(EVERYTHING, **fixed, step="777ms", tidy=True)
    yield lambda: prom.query_range("rate(requests_total[1m] @ end())", **fixed, step=0.1)
    yield lambda: prom.samples("requests_total[2h]", at=T0 + 4000)
    yield lambda: prom.samples("up[5m]")
    yield prom.targets
    yield prom.alerts
    yield prom.labels
    yield lambda: prom.label_values("job")
    yield lambda: prom.version
    yield prom.ready


def test_a_notebook_gives_the_same_without_its_server(history, folder):
    with record(history, folder):
        recorded = [cell() for cell in notebook(history)]
    for again, before in zip((cell() for cell in notebook(mk.replay(folder))), recorded, strict=True):
        if isinstance(before, pd.DataFrame):
            assert_same(again, before)
        else:
            assert again == before


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


def test_errors_are_recorded(history, folder):
    with record(history, folder), pytest.raises(QueryError, match="unclosed left parenthesis") as recorded:
        history.query("sum(up", at=T0)
    with pytest.raises(QueryError, match="unclosed left parenthesis") as again:
        mk.replay(folder).query("sum(up", at=T0)
    assert str(again.value) == str(recorded.value)


@pytest.mark.parametrize(
    "behave",
    [
        lambda handler: handler.server.answer(handler, 503, b""),
        lambda handler: handler.server.answer(handler, 200, b"<html>log in</html>", "text/html"),
        lambda handler: handler.server.answer(handler, 200, VECTOR[:40]),
        lambda handler: handler.server.answer(handler, 401, b"no"),
        lambda handler: handler.server.answer(handler, 302, b"", Location="http://u:hidden-word@elsewhere.example/x"),
        lambda handler: handler.server.released.wait(20),
        lambda handler: handler.connection.close(),
    ],
    ids=["empty", "html", "cut", "refused", "redirect", "stall", "closed"],
)
def test_failures_are_recorded(faulty, folder, behave):
    faulty.behave = behave
    client = PrometheusClient(faulty.url, timeout_seconds=0.5)
    with client, record(client, folder), pytest.raises(ServerUnavailable, match=re.escape(faulty.url)) as recorded:
        client.targets()
    with pytest.raises(ServerUnavailable, match=re.escape(faulty.url)) as again:
        mk.replay(folder).targets()
    assert str(again.value) == str(recorded.value).replace("within 0.5 s", "within 30 s")
    assert b"hidden-word" not in texts(folder)


def test_a_server_that_is_not_there_is_recorded(folder):
    client = PrometheusClient("http://127.0.0.1:9")
    with client, record(client, folder), pytest.raises(ServerUnavailable, match="nothing listens there") as recorded:
        client.query("up", at=T0)
    with pytest.raises(ServerUnavailable, match="nothing listens there") as again:
        mk.replay(folder).query("up", at=T0)
    assert str(again.value) == str(recorded.value)


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


def test_threads_may_record_and_replay_at_once(history, folder):
    def ask(client):
        frames = {}

        def one(n):
            frames[n] = client.query(f"vector({n})", at=T0 + n)

        threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [frames[n] for n in range(8)]

    with record(history, folder) as recording:
        recorded = ask(history)
    assert recording.n_answers >= 8
    for again, before in zip(ask(mk.replay(folder)), recorded, strict=True):
        assert_same(again, before)


def test_no_secret_is_in_the_folder(faulty, folder):
    token, password = "a-token-of-some-length", "pa55"

    def behave(handler):
        if "buildinfo" in handler.path:
            return faulty.answer(handler, 200, b'{"status":"success","data":{}}')
        if "targets" in handler.path:
            return faulty.answer(
                handler, 401, f"no {password} and {token} and {handler.headers['Authorization']}".encode(), "text/plain"
            )
        echo = {"metric": {"echo": token, "pa55": "pa55age"}, "value": [1, "1"]}
        body = {"status": "success", "data": {"resultType": "vector", "result": [echo]}}
        return faulty.answer(handler, 200, json.dumps(body).encode(), Set_Cookie=f"s={token}")

    faulty.behave = behave
    headers = {"X-Api-Token": token, "X-Scope-OrgID": "team-tenant"}
    url = faulty.url.replace("http://", f"http://somebody:{password}@")
    with PrometheusClient(url, headers=headers) as client, record(client, folder) as recording:
        frame = client.query(f'x{{token="{token}"}}', at=1)
        assert frame.index.to_frame()["echo"].tolist() == [token]
        with pytest.raises(ServerUnavailable, match="HTTP 401"):
            client.targets()
        assert password not in repr(recording)
    assert faulty.requests[-1].headers["X-Api-Token"] == token
    everything = texts(folder)
    for secret in (token, "team-tenant", "c29tZWJvZHk6cGE1NQ", "somebody:"):
        assert secret.encode() not in everything
    # What is short may be a word of the data: it is kept in those, and only there.
    assert everything.count(password.encode()) == 2


def test_a_recording_reads_as_text_line_by_line(history, folder):
    with record(history, folder):
        history.query("special", at=T0)
    head, *lines = map(json.loads, (folder / "index.jsonl").read_text(encoding="utf-8").splitlines())
    assert (head["monitorkit"], head["version"], head["server"]) == ("recording", 1, history.url)
    assert [line["path"] for line in lines if "path" in line] == ["api/v1/status/buildinfo", "api/v1/query"]
    assert lines[-1]["params"] == [["query", "special"], ["time", f"{T0}.000"]]
    answer = (folder / lines[-1]["answer"]).read_text(encoding="utf-8")
    assert len(answer.splitlines()) == 9
    assert json.loads(answer)["data"]["resultType"] == "vector"


def test_the_same_answers_make_the_same_files(history, tmp_path):
    names = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        with record(history, folder):
            history.query("special", at=T0)
        names.append({path.name: path.read_bytes() for path in folder.iterdir() if path.name != "index.jsonl"})
    assert names[0] == names[1]


@given(
    st.recursive(
        st.none() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_answer_comes_back_to_the_byte(tmp_path, value):
    request = tape.Request("p", (("a", "b"),))
    for body in (
        json.dumps(value).encode(),
        json.dumps(value, indent=1).encode(),
        json.dumps([value, {}, [[], []]], separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"),
    ):
        made = tape.Tape(tmp_path / "t", tape.Head("http://a", "now"))
        made.add(tape.Exchange(request, 200, {"Content-Type": "application/json"}, body))
        made.close()
        assert tape.load(tmp_path / "t")[1] == [tape.Exchange(request, 200, {"Content-Type": "application/json"}, body)]


def test_the_cell_can_run_twice(history, folder):
    first = record(history, folder)
    history.query("1", at=T0)
    assert record(history, folder) is first
    first.stop()
    first.stop()
    second = record(history, folder)
    assert (second is first, first.alive, second.alive) == (False, False, True)
    second.stop()
    with pytest.raises(QueryError, match="not_recorded"):
        mk.replay(folder).query("1", at=T0)


def test_recording_elsewhere_ends_the_one_before(history, tmp_path):
    first, second = record(history, tmp_path / "a"), record(history, tmp_path / "b")
    assert (first.alive, second.alive) == (False, True)
    assert "running" in repr(second)
    history.query("1", at=T0)
    second.stop()
    assert "ended" in repr(second)
    history.query("2", at=T0)
    assert mk.replay(tmp_path / "b").query("1", at=T0)["value"].tolist() == [1.0]
    with pytest.raises(QueryError, match="not_recorded"):
        mk.replay(tmp_path / "a").query("1", at=T0)
    mk.stop_all()


def test_two_clients_do_not_record_into_one_folder(history, folder):
    with PrometheusClient(history.url) as other:
        first, second = record(history, folder), record(other, folder)
        assert (first.alive, second.alive) == (False, True)


def test_a_notebook_with_a_cache_is_recorded_whole(history, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("monitorkit.query.times.now_ms", lambda: (T0 + 3600) * 1000 + 1234)
    asked = {"last": "30m", "step": "10s", "cache": tmp_path / "cache"}
    before = history.query_range("requests_total", **asked)
    with record(history, folder):
        recorded = history.query_range("requests_total", **asked)
    assert recorded.equals(before)
    assert recorded.attrs["cache"]["reason"] == "all that is asked is recorded"
    monkeypatch.undo()
    assert_same(mk.replay(folder).query_range("requests_total", **asked), recorded)
    assert (
        history.query_range(
            "requests_total", start=before.index[0], end=before.index[-1], step="10s", cache=asked["cache"]
        ).attrs["cache"]["reused_steps"]
        > 100
    )


def test_a_session_of_the_users_own_is_as_before(history, folder):
    with requests.Session() as session, PrometheusClient(history.url, session=session) as client:
        before = dict(session.adapters)
        recording = record(client, folder)
        client.query("1", at=T0)
        recording.stop()
        assert session.adapters == before
        assert recording.n_answers == 2


def test_other_files_in_the_folder_stay(history, folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    for _ in range(2):
        record(history, folder).stop()
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"


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


def test_a_kernel_that_dies_leaves_what_it_recorded(history, folder):
    recording = record(history, folder)
    history.query("1", at=T0)
    with (folder / "index.jsonl").open("a", encoding="utf-8") as index:
        index.write('{"path": "api')
    assert mk.replay(folder).query("1", at=T0)["value"].tolist() == [1.0]
    recording.stop()


def test_what_is_no_recording_is_told(history, folder):
    with pytest.raises(InvalidValue, match=r"folder: there is no recording in .*recorded; make one with mk\.record"):
        mk.replay(folder)
    (folder.parent / "file").touch()
    with pytest.raises(InvalidValue, match=r"folder: .*file is a file; name the folder that mk\.record wrote$"):
        mk.replay(folder.parent / "file")
    with record(history, folder):
        history.query("1", at=T0)
        history.query("2", at=T0)
    index = folder / "index.jsonl"
    whole = index.read_text(encoding="utf-8")
    for damaged, message in (
        (whole.replace('"version": 1', '"version": 2'), "by a later version of monitorkit"),
        ("", "is no recording"),
        ("[]\n", "is no recording"),
        (whole.replace('"status": 200', '"status": "x"'), r"index\.jsonl:2 is damaged"),
        (whole.replace('"answer": "', '"answer": "../'), r"index\.jsonl:2 is damaged .*no name of an answer"),
    ):
        index.write_text(damaged, encoding="utf-8")
        with pytest.raises(InvalidValue, match=message):
            mk.replay(folder)
    index.write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidValue, match="is no recording"):
        record(history, folder)
    assert index.read_text(encoding="utf-8") == "mine"


def test_wrong_arguments_are_told(history, tmp_path):
    with pytest.raises(InvalidType, match=r"client: 3 is none; pass what mk\.connect or mk\.start_prometheus returned"):
        record(3, tmp_path)
    with pytest.raises(InvalidType, match="folder: 3 is no path"):
        record(history, 3)
    (tmp_path / "file").touch()
    with pytest.raises(InvalidValue, match="cannot be written"):
        record(history, tmp_path / "file")
    assert isinstance(record(history, tmp_path / "now it works"), Recording)
    mk.stop_all()


def test_a_large_answer_is_recorded_whole(history, folder):
    expr = "count_values by (n) ('x', special) or label_replace(vector(1), 'l', '$0', 'l', '.*')"
    with record(history, folder):
        recorded = history.query_range(expr, start=T0, end=T0 + 100, step=0.01)
    assert recorded.shape[0] == 10_001
    assert_same(mk.replay(folder).query_range(expr, start=T0, end=T0 + 100, step=0.01), recorded)
    assert not np.isnan(recorded.to_numpy()).all()
