"""What goes with a model when it is served."""

import pytest
from sklearn.linear_model import LogisticRegression

from monitorkit.errors import InvalidType, InvalidValue, ServiceError
from monitorkit.serving import serve


def first(X):
    return X[:, 0].astype(int)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (first, "first"),
        (lambda X: X[:, 0], "model"),
        (LogisticRegression().fit([[0.0], [1.0]], [0, 1]), "LogisticRegression"),
    ],
)
def test_the_name_comes_from_the_model(model, expected):
    with serve(model) as server:
        assert server.name == expected


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"name": ""}, InvalidValue, "name: '' must be 1 to 128 printable characters"),
        ({"name": "a\nb"}, InvalidValue, "must be 1 to 128 printable characters"),
        ({"name": 3}, InvalidType, "name: 3 is no text"),
        ({"version": 2}, InvalidType, "version: 2 is no text"),
        ({"window": 0}, InvalidValue, "window: 0 must be at least one prediction"),
        ({"window": 1.5}, InvalidType, "window: 1.5 is no whole number"),
        ({"limits": {}}, InvalidType, "limits: {} is no Limits"),
        ({"positive_class": []}, InvalidType, r"positive_class: \[\] is no class"),
        ({"classes": "cat"}, InvalidType, "classes: 'cat' is no list of classes"),
        ({"classes": 3}, InvalidType, "classes: 3 is no list of classes"),
        ({"host": None}, InvalidType, "host: None is no text"),
        ({"port": "8000"}, InvalidType, "port: '8000' is no whole number"),
        ({"port": 99999}, ServiceError, "port 99999 on 127.0.0.1"),
        ({"host": "192.0.2.1"}, ServiceError, "on 192.0.2.1"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused(start, options, error, message):
    with pytest.raises(error, match=message):
        start(**options)
