import numpy as np
import pytest

from monitorkit.dashboards.drawing.legend import GAP, legend_rows
from monitorkit.dashboards.panels import TimeSeries
from monitorkit.dashboards.reading import Line


def rows(names, width, n_rows=2):
    lines = [Line(name, np.array([0.0]), np.array([1.0])) for name in names]
    return legend_rows(lines, TimeSeries("T", "x"), width, n_rows=n_rows)


@pytest.mark.parametrize("n", [1, 3, 12])
@pytest.mark.parametrize("length", [1, 20, 80])
@pytest.mark.parametrize("width", [60, 150, 450, 940])
def test_rows_fit_and_nothing_is_lost_uncounted(n, length, width):
    found = rows([f"{index:02}" + "x" * length for index in range(n)], width)
    assert len(found) <= 2
    entries = [entry for row in found for entry in row]
    more = [entry for entry in entries if entry.color == "none"]
    left_out = int(more[0].name.removeprefix("+").removesuffix(" more")) if more else 0
    assert len(entries) - len(more) + left_out == n
    for row in found:
        assert sum(entry.width for entry in row) - GAP <= width or len(row) == 1


def test_names_are_kept_whole_where_there_is_room():
    (row,) = rows(["one", "two"], 900)
    assert [(entry.name, entry.value) for entry in row] == [("one", "1"), ("two", "1")]


def test_names_that_begin_alike_are_told_apart_by_their_ends():
    (row, *_) = rows([f"feature=income statistic={name}" for name in ("js", "ks", "psi")], 360, n_rows=1)
    names = [entry.name for entry in row if entry.color != "none"]
    assert len(set(names)) == len(names)
    assert all("…" in name and not name.endswith("…") for name in names)
