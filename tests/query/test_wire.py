import json
import math
import struct
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.query import wire

LABEL_SETS = st.dictionaries(st.sampled_from(["__name__", "job", "value", "é"]), st.text(max_size=5), max_size=4)
MS = st.integers(-(10**11), 10**14)


@st.composite
def value_texts(draw):
    """A number as Go's strconv.FormatFloat(v, 'f' or 'g', -1, 64) may write it."""
    value = draw(st.floats(allow_nan=False, allow_infinity=False, width=64))
    special = draw(st.sampled_from([None, None, None, "NaN", "+Inf", "-Inf", "-0"]))
    return special or draw(st.sampled_from([repr(value), format(Decimal(value), "f"), f"{value:.17e}"]))


def seconds_text(ms):
    """A timestamp as Prometheus writes it: with three digits after the point, or none."""
    return str(ms // 1000) if ms % 1000 == 0 else format(Decimal(ms).scaleb(-3), "f")


def pair(sample):
    ms, text = sample
    return f'[{seconds_text(ms)},"{text}"]'


def body(kind, result):
    return f'{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}'.encode()


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


@given(st.lists(st.tuples(LABEL_SETS, st.lists(st.tuples(MS, value_texts()), max_size=6)), max_size=5))
def test_a_matrix_is_what_plain_json_says_bit_for_bit(series):
    items = [
        f'{{"metric":{json.dumps(labels)},"values":[{",".join(map(pair, samples))}]}}' for labels, samples in series
    ]
    document = body("matrix", f"[{','.join(items)}]")
    result = wire.result(document).data
    assert decoded(result) == reference(document)
    assert result.labels == [labels for labels, _ in series]


@given(st.lists(st.tuples(LABEL_SETS, st.tuples(MS, value_texts())), max_size=6))
def test_a_vector_is_what_plain_json_says_bit_for_bit(series):
    items = [f'{{"metric":{json.dumps(labels)},"value":{pair(sample)}}}' for labels, sample in series]
    document = body("vector", f"[{','.join(items)}]")
    result = wire.result(document).data
    assert decoded(result) == reference(document)
    assert result.labels == [labels for labels, _ in series]


@given(st.tuples(MS, value_texts()))
def test_a_scalar_is_one_sample_without_labels(sample):
    result = wire.result(body("scalar", pair(sample))).data
    assert result.labels == [{}]
    assert decoded(result) == [(0, sample[0], bits(float(sample[1])))]


def test_a_string_keeps_its_text():
    result = wire.result(body("string", '[1700000000.191,"12 ü\\n"]')).data
    assert (result.kind, result.text, result.labels) == ("string", "12 ü\n", [{}])


def test_native_histograms_become_rows_of_buckets():
    full = '{"count":"6","sum":"10.5","buckets":[[3,"-0.001","0.001","1"],[0,"0.5","1","2"],[1,"-1","-0.5","+Inf"]]}'
    empty = '{"count":"0","sum":"NaN"}'
    mixed = f'{{"metric":{{"a":"1"}},"values":[[5,"1"]],"histograms":[[6.5,{full}],[7,{empty}]]}}'
    result = wire.result(body("matrix", f"[{mixed}]")).data
    rows = result.histograms
    assert decoded(result) == [(0, 5000, bits(1.0))]
    assert rows.times.tolist() == [6500, 6500, 6500, 7000]
    assert rows.lower[:3].tolist() == [-0.001, 0.5, -1.0]
    assert rows.upper[:3].tolist() == [0.001, 1.0, -0.5]
    assert [wire.CLOSED[rule] for rule in rows.closed] == ["both", "right", "left", "right"]
    assert rows.bucket_count.tolist() == [1.0, 2.0, math.inf, 0.0]
    assert rows.count.tolist() == [6.0, 6.0, 6.0, 0.0]
    assert rows.sum[:3].tolist() == [10.5, 10.5, 10.5]
    assert np.isnan([rows.lower[3], rows.upper[3], rows.sum[3]]).all()


def test_remarks_of_the_server_are_kept():
    answer = wire.plain(b'{"status":"success","data":[],"warnings":["partial"],"infos":["no counter"]}')
    assert (answer.warnings, answer.infos) == (("partial",), ("no counter",))
    assert wire.plain(b'{"status":"success","data":[],"warnings":null}').warnings == ()


def test_an_error_of_the_api_keeps_its_type_and_words():
    with pytest.raises(wire.Refused, match=r"^execution: too many samples$") as caught:
        wire.result(b'{"status":"error","errorType":"execution","error":"too many samples"}')
    assert caught.value.error_type == "execution"


@pytest.mark.parametrize(
    "document",
    [
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
    ],
)
def test_what_is_no_query_result_is_called_malformed(document):
    with pytest.raises(wire.Malformed, match="JSON"):
        wire.result(document)


def test_pieces_of_a_range_join_in_the_order_first_seen():
    def piece(*series):
        items = [
            f'{{"metric":{{"a":"{a}"}},"values":[{",".join(f"""[{t},"{v}"]""" for t, v in samples)}]}}'
            for a, samples in series
        ]
        return wire.result(body("matrix", f"[{','.join(items)}]")).data

    joined = wire.join([piece(("x", [(1, 1)]), ("y", [(2, 2)])), piece(), piece(("w", [(5, 5)]), ("x", [(6, 6)]))])
    assert joined.labels == [{"a": "x"}, {"a": "y"}, {"a": "w"}]
    assert [(series, ms) for series, ms, _ in decoded(joined)] == [(0, 1000), (0, 6000), (1, 2000), (2, 5000)]


def test_samples_of_many_pieces_stay_in_the_order_of_time():
    series = [{"n": str(n)} for n in range(50)]

    def piece(start):
        # 40 samples of each series.
        times = np.tile(np.arange(start, start + 40), 50)
        return wire.Result("matrix", series, wire.Samples(np.repeat(np.arange(50), 40), times, times.astype(float)))

    floats = wire.join([piece(start) for start in range(0, 400, 40)]).floats
    assert floats.series.tolist() == np.repeat(np.arange(50), 400).tolist()
    assert floats.times.tolist() == np.tile(np.arange(400), 50).tolist()
    assert floats.numbers.tolist() == floats.times.tolist()
