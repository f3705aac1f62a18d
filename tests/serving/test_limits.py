"""Limits are checked where they are written."""

import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.serving import Limits


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"body_bytes": 0}, InvalidValue, "body_bytes: 0 is too small"),
        ({"body_bytes": 1.5}, InvalidType, "body_bytes: 1.5 is no number of the kind int"),
        ({"queue_length": True}, InvalidType, "queue_length: True is no number"),
        ({"read_seconds": "5"}, InvalidType, "read_seconds: '5' is no number of the kind float"),
        ({"read_seconds": -1}, InvalidValue, "read_seconds: -1 is too small"),
        ({"read_seconds": float("nan")}, InvalidValue, "read_seconds: nan is too small"),
        ({"feedback_age": "0s"}, InvalidValue, "feedback_age: '0s' forgets a prediction before"),
        ({"classes": 1}, InvalidValue, "classes: 1 is too small; it must be at least 2"),
        ({"feedback_age": "soon"}, InvalidValue, "feedback_age: 'soon' is no duration"),
    ],
)
def test_a_limit_that_cannot_be_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        Limits(**options)


def test_seconds_may_be_a_fraction():
    assert Limits(read_seconds=0.25, feedback_age=90).read_seconds == 0.25
