"""Answers of the Prometheus API as text, and what they say by the plainest route there is."""

import json
import struct
from decimal import Decimal

from hypothesis import strategies as st

AWKWARD_TEXTS = [
    "",
    '"',
    "\\",
    '\\"',
    "]]},",
    ']]},{"metric":',
    ']]},{"metric":{"a":"1"},"values":[[1700000000,"1"]]}',
    ']},{"metric":',
    '},"values":[[',
    '},"value":[',
    '"]]}]}}',
    "\n\u2028\x00",
    "日本 ü 🎈",
    "[::1]:9090",
    "+Inf",
]
LABEL_NAMES = ["__name__", "job", "value", "values", "metric", "le", "é", "}"]
LABEL_SETS = st.dictionaries(
    st.sampled_from(LABEL_NAMES), st.sampled_from(AWKWARD_TEXTS) | st.text(max_size=5), max_size=4
)
ANY_MS = st.integers(-(10**11), 10**14)
USUAL_MS = st.integers(10**12, 10**13 - 1)
WHOLE_SECONDS = st.integers(10**9, 10**10 - 1).map(lambda second: second * 1000)
MS = st.one_of(USUAL_MS, WHOLE_SECONDS, ANY_MS)


@st.composite
def value_texts(draw):
    """A number as Go's strconv.FormatFloat(v, 'f' or 'g', -1, 64) may write it."""
    value = draw(st.floats(allow_nan=False, allow_infinity=False, width=64))
    special = draw(st.sampled_from([None, None, None, "NaN", "+Inf", "-Inf", "-0", "5e-324", "1e+308", "4.9e-323"]))
    return special or draw(st.sampled_from([repr(value), format(Decimal(value), "f"), f"{value:.17e}"]))


def seconds_text(ms):
    """A timestamp as Prometheus writes it: with three digits after the point, or none."""
    return str(ms // 1000) if ms % 1000 == 0 else format(Decimal(ms).scaleb(-3), "f")


def pair(sample):
    ms, text = sample
    return f'[{seconds_text(ms)},"{text}"]'


def text_of(value, *, ascii_only=True):
    """JSON without spaces; Go escapes less than Python does."""
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))


def body(kind, result, end="}}"):
    return f'{{"status":"success","data":{{"resultType":"{kind}","result":{result}{end}'.encode()


def bits(value):
    return struct.pack("<d", value)


def reference(document):
    """(label set, ms, bits of the value) of every sample, by the plainest route there is."""
    data = json.loads(document, parse_float=Decimal)["data"]
    return [
        (position, int(Decimal(seconds) * 1000), bits(float(text)))
        for position, item in enumerate(data["result"])
        for seconds, text in item.get("values", [item["value"]] if "value" in item else [])
    ]


def decoded(result):
    floats = result.floats
    return [
        (int(position), int(ms), bits(value))
        for position, ms, value in zip(floats.series, floats.times, floats.numbers, strict=True)
    ]


NO_RESULTS = [
    b"",
    b"<html></html>",
    b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}',
    b"[]",
    b"null",
    b"{}",
    b'{"status":"success"}',
    b'{"status":"success","data":null}',
    b'{"status":"success","data":[]}',
    b'{"status":"success","data":{"resultType":"tensor","result":[]}}',
    b'{"status":"success","data":{"resultType":"vector"}}',
    body("vector", "null"),
    body("vector", '[{"metric":{}}]'),
    body("vector", '[{"value":[1,"2"]}]'),
    body("vector", '[{"metric":{"a":1},"value":[1,"2"]}]'),
    body("vector", '[{"metric":null,"value":[1,"2"]}]'),
    body("vector", '[{"metric":{},"value":[1]}]'),
    body("vector", '[{"metric":{},"value":[1,"2","3"]}]'),
    body("vector", '[{"metric":{},"value":[1,null]}]'),
    body("vector", '[{"metric":{},"value":[null,"1"]}]'),
    body("vector", '[{"metric":{},"value":[1,"two"]}]'),
    body("vector", '[{"metric":{},"value":[1e300,"2"]}]'),
    body("matrix", '[{"metric":{}}]'),
    body("matrix", '[{"metric":{},"values":[[1,"2"],[3]]}]'),
    body("matrix", '[{"metric":{},"values":[[1,"2"],[3,"4","5"]]}]'),
    body("matrix", '[{"metric":{},"histograms":[[1,{"count":"1"}]]}]'),
    body("matrix", '[{"metric":{},"histograms":[[1,{"count":"1","sum":"1","buckets":[[9,"0","1","1"]]}]]}]'),
    body("matrix", '[{"metric":{},"histograms":[[1,{"count":"1","sum":"1","buckets":[[0,"0","1"]]}]]}]'),
    body("scalar", '[1,"2","3"]'),
    body("string", "[1]"),
    body("matrix", '[{"metric":{},"values":[[1700000000,"1"]]}]', "}}}"),
    body("matrix", '[{"metric":{},"values":[[1700000000,"1"]]}]', "}"),
    body("matrix", '[{"metric":{},"values":[[1700000000,"1"]]},]'),
    body("matrix", '[{"metric":{},"values":[[1700000000,"1"]]},7]'),
    body("matrix", '[{"metric":{},"values":[[1700000000,"1"]]} {"metric":{}}]'),
    body("matrix", '[{"metric":{},"values":[[1700000000,"1"],[1700000001]]}]'),
    body("matrix", '[{"metric":{},"values":[[1700000000,"1"],[1700000001,"2","3"]]}]'),
    body("matrix", '[{"metric":{},"values":[[1700000000,"1",[1700000001,"2"]]}]'),
    body("matrix", '[{"metric":{},"values":[[1700000000,"1"]1700000001,"2"]]}]'),
    body("matrix", '[{"metric":{},"values":[[0700000000,"1"]]}]'),
    body("matrix", '[{"metric":{},"values":[[1700000000.,"1"]]}]'),
    body("matrix", '[{"metric":{},"values":[[17000000.0.5,"1"]]}]'),
    body("matrix", '[{"metric":{},"values":[[1700000000x191,"1"]]}]'),
    body("matrix", '[{"metric":{},"values":[[1700000000.1:1,"1"]]}]'),
    body("matrix", '[{"metric":{},"values":[[17000/0000,"1"]]}]'),
    body("matrix", '[{"metric":{},"values":[[:700000000,"1"]]}]'),
    body("matrix", '[{"metric":{},"values":[["700000000,"1"]]}]'),
    body("matrix", '[{"metric":{},"values":[[1700000000,"nan(1)"]]}]'),
    body("matrix", '[{"metric":{},"values":[[1700000000,""]]}]'),
    body("matrix", '[{"metric":{},"values":[[1700000000,"1\n"]]}]'),
    body("matrix", '[{"metric":{},"values":[[1700000000,null]]}]'),
    body("matrix", '[{"metric":{"a":1},"values":[[1700000000,"1"]]}]'),
    body("matrix", '[{"metric":{"a":{}},"values":[[1700000000,"1"]]}]'),
    body("matrix", '[{"metric":{"a"},"values":[[1700000000,"1"]]}]'),
    body("matrix", '[{"metric":"a","values":[[1700000000,"1"]]}]'),
    body("vector", '[{"metric":{},"value":[1700000000,"1"],[1700000001,"2"]}]'),
    body("vector", '[{"metric":{},"value":[[1700000000,"1"]]}]'),
]
"""What a reader of query results must not take for one."""
