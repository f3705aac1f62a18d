"""A picture as a notebook shows it, and as a file."""

import io

import pytest
from PIL import Image

from monitorkit.dashboards.panels import TimeSeries


def test_the_picture_is_a_png_of_its_size(draw, constant):
    picture = draw({"up": constant(1)}, TimeSeries("Up", "up"))
    data, size = picture._repr_png_()
    image = Image.open(io.BytesIO(data))
    assert (size["width"], size["height"]) == (picture.width, picture.height)
    assert image.size == (2 * picture.width, 2 * picture.height)


def test_a_picture_is_saved_in_the_kind_of_its_name(draw, constant, tmp_path):
    picture = draw({"up": constant(1)}, TimeSeries("Up", "up"))
    assert picture.save(tmp_path / "new" / "a.png").read_bytes() == picture.png
    assert b"<svg" in picture.save(tmp_path / "a.svg").read_bytes()
    with pytest.raises(ValueError, match=r"end the name in \.png"):
        picture.save(tmp_path / "a.jpg")
