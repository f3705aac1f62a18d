"""Heatmaps, read back from the figure."""

import numpy as np
import pytest
from drawn import texts

from monitorkit.dashboards.panels import Heatmap

AT = 1_700_000_000.0


def histogram(times):
    """Cumulative counts: at each second one more between 0.1 s and 1 s."""
    return {
        (("le", le),): count for le, count in (("0.1", times * 0 + 2.0), ("1", times - times[0] + 2), ("+Inf", times))
    }


def test_a_heatmap_is_drawn_over_the_time_of_the_board(draw):
    answers = {"x_seconds_bucket": histogram}
    picture = draw(answers, Heatmap("Durations", "x_seconds_bucket", max=1), last="1m")
    assert {"Durations", "100 ms", "1 s", "0 s"} <= set(texts(picture))
    (mesh,) = (mesh for axes in picture.figure.axes for mesh in axes.collections)
    counts = mesh.get_array().filled(np.nan)
    assert counts.shape[0] == 2
    assert set(counts[0]) == {2.0}
    assert counts[1].tolist() == sorted(counts[1])
    assert (counts[1][0], counts[1][-1]) == (0, 60)
    start, end = mesh.axes.get_xlim()
    assert end - start == 60
    assert 0 <= AT - end < 15


def test_several_histograms_are_added_up_and_told(draw):
    def two(times):
        return {(*key, ("job", job)): value for job in "ab" for key, value in histogram(times).items()}

    assert "2 histograms, added up" in texts(draw({"x_bucket": two}, Heatmap("H", "x_bucket")))


def test_a_heatmap_of_nothing_or_of_no_histogram_says_so(draw, constant):
    found = texts(
        draw({"none": lambda t: {}, "up": constant(1)}, [Heatmap("None", "none"), Heatmap("Wrong", "up", width=12)])
    )
    assert {"No data", "the query returned no series", "This panel failed"} <= set(found)


@pytest.mark.parametrize("width", [1, 3, 6, 24])
@pytest.mark.parametrize("height", [1, 3, 12])
def test_a_heatmap_of_any_size_keeps_its_labels_in_its_card(draw, width, height):
    def sizes(times):
        return {(("le", le),): times for le in ("100", "1e+08", "+Inf")}

    picture = draw({"x_bytes_bucket": sizes}, Heatmap("H", "x_bytes_bucket", width=width, height=height))
    renderer = picture.figure._get_renderer()
    for text in picture.figure.texts:
        assert text.get_window_extent(renderer).x0 >= 24, text.get_text()
