import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from api_answers import LABEL_SETS
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.query import frames
from monitorkit.query.decoding import wire
from monitorkit.query.levels import level

WORDS = st.sampled_from(["", "a", "b", "aa", "B", "é", "日本", "🎈", "\uffff", "\x00", " "]) | st.text(max_size=4)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=30))
def test_a_level_is_the_one_that_pandas_finds(texts):
    codes, different = level(pa.array(texts, pa.string()))
    index = pd.MultiIndex.from_arrays([pd.Index(texts, dtype="str"), range(len(texts))])
    pd.testing.assert_index_equal(different, index.levels[0], exact=True)
    assert codes.tolist() == index.codes[0].tolist()


@settings(deadline=None)
@given(st.lists(LABEL_SETS, min_size=1, max_size=8))
def test_the_index_of_a_result_is_the_one_that_pandas_makes_from_its_labels(labels):
    result = wire.Result(
        "vector", labels, wire.Samples(np.arange(len(labels)), np.zeros(len(labels), np.int64), np.zeros(len(labels)))
    )
    index = frames.instant(result).index
    names = ["__name__", *sorted({name for each in labels for name in each} - {"__name__"})]
    columns = [pd.Index([each.get(name, "") for each in labels], dtype="str", name=name) for name in names]
    expected = columns[0] if len(names) == 1 else pd.MultiIndex.from_arrays(columns)
    pd.testing.assert_index_equal(index, expected, exact=True)
    if len(names) > 1:
        for ours, theirs in zip(index.levels, expected.levels, strict=True):
            pd.testing.assert_index_equal(ours, theirs, exact=True)
        assert [codes.tolist() for codes in index.codes] == [codes.tolist() for codes in expected.codes]


@pytest.mark.parametrize("operation", [pd.DataFrame.sort_index, lambda frame: frame.groupby(["b", "a"]).sum()])
def test_what_pandas_does_with_an_index_is_as_ever(operation):
    labels = [{"a": a, "b": b} for a in "zxy" for b in "31"]
    result = wire.Result("vector", labels, wire.Samples(np.arange(6), np.zeros(6, np.int64), np.arange(6.0)))
    frame = frames.instant(result)
    plain = frame.set_axis(pd.MultiIndex.from_tuples(frame.index.tolist(), names=frame.index.names))
    pd.testing.assert_frame_equal(operation(frame), operation(plain))
