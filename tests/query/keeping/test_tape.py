"""A recording as files."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import monitorkit as mk
from monitorkit.errors import InvalidValue
from monitorkit.query import record
from monitorkit.query.keeping import tape

T0 = 1_700_000_000


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
