import pyarrow as pa
from api_answers import LABEL_SETS
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.query.decoding.labelsets import LabelSets

LISTS = st.lists(LABEL_SETS, max_size=8)


@settings(deadline=None)
@given(LISTS)
def test_label_sets_are_the_dicts_that_they_were_made_of(dicts):
    labels = LabelSets.of(dicts)
    assert list(labels) == dicts
    assert labels == dicts
    assert [labels[position] for position in range(len(labels))] == dicts
    assert labels[1:] == dicts[1:]
    assert eval(repr(labels)) == dicts
    assert LabelSets.of(labels) is labels


@settings(deadline=None)
@given(st.lists(LISTS, max_size=4), st.booleans())
def test_joined_label_sets_are_the_dicts_one_after_another(parts, columnar):
    labels = LabelSets.joined([LabelSets.of(part) for part in parts] if columnar else parts)
    assert list(labels) == [each for part in parts for each in part]


@settings(deadline=None)
@given(LISTS, LISTS)
def test_label_sets_are_equal_where_their_dicts_are(one, other):
    assert (LabelSets.of(one) == LabelSets.of(other)) == (one == other)
    assert (LabelSets.of(one) == other) == (one == other)


def test_an_absent_label_differs_from_an_empty_one():
    assert LabelSets.of([{"a": ""}, {}]) != LabelSets.of([{}, {"a": ""}])


def test_columns_stand_in_the_order_of_the_levels_of_an_index():
    labels = LabelSets(1, {name: pa.array(["x"]) for name in ("b", "A", "__name__", "a")})
    assert list(labels.columns) == list(labels[0]) == ["__name__", "A", "a", "b"]


def test_something_else_is_not_equal_to_label_sets():
    assert LabelSets.of([{"a": "1"}]) != "a"
