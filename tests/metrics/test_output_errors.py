"""What the labels of one output add up to, for a long time and whatever comes."""

import numpy as np
import pytest

from monitorkit.metrics.error_scale import DEFAULT_SCALE
from monitorkit.metrics.output_errors import OutputErrors


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def sums(errors):
    """Count and sums as they are exported."""
    found = errors.sums()
    return [found.buckets[-1][1], found.absolute, *(n for counter in found.counters.values() for n in counter.values())]


def increase(samples):
    """What counters grew by, as Prometheus sees it: what falls has begun at 0."""
    steps = np.diff(samples, axis=0)
    return np.where(steps < 0, samples[1:], steps).sum(axis=0)


@pytest.mark.parametrize("pair", [(1e20, 0.0), (0.0, -1e20), (1e90, 1e90)])
@pytest.mark.parametrize("first", [0, 100])
def test_what_is_counted_after_a_number_beyond_measure_is_not_lost_in_it(pair, first):
    clock = Clock()
    errors = OutputErrors(DEFAULT_SCALE, clock=clock)
    scrapes = []
    for second in range(500):
        clock.now = second
        errors.add(*pair if second == first else (0.5, 0.75))
        scrapes.append(sums(errors))
    scrapes = np.array(scrapes)
    assert scrapes[:, 0].tolist() == list(range(1, 501))
    for begin in (first, first + 30, first + 70, first + 200):
        for end in range(begin + 90, 500, 7):
            n_labels, absolute, squared, _, _, true, _, true_squared = increase(scrapes[begin : end + 1])
            means = np.array([absolute, squared, true, true_squared]) / n_labels
            # In the first minute after it what comes later is told together with what came at once.
            most = 1.0001 if begin in {first, first + 70, first + 200} else 1 + 31 / n_labels
            assert np.all(means >= 0.9999 * np.array([0.25, 0.0625, 0.5, 0.25]))
            assert np.all(means <= most * np.array([0.25, 0.0625, 0.5, 0.25]))
    if first:
        # Whoever looks back beyond it sees it.
        assert increase(scrapes[first - 20 : first + 80])[1:8].max() >= 1e20


def test_sums_that_grow_evenly_are_never_begun_anew():
    clock = Clock()
    errors = OutputErrors(DEFAULT_SCALE, clock=clock)
    rng = np.random.default_rng(0)
    before = sums(errors)
    for y_true, error in rng.normal(0, 1000, (2000, 2)).tolist():
        clock.now += 40
        errors.add(y_true, y_true + error)
        now = sums(errors)
        assert all(new >= old for new, old in zip(now, before, strict=True))
        before = now
    assert now[0] == 2000
