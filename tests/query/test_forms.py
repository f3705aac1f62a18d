import pandas as pd
import pytest

from monitorkit.query import tidy
from monitorkit.query.forms import NATIVE, form_of

TIMES = pd.date_range("2026-01-31", periods=1, tz="UTC").as_unit("ms")
BUCKETS = pd.DataFrame({"timestamp": TIMES, **dict.fromkeys(NATIVE, 1.0), "closed": "right"})


@pytest.mark.parametrize(
    ("frame", "form"),
    [
        (BUCKETS, "native"),
        (BUCKETS.iloc[:0], "native"),
        (BUCKETS.drop(columns="timestamp"), "native"),
        (BUCKETS.assign(**dict.fromkeys(NATIVE, "a label"), value=1.0), "samples"),
        (BUCKETS.assign(**dict.fromkeys(NATIVE, "a label"), value=1.0).drop(columns="timestamp"), "tidy"),
        (BUCKETS.assign(**dict.fromkeys(NATIVE, "a label"), value=1.0).iloc[:0], "samples"),
    ],
)
def test_buckets_have_numbers_for_bounds_and_labels_may_have_the_same_names(frame, form):
    assert form_of(frame, caller="f")[1] == form
    pd.testing.assert_frame_equal(tidy(frame), frame)
