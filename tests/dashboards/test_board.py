import subprocess
import sys

import pytest

from monitorkit.dashboards import Dashboard, Row
from monitorkit.dashboards.panels import Gauge, Panel, Stat, TimeSeries
from monitorkit.errors import InvalidType, InvalidValue


def stats(n, **options):
    return [Stat(f"S{index}", "up", **options) for index in range(n)]


def places(*rows):
    return [(p.x, p.y, p.width, p.height) for p in Dashboard("B", list(rows)).placed() if isinstance(p.item, Panel)]


def test_panels_share_the_width_of_a_row():
    assert places(stats(2)) == [(0, 0, 12, 4), (12, 0, 12, 4)]
    assert [width for _, _, width, _ in places(stats(5))] == [4, 5, 5, 5, 5]


@pytest.mark.parametrize("n", range(1, 20))
def test_rows_fill_the_grid_without_gaps_or_overlaps(n):
    cells = [(x + dx, y + dy) for x, y, w, h in places(stats(n)) for dx in range(w) for dy in range(h)]
    assert len(cells) == len(set(cells))
    assert len(cells) % 24 == 0
    assert all(0 <= x < 24 for x, _ in cells)


def test_too_many_panels_go_to_lines_of_about_the_same_length():
    assert [len([p for p in places(stats(7)) if p[1] == y]) for y in (0, 4)] == [3, 4]


def test_a_width_that_was_asked_for_is_kept_and_the_rest_is_shared():
    row = [Gauge("g", "x", width=4), TimeSeries("t", "x"), TimeSeries("u", "x")]
    assert places(row) == [(0, 0, 4, 8), (4, 0, 10, 8), (14, 0, 10, 8)]


def test_widths_over_24_break_the_line():
    assert places(stats(3, width=10)) == [(0, 0, 10, 4), (10, 0, 10, 4), (0, 4, 10, 4)]


def test_headings_take_a_line_and_empty_titles_do_not():
    board = Dashboard("B", [Row("First", stats(1)), stats(1), Row("Second", stats(1))])
    assert [(p.y, p.height) for p in board.placed()] == [(0, 1), (1, 4), (5, 4), (9, 1), (10, 4)]


def test_a_panel_stands_for_a_row():
    panel = TimeSeries("t", "x")
    assert (
        Dashboard("B", panel).panels == Dashboard("B", [panel]).panels == Dashboard("B", [[panel]]).panels == (panel,)
    )


@pytest.mark.parametrize("rows", [["up"], [5], [[5]], 5, "up"])
def test_what_is_no_row_is_refused(rows):
    with pytest.raises(InvalidType, match=r"is no (row|panel)"):
        Dashboard("B", rows)


@pytest.mark.parametrize(
    ("title", "uid"), [("My model: 50% faster!", "my-model-50-faster"), ("Überwachung", "uberwachung"), ("a  b", "a-b")]
)
def test_the_uid_is_made_from_the_title(title, uid):
    assert Dashboard(title).uid == uid


def test_titles_without_latin_letters_get_different_uids_that_stay():
    first, second = Dashboard("推理性能").uid, Dashboard("模型效果").uid
    assert first != second
    assert first == Dashboard("推理性能").uid


def test_a_long_title_gives_a_uid_that_grafana_takes():
    first, second = Dashboard("x" * 60).uid, Dashboard("x" * 61).uid
    assert len(first) <= 40
    assert first != second


@pytest.mark.parametrize("uid", ["a b", "x" * 41, "ü"])
def test_a_uid_that_grafana_does_not_take_is_refused(uid):
    with pytest.raises(InvalidValue, match="uid"):
        Dashboard("B", uid=uid)


@pytest.mark.parametrize("options", [{"refresh": "5 minutes"}, {"last": "0s"}, {"refresh": "-1s"}])
def test_a_wrong_duration_is_refused(options):
    with pytest.raises(InvalidValue, match=r"refresh|last"):
        Dashboard("B", **options)


def test_a_dashboard_needs_a_title():
    with pytest.raises(InvalidValue, match="needs a title"):
        Dashboard(" ")


def test_without_a_prometheus_the_error_says_what_to_start(monkeypatch):
    monkeypatch.setattr("monitorkit.running.latest", lambda kind: None)
    for act in (Dashboard("B").draw, Dashboard("B").show, Dashboard("B").summary):
        with pytest.raises(InvalidValue, match=r"monitorkit.start_prometheus\(\)"):
            act()


def test_the_latest_prometheus_is_asked_when_none_is_given(monkeypatch, source, constant):
    latest = source({"up": constant(1)})
    monkeypatch.setattr("monitorkit.running.latest", {"prometheus": latest}.get)
    assert "Up: 1" in Dashboard("B", [TimeSeries("Up", "up")]).summary()


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(InvalidType, match="cannot ask 'http://x'"):
        Dashboard("B", [TimeSeries("Up", "up")]).draw("http://x")


def test_a_spec_loads_neither_pandas_nor_matplotlib():
    code = "import sys, monitorkit.dashboards as d; d.inference; print({'pandas', 'matplotlib', 'IPython'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"


def test_in_a_plain_python_show_prints_a_summary(source, constant, capsys):
    board = Dashboard("Plain", [Row("R", [Stat("Up", "up")])])
    with board.show(source({"up": constant(1)})) as view:
        assert not view.alive
    assert capsys.readouterr().out == "Plain\n=====\n\nR\n  Up: 1\n"


@pytest.mark.parametrize("name", ["uid", "description"])
@pytest.mark.parametrize("value", [None, 3, b"x", ["x"]])
def test_the_texts_of_a_dashboard_are_texts(name, value):
    with pytest.raises(InvalidType, match=f"dashboard 'A': {name} must be text"):
        Dashboard("A", **{name: value})


@pytest.mark.parametrize("tags", [None, 3, [None], ["a", 1]])
def test_tags_are_texts(tags):
    with pytest.raises(InvalidType, match=r"tags: .* is no text"):
        Dashboard("A", tags=tags)


def test_a_dashboard_is_saved_under_the_home_folder_and_into_no_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Dashboard("A").save("~/a.json") == tmp_path / "a.json"
    with pytest.raises(InvalidValue, match="is a folder; name a file in it"):
        Dashboard("A").save(tmp_path)
