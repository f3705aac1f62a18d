"""What a query measures, told from the names of its metrics: the unit of its result.

Notes
-----
Source: the Prometheus documentation, "Metric and label naming": base units in the plural at the end of the name,
``_total`` behind them for counters; recording rules are ``level:metric:operations``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from monitorkit.promql import (
    Aggregation,
    BinaryExpression,
    Call,
    Expression,
    NumberLiteral,
    PromQLError,
    VectorSelector,
    parse,
    postorder,
)

__all__ = ["Quantity", "histogram_units", "metric_quantity", "query_unit"]

_ENDINGS = (
    (r"_(?:timestamp|start_time|boot_time)(?:_seconds)?|_created", "time"),
    (r"cpu_seconds", "cpu"),
    (r"_seconds", "s"),
    (r"_(?:milliseconds|ms)", "ms"),
    (r"_bytes", "bytes"),
    (r"_bits", "bits"),
    (r"_ratio|_(?:accuracy|recall|precision|f1)", "percentunit"),
    (r"_(?:percent|percentage)|cpu_usage|memory_usage", "percent"),
    (r"_celsius", "celsius"),
    (r"_joules", "joule"),
    (r"_watts", "watt"),
    (r"_hertz", "hertz"),
    (r"requests", "request"),
)
_OF_NAME = re.compile("|".join(f"(?P<u{index}>(?:{ending})$)" for index, (ending, _) in enumerate(_ENDINGS)))

_IDS = {"cpu": "s", "request": "short", "time": "short", "number": "short", "": "short"}
_PER_SECOND = {
    "bytes": "binBps",
    "bits": "bps",
    "request": "reqps",
    "cpu": "percentunit",  # seconds of work per second: the part of a core
    "joule": "watt",
    "": "count:/s",
}

_RATES = frozenset(("rate", "irate", "deriv"))
_COUNTING = frozenset(
    ("count", "count_values", "group", "count_over_time", "present_over_time", "changes", "resets", "absent",
     "absent_over_time")
)  # fmt: skip
_KEEPING = frozenset(
    ("abs", "ceil", "floor", "round", "clamp", "clamp_max", "clamp_min", "sort", "sort_desc", "sort_by_label",
     "sort_by_label_desc", "label_replace", "label_join", "scalar", "increase", "delta", "idelta",
     "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "last_over_time", "first_over_time",
     "quantile_over_time", "stddev_over_time", "mad_over_time", "predict_linear", "double_exponential_smoothing",
     "holt_winters", "histogram_sum", "info")
)  # fmt: skip
_OBSERVED = frozenset(("histogram_quantile", "histogram_quantiles", "histogram_avg", "histogram_stddev"))


@dataclass(frozen=True)
class Quantity:
    """What a number counts.

    Parameters
    ----------
    base
        Grafana's id of the unit, or ``request``, ``cpu`` (seconds of it), ``time`` (a moment), ``number`` (a constant);
        empty for a mere count.
    per_second
        Whether it is that much in each second.
    """

    base: str = ""
    per_second: bool = False

    @property
    def unit(self) -> str:
        """Grafana's id."""
        return _PER_SECOND.get(self.base, "short") if self.per_second else _IDS.get(self.base, self.base)


_COUNT = Quantity()
_RATIO = Quantity("percentunit")
_PERCENT = Quantity("percent")
_NUMBER = Quantity("number")
_COUNTS = frozenset(("", "request"))
_FIXED = {
    **dict.fromkeys(_COUNTING, _COUNT),
    **dict.fromkeys(("time", "timestamp"), Quantity("time")),
    "histogram_fraction": _RATIO,
}


def query_unit(query: str) -> str:
    """Unit of a query's result by Grafana's id; ``short`` where the names do not tell.

    Examples
    --------
    >>> query_unit("histogram_quantile(0.95, sum by (le) (rate(inference_request_duration_seconds_bucket[5m])))")
    's'
    >>> query_unit("rate(inference_requests_total[5m])"), query_unit("100 * (1 - a_bytes / b_bytes)")
    ('reqps', 'percent')
    """
    try:
        tree = parse(query)
    except PromQLError:
        return "short"
    known: dict[int, Quantity | None] = {}
    for node in postorder(tree):
        known[id(node)] = _quantity(node, [known[id(child)] for child in node.children])
    found = known[id(tree)]
    return "short" if found is None else found.unit


def histogram_units(query: str) -> tuple[str, str]:
    """Units of what a query's histograms observe, and of the counts in their buckets, by Grafana's ids.

    Examples
    --------
    >>> histogram_units("sum by (le) (rate(inference_request_duration_seconds_bucket[5m]))")
    ('s', 'reqps')
    """
    try:
        nodes = list(postorder(parse(query)))
    except PromQLError:
        return "short", "short"
    names = {node.metric for node in nodes if isinstance(node, VectorSelector) and node.metric}
    if len(names) != 1 or any(isinstance(node, BinaryExpression) for node in nodes):
        return query_unit(f"histogram_quantile(0.5, {query})"), "short"
    counted = metric_quantity(names.pop().removesuffix("_bucket") + "_count")
    per_second = any(isinstance(node, Call) and node.function in _RATES for node in nodes)
    return query_unit(f"histogram_quantile(0.5, {query})"), replace(counted, per_second=per_second).unit


def metric_quantity(name: str) -> Quantity:
    """What a metric measures, by its name.

    Examples
    --------
    >>> metric_quantity("node_network_receive_bytes_total")
    Quantity(base='bytes', per_second=False)
    >>> metric_quantity("job:http_requests:rate5m").unit
    'reqps'
    """
    per_second = False
    if name.count(":") == 2:  # noqa: PLR2004 - level:metric:operations
        _, name, operations = name.split(":")
        per_second = operations.startswith(("rate", "irate"))
    if name.endswith("_count"):
        return Quantity("request" if "request" in name else "", per_second)
    match = _OF_NAME.search(re.sub(r"_(?:total|sum|bucket|min|max|avg)$", "", name))
    base = _ENDINGS[int((match.lastgroup or "u0")[1:])][1] if match else ""
    return Quantity(base, per_second)


def _quantity(node: Expression, below: list[Quantity | None]) -> Quantity | None:
    if isinstance(node, NumberLiteral):
        return _NUMBER
    if isinstance(node, VectorSelector):
        return metric_quantity(node.metric) if node.metric else None
    if isinstance(node, Aggregation):
        return _COUNT if node.operator in _COUNTING else None if node.operator == "stdvar" else below[-1]
    if isinstance(node, Call):
        return _called(node, below)
    if isinstance(node, BinaryExpression):
        return _combined(node, *below)
    return below[0] if below else None


def _called(node: Call, below: list[Quantity | None]) -> Quantity | None:
    """Quantity of a function's result; what counts is its first argument that has series."""
    name = node.function
    of = next((found for arg, found in zip(node.args, below, strict=True) if arg.type in {"vector", "matrix"}), None)
    if name in _FIXED:
        return _FIXED[name]
    if name == "vector":
        return below[0]
    if of is None:
        return None
    if name == "histogram_count":
        return replace(of, base="")
    if name in _RATES or name in _OBSERVED:
        return replace(of, per_second=name in _RATES)
    return of if name in _KEEPING else None


def _combined(node: BinaryExpression, left: Quantity | None, right: Quantity | None) -> Quantity | None:
    """Quantity of what an operator makes of two."""
    operator = node.operator
    if node.return_bool:
        return _COUNT
    if operator in {"+", "-", "or"}:
        return _added(left, right, minus=operator == "-")
    if operator in {"*", "/"}:
        percent = next(
            (True for side in (node.left, node.right) if isinstance(side, NumberLiteral) and side.value == 100),  # noqa: PLR2004 - percent
            False,
        )
        return _multiplied(left, right, percent=percent) if operator == "*" else _divided(left, right, percent=percent)
    if operator in {"^", "atan2"}:
        return None
    return right if left == _NUMBER else left


def _added(left: Quantity | None, right: Quantity | None, *, minus: bool) -> Quantity | None:
    if minus and left == right == Quantity("time"):
        return Quantity("s")
    if right in {left, _NUMBER}:
        return left
    return right if left == _NUMBER else None


def _multiplied(left: Quantity | None, right: Quantity | None, *, percent: bool) -> Quantity | None:
    if left == right == _NUMBER:
        return _NUMBER
    return _PERCENT if percent and _RATIO in {left, right} else None


def _divided(left: Quantity | None, right: Quantity | None, *, percent: bool) -> Quantity | None:
    if left is None or right is None:
        return None
    if right == _NUMBER:
        return left if left == _NUMBER else _RATIO if percent and left == _PERCENT else None
    if left.per_second != right.per_second:
        return None
    if left.base == right.base or {left.base, right.base} <= _COUNTS:
        return _RATIO
    return replace(left, per_second=False) if right.base in _COUNTS and left != _NUMBER else None
