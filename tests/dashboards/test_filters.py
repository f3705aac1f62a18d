import json
import re
from pathlib import Path

import pytest

from monitorkit.dashboards.filters import metric_names, with_matchers
from monitorkit.services.programs.promtool import check, find_promtool

CORPUS = Path(__file__).parents[2] / "../shared/corpora/grafana"
RECORDED = re.compile(r"\w:\w|\bALERTS\b")
ADD = 'job=~"$job"'


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("up", 'up{job=~"$job"}'),
        ("up{}", 'up{job=~"$job"}'),
        ('up {a="b"}', 'up {a="b", job=~"$job"}'),
        ('up{a="b",}', 'up{a="b", job=~"$job"}'),
        ('{__name__="up"}', '{__name__="up", job=~"$job"}'),
        ('up{a="}"}', 'up{a="}", job=~"$job"}'),
        (r'up{a="\"}"}', r'up{a="\"}", job=~"$job"}'),
        ("rate(x_total[5m])", 'rate(x_total{job=~"$job"}[5m])'),
        ("rate(x_total[$__rate_interval])", 'rate(x_total{job=~"$job"}[$__rate_interval])'),
        ("sum by (le, on) (x) / on (job) group_left (y) z", 'sum by (le, on) (x{job=~"$job"}) / on (job) group_left (y) z{job=~"$job"}'),
        ("sum(x) by (job)", 'sum(x{job=~"$job"}) by (job)'),
        ("sum by(job)(x)", 'sum by(job)(x{job=~"$job"})'),
        ("x_by and y_on or z", 'x_by{job=~"$job"} and y_on{job=~"$job"} or z{job=~"$job"}'),
        ("x offset 5m @ start()", 'x{job=~"$job"} offset 5m @ start()'),
        ("x > bool 1e3 * Inf", 'x{job=~"$job"} > bool 1e3 * Inf'),
        ('label_replace(x, "a", "$1", "b", "(.*)")', 'label_replace(x{job=~"$job"}, "a", "$1", "b", "(.*)")'),
        ("max_over_time(rate(x[5m])[1h:1m])", 'max_over_time(rate(x{job=~"$job"}[5m])[1h:1m])'),
        ("x # not y\n+ z", 'x{job=~"$job"} # not y\n+ z{job=~"$job"}'),
        ('a_${b}_total{c="d"}', 'a_${b}_total{c="d", job=~"$job"}'),
        ("histogram_quantile(0.95, sum by (le) (rate(h_bucket[5m])))", 'histogram_quantile(0.95, sum by (le) (rate(h_bucket{job=~"$job"}[5m])))'),
    ],
)  # fmt: skip
def test_each_selector_gets_the_matchers(expr, expected):
    assert with_matchers(expr, ADD) == expected


@pytest.mark.parametrize("expr", ["time()", "vector(1)", "1 + 2", "job:x:rate5m", 'ALERTS{alertstate="firing"}'])
def test_what_has_no_such_labels_stays(expr):
    assert with_matchers(expr, ADD) == expr


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ("sum by (job) (rate(a[5m])) / b{c='d'}", {"a", "b"}),
        ("1 + time()", set()),
        ('{__name__="up"}', set()),
        ("job:x:rate5m", {"job:x:rate5m"}),
        ('label_replace(a, "x", "b", "y", "c")', {"a"}),
    ],
)
def test_the_metrics_of_an_expression_are_found(expr, names):
    assert metric_names(expr) == names


def naive(expr):
    """An expression of a dashboard with something PromQL in the place of Grafana's macros and variables."""
    expr = re.sub(
        r"\$\{?__(?:rate_interval|interval|range)(?::\w+)?\}?|(?<=\[)\$\{?\w+(?::\w+)?\}?(?=[:\]])", "5m", expr
    )
    return re.sub(r"\$\{?__\w+(?::\w+)?\}?|\$\{\w+(?::\w+)?\}|\$\w+", "v1", expr)


def refused(expressions, folder):
    """Which of the expressions promtool finds to be no PromQL."""
    rules = [{"record": f"r{n}", "expr": naive(expr), "labels": {"n": str(n)}} for n, expr in enumerate(expressions)]
    file = folder / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    complaints = check("rules", file, promtool=find_promtool())
    return {int(found[1]) for one in complaints if (found := re.search(r'"r(\d+)"', one.message))}


@pytest.mark.skipif(
    not CORPUS.exists() or find_promtool() is None,
    reason="no reference data: the dashboards or promtool are not at hand",
)
def test_no_query_of_hundreds_of_real_dashboards_is_broken_by_it(tmp_path):
    expressions = sorted({found for path in CORPUS.glob("*.json") for found in exprs(json.loads(path.read_text()))})
    narrowed = [with_matchers(expr, ADD) for expr in expressions]
    assert len(expressions) > 5000
    assert refused(narrowed, tmp_path) <= refused(expressions, tmp_path)
    assert [
        expr
        for expr, after in zip(expressions, narrowed, strict=True)
        if metric_names(expr) and after == expr and not RECORDED.search(expr)
    ] == []


def exprs(item):
    """Every ``expr`` in a dashboard, wherever it is."""
    if isinstance(item, dict):
        if isinstance(item.get("expr"), str) and item["expr"].strip():
            yield item["expr"]
        item = list(item.values())
    if isinstance(item, list):
        for one in item:
            yield from exprs(one)
