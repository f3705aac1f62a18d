import json
import threading

import numpy as np
import pandas as pd
import pytest
import requests
from recorded_notebook import T0, assert_same, notebook

import monitorkit as mk
from monitorkit.errors import InvalidType, InvalidValue, QueryError, ServerUnavailable
from monitorkit.query import PrometheusClient, Recording, record


def texts(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_a_notebook_gives_the_same_without_its_server(history, folder):
    with record(history, folder):
        recorded = [cell() for cell in notebook(history)]
    for again, before in zip((cell() for cell in notebook(mk.replay(folder))), recorded, strict=True):
        if isinstance(before, pd.DataFrame):
            assert_same(again, before)
        else:
            assert again == before


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
