import io

import numpy as np
import pandas as pd
import pytest
from drawn import texts
from PIL import Image

from monitorkit.dashboards import heatmap
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query import tidy

QUERY = "sum by (le) (rate(inference_request_duration_seconds_bucket[1m]))"


def times(n, step=30):
    return pd.date_range("2026-01-31 12:00", periods=n, freq=f"{step}s", tz="UTC", name="timestamp").as_unit("ms")


def ranged(rows, bounds=("0.1", "0.5", "+Inf"), query=QUERY, step=30):
    """A range of cumulative counts."""
    columns = pd.MultiIndex.from_tuples([("", le) for le in bounds], names=["__name__", "le"])
    frame = pd.DataFrame(np.array(rows, dtype=float), index=times(len(rows), step), columns=columns)
    frame.attrs = {"query": query, "step": float(step)}
    return frame


def native(*histograms, **labels):
    """Tidy native histograms, one a minute, each a list of (lower, upper, closed, count)."""
    rows = [
        (time, *bucket, sum(each[3] for each in buckets), 1.0)
        for time, buckets in zip(times(len(histograms), 60), histograms, strict=True)
        for bucket in buckets
    ]
    names = ["timestamp", "lower", "upper", "closed", "count", "histogram_count", "histogram_sum"]
    numbers = dict.fromkeys(set(names) - {"timestamp", "closed"}, float)
    frame = pd.DataFrame(rows, columns=names).astype(numbers).assign(**labels)
    frame.attrs = {"query": "sum(rate(inference_request_duration_seconds[5m]))", "step": 60.0}
    return frame


def cells(picture):
    """What is drawn: counts by row from below and column, NaN where the paper is white."""
    return picture.figure.axes[0].collections[0].get_array().filled(np.nan)


def test_what_is_drawn_lies_between_two_bounds():
    assert cells(heatmap(ranged([[1, 3, 4], [2, 2, 2], [0, 5, 6]]))).tolist() == [[1, 2, 0], [2, 0, 5], [1, 0, 1]]


def test_every_form_of_the_same_buckets_gives_the_same_picture():
    frame = ranged([[1, 3, 4], [2, 2, 2], [0, 5, 6]])
    expected = heatmap(frame).png
    assert heatmap(frame[frame.columns[::-1]]).png == expected
    assert heatmap(frame.iloc[::-1]).png == expected
    assert heatmap(tidy(frame)).png == expected
    spelt = frame.rename({"0.1": "1e-1"}, axis="columns", level="le")
    assert heatmap(spelt).png == expected


def test_nothing_known_is_white_and_nothing_observed_is_not():
    frame = ranged([[1, 3, 4], [0, 0, 0], [np.nan] * 3, [np.nan, 2, 3], [1, 1, 1]])
    found = cells(heatmap(frame))
    assert found[:, 1].tolist() == [0, 0, 0]
    assert np.isnan(found[:, 2]).all()
    assert found[:, 3].tolist() == [2, 2, 1]  # one bucket of two rows
    pixels = np.asarray(Image.open(io.BytesIO(heatmap(frame).png)).convert("RGB"))
    middle = pixels[300]
    assert (middle[2 * 390] == 255).all()


def test_above_the_highest_bucket_that_is_there_nothing_is_known():
    found = cells(heatmap(ranged([[1, 3, 4], [1, 3, np.nan]])))
    np.testing.assert_array_equal(found, [[1, 1], [2, 2], [1, np.nan]])


def test_steps_that_were_dropped_are_gaps():
    frame = ranged([[1, 2, 3]] * 6)
    found = cells(heatmap(frame.drop(frame.index[2:4])))
    assert found.shape[1] == 6
    assert np.isnan(found).all(axis=0).tolist() == [False, False, True, True, False, False]
    assert cells(heatmap(frame.iloc[::2])).shape[1] == 3


def test_a_column_ends_at_the_time_of_its_step():
    axes = heatmap(ranged([[1, 2, 3]] * 4)).figure.axes[0]
    first = times(1)[0].timestamp()
    assert axes.get_xlim() == (first - 30, first + 90)


def test_many_steps_are_drawn_as_means_and_a_note_says_so():
    rows = np.tile([[0, 0, 0], [2, 2, 4]], (1000, 1))
    picture = heatmap(ranged(rows))
    assert cells(picture).shape == (3, 667)
    assert "each column the mean of 3 steps" in texts(picture)
    assert np.nanmean(cells(picture)[0]) == pytest.approx(1, rel=0.01)


def test_units_are_told_from_the_query_unless_given():
    said = texts(heatmap(ranged([[10, 20, 40]] * 3)))
    assert {"100 ms", "500 ms", "∞", "20 req/s", "0 req/s", QUERY} <= set(said)
    assert "500 ms" not in texts(heatmap(ranged([[1, 2, 4]] * 3), unit="short", title="Sizes"))
    counted = heatmap(ranged([[100, 200, 400]] * 3, query="sum by (le) (increase(x_size_bytes_bucket[1m]))"))
    assert {"200", "0.5 B"} <= set(texts(counted))
    assert heatmap(ranged([[1, 2, 4]]), title="T").title == "T"


def test_counters_as_they_are_get_a_hint():
    assert "counts since the start; rate() shows when they came" in texts(
        heatmap(ranged([[1, 2, 4]], query="x_bucket"))
    )
    assert not any("rate() shows" in text for text in texts(heatmap(ranged([[1, 2, 4]]))))


def test_histograms_with_the_same_buckets_are_added_up_and_others_refused():
    frame = ranged([[1, 3, 4]] * 2)
    both = pd.concat({"a": frame, "b": frame * 2}, axis="columns", names=["job"], sort=False)
    both.attrs = frame.attrs
    picture = heatmap(both)
    assert cells(picture)[:, 0].tolist() == [3, 6, 3]
    assert "2 histograms, added up" in texts(picture)
    other = ranged([[1, 3, 4]] * 2, bounds=("1", "2", "+Inf"))
    mixed = pd.concat({"a": frame, "b": other}, axis="columns", names=["job"], sort=False)
    with pytest.raises(InvalidValue, match=r'2 histograms with buckets of their own, \{job="a"\} and \{job="b"\}'):
        heatmap(mixed)
    with pytest.raises(InvalidValue, match=r"add them up in the query: sum\(rate\(x\[5m\]\)\)"):
        heatmap(pd.concat([native([(1, 2, "right", 3)], job="a"), native([(1, 2, "right", 3)], job="b")]))


def test_native_buckets_that_are_not_listed_are_empty_and_coarser_ones_span_rows():
    fine = [(1.0, 2.0, "right", 3.0), (2.0, 4.0, "right", 1.0)]
    picture = heatmap(native(fine, [(1.0, 4.0, "right", 7.0)], [(2.0, 4.0, "right", 5.0)]))
    assert cells(picture).tolist() == [[3, 7, 0], [1, 7, 5]]


def test_the_bucket_around_zero_is_a_row_below_the_others():
    around = (-1e-128, 1e-128, "both", 2.0)
    one_sided = heatmap(native([around, (1.0, 2.0, "right", 3.0)]))
    assert cells(one_sided).tolist() == [[2], [3]]
    assert "0 s" in texts(one_sided)
    both = heatmap(native([(-2.0, -1.0, "left", 1.0), around, (1.0, 2.0, "right", 3.0)]))
    assert cells(both).tolist() == [[1], [2], [3]]
    assert cells(heatmap(native([around]))).tolist() == [[2]]
    assert cells(heatmap(native([(-0.0, 0.0, "both", 2.0)]))).tolist() == [[2]]


def test_histograms_without_a_bucket_leave_an_empty_column():
    empty = (np.nan, np.nan, "neither", 0.0)
    assert cells(heatmap(native([(1.0, 2.0, "right", 3.0)], [empty]))).tolist() == [[3, 0]]
    assert "No data" in texts(heatmap(native([empty])))


def test_a_terminal_reads_where_most_observations_are():
    text = heatmap(ranged([[1, 3, 4], [2, 9, 9]])).text
    assert text.startswith(f"{QUERY}: most between 100 ms and 500 ms (3 buckets, 2 steps; 2026-01-31 ")


@pytest.mark.parametrize("frame", [ranged([[1, 2, 3]]).iloc[:0], ranged([[np.nan] * 3]), native().iloc[:0]])
def test_an_empty_frame_says_no_data(frame):
    picture = heatmap(frame)
    assert "No data" in texts(picture)
    assert picture.text.endswith(": no data")
    assert picture.png


def test_odd_values_are_drawn_or_left_white():
    assert heatmap(ranged([[0, 0, 0]] * 2)).png
    assert heatmap(ranged([[1e300, 1e300, np.inf]] * 2)).png
    assert heatmap(ranged([[1, 2]] * 2, bounds=("1", "2"))).png
    assert heatmap(ranged([[5]] * 2, bounds=("+Inf",))).png
    assert heatmap(ranged([[1, 2, 3]], query="sum by (le) (x{a='$<b>'})"), title="<img src=x> $x^2$ 日本").png


def test_the_frame_stays_as_it_was():
    frame = ranged([[3, 1, 4]] * 2)
    before = frame.copy(deep=True)
    heatmap(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_what_cannot_be_drawn_is_told_in_a_line():
    instant = pd.DataFrame({"value": [1.0, 2]}, index=pd.Index(["1", "+Inf"], name="le"))
    with pytest.raises(InvalidValue, match=r"these buckets are of one moment; ask with prom.query_range\(\)"):
        heatmap(instant)
    with pytest.raises(InvalidValue, match="of one moment"):
        heatmap(tidy(instant))
    with pytest.raises(InvalidValue, match="heatmap: no label 'le' on these series"):
        heatmap(ranged([[1, 2, 3]]).droplevel("le", axis="columns"))
    with pytest.raises(InvalidValue, match="scale: 'cubic': use one of linear, log"):
        heatmap(ranged([[1, 2, 3]]), scale="cubic")
    with pytest.raises(InvalidType, match="heatmap: NoneType is no frame"):
        heatmap(None)


def test_the_scale_can_be_chosen():
    frame = ranged([[1, 2, 3, 4, 5, 6]] * 2, bounds=("1", "2", "4", "8", "16", "+Inf"))
    assert heatmap(frame).png == heatmap(frame, scale="log").png != heatmap(frame, scale="linear").png


def test_infinite_counts_are_drawn_without_a_warning():
    assert heatmap(ranged([[np.inf, np.inf, np.inf], [0, 5, 6]]))._repr_png_()
