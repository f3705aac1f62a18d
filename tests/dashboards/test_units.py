import json
import math
from pathlib import Path

import pytest

from monitorkit.dashboards.units import UNITS, format_value, tick_labels, tick_step, unit_of

GOLDEN = Path(__file__).parents[2] / "../shared/schemas/golden/grafana-units.json"


@pytest.fixture(scope="module")
def golden():
    if not GOLDEN.exists():
        pytest.skip("no reference data: Grafana's golden units are not on this machine")
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(("kind", "decimals"), [("auto", None), ("d0", 0), ("d2", 2)])
def test_values_are_written_as_grafana_writes_them(golden, unit, kind, decimals):
    values = [None if text == "null" else float(text) for text in golden["values"]]
    # Grafana hangs a unit on NaN ("NaN year"), or even "undefined"; here it is NaN.
    pairs = [
        (v, want) for v, want in zip(values, golden["units"][unit][kind], strict=True) if v is None or not math.isnan(v)
    ]
    assert [(v, format_value(v, unit, decimals)) for v, _ in pairs] == pairs


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.0123, "s", None, "12.3 ms"),
        (75, "s", 0, "1 mins"),
        (0.9733, "percentunit", None, "97.3%"),
        (1536, "bytes", None, "1.50 KiB"),
        (5.5, "tokens/s", None, "5.50 tokens/s"),
        (5.5, "suffix:tokens/s", None, "5.50 tokens/s"),
        (-3, "prefix:¥", None, "-¥3"),
        (2500, "count:req", None, "2.50K req"),
        (2500, "si:W", None, "2.50 kW"),
        (float("nan"), "s", None, "NaN"),
        (float("inf"), "s", None, "∞"),
        (float("-inf"), "bytes", None, "-∞"),
        (None, "s", None, ""),
        (1e21, "none", None, "1e+21"),
        (5e-324, "none", 2, "0.00"),
        (5, "", None, "5"),
        (1e-310, "none", None, "0." + "0" * 300),
        (1.7e308, "percentunit", 2, "∞%"),
    ],
)
def test_values_worth_a_look(value, unit, decimals, text):
    assert format_value(value, unit, decimals) == text


@pytest.mark.parametrize(
    ("values", "unit", "labels"),
    [
        ([0, 0.5, 1], "s", ["0 s", "0.5 s", "1.0 s"]),
        ([0, 0.002, 0.004], "s", ["0 ms", "2 ms", "4 ms"]),
        ([0.9, 0.925, 0.95], "percentunit", ["90.0%", "92.5%", "95.0%"]),
        ([0, 512, 1024], "bytes", ["0 KiB", "0.5 KiB", "1.0 KiB"]),
        ([0, 500, 1000, 1500], "short", ["0 K", "0.5 K", "1.0 K", "1.5 K"]),
        ([], "s", []),
    ],
)
def test_ticks_share_one_unit_and_as_few_decimals_as_keep_them_apart(values, unit, labels):
    assert tick_labels(values, unit) == labels


@pytest.mark.parametrize("unit", ["short", "s", "ms", "bytes", "percent", "percentunit", "reqps"])
@pytest.mark.parametrize("exponent", range(-6, 10))
def test_ticks_are_few_and_their_labels_differ(unit, exponent):
    span = 7.3 * 10.0**exponent
    step = tick_step(span, unit, 5)
    n_steps = int(span / step)
    assert 1 <= n_steps <= 5
    labels = tick_labels([index * step for index in range(n_steps + 1)], unit)
    assert len(set(labels)) == len(labels)


def test_an_unknown_unit_is_made_once():
    assert unit_of("cores") is unit_of("cores")
