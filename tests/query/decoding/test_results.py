import math

import numpy as np
import pytest
from api_answers import LABEL_SETS, MS, NO_RESULTS, bits, body, decoded, pair, reference, text_of, value_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.query.decoding import envelope, results, wire


@settings(deadline=None)
@given(st.lists(st.tuples(LABEL_SETS, st.lists(st.tuples(MS, value_texts()), max_size=6)), max_size=5))
def test_a_matrix_is_what_plain_json_says_bit_for_bit(series):
    items = [f'{{"metric":{text_of(labels)},"values":[{",".join(map(pair, samples))}]}}' for labels, samples in series]
    document = body("matrix", f"[{','.join(items)}]")
    result = results.result(document).data
    assert decoded(result) == reference(document)
    assert result.labels == [labels for labels, _ in series]


@settings(deadline=None)
@given(st.lists(st.tuples(LABEL_SETS, st.tuples(MS, value_texts())), max_size=6))
def test_a_vector_is_what_plain_json_says_bit_for_bit(series):
    items = [f'{{"metric":{text_of(labels)},"value":{pair(sample)}}}' for labels, sample in series]
    document = body("vector", f"[{','.join(items)}]")
    result = results.result(document).data
    assert decoded(result) == reference(document)
    assert result.labels == [labels for labels, _ in series]


@settings(deadline=None)
@given(st.tuples(MS, value_texts()))
def test_a_scalar_is_one_sample_without_labels(sample):
    result = results.result(body("scalar", pair(sample))).data
    assert result.labels == [{}]
    assert decoded(result) == [(0, sample[0], bits(float(sample[1])))]


def test_a_string_keeps_its_text():
    result = results.result(body("string", '[1700000000.191,"12 ü\\n"]')).data
    assert (result.kind, result.text, result.labels) == ("string", "12 ü\n", [{}])


def test_native_histograms_become_rows_of_buckets():
    full = '{"count":"6","sum":"10.5","buckets":[[3,"-0.001","0.001","1"],[0,"0.5","1","2"],[1,"-1","-0.5","+Inf"]]}'
    empty = '{"count":"0","sum":"NaN"}'
    mixed = f'{{"metric":{{"a":"1"}},"values":[[5,"1"]],"histograms":[[6.5,{full}],[7,{empty}]]}}'
    result = results.result(body("matrix", f"[{mixed}]")).data
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


def test_an_error_of_the_api_keeps_its_type_and_words():
    with pytest.raises(envelope.Refused, match=r"^execution: too many samples$") as caught:
        results.result(b'{"status":"error","errorType":"execution","error":"too many samples"}')
    assert caught.value.error_type == "execution"


@pytest.mark.parametrize("document", NO_RESULTS)
def test_what_is_no_query_result_is_called_malformed(document):
    with pytest.raises(envelope.Malformed, match="JSON"):
        results.result(document)
