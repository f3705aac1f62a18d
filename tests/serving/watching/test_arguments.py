import pytest

from monitorkit.serving.watching.arguments import Named


def plain(self, X, y=None, *rest, **more):
    pass


def keyword(X, *, y_true=None):
    pass


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "found"),
    [
        (plain, (0, 1, 2), {}, 2),
        (plain, (0, 1), {"y": 3}, 3),
        (plain, (0, 1), {}, None),
        (plain, (0, 1), {"y_true": 4}, 4),
        (keyword, (0, 1), {}, None),
        (keyword, (0,), {"y_true": 5}, 5),
        (print, (0, 1), {"y": 6}, 6),
        (dict.get, (0, 1), {}, None),
        (7, (0, 1), {"y": 8}, 8),
    ],
)
def test_an_argument_is_found_by_its_name(function, args, kwargs, found):
    assert Named(function, "y", "y_true").of(args, kwargs) == found
