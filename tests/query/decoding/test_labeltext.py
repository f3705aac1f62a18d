import json

import pytest
from api_answers import AWKWARD_TEXTS, LABEL_SETS, text_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitorkit.query.decoding import labeltext
from monitorkit.query.decoding.sampletext import Unusual

REPEATED = st.lists(LABEL_SETS, min_size=1, max_size=6).flatmap(
    lambda sets: st.lists(st.sampled_from(sets), min_size=1, max_size=30)
)


def texts_of(label_sets, *, ascii_only=False):
    return [text_of(each, ascii_only=ascii_only).encode().removesuffix(b"}") for each in label_sets]


@settings(deadline=None)
@given(REPEATED, st.booleans())
@example([{}], False)
@example([{}, {"a": ""}, {}], False)
@example([{"a": text} for text in AWKWARD_TEXTS], True)
@example([{"a": text} for text in AWKWARD_TEXTS], False)
@example([{"a": "1", "b": "2"}, {"b": "2", "a": "1"}], False)
def test_labels_are_what_plain_json_says(label_sets, ascii_only):
    if any("\\" in json.dumps(name, ensure_ascii=ascii_only) for each in label_sets for name in each):
        with pytest.raises(Unusual, match="an escape in a name"):
            labeltext.read(texts_of(label_sets, ascii_only=ascii_only))
        return
    assert list(labeltext.read(texts_of(label_sets, ascii_only=ascii_only))) == label_sets


@settings(deadline=None)
@given(REPEATED, st.data())
def test_damaged_labels_are_unusual_or_what_plain_json_says(label_sets, data):
    texts = texts_of(label_sets)
    position = data.draw(st.integers(0, len(texts) - 1))
    text = texts[position]
    place, length = data.draw(st.integers(0, len(text))), data.draw(st.sampled_from([0, 1, 1, 2]))
    put = data.draw(st.sampled_from([b"", b'"', b"\\", b"{", b"}", b",", b":", b"\n", b" ", b"\xff", b"\xed\xa0\x80"]))
    texts[position] = text[:place] + put + text[place + length :]
    try:
        labels = labeltext.read(texts)
    except Unusual:
        return
    assert list(labels) == [json.loads(each + b"}") for each in texts]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{{",
        b'"a":"1"',
        b'["a":"1"',
        b'{"a":"1"}',
        b'{"a":"1",',
        b'{"a":"1";"b":"2"',
        b'{"a":"1""b":"2"',
        b'{"a":"1"{"b":"2"',
        b'{"a":"1"\n{"b":"2"',
        b'{"a" "1"',
        b'{"a": "1"',
        b'{ "a":"1"',
        b'{"a":1',
        b'{"a":"1","b"',
        b'{"a":"1',
        b'{"a":"1\\"',
        b'{"a":"\\x"',
        b'{"a":"\\ud800"',
        b'{"a":"\n"',
        b'{"a":"\x00"',
        b'{"a":"\xff"',
        b'{"a":"\xed\xa0\x80"',
        b'{"\\u0061":"1"',
        b'{"a":"1","a":"2"',
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_labels_of_another_form_are_unusual(text, place):
    texts = [b'{"a":"1"', b"{"]
    texts.insert(place, text)
    with pytest.raises(Unusual, match=" "):
        labeltext.read(texts)


@pytest.mark.parametrize(
    ("first", "second"), [(b'{"a":"1', b'{"b":"2"'), (b'{"a"', b':"1"'), (b'{"a":"', b'"'), (b'{"a":"1",', b'"b":"2"')]
)
def test_no_label_goes_from_one_series_into_the_next(first, second):
    with pytest.raises(Unusual, match=" "):
        labeltext.read([first, second])


def test_texts_that_are_escaped_in_two_ways_are_one_text():
    labels = labeltext.read([b'{"a":"<"', b'{"a":"\\u003c"', b'{"a":"\\\\"', b'{"a":"\\u005c"'])
    assert labels.columns["a"].to_pylist() == ["<", "<", "\\", "\\"]
