import pytest

from monitorkit.dashboards.names import line_names
from monitorkit.dashboards.panels import Query

RATE = Query("rate(inference_requests_total[5m])")
REPLICA = {"instance": "a:1", "job": "ai_model"}


@pytest.mark.parametrize(
    ("series", "names"),
    [
        pytest.param([(RATE, {})], [RATE.expr], id="no label: the query"),
        pytest.param([(Query("up"), {"__name__": "up", "job": "x"})], ["up"], id="one series: the metric"),
        pytest.param([(Query("sum by (code) (x)"), {"code": "200"})], ["200"], id="the only group"),
        pytest.param([(RATE, REPLICA | {"status": "ok"})], [RATE.expr], id="one series with all its labels: the query"),
        pytest.param([(RATE, REPLICA | {"status": s}) for s in ("ok", "shed")], ["ok", "shed"], id="what differs"),
        pytest.param(
            [(RATE, {"a": a, "b": b, "c": "x"}) for a in "12" for b in "34"],
            ["a=1 b=3", "a=1 b=4", "a=2 b=3", "a=2 b=4"],
            id="several labels: with their names",
        ),
        pytest.param(
            [(Query(name), {"__name__": name, **REPLICA}) for name in ("model_accuracy", "model_recall")],
            ["model_accuracy", "model_recall"],
            id="two metrics",
        ),
        pytest.param(
            [(Query("sum(x)"), {}), (RATE, REPLICA | {"status": "ok"}), (RATE, REPLICA | {"status": "shed"})],
            ["sum(x)", "ok", "shed"],
            id="each query for itself",
        ),
        pytest.param(
            [(Query(f'up{{a="{a}"}}'), {"__name__": "up", "a": a}) for a in "12"],
            ['up{a="1"}', 'up{a="2"}'],
            id="the same metric in two queries: the queries",
        ),
        pytest.param(
            [(Query(q), {"s": s}) for q in ("f", "g") for s in ("ok", "shed")],
            ["ok · f", "shed · f", "ok · g", "shed · g"],
            id="the same labels from two queries",
        ),
        pytest.param([(Query("x", "{{job}} of {{ b }}"), {"job": "j"})], ["j of "], id="a legend"),
        pytest.param([(Query("x", "{{b}}"), {})], ["x"], id="a legend that comes out empty"),
        pytest.param([(RATE, {"s": "ok"}), (RATE, {})], ["ok", RATE.expr], id="a label that only some have"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_names_are_as_short_as_keeps_them_apart(series, names):
    assert line_names(series) == names
