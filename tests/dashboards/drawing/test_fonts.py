import warnings

import pytest

from monitorkit.dashboards.drawing import fonts
from monitorkit.dashboards.drawing.picture import Picture
from monitorkit.dashboards.drawing.sheet import Sheet


@pytest.fixture
def no_chinese_font(monkeypatch):
    monkeypatch.setattr(fonts, "cjk_family", lambda: None)
    fonts._glyph.cache_clear()
    yield
    fonts._glyph.cache_clear()


needs_chinese_font = pytest.mark.skipif(fonts.cjk_family() is None, reason="no Chinese font on this machine")


def drawn(text, **style):
    sheet = Sheet(200, 40, scale=1, ground="#FFFFFF")
    sheet.text(5, 25, text, **style)
    return Picture(sheet.figure, title="", width=200, height=40).png


def test_plain_text_needs_one_family():
    assert fonts.families("up") == ("DejaVu Sans",)
    assert fonts.families("µs ✓", "mono") == ("DejaVu Sans Mono",)


@needs_chinese_font
def test_chinese_is_drawn_with_a_font_that_has_it():
    assert fonts.drawable("模型 accuracy") == "模型 accuracy"
    assert fonts.families("模型")[1] == fonts.cjk_family()
    # Two characters of the same width: boxes would be alike, letters are not.
    assert drawn("模") != drawn("型")


def test_without_a_chinese_font_a_square_stands_there_and_nothing_warns(no_chinese_font):
    assert fonts.drawable("模型 a") == "□□ a"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn("模型", weight="bold")


@needs_chinese_font
def test_bold_chinese_neither_warns_nor_logs(caplog):
    drawn("推理 Inference", weight="bold")
    assert caplog.records == []


def test_what_no_font_has_becomes_a_square():
    assert fonts.drawable("a\U00013000b") == "a□b"


def test_line_breaks_and_control_characters_do_not_tear_the_layout():
    assert fonts.drawable("a\nb\tc\x00\x1bd") == "a b cd"


@needs_chinese_font
def test_a_font_that_was_installed_later_is_found(monkeypatch):
    from matplotlib import font_manager

    name = fonts.cjk_family()
    manager = font_manager.fontManager
    files = {font.fname for font in manager.ttflist if font.name in fonts._CJK}
    without = [font for font in manager.ttflist if font.fname not in files]
    monkeypatch.setattr(manager, "ttflist", without)
    fonts.cjk_family.cache_clear()
    try:
        assert fonts.cjk_family() == name
    finally:
        fonts.cjk_family.cache_clear()
