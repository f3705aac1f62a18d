import json
import math
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query import frames, read, write
from monitorkit.query.decoding.wire import Histograms, Result, Samples
from monitorkit.query.times import Window

T0 = 1_700_000_000
NATIVE = T0 + 86_400
STALE = np.frombuffer(struct.pack("<Q", 0x7FF0000000000002), dtype=np.float64)[0]
ODD = 'it\'s "ü" 日本\\ & # + %\n\0'


def assert_same(left, right):
    pd.testing.assert_frame_equal(left, right, check_exact=True, check_freq=True)
    assert left.attrs == right.attrs
    assert (type(left.index), type(left.columns)) == (type(right.index), type(right.columns))
    for column in range(left.shape[1]):
        if left.dtypes.iloc[column] == np.float64:
            assert left.iloc[:, column].to_numpy().tobytes() == right.iloc[:, column].to_numpy().tobytes()


@pytest.fixture
def kept(tmp_path):
    """Write a frame, read it again, and compare: ``kept(frame) -> path``."""

    def keep(frame):
        before = frame.copy()
        path = write(frame, tmp_path / "kept.parquet")
        assert_same(read(path), frame)
        assert_same(frame, before)
        return path

    return keep


def wide(n_steps=3):
    labels = [{"__name__": "up", "job": "a"}, {"__name__": "up", "job": ODD}]
    times = np.arange(n_steps, dtype=np.int64) * 1000
    floats = Samples(np.repeat([0, 1], n_steps), np.tile(times, 2), np.arange(2.0 * n_steps))
    frame = frames.ranged(Result("matrix", labels, floats), Window(0, 1000 * (n_steps - 1), 1000))
    frame.attrs = {"query": "up", "step": 1.0, "warnings": [], "end": None}
    return frame


@pytest.mark.parametrize("tidy", [True, False])
def test_what_a_server_answers_comes_back_as_it_is(history, kept, tidy):
    everything = '{__name__=~"special|odd|clash|requests_total"}'
    window = {"start": T0 - 60, "end": T0 + 2000, "step": "777ms", "tidy": tidy}
    for frame in (
        history.query(everything, at=T0, tidy=tidy),
        history.query(everything, at=T0, legend="{{n}}"),
        history.query("1+1"),
        history.query('"ü"'),
        history.query("nothing", tidy=tidy),
        history.query('native{job="a"}', at=NATIVE),
        history.query_range(everything, **window),
        history.query_range(everything, **window, legend="{{n}}"),
        history.query_range("2", **window),
        history.query_range("nothing", **window),
        history.samples("requests_total[2h]", at=T0 + 4000),
        history.samples("nothing[5m]"),
    ):
        kept(frame)


def test_what_a_server_tells_of_itself_comes_back_as_it_is(live, kept):
    kept(live.targets())
    kept(live.alerts())


@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20),
    st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_bit_and_every_text_is_kept(tmp_path, bits, texts):
    values = np.array(bits, dtype=np.uint64).view(np.float64)
    labels = pd.MultiIndex.from_arrays([texts, texts[::-1]], names=["__name__", texts[0]])
    frame = pd.DataFrame(np.tile(values, (len(texts), 1)).T, columns=labels)
    frame.attrs = {texts[0]: texts}
    assert_same(read(write(frame, tmp_path / "x.parquet")), frame)


def test_a_nan_keeps_its_payload_beside_others(kept):
    kept(pd.DataFrame({"value": [STALE, math.nan, -0.0, 0.0, math.inf, -math.inf, 5e-324] * 100}))


def test_a_frame_that_was_changed_comes_back_as_it_is(kept):
    frame = wide()
    kept(frame.iloc[::-1])
    kept(frame.iloc[:0])
    kept(frame.iloc[:, :0])
    kept(frame.T)
    kept(frame.iloc[:, [0, 0]])
    kept(frame.droplevel("__name__", axis=1))
    kept(frame.tz_convert("Asia/Tokyo"))
    kept(frame.resample("2s").mean())
    kept(frame.droplevel("__name__", axis=1).assign(extra="text"))
    kept(pd.DataFrame([[1.0, "text"]], columns=pd.Index([("up", "a"), "extra"], tupleize_cols=False)))
    kept(frame.reset_index())
    kept(frame > 1)
    kept(frame.describe())
    kept(frame.melt(ignore_index=False).set_index(["__name__", "job"], append=True).query("value > 1"))


def test_columns_of_other_types_come_back_as_they_are(kept):
    frame = pd.DataFrame(
        {
            "integer": [1, 2],
            "yes or no": [True, False],
            "small": np.array([1, 2], dtype=np.uint8),
            "single": np.array([1, math.nan], dtype=np.float32),
            "missing integer": pd.array([2**60 + 1, None], dtype="Int64"),
            "missing yes": pd.array([True, None], dtype="boolean"),
            "kind": pd.Categorical(["x", None]),
            "rank": pd.Categorical([3, 4], categories=[4, 3], ordered=True),
            "took": pd.to_timedelta([1, None], unit="s"),
            "local": pd.to_datetime(["2026-01-01", None]),
            "whole": np.array(["2026-01-01", "NaT"], dtype="M8[s]"),
            "fine": pd.DatetimeIndex(np.array([1, 2], dtype="M8[ns]")).tz_localize("UTC"),
            "text": ["x", None],
            "nullable text": pd.array(["x", None], dtype="string"),
            "object": pd.Series(["x", None], dtype=object),
            "plain values": [{"a": [1, 2.5, None]}, ODD],
        }
    )
    kept(frame)
    kept(frame.iloc[:0])
    for name in ("kind", "missing integer", "local", "fine", "text", "object"):
        kept(frame.set_index(name))
    kept(frame.set_index(["text", "fine", "integer"]))


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame(), pd.DataFrame(index=range(3)), pd.DataFrame(index=[2, 1]), pd.DataFrame(columns=["a", "a"])],
    ids=["nothing", "rows", "rows with names", "columns"],
)
def test_an_empty_frame_comes_back_as_it_is(kept, frame):
    kept(frame)


def test_labels_may_be_called_like_anything(kept):
    names = ["__name__", "value", "timestamp", "level_0", "monitorkit", "", "__name__"]
    index = pd.MultiIndex.from_arrays([[name] * 2 for name in names], names=names)
    path = kept(pd.DataFrame({"value": [1.0, 2.0], "timestamp": [3.0, 4.0]}, index=index))
    assert parquet.read_schema(path).names == [*names[:6], "__name__ #2", "value #2", "timestamp #2"]


def test_other_programs_find_texts_times_and_numbers_under_names_that_say_what_they_are(kept):
    table = parquet.read_table(kept(wide()))
    assert table.schema.names == [
        "timestamp",
        'up{job="a"}',
        f"up{{job={json.dumps(ODD, ensure_ascii=False)}}}".replace("\\u0000", "\0"),
    ]
    assert str(table.schema.field("timestamp").type) == "timestamp[ms, tz=UTC]"
    assert table.column(1).to_pylist() == [0.0, 1.0, 2.0]
    assert pd.read_parquet(kept(wide()))["timestamp"].tolist() == wide().index.tolist()


def test_native_histograms_come_back_as_they_are(kept):
    bounds = Histograms(
        *(np.array([0, 1]) for _ in range(2)),
        *(np.array([0.5, math.nan]) for _ in range(2)),
        np.array([0, 1]),
        *(np.ones(2) for _ in range(3)),
    )
    floats = Samples(np.array([1]), np.array([5]), np.array([2.0]))
    kept(frames.sample_rows(Result("matrix", [{"a": "1"}, {}], floats, bounds)))


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = write(wide(), tmp_path / "new" / "x.parquet")
    with pytest.raises(InvalidType, match="column 'a': a file cannot keep values of type complex128"):
        write(pd.DataFrame({"a": [1j]}), path)
    assert_same(read(path), wide())
    write(wide(5), path)
    assert_same(read(path), wide(5))
    assert [each.name for each in path.parent.iterdir()] == ["x.parquet"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (3, "frame: int is no DataFrame"),
        (pd.Series([1]), r"frame: Series is no DataFrame; write series.to_frame\(\)"),
        (pd.DataFrame({"a": [object]}), "column 'a': <class 'object'> is no plain JSON value"),
        (pd.DataFrame({"a": [(1, 2)]}), r"column 'a': \(1, 2\) is no plain JSON value"),
        (pd.DataFrame({"a": pd.arrays.SparseArray([1, 0])}), "column 'a': a file cannot keep values of type Sparse"),
        (pd.DataFrame([[1]], columns=pd.CategoricalIndex(["a"])), "column labels of type category; rename the columns"),
        (pd.DataFrame(index=pd.Index([1], name=(1, 2))), "the names of the index: .* is no plain JSON value"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(tmp_path, frame, message):
    with pytest.raises(InvalidType, match=message):
        write(frame, tmp_path / "x.parquet")
    assert list(tmp_path.iterdir()) == []


def test_half_a_character_is_refused(tmp_path):
    half = pd.Index(["\ud800"], dtype=object)
    for frame in (
        pd.DataFrame({"a": half}),
        pd.DataFrame([[1.0]], columns=half),
        pd.DataFrame({"a": [1.0]}, index=half),
    ):
        with pytest.raises(InvalidValue, match=r"frame: .* is no text that a file can hold: half a character"):
            write(frame, tmp_path / "x.parquet")


def test_attrs_that_json_would_change_are_refused(tmp_path):
    frame = wide()
    frame.attrs = {"limits": (1, 2)}
    with pytest.raises(InvalidType, match=r"attrs\['limits'\]: \(1, 2\) is no plain JSON value"):
        write(frame, tmp_path / "x.parquet")


def test_what_cannot_be_read_is_told(tmp_path):
    path = tmp_path / "x.parquet"
    with pytest.raises(InvalidValue, match=r"path: there is no file .*x.parquet"):
        read(path)
    with pytest.raises(InvalidValue, match="cannot be read"):
        read(tmp_path)
    for content in (b"", b"PAR1", b"x" * 1000):
        path.write_bytes(content)
        with pytest.raises(InvalidValue, match="is no Parquet file, or damaged"):
            read(path)
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(InvalidValue, match=r"was not written by mk\.write; read it with pandas\.read_parquet"):
        read(path)


def test_a_file_of_a_later_version_is_not_guessed_at(tmp_path, monkeypatch):
    monkeypatch.setattr("monitorkit.query.keeping.frame_files.VERSION", 99)
    path = write(wide(), tmp_path / "x.parquet")
    monkeypatch.undo()
    with pytest.raises(InvalidValue, match="update monitorkit"):
        read(path)


def test_a_changed_byte_is_noticed(tmp_path):
    frame = pd.DataFrame({"value": np.random.default_rng(0).random(2000)})
    path = write(frame, tmp_path / "x.parquet")
    whole = path.read_bytes()
    for place in range(40, len(whole) - 8, 997):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            again = read(path)
        except InvalidValue:
            continue
        assert_same(again, frame)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InvalidValue, match="is a folder; name a file in it"):
        write(wide(), tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InvalidValue, match=r"file/x\.parquet cannot be written"):
        write(wide(), tmp_path / "file" / "x.parquet")
