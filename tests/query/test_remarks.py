import pytest

from monitorkit.query.remarks import ServerWarning, issue


def test_a_remark_points_at_the_line_that_asked():
    with pytest.warns(ServerWarning, match="^partial$") as issued:
        issue(["partial"])
    assert issued[0].filename == __file__


def test_no_remarks_warn_of_nothing():
    issue([])
