import re

import pytest

from monitorkit.dashboards import colors
from monitorkit.errors import InvalidValue


@pytest.mark.parametrize("name", ["red", "dark-green", "super-light-blue", "semi-dark-yellow", "text"])
def test_grafanas_names_are_known(name):
    assert re.fullmatch("#[0-9A-F]{6}", colors.hex_color(name))


def test_a_hex_color_stays_as_it_is():
    assert colors.hex_color("#1f77b4") == "#1f77b4"


@pytest.mark.parametrize("name", ["rot", "#12345", "Red", "", None, "#1f77b4\n"])
def test_what_is_no_color_is_refused(name):
    with pytest.raises(InvalidValue, match="no colour"):
        colors.hex_color(name)


def _luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("name", ["red", "green", "blue", "purple", "orange", "yellow"])
def test_numbers_in_a_threshold_color_can_be_read_on_white(name):
    # 3:1 is what WCAG 2.1 asks for large text; yellow reaches 2.5, and comes with its arc or line.
    contrast = 1.05 / (_luminance(colors.text_color(name)) + 0.05)
    assert contrast > (2.4 if name == "yellow" else 3)


def test_no_line_is_as_red_as_a_threshold():
    assert not set(colors.LINE_COLORS) & {colors.hex_color("red"), colors.hex_color("dark-red")}
    assert len(set(colors.LINE_COLORS)) == len(colors.LINE_COLORS)
