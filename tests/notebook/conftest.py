"""A notebook without a kernel: what would go to the front-end is kept."""

import numpy as np
import pandas as pd
import pytest
from odd_target import odd_prometheus
from prometheus_server import binaries

from monitorkit.dashboards import Dashboard
from monitorkit.dashboards.panels import Stat, TimeSeries
from monitorkit.notebook import live
from monitorkit.running import stop_all


class Server:
    """Answers each query with one series, or with the error it is given."""

    url = "http://127.0.0.1:9090"

    def __init__(self):
        self.error = None
        self.n_asked = 0

    def query_range(self, expr, *, start, end, step):
        self.n_asked += 1
        if self.error is not None:
            raise self.error
        times = np.arange(start.timestamp(), end.timestamp() + step / 2, step)
        index = pd.DatetimeIndex(pd.to_datetime((times * 1000).astype("int64"), unit="ms", utc=True), name="timestamp")
        return pd.DataFrame({expr: np.ones(times.size)}, index=index).rename_axis(columns="__name__")


class Output:
    """What a cell shows: the texts of every picture that was put there, the size of the last one's PNG."""

    def __init__(self, picture):
        self.said = []
        self.update(picture)

    def update(self, picture):
        self.n_bytes = len(picture.png)
        self.said.append(" | ".join(text.get_text() for text in picture.figure.texts))


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def outputs(monkeypatch):
    shown = []

    def show(picture):
        shown.append(Output(picture))
        return shown[-1]

    monkeypatch.setattr(live, "PictureOutput", show)
    monkeypatch.setattr(live, "in_notebook", lambda: True)
    yield shown
    stop_all()


@pytest.fixture
def board():
    return Dashboard("Live", [[TimeSeries("Up", "up"), Stat("Down", "down")]], refresh="500ms")


@pytest.fixture(scope="module", params=binaries() or [None], ids=str)
def odd(request, tmp_path_factory):
    """Client of each Prometheus there is, with labels that are hard to quote."""
    if request.param is None:
        pytest.skip("no prometheus on PATH and none in MONITORKIT_TEST_PROMETHEUS")
    with odd_prometheus(request.param, tmp_path_factory.mktemp("prometheus")) as client:
        yield client
