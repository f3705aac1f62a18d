import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from monitorkit.dashboards.drawing.sheet import Sheet, elide, elide_apart, png_bytes, text_width, wrap


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.fixture
def sheet():
    return Sheet(200, 100, scale=2, ground="#FFFFFF")


def test_the_picture_has_the_size_times_the_scale(sheet):
    assert pixels(png_bytes(sheet.figure)).shape == (200, 400, 3)


def test_y_goes_down(sheet):
    sheet.box((0, 0, 200, 10), face="#FF0000")
    image = pixels(png_bytes(sheet.figure))
    assert image[5, 200].tolist() == [255, 0, 0]
    assert image[195, 200].tolist() == [255, 255, 255]


def test_axes_stand_where_they_are_put(sheet):
    axes = sheet.axes((50, 20, 100, 60))
    axes.axhspan(0, 1, color="#0000FF")
    axes.set_ylim(0, 1)
    blue = np.argwhere(pixels(png_bytes(sheet.figure))[:, :, 0] == 0)
    assert (blue.min(axis=0) / 2).tolist() == pytest.approx([20, 50], abs=0.5)
    assert (blue.max(axis=0) / 2).tolist() == pytest.approx([80, 150], abs=0.5)


@pytest.mark.parametrize("text", ["$x$", "$\\frac{1$", "100 $ or 5 $", r"\alpha", "a_b^c"])
def test_dollar_signs_are_dollar_signs(sheet, text):
    sheet.text(5, 50, text)
    assert not sheet.figure.texts[0].get_parse_math()
    png_bytes(sheet.figure)


def test_measured_widths_are_those_that_are_drawn(sheet):
    for text, weight in (("avg(inference_latency_seconds)", "normal"), ("43.0 req/s", "bold")):
        sheet.figure.texts.clear()
        sheet.text(2, 50, text, size=10.5, weight=weight)
        dark = np.argwhere(pixels(png_bytes(sheet.figure)).sum(axis=2) < 500)
        drawn = (dark[:, 1].max() - dark[:, 1].min()) / 2
        assert text_width(text, 10.5, weight) == pytest.approx(drawn, abs=3)


def test_short_text_stays_and_long_text_ends_in_an_ellipsis():
    assert elide("up", 100, 12) == "up"
    cut = elide("inference_requests_total", 80, 12)
    assert cut.endswith("…")
    assert "inference_requests_total".startswith(cut[:-1])
    assert text_width(cut, 12) <= 80
    assert elide("up", 0, 12) == "…"


def test_text_is_broken_at_spaces():
    lines = wrap("sum by (le) (rate(inference_request_duration_seconds_bucket[5m]))", 260, 10, n_lines=3, family="mono")
    assert 1 < len(lines) <= 3
    assert all(text_width(line, 10, "normal", "mono") <= 260 for line in lines)
    assert lines[0].startswith("sum by (le)")


def test_text_without_spaces_is_broken_anywhere_and_the_rest_is_cut():
    lines = wrap("x" * 200, 100, 10, n_lines=2)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert wrap("", 100, 10, n_lines=2) == []


def test_the_users_style_changes_nothing(sheet):
    import matplotlib as mpl

    def draw():
        page = Sheet(200, 100, scale=1, ground="#FFFFFF")
        page.text(5, 20, "text $x$")
        page.axes((20, 30, 150, 50)).plot([0, 1], [0, 1], color="#000000", linewidth=1, linestyle="-", marker="")
        return png_bytes(page.figure)

    plain = draw()
    dark = {
        "figure.facecolor": "black",
        "axes.facecolor": "red",
        "text.color": "white",
        "font.family": "serif",
        "axes.grid": True,
        "figure.autolayout": True,
        "savefig.bbox": "tight",
        "text.usetex": True,
    }
    with mpl.rc_context(dark):
        assert draw() == plain


def test_drawing_leaves_pyplot_alone(sheet):
    import sys

    loaded = "matplotlib.pyplot" in sys.modules
    sheet.text(5, 5, "x")
    png_bytes(sheet.figure)
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_the_same_figure_gives_the_same_bytes_also_after_others(sheet):
    sheet.text(5, 50, "x")
    first = png_bytes(sheet.figure)
    other = Sheet(200, 100, scale=2, ground="#000000")
    png_bytes(other.figure)
    assert png_bytes(sheet.figure) == first


def test_a_figure_can_be_saved_elsewhere_afterwards(sheet, tmp_path):
    png_bytes(sheet.figure)
    assert isinstance(sheet.figure, Figure)
    sheet.figure.savefig(tmp_path / "x.svg")
    assert (tmp_path / "x.svg").stat().st_size > 0


@pytest.mark.parametrize("width", [0, 5, 40, 90, 150, 400])
def test_texts_that_begin_alike_are_cut_within_the_width(width):
    texts = ["feature=income statistic=ks", "feature=income statistic=psi", "up", "日本語の長い名前の特徴量その一", ""]
    for text, shown in zip(texts, elide_apart(texts, width, 12), strict=True):
        assert shown == text or "…" in shown
        assert text_width(shown, 12) <= max(width, text_width("…", 12))
