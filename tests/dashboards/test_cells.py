import numpy as np
import pandas as pd
import pytest

from monitorkit.dashboards.cells import Cells, cells
from monitorkit.errors import InvalidType, InvalidValue

BOUNDS = np.array([0, 0.1, 1, 10, np.inf])
CELLS = Cells(np.array([0.0, 1, 2]), BOUNDS, np.array([[1.0, 1], [5, np.nan], [0, 3], [0, 0]]))


@pytest.mark.parametrize(
    ("low", "high", "bounds"),
    [
        (None, None, BOUNDS),
        (0.1, None, BOUNDS[1:]),
        (0.2, 5, [0.1, 1, 10]),
        (None, 1, [0, 0.1, 1]),
        (20, None, [10, np.inf]),
        (-5, -1, BOUNDS),
    ],
)
def test_rows_within_two_bounds_are_those_that_reach_into_them(low, high, bounds):
    found = CELLS.between(low, high)
    assert found.bounds.tolist() == list(bounds)
    first = BOUNDS.tolist().index(bounds[0])
    np.testing.assert_array_equal(found.counts, CELLS.counts[first : first + len(bounds) - 1])


def test_in_words_it_is_where_most_are():
    assert CELLS.text("s") == "most between 100 ms and 1 s"


def test_what_has_no_buckets_has_no_cells():
    times = pd.date_range("2026-01-31", periods=0, freq="1min", tz="UTC", name="timestamp")
    assert cells(pd.DataFrame(index=times, columns=pd.Index([], name="le"), dtype=float)) is None
    with pytest.raises(InvalidType, match="heatmap: list is no frame"):
        cells([])
    with pytest.raises(InvalidValue, match="heatmap: these buckets are of one moment"):
        cells(pd.DataFrame({"value": [1.0, 2]}, index=pd.Index(["1", "+Inf"], name="le")))
