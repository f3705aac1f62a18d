"""What measuring costs a call of a watched function, and a request of an instrumented Flask application.

The best of many short rounds, bare and measured in turn: what is more in one of them is the measuring.

    python benchmarks/watching.py [--rounds 30]
"""

from __future__ import annotations

import argparse
import time
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from flask import Flask
from prometheus_client import CollectorRegistry

import monitorkit as mk

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = 2000


def seconds(call: Callable[[], object], n: int) -> float:
    """Mean time of a call."""
    begun = time.perf_counter()
    for _ in range(n):
        call()
    return (time.perf_counter() - begun) / n


def application() -> Flask:
    """The smallest Flask application that predicts."""
    app = Flask("bench")

    @app.get("/predict")
    def predict() -> dict[str, int]:
        return {"prediction": 1}

    return app


def asked(app: Any) -> Callable[[], object]:
    """One request through the application, without a server."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/predict",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }

    def ask() -> None:
        body = app(dict(environ), lambda _status, _headers, _error=None: None)
        b"".join(body)
        body.close()

    return ask


def pairs() -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Each case, bare and measured."""
    ten = np.arange(10) % 3
    labels = ten.tolist()

    def predict(X: object, y: object = None) -> object:  # noqa: ARG001 - read by what watches
        return X

    watched, number = mk.watch(predict, name="class"), mk.watch(predict, name="number")
    bare, measured = asked(application()), asked(mk.instrument(application(), registry=CollectorRegistry()))
    return {
        "a class": (lambda: predict(1), lambda: watched(1)),
        "a class and its label": (lambda: predict(1, 1), lambda: watched(1, 1)),
        "one of numpy's classes": (lambda: predict(ten[1]), lambda: watched(ten[1])),
        "a number and its label": (lambda: predict(0.5, 0.25), lambda: number(0.5, 0.25)),
        "an array of 10": (lambda: predict(ten), lambda: watched(ten)),
        "an array of 10 and its labels": (lambda: predict(ten, labels), lambda: watched(ten, labels)),
        "a request of Flask": (bare, measured),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    print(f"{'':32}{'bare us':>10}{'measured us':>13}{'more us':>10}")
    for name, both in pairs().items():
        times = [[seconds(call, CALLS // 10) for call in both] for _ in range(rounds * 10)]
        bare, measured = (1e6 * min(column) for column in zip(*times, strict=True))
        print(f"{name:32}{bare:10.2f}{measured:13.2f}{measured - bare:10.2f}")


if __name__ == "__main__":
    main()
