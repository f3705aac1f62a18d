import numpy as np
from api_answers import body, decoded
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.query.decoding import results, wire


def test_pieces_of_a_range_join_in_the_order_first_seen():
    def piece(*series):
        items = [
            f'{{"metric":{{"a":"{a}"}},"values":[{",".join(f"""[{t},"{v}"]""" for t, v in samples)}]}}'
            for a, samples in series
        ]
        return results.result(body("matrix", f"[{','.join(items)}]")).data

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


ROWS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 9)), unique=True)


@settings(deadline=None)
@given(st.lists(st.tuples(ROWS, ROWS, st.permutations("abcdef")), min_size=1, max_size=5))
def test_joined_pieces_hold_what_all_of_them_hold_series_by_series_in_order(pieces):
    """Each piece has its own series, in its own order; its times follow those of the piece before."""

    def columns(rows, order, number):
        rows = sorted((order.index(name), 10 * number + ms) for name, ms in rows)
        return (np.array(column, dtype=np.int64) for column in (zip(*rows, strict=True) if rows else ((), ())))

    results_ = []
    for number, (floats, histograms, order) in enumerate(pieces):
        (series, times), (bucket_series, bucket_times) = (
            columns(floats, order, number),
            columns(histograms, order, number),
        )
        numbers = [bucket_times * factor for factor in (1.5, 2.5)]
        results_.append(
            wire.Result(
                "matrix",
                [{"n": name} for name in order],
                wire.Samples(series, times, times * 0.5),
                wire.Histograms(
                    bucket_series, bucket_times, *numbers, bucket_times * 2, *numbers[::-1], bucket_times * 7.5
                ),
            )
        )
    joined = wire.join(results_)
    assert joined.labels == [{"n": name} for name in pieces[0][2]]
    for part, position in ((joined.floats, 0), (joined.histograms, 1)):
        expected = sorted(
            (pieces[0][2].index(name), 10 * number + ms)
            for number, piece in enumerate(pieces)
            for name, ms in piece[position]
        )
        assert list(zip(part.series.tolist(), part.times.tolist(), strict=True)) == expected
    assert joined.floats.numbers.tolist() == (joined.floats.times * 0.5).tolist()
    assert joined.histograms.closed.tolist() == (joined.histograms.times * 2).tolist()
    assert joined.histograms.closed.dtype == np.int64
    assert joined.histograms.sum.tolist() == (joined.histograms.times * 7.5).tolist()


def test_a_label_set_that_comes_twice_stays_two_series():
    def piece(ms):
        times = np.array([ms, ms])
        return wire.Result("matrix", [{"a": "x"}, {"a": "x"}], wire.Samples(np.array([0, 1]), times, times * 1.0))

    joined = wire.join([piece(1), wire.Result("matrix", [{"a": "x"}]), piece(2)])
    assert joined.labels == [{"a": "x"}, {"a": "x"}]
    assert joined.floats.series.tolist() == [0, 0, 1, 1]
    assert joined.floats.times.tolist() == [1, 2, 1, 2]
