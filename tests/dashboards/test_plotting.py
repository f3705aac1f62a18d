import io
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from drawn import texts
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from monitorkit.dashboards.colors import hex_color
from monitorkit.dashboards.panels import above, below
from monitorkit.dashboards.plotting import plot
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query import tidy

ODD = "<img src=x onerror=alert(1)> $x^2$ 日本"


def ranged(n_series=1, n_steps=60, query="rate(inference_requests_total[5m])"):
    index = pd.date_range("2026-01-31 12:00", periods=n_steps, freq="10s", tz="UTC", name="timestamp").as_unit("ms")
    columns = pd.MultiIndex.from_tuples(
        [("", "ai_model", f"host{n}") for n in range(n_series)], names=["__name__", "job", "instance"]
    )
    frame = pd.DataFrame(np.arange(1.0, n_series + 1) * np.ones((n_steps, 1)), index=index, columns=columns)
    frame.attrs = {"query": query, "start": "2026-01-31T12:00:00.000Z", "end": "2026-01-31T12:09:50.000Z", "step": 10.0}
    return frame


def instant(values, query="x_bytes"):
    index = pd.MultiIndex.from_tuples(
        [("x_bytes", f"host{n}") for n in range(len(values))], names=["__name__", "instance"]
    )
    frame = pd.DataFrame({"value": np.array(values, dtype=float)}, index=index)
    frame.attrs = {"query": query, "start": "2026-01-31T12:00:00.000Z", "end": "2026-01-31T12:00:00.000Z", "step": None}
    return frame


def lines(picture):
    return [line for axes in picture.figure.axes for line in axes.get_lines()]


def bars(picture):
    """Bars: the boxes over the grid."""
    boxes = [child for child in picture.figure.get_children() if isinstance(child, FancyBboxPatch)]
    return [box for box in boxes if box.get_zorder() == 2]


def test_a_range_is_drawn_as_lines_named_by_the_labels_that_differ():
    picture = plot(ranged(3))
    assert picture.title == "rate(inference_requests_total[5m])"
    assert len(lines(picture)) == 3
    said = texts(picture)
    assert {"host0", "host1", "host2", "1 req/s", "3 req/s"} <= set(said)
    assert not any("ai_model" in text for text in said)
    assert any(text.startswith("2026-01-31") for text in said)


def test_the_picture_is_a_png_of_its_size():
    picture = plot(ranged(2))
    image = Image.open(io.BytesIO(picture.png))
    assert image.size == (2 * picture.width, 2 * picture.height) == (1720, 600)


def test_gaps_stay_gaps():
    frame = ranged(1)
    frame.iloc[20:30] = np.nan
    (line,) = lines(plot(frame))
    assert np.isnan(line.get_ydata()).sum() == 10


def test_of_too_many_lines_the_largest_are_drawn_and_a_note_counts_them():
    picture = plot(ranged(40))
    assert len(lines(picture)) == 12
    assert "12 of 40 series, the largest" in texts(picture)
    assert {f"host{n}" for n in range(28, 40)} <= set(texts(picture))
    few = plot(ranged(40), max_lines=3)
    assert "3 of 40 series, the largest" in texts(few)
    assert len(lines(plot(ranged(40), max_lines=1000))) == 12


def test_an_instant_result_is_drawn_as_bars_with_their_values():
    picture = plot(instant([2**20, 2**30, -5, np.nan, np.inf]))
    said = texts(picture)
    assert {"1 MiB", "1 GiB", "-5 B", "NaN", "∞", "host4"} <= set(said)
    assert [bar.get_width() > 1 for bar in bars(picture)] == [False, True, False]
    assert bars(picture)[2].get_x() < bars(picture)[0].get_x()
    assert "20 of 45 series, the largest" in texts(plot(instant(range(45))))


def test_thresholds_colour_bars_and_stand_in_lines():
    fine, bad = bars(plot(instant([1, 3], query="x_seconds"), thresholds=[above(2, "red")]))
    assert to_hex(fine.get_facecolor()).upper() == hex_color("green")
    assert to_hex(bad.get_facecolor()).upper() == hex_color("red")
    dashed = [line for line in lines(plot(ranged(), thresholds=below(2.0, "orange"))) if line.get_linestyle() == "--"]
    assert len(dashed) == 1


def test_each_form_of_the_same_result_gives_the_same_lines():
    frame = ranged(3)
    assert plot(tidy(frame)).png == plot(frame).png
    assert plot(tidy(instant([1, 2]))).png == plot(instant([1, 2])).png


def test_a_legends_names_stand_as_they_are():
    frame = ranged(2)
    frame.columns = pd.Index(["a of b", "c"])
    assert {"a of b", "c"} <= set(texts(plot(frame)))


def test_one_column_or_row_can_be_drawn_alone():
    frame = ranged(2)
    picture = plot(frame[frame.columns[1]])
    assert "2 req/s" in texts(picture)
    assert "1 MiB" in texts(plot(instant([2**20])["value"]))


def test_a_single_moment_of_a_range_is_a_dot():
    drawn = lines(plot(ranged(1, n_steps=1)))
    assert [line.get_marker() for line in drawn] == ["", "o"]


@pytest.mark.parametrize("frame", [ranged(0), ranged(1, n_steps=0), instant([]), tidy(instant([])), tidy(ranged(0))])
def test_an_empty_frame_says_no_data(frame):
    picture = plot(frame)
    assert "No data" in texts(picture)
    assert picture.text.endswith(": no data")
    assert picture.png


def test_nan_only_says_no_data_too():
    assert "No data" in texts(plot(ranged(2) * np.nan))


def test_title_and_unit_are_the_queries_unless_given():
    frame = ranged(1)
    assert "1 s" in texts(plot(frame, unit="s", title="Time"))
    assert plot(frame, title="Time").title == "Time"
    frame.attrs = {}
    assert plot(frame).title == "Values"
    bare = instant([2**20])
    bare.attrs = {}
    assert plot(bare).title == "x_bytes"
    assert "1 MiB" in texts(plot(bare))


def test_a_ratio_is_shown_on_the_whole():
    full = plot(instant([0.9], query="model_accuracy"))
    assert "90%" in texts(full)
    (low,), (high,) = (bars(plot(instant([value], query="model_accuracy"))) for value in (0.6, 0.9))
    assert low.get_width() / high.get_width() == pytest.approx(0.6 / 0.9, rel=0.02)


def test_labels_from_outside_stay_text():
    frame = instant([1, 2])
    frame.index = pd.MultiIndex.from_tuples([("x", ODD), ("x", "b")], names=["__name__", "path"])
    picture = plot(frame, title=ODD)
    assert "<img src=x onerror=alert(1)> $x^2$" in picture.text
    assert any("$x^2$" in text for text in texts(picture))
    assert not hasattr(picture, "_repr_html_")
    assert picture.png


def test_values_at_the_ends_of_float64_can_be_drawn():
    largest = np.finfo(float).max
    assert plot(instant([largest, -largest, 5e-324, 0])).png
    assert plot(ranged(2) * largest / 2).png


def test_twenty_thousand_series_are_drawn_soon():
    frame = ranged(20_000, n_steps=20)
    started = time.monotonic()
    plot(frame)
    assert time.monotonic() - started < 5


def test_plots_and_templates_need_no_ipython():
    code = (
        "import sys; sys.modules['IPython'] = None; sys.modules['ipywidgets'] = None\n"
        "import monitorkit as mk, pandas as pd\n"
        "frame = pd.DataFrame({'value': [1.0]}, index=pd.Index(['up'], name='__name__'))\n"
        "assert mk.plot(frame).png and mk.expr('up{job={j}}', j='a') == 'up{job=\"a\"}'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_frame_is_left_as_it_is():
    frame = ranged(3)
    before = frame.copy()
    plot(frame, title="x")
    pd.testing.assert_frame_equal(frame, before)
    assert frame.attrs == before.attrs


@pytest.mark.parametrize("frame", [[1, 2], None, "up", {"a": 1}])
def test_what_is_no_frame_is_refused(frame):
    with pytest.raises(InvalidType, match=r"is no frame; pass what prom\.query_range"):
        plot(frame)


@pytest.mark.parametrize("max_lines", [0, -1, 2.5, True, "3"])
def test_a_number_of_lines_that_makes_no_sense_is_refused(max_lines):
    with pytest.raises(InvalidValue, match=r"max_lines is .*, must be a whole number from 1"):
        plot(ranged(), max_lines=max_lines)


def test_other_parameters_are_checked_as_a_panels():
    with pytest.raises(InvalidType, match="is no threshold"):
        plot(ranged(), thresholds=[5])
    with pytest.raises(InvalidType, match="unit must be text"):
        plot(ranged(), unit=5)


def test_a_plot_grows_where_the_names_of_its_lines_need_the_room():
    def picture(prefix):
        times = pd.DatetimeIndex(pd.to_datetime([0, 1], unit="s", utc=True), name="timestamp")
        columns = pd.Index([f"{prefix}{number}" for number in range(12)], name="job")
        return plot(pd.DataFrame(1.0, index=times, columns=columns))

    assert picture("a").height == 300
    assert 300 < picture("a-job-with-a-name-that-fills-a-third-of-a-row-").height <= 348
