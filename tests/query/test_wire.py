import numpy as np
from api_answers import body, decoded

from monitorkit.query import results, wire


def test_remarks_of_the_server_are_kept():
    answer = wire.plain(b'{"status":"success","data":[],"warnings":["partial"],"infos":["no counter"]}')
    assert (answer.warnings, answer.infos) == (("partial",), ("no counter",))
    assert wire.plain(b'{"status":"success","data":[],"warnings":null}').warnings == ()


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
