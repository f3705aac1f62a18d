import struct

import numpy as np
import pytest
from api_answers import USUAL_MS, WHOLE_SECONDS, pair, value_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.query.decoding import sampletext

SAMPLES = st.tuples(USUAL_MS | WHOLE_SECONDS, value_texts())
SERIES = st.lists(st.lists(SAMPLES, min_size=1, max_size=40), min_size=1, max_size=4)


def inner(samples):
    """The text between the outer brackets."""
    return ",".join(map(pair, samples))[1:-1].encode()


@settings(deadline=None)
@given(SERIES)
def test_every_time_and_every_bit_of_a_value_is_that_of_the_text(series):
    counts, times, numbers = sampletext.read([inner(samples) for samples in series])
    flat = [sample for samples in series for sample in samples]
    assert counts.tolist() == [len(samples) for samples in series]
    assert times.tolist() == [ms for ms, _ in flat]
    assert numbers.tobytes() == b"".join(struct.pack("<d", float(text)) for _, text in flat)
    assert (times.dtype, numbers.dtype) == (np.int64, np.float64)


@settings(deadline=None)
@given(st.floats(width=64), st.sampled_from(["{!r}", "{:.17g}", "{:.25e}"]))
def test_a_number_is_the_nearest_float(value, form):
    text = form.format(value)
    _, _, numbers = sampletext.read([f'1700000000,"{text}"'.encode()])
    assert numbers.tobytes() == struct.pack("<d", float(text))


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1700000000", 1_700_000_000_000),
        ("1700000000.001", 1_700_000_000_001),
        ("1700000000.5", 1_700_000_000_500),
        ("1700000000.05", 1_700_000_000_050),
        ("1700000000.999", 1_700_000_000_999),
        ("1000000000", 1_000_000_000_000),
        ("9999999999.999", 9_999_999_999_999),
    ],
)
def test_a_time_may_have_up_to_three_decimals(text, ms):
    _, times, _ = sampletext.read([f'{text},"1"],[1700000001,"2"],[{text},"3"'.encode()])
    assert times.tolist() == [ms, 1_700_000_001_000, ms]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b'"',
        b'1700000000,"1',
        b'1700000000,"1"]',
        b'1700000000,"1"],[',
        b'1700000000,1"',
        b'1700000000 "1"',
        b'1700000000,,"1"',
        b'[1700000000,"1"',
        b'1700000000,"1"],[1700000001"',
        b'1700000000,"1"],1700000001,"2"',
        b'1700000000,"1"][1700000001,"2"',
        b'1700000000,"1","1"',
        b'170000000,"1"',
        b'17000000000,"1"',
        b'-170000000,"1"',
        b'0700000000,"1"',
        b'1.70000000,"1"',
        b'1700000000.,"1"',
        b'1700000000.0001,"1"',
        b'1700000000e0,"1"',
        b'170000000a,"1"',
        b'a700000000,"1"',
        b'170000/000,"1"',
        b'170000:000,"1"',
        b'17000000\xb00,"1"',
        b'1700000000.1a1,"1"',
        b'1700000000x111,"1"',
        b'1700000000,""',
        b'1700000000,"x"',
        b'1700000000," 1"',
        b'1700000000,"1_0"',
        b'1700000000,"0x1"',
        b'1700000000,"nan(1)"',
        b'1700000000,"\\u0031"',
        b'1700000000,"\xff"',
    ],
)
def test_what_has_another_form_is_unusual(text):
    for texts in ([text], [b'1700000000,"1"', text], [text, b'1700000000,"1"'], [b'1700000000.191,"1"', text]):
        with pytest.raises(sampletext.Unusual, match=r"."):
            sampletext.read(texts)


def test_a_text_cannot_go_over_into_that_of_the_next_series():
    with pytest.raises(sampletext.Unusual, match="does not end with a value"):
        sampletext.read([b'1700000000,"1', b'"],[1700000000,"2"'])
