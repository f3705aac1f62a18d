"""A source of recorded answers, and a small real Prometheus."""

import numpy as np
import pandas as pd
import pytest

from monitorkit.labels import NAME_LABEL


def recorded(series, times):
    """Frame as a range query gives it: `series` maps label sets, as tuples of pairs, to values."""
    index = pd.DatetimeIndex(pd.to_datetime(np.round(np.asarray(times) * 1000).astype("int64"), unit="ms", utc=True))
    names = [NAME_LABEL, *sorted({name for labels in series for name, _ in labels} - {NAME_LABEL})]
    keys = [tuple(dict(labels).get(name, "") for name in names) for labels in series]
    columns = (
        pd.MultiIndex.from_tuples(keys, names=names)
        if len(names) > 1
        else pd.Index([k[0] for k in keys], name=names[0])
    )
    if not series:
        return pd.DataFrame(index=index[:0].rename("timestamp"), columns=pd.Index([], name=NAME_LABEL), dtype=float)
    values = np.column_stack([np.asarray(value, dtype=float) for value in series.values()])
    return pd.DataFrame(values, index=index.rename("timestamp"), columns=columns)


class Recorded:
    """Answers queries from a table; an answer is an error, or a function of the timestamps that gives the series."""

    url = "http://127.0.0.1:9090"

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def query_range(self, expr, *, start, end, step):
        self.asked.append((expr, start.timestamp(), end.timestamp(), step))
        answer = self.answers[expr]
        if isinstance(answer, Exception):
            raise answer
        times = np.arange(start.timestamp(), end.timestamp() + step / 2, step)
        return recorded(answer(times), times)


@pytest.fixture
def source():
    return Recorded


def flat(value, **labels):
    """Answer of one series that has one value all the time."""
    return lambda times: {tuple(labels.items()): np.full(times.size, float(value))}


@pytest.fixture
def constant():
    return flat


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """Real Prometheus that scrapes itself each second."""
    # Not for the session: tests of stop_all, elsewhere, stop it.
    from monitorkit.services import start_prometheus

    with start_prometheus(name="dashboards-tests", data=tmp_path_factory.mktemp("prometheus")) as server:
        yield server
