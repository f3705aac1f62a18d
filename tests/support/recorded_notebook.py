"""What a notebook asks, to be recorded and played again."""

import pandas as pd

T0 = 1_700_000_000
EVERYTHING = '{__name__=~"special|odd|clash|requests_total|native"}'


def assert_same(left, right):
    pd.testing.assert_frame_equal(left, right, check_exact=True)
    assert left.attrs == right.attrs


def notebook(prom):
    """What a notebook may ask, relative to now, in the order of its cells."""
    fixed = {"start": T0, "end": T0 + 2000}
    yield lambda: prom.query("up")
    yield lambda: prom.query(EVERYTHING, at=T0)
    yield lambda: prom.query("time()")
    yield lambda: prom.query_range("time()", last="15m")
    yield lambda: prom.query_range("vector(time())", last="15m", step="5s", legend="x")
    yield lambda: prom.query_range("sum(requests_total) or vector(1)", start="now-1h", end="now-5m")
    yield lambda: prom.query_range(EVERYTHING, **fixed, step="777ms", tidy=True)
    yield lambda: prom.query_range("rate(requests_total[1m] @ end())", **fixed, step=0.1)
    yield lambda: prom.samples("requests_total[2h]", at=T0 + 4000)
    yield lambda: prom.samples("up[5m]")
    yield prom.targets
    yield prom.alerts
    yield prom.labels
    yield lambda: prom.label_values("job")
    yield lambda: prom.version
    yield prom.ready
