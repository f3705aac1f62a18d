import numpy as np

from monitorkit.query.decoding import envelope, wire
from monitorkit.query.ranges import ordering
from monitorkit.query.times import Window


def answer(*names, at):
    n = len(names)
    labels = [{"n": name} for name in names]
    return envelope.Answer(
        wire.Result("matrix", labels, wire.Samples(np.arange(n), np.full(n, at), np.arange(float(n))))
    )


def names(result):
    return [labels["n"] for labels in result.labels]


def test_sorted_parts_make_a_sorted_whole():
    whole = ordering.together([answer("b", "d", at=0), answer("a", "b", "c", at=1000)]).data
    assert names(whole) == ["a", "b", "c", "d"]
    assert whole.floats.series.tolist() == [0, 1, 1, 2, 3]
    assert whole.floats.times.tolist() == [1000, 0, 1000, 1000, 0]
    assert whole.floats.numbers.tolist() == [0.0, 0.0, 1.0, 2.0, 1.0]


def test_a_servers_own_order_is_left():
    parts = [answer("b", "a", at=0), answer("c", "a", at=1000)]
    whole = ordering.together(parts).data
    assert names(whole) == ["b", "a", "c"]
    assert ordering.as_cut(whole, [Window(0, 0, 1000), Window(1000, 1000, 1000)]) is whole


def test_series_of_an_earlier_cut_come_first():
    whole = ordering.together([answer("b", "d", at=0), answer("a", "b", "c", at=1000)]).data
    assert names(ordering.as_cut(whole, [Window(0, 1000, 1000)])) == ["a", "b", "c", "d"]
    cut = ordering.as_cut(whole, [Window(0, 0, 1000), Window(1000, 1000, 1000)])
    assert names(cut) == ["b", "d", "a", "c"]
    assert cut.floats.times.tolist() == [0, 1000, 0, 1000, 1000]


def test_labels_are_compared_as_prometheus_does():
    # By the name of each label, then its value; so a label before __name__ in the alphabet counts first.
    labels = [{"A": "2", "__name__": "a"}, {"A": "3", "__name__": "a"}, {"__name__": "a"}, {"__name__": "a", "b": "1"}]
    result = wire.Result("matrix", labels, wire.Samples(np.arange(4), np.zeros(4, dtype=np.int64), np.ones(4)))
    assert ordering._is_sorted(result)
    assert not ordering._is_sorted(wire.Result("matrix", labels[::-1]))


def test_nothing_is_no_problem():
    nothing = envelope.Answer(wire.Result("matrix", []))
    assert names(ordering.together([nothing, nothing]).data) == []
    assert names(ordering.as_cut(nothing.data, [Window(0, 0, 1), Window(1, 1, 1)])) == []
