import json
from collections import deque
from functools import partial
from itertools import repeat
from unittest import mock

import numpy as np
import pytest
from api_answers import (
    ANY_MS,
    LABEL_SETS,
    MS,
    NO_RESULTS,
    USUAL_MS,
    WHOLE_SECONDS,
    body,
    decoded,
    pair,
    reference,
    text_of,
    value_texts,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitorkit.query.decoding import envelope, results, sampletext, stream
from monitorkit.query.decoding.stream import ResultDecoder

HISTOGRAM = '{"count":"6","sum":"10.5","buckets":[[3,"-0.001","0.001","1"],[0,"0.5","1","2"]]}'
ENDS = st.sampled_from(
    [
        "}}",
        '},"warnings":["partial"],"infos":["PromQL info"]}',
        ',"stats":{"samples":{"result":[1]}}}}',
        '}, "warnings": null }\n',
    ]
)
FAST_SAMPLES = st.tuples(USUAL_MS | WHOLE_SECONDS, value_texts())
SAMPLES = st.one_of(FAST_SAMPLES, FAST_SAMPLES, st.tuples(MS, value_texts()))
CUTS = st.lists(st.integers(1, 200), min_size=1, max_size=8)
BLOCKS = st.sampled_from([150, 300, 1000, 1 << 18])
FEW = st.sampled_from([0, 2, 100])


consume = partial(deque, maxlen=0)


def streamed(document, *, chunks=(64,), block_bytes=150, few=0):
    """Feed a document in chunks of these sizes, one after another, again and again."""
    with mock.patch.multiple(stream, BLOCK_BYTES=block_bytes, FEW=few):
        decoder = ResultDecoder()
        place = 0
        while place < len(document):
            for size in chunks:
                decoder.feed(document[place : place + size])
                place += size
        return decoder.finish()


def content(result):
    floats, histograms = result.floats, result.histograms
    columns = [*vars(floats).values(), *vars(histograms).values()]
    return result.kind, result.labels, [(column.dtype, column.tobytes()) for column in columns]


@st.composite
def matrix_items(draw):
    labels = text_of(draw(LABEL_SETS), ascii_only=draw(st.booleans()))
    samples = draw(st.lists(SAMPLES, min_size=0, max_size=12))
    values = f'"values":[{",".join(map(pair, samples))}]'
    kind = draw(st.sampled_from(["floats"] * 6 + ["histograms", "both", "turned", "spaced"]))
    if kind == "spaced":
        return json.dumps(json.loads(f'{{"metric":{labels},{values}}}'))
    return {
        "floats": f'{{"metric":{labels},{values}}}',
        "histograms": f'{{"metric":{labels},"histograms":[[6.5,{HISTOGRAM}],[7,{HISTOGRAM}]]}}',
        "both": f'{{"metric":{labels},{values},"histograms":[[1700000000.5,{HISTOGRAM}]]}}',
        "turned": f'{{{values},"metric":{labels}}}',
    }[kind]


@st.composite
def vector_items(draw):
    labels = text_of(draw(LABEL_SETS), ascii_only=draw(st.booleans()))
    kind = draw(st.sampled_from(["float"] * 8 + ["histogram", "turned"]))
    value = f'"value":{pair(draw(SAMPLES))}'
    return {
        "float": f'{{"metric":{labels},{value}}}',
        "histogram": f'{{"metric":{labels},"histogram":[1700000000.191,{HISTOGRAM}]}}',
        "turned": f'{{{value},"metric":{labels}}}',
    }[kind]


@st.composite
def documents(draw):
    kind = draw(st.sampled_from(["matrix", "vector"]))
    items = draw(st.lists(matrix_items() if kind == "matrix" else vector_items(), max_size=7))
    return body(kind, f"[{','.join(items)}]", draw(ENDS))


@settings(deadline=None)
@given(documents(), CUTS, BLOCKS, FEW)
def test_a_stream_says_what_plain_json_says_bit_for_bit_however_it_is_cut(document, chunks, block_bytes, few):
    answer = streamed(document, chunks=chunks, block_bytes=block_bytes, few=few)
    data = json.loads(document)["data"]
    assert answer.data.labels == [item["metric"] for item in data["result"]]
    assert decoded(answer.data) == reference(document)
    whole = results.result(document)
    assert content(answer.data) == content(whole.data)
    assert (answer.warnings, answer.infos) == (whole.warnings, whole.infos)


@settings(deadline=None)
@given(documents(), FEW, st.data())
def test_a_damaged_stream_is_refused_where_the_plain_way_refuses_it(document, few, data):
    place = data.draw(st.integers(0, len(document)))
    length = data.draw(st.sampled_from([0, 1, 1, 1, 5]))
    put = data.draw(
        st.sampled_from([b"", b'"', b"]", b"}", b"[", b",", b"\n", b"\\", b"0", b".", b"\xff", b"{}", b"x"])
    )
    damaged = document[:place] + put + document[place + length :]
    try:
        expected = content(results.result(damaged).data)
    except envelope.Malformed:
        with pytest.raises(envelope.Malformed, match="JSON"):
            streamed(damaged, few=few)
    else:
        assert content(streamed(damaged, few=few).data) == expected


@pytest.mark.parametrize("block_bytes", [150, 1 << 18])
@pytest.mark.parametrize("before", [0, 30])
@pytest.mark.parametrize("document", NO_RESULTS)
def test_what_is_no_query_result_is_called_malformed(document, before, block_bytes):
    items = {
        "matrix": b'{"metric":{"a":"1"},"values":[[1700000000,"1"],[1700000001,"2"]]},',
        "vector": b'{"metric":{"a":"1"},"value":[1700000000,"1"]},',
    }
    for kind, item in items.items():
        opening = b'"resultType":"' + kind.encode() + b'","result":['
        spoilt = document.replace(opening, opening + before * item, 1)
        with pytest.raises(envelope.Malformed, match="JSON"):
            streamed(spoilt, block_bytes=block_bytes)


@pytest.mark.parametrize("first", ['"a":"x', '"a":"1"},{"b":"2"', '"a":[{', "", "}", '"a":"1"', "{"])
@pytest.mark.parametrize("second", ['y"', '"c":"3"', '},{"c":"3"', '}],"d":{', "]", "},{", '{y"'])
@pytest.mark.parametrize("third", ['"e":"4"', '},{"e":"4"', ""])
@pytest.mark.parametrize("few", [0, 100])
def test_labels_of_one_series_never_go_over_into_another(first, second, third, few):
    # The last series is read by itself.
    texts = (first, second, third, '"f":"5"')
    items = [f'{{"metric":{{{labels}}},"values":[[1700000000,"1"]]}}' for labels in texts]
    document = body("matrix", f"[{','.join(items)}]")
    try:
        expected = content(results.result(document).data)
    except envelope.Malformed:
        with pytest.raises(envelope.Malformed, match="JSON"):
            streamed(document, block_bytes=1 << 18, few=few)
    else:
        assert content(streamed(document, block_bytes=1 << 18, few=few).data) == expected


def usual(n_series, n_samples):
    samples = ",".join(f'[{1_700_000_000 + 15 * n},"{n / 7}"]' for n in range(n_samples))
    return [f'{{"metric":{{"n":"{n}"}},"values":[{samples}]}}' for n in range(n_series)]


@pytest.mark.parametrize(
    "between",
    [
        b']]};{"metric":',
        b']]}{"metric":',
        b']]],{"metric":',
        b']]},{"mutric":',
        b']]},{"metric";',
        b']},{"metric":',
        b'},{"metric":',
    ],
)
def test_what_stands_between_two_series_is_looked_at(between):
    document = body("matrix", f"[{','.join(usual(6, 3))}]")
    boundary = b']]},{"metric":'
    place = document.index(boundary, document.index(boundary) + 1)
    damaged = document[:place] + between + document[place + len(boundary) :]
    with pytest.raises(envelope.Malformed, match="JSON"):
        streamed(damaged, block_bytes=1 << 18)


def test_series_are_read_before_the_answer_ends(monkeypatch):
    read = []
    monkeypatch.setattr(sampletext, "read", lambda texts, real=sampletext.read: read.append(len(texts)) or real(texts))
    document = body("matrix", f"[{','.join(usual(300, 50))}]")
    decoder = ResultDecoder()
    decoder.feed(document[: len(document) * 9 // 10])
    assert sum(read) > 200
    decoder.feed(document[len(document) * 9 // 10 :])
    assert len(decoder.finish().data.labels) == sum(read) == 300


def test_the_usual_form_is_never_read_the_long_way(monkeypatch):
    monkeypatch.setattr(results, "read", None)
    monkeypatch.setattr(results, "result", None)
    matrix = streamed(body("matrix", f"[{','.join(usual(20, 50))}]")).data
    assert np.bincount(matrix.floats.series).tolist() == [50] * 20
    special = ',[1700001000.191,"NaN"],[1700001001,"+Inf"],[1700001002,"-Inf"],[1700001003.5,"-0"]]}'
    ragged = [item.removesuffix("]}") + special if n % 2 else item for n, item in enumerate(usual(20, 9))]
    assert np.bincount(streamed(body("matrix", f"[{','.join(ragged)}]")).data.floats.series).tolist() == [9, 13] * 10
    vector = [f'{{"metric":{{"n":"{n}"}},"value":[1700000000.191,"{n}"]}}' for n in range(50)]
    assert streamed(body("vector", f"[{','.join(vector)}]")).data.floats.numbers.tolist() == list(range(50))


def test_one_unusual_series_does_not_slow_down_the_others(monkeypatch):
    read = []
    monkeypatch.setattr(results, "read", lambda data, real=results.read: read.append(len(data["result"])) or real(data))
    items = usual(400, 40)
    items[200] = items[200].replace('"values"', f'"histograms":[[1,{HISTOGRAM}]],"values"')
    result = streamed(body("matrix", f"[{','.join(items)}]"), chunks=[4096], block_bytes=4096).data
    assert len(result.labels) == 400
    assert sum(read) < 20
    assert set(result.histograms.series) == {200}


def test_an_answer_that_says_at_its_end_that_it_failed_is_an_error():
    document = body("matrix", f"[{','.join(usual(9, 9))}]", '},"status":"error","errorType":"timeout","error":"late"}')
    with pytest.raises(envelope.Refused, match="timeout: late"):
        streamed(document)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ('{"a":"1","a":"2"}', {"a": "2"}),
        ('{"a":"1"},"more":{"b":"2"}', {"a": "1"}),
        ('{"a": "1"}', {"a": "1"}),
        (r'{"\u0061":"1"}', {"a": "1"}),
    ],
)
@pytest.mark.parametrize("samples", ['"value":[1700000000,"1"]', '"values":[[1700000000,"1"]]'])
def test_unusual_labels_among_many_series_are_read_as_json(metric, expected, samples):
    items = [f'{{"metric":{{"n":"{n}"}},{samples}}}' for n in range(100)]
    items[50] = f'{{"metric":{metric},{samples}}}'
    kind = "vector" if "values" not in samples else "matrix"
    labels = streamed(body(kind, f"[{','.join(items)}]"), block_bytes=1 << 18).data.labels
    assert list(labels) == [{"n": str(n)} if n != 50 else expected for n in range(100)]


def test_no_dict_is_made_for_any_of_many_series(monkeypatch):
    items = [f'{{"metric":{{"n":"{n}"}},"value":[1700000000,"1"]}}' for n in range(2000)]
    labels = streamed(body("vector", f"[{','.join(items)}]"), chunks=[1 << 14], block_bytes=1 << 14, few=40).data.labels
    monkeypatch.setattr(type(labels), "_dicts", None)
    assert labels.columns["n"].to_pylist() == list(map(str, range(2000)))


def test_a_second_result_is_malformed():
    second = ',"result":[{"metric":{},"values":[[1700000000,"1"]]}]}}'
    with pytest.raises(envelope.Malformed, match="JSON, but with two results"):
        streamed(body("matrix", f"[{','.join(usual(9, 9))}]", second))


def test_a_series_without_an_end_is_left_early(monkeypatch):
    monkeypatch.setattr(stream, "MAX_BODY_BYTES", 1 << 20)
    decoder = ResultDecoder()
    decoder.feed(body("matrix", '[{"metric":{},"values":[[1700000000,"1"]', ""))
    piece = b',[1700000000,"1"]' * 5000
    with pytest.raises(envelope.Malformed, match="longer than 1 MiB without the end of a series"):
        consume(map(decoder.feed, repeat(piece, 100)))


def test_a_long_series_is_looked_through_only_a_few_times(monkeypatch):
    looks = []
    monkeypatch.setattr(
        ResultDecoder, "_read_blocks", lambda d, real=ResultDecoder._read_blocks: looks.append(1) or real(d)
    )
    (item,) = usual(1, 200_000)
    result = streamed(body("matrix", f"[{item}]"), chunks=[1 << 14], block_bytes=1 << 14).data
    assert len(result.floats.times) == 200_000
    assert len(looks) < 15


@settings(deadline=None)
@given(st.lists(st.tuples(ANY_MS, value_texts()), min_size=1, max_size=5))
@example([(-1, "1")])
@example([(0, "1")])
@example([(999_999_999_999, "1"), (10**13, "2")])
def test_times_before_2001_and_after_2286_are_right_as_well(samples):
    document = body("matrix", f'[{{"metric":{{}},"values":[{",".join(map(pair, samples))}]}}]')
    assert decoded(streamed(document).data) == reference(document)


def test_an_error_of_the_api_keeps_its_type_and_words():
    with pytest.raises(envelope.Refused, match=r"^execution: too many samples$") as caught:
        streamed(b'{"status":"error","errorType":"execution","error":"too many samples"}', chunks=[3])
    assert caught.value.error_type == "execution"


def test_scalars_and_strings_are_read_too():
    assert streamed(body("scalar", '[1700000000.191,"2"]')).data.floats.times.tolist() == [1_700_000_000_191]
    assert streamed(body("string", '[1700000000.191,"12 ü"]')).data.text == "12 ü"


def test_real_servers_write_the_usual_form(history, monkeypatch):
    def unusual(*_):
        raise AssertionError("read the long way")

    monkeypatch.setattr(results, "read", unusual)
    monkeypatch.setattr(results, "result", unusual)
    start = 1_700_000_000.191
    assert history.query_range("requests_total", start=start, end=start + 600, step="1s").shape == (601, 1)
    assert len(history.query("special", at=1_700_000_010)) == 8
    assert len(history.samples("requests_total[5m]", at=start + 600)) in {30, 31}
