"""How errors are counted."""

from itertools import pairwise

import numpy as np
import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics.quality.error_scale import DEFAULT_SCALE, ErrorScale


def test_the_default_spans_ten_decades_with_few_buckets():
    edges = DEFAULT_SCALE.buckets
    assert (edges[0], edges[-1], len(edges)) == (1e-3, 5e6, 30)
    assert all(low < high for low, high in pairwise(edges))


def test_edges_of_any_kind_are_kept_as_floats():
    assert ErrorScale(buckets=np.arange(1, 4), center=np.float32(2)) == ErrorScale(buckets=[1, 2, 3], center=2)


@pytest.mark.parametrize("buckets", [(), (2, 1), (1, 1), (-1, 1), range(101), (float("nan"),), (1, float("inf"))])
def test_edges_that_do_not_rise_are_refused(buckets):
    with pytest.raises(InvalidValue, match="buckets"):
        ErrorScale(buckets=buckets)


@pytest.mark.parametrize(
    "options", [{"buckets": "1 2"}, {"buckets": 5}, {"buckets": ["a"]}, {"center": None}, {"center": True}]
)
def test_what_is_no_number_is_refused(options):
    with pytest.raises(InvalidType, match=r"(buckets|center): "):
        ErrorScale(**options)
