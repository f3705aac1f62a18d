"""What the labels of one output add up to, for a long time and whatever comes."""

from itertools import pairwise

import numpy as np
import pytest

from monitorkit.metrics.quality.error_scale import DEFAULT_SCALE
from monitorkit.metrics.quality.output_errors import KEPT, OutputErrors


def sums(errors):
    """Count and sums as they are exported."""
    found = errors.sums()
    return [found.buckets[-1][1], found.absolute, *(n for counter in found.counters.values() for n in counter.values())]


def increase(samples):
    """What counters grew by as Prometheus adds it up: last, less first, and what came before each fall."""
    total = samples[-1] - samples[0]
    for before, after in pairwise(samples):
        total += np.where(after < before, before, 0.0)
    return total


@pytest.mark.parametrize("pair", [(1e20, 0.0), (0.0, -1e20), (1e90, 1e90)])
@pytest.mark.parametrize("first", [0, 100])
def test_what_is_counted_after_a_number_beyond_measure_is_not_lost_in_it(pair, first):
    errors = OutputErrors(DEFAULT_SCALE)
    scrapes = []
    for turn in range(200):
        errors.add(*pair if turn == first else (0.5, 0.75))
        scrapes.append(sums(errors))
    scrapes = np.array(scrapes)
    assert scrapes[:, 0].tolist() == list(range(1, 201))
    for begin in range(first + KEPT, 190, 7):
        for end in range(begin + 5, 200, 7):
            n_labels, absolute, squared, _, _, true, _, true_squared = increase(scrapes[begin : end + 1])
            means = np.array([absolute, squared, true, true_squared]) / n_labels
            assert means == pytest.approx([0.25, 0.0625, 0.5, 0.25], rel=1e-6)
    if first:
        # Whoever looks back beyond it sees it, also one that does not scrape each time.
        for every in range(1, KEPT + 1):
            assert increase(scrapes[first - 20 : first + 80 : every])[1:8].max() >= 1e20


def test_sums_that_grow_evenly_are_never_begun_anew():
    errors = OutputErrors(DEFAULT_SCALE)
    rng = np.random.default_rng(0)
    before = sums(errors)
    for y_true, error in rng.normal(0, 1000, (2000, 2)).tolist():
        errors.add(y_true, y_true + error)
        now = sums(errors)
        assert all(new >= old for new, old in zip(now, before, strict=True))
        before = now
    assert now[0] == 2000
